"""Runs the inline tests of a rulebook. Dry: a mail in a file is read by the caller."""

from dataclasses import dataclass
from typing import ClassVar

from mailproc.records.decision import Step
from mailproc.records.site import Site
from mailproc.rulebook.book import Rulebook
from mailproc.rulebook.draft import Routing
from mailproc.rulebook.evaluate import evaluate
from mailproc.rulebook.facts import Facts
from mailproc.rulebook.inlinetests import InlineTest
from mailproc.rulebook.rules import Rule, walk
from mailproc.rulebook.samplemail import ReadMail, make_facts
from mailproc.yamlnodes import Problem

_MOST_SHOWN = 12  # rules in the line below a failed test
_LISTS = frozenset({"tags", "copy_to", "notify", "ask"})


@dataclass(frozen=True, slots=True)
class TestResult:
    """How one inline test ended; `line` is what an admin reads, "" for a test that passed."""

    __test__: ClassVar[bool] = False  # pytest: not a test class

    name: str
    passed: bool
    line: str = ""
    problem: Problem | None = None
    rules: tuple[str, ...] = ()  # paths of the rules that matched, shadow rules last


def run_tests(book: Rulebook, site: Site, only: str = "", read_mail: ReadMail | None = None) -> tuple[TestResult, ...]:
    """The results of the book's tests in their order, or of the one named `only`.

    `read_mail` returns the bytes of the file that a test names as `eml`; what it raises as OSError fails that test.
    """
    return tuple(_run(book, site, test, read_mail) for test in book.tests if not only or test.name == only)


def _run(book: Rulebook, site: Site, test: InlineTest, read_mail: ReadMail | None) -> TestResult:
    try:
        facts = make_facts(book, site, test.mail, read_mail)
    except (OSError, ValueError) as error:
        text = f'test "{test.name}": {test.mail.eml} cannot be read: {error}'
        return _fail(test, "T002", text, "", ())
    routing = evaluate(book, facts)
    wrong: list[str] = []
    names: list[str] = []
    for name, expected in test.expect:
        got = _get(routing, facts, book, name)
        if (set(got) != set(expected)) if name in _LISTS else (got != expected):
            wrong.append(f"{name}: expected {_show(expected)}, got {_show(got)}")
            names.append(name)
    reached = (*routing.rules, *routing.shadow_rules)
    if not wrong:
        return TestResult(test.name, True, rules=reached)
    text = f'test "{test.name}" failed: {"; ".join(wrong)}'
    return _fail(test, "T001", text, _show_trace(book, routing, names), reached)


def _fail(test: InlineTest, code: str, text: str, trace: str, rules: tuple[str, ...]) -> TestResult:
    line = f"{test.file}:{test.line}:{test.column} {code} {text}" + (f"\n     {trace}" if trace else "")
    return TestResult(test.name, False, line, Problem(test.file, test.line, test.column, code, text, trace), rules)


def _get(routing: Routing, facts: Facts, book: Rulebook, name: str) -> tuple[str, ...]:
    """The value that `expect` calls by that name, () for none."""
    if name.startswith("field."):
        value = dict(routing.fields).get(name.removeprefix("field."), "")
    elif name == "tags":
        return routing.tags
    elif name == "copy_to":
        return routing.copy_to
    elif name == "notify":
        return routing.notify
    elif name == "ask":
        return routing.ask
    elif name == "ticket":
        value = "new" if routing.makes_ticket else ""
    elif name == "language":
        value = routing.language or facts.language or book.defaults.language
    elif name == "state":
        value = routing.state or "new"
    elif name == "ack":
        value = "" if routing.ack == "none" else routing.ack
    else:
        plain = {
            "department": routing.department, "priority": routing.priority, "sla": routing.sla,
            "assign": routing.assign, "reply": routing.reply, "link_to": routing.link_to, "hold": routing.hold,
            "rule": routing.rule, "form": facts.inbound.form.name if facts.inbound.form else "",
            "requester": facts.inbound.from_.addr if facts.inbound.from_ else "",
        }  # fmt: skip
        value = plain[name]
    return (value,) if value else ()


def _show(values: tuple[str, ...]) -> str:
    return ", ".join(values) or "none"


def _show_trace(book: Rulebook, routing: Routing, names: list[str]) -> str:
    """The rules tried, as far as they have to do with what failed: all of route, of classify those that set it."""
    relevant = {rule.path for rule in walk(book.route)}
    relevant |= {rule.path for rule in book.classify if _sets_any(rule, names)}
    steps = [step for step in routing.trace if _path_of(step) in relevant]
    if len(steps) > _MOST_SHOWN:
        setting = {rule.path for rule in (*book.classify, *walk(book.route)) if _sets_any(rule, names)}
        steps = [step for step in steps if step.matched or _path_of(step) in setting]
    shown = [step.text if not step.matched else f"{_path_of(step)} ✓" for step in steps[:_MOST_SHOWN]]
    if len(steps) > _MOST_SHOWN:
        shown.append(f"and {len(steps) - _MOST_SHOWN} more")
    return " · ".join(shown)


def _sets_any(rule: Rule, names: list[str]) -> bool:
    return any(action.name in names or "rule" in names for action in rule.actions)


def _path_of(step: Step) -> str:
    """The rule's path at the start of a step's text, before the mark."""
    return step.text.partition(" ✓" if step.matched else " ✗")[0]
