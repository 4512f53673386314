"""Tests which rules are said to be without use, and that nothing is said in doubt; a property test holds it to that."""

from textwrap import dedent

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailproc.records.site import Site
from mailproc.rulebook.book import Rulebook, read_book
from mailproc.rulebook.evaluate import evaluate
from mailproc.rulebook.inlinetests import SampleMail
from mailproc.rulebook.rules import walk
from mailproc.rulebook.samplemail import make_facts
from mailproc.yamlnodes import Problem

SITE = Site("Acme", "ACME", ("support@acme.example", "billing@acme.example"), "acme.example", languages=("en", "de"))
HEAD = """\
version: 1
departments: {d: {forward_to: d@acme.example}}
defaults: {department: d}
lists: {vip: [corp.example, jane@x.example]}
"""
CODES = ("R201", "R203", "R204", "R205")


def read(rules: str) -> tuple[Rulebook, list[Problem]]:
    book, problems = read_book((("r.yaml", HEAD + dedent(rules)),), SITE)
    assert book is not None, problems
    return book, [problem for problem in problems if problem.code in CODES]


def route(*rules: str) -> str:
    return "route:\n" + "".join(f"  - {{{rule}}}\n" for rule in rules)


DO = "do: {tags: x}"


def rule(name: str, when: str = "", more: str = "") -> str:
    """A rule that sets a tag."""
    return f"name: {name}, {f'when: {{{when}}}, ' if when else ''}{DO}{', ' if more else ''}{more}"


def below(*rules: str) -> str:
    """These as the children of a rule."""
    return "rules: [" + ", ".join(f"{{{rule}}}" for rule in rules) + "]"


CASES = [
    # unreachable: an earlier rule takes all of it
    (route(rule("a", "from: .corp.example"), rule("b", "from: x@eu.corp.example")), "R201 b a"),
    (route(rule("a", "from: corp.example"), rule("b", "from: x@eu.corp.example")), ""),
    (route(rule("a", "from: {list: vip}"), rule("b", "from: jane@x.example")), "R201 b a"),
    (route(rule("a", "from: jane@x.example"), rule("b", "from: {list: vip}")), ""),
    (route(rule("a", "to: support@acme.example"), rule("b", "to: support+b@acme.example")),
     "R201 b a"),
    (route(rule("a", "to: jane@x.example"), rule("b", "to: jane+b@x.example")), ""),
    (route(rule("a", "subject: down"), rule("b", "subject: server down")), "R201 b a"),
    (route(rule("a", "subject: server down"), rule("b", "subject: the server down now")),
     "R201 b a"),
    (route(rule("a", "subject: server down"), rule("b", "subject: down")), ""),
    (route(rule("a", "subject: {contains: down}"), rule("b", "subject: {contains: shutdown}")),
     "R201 b a"),
    (route(rule("a", "subject: {regex: x}"), rule("b", "subject: {regex: x}, auto: human")),
     "R201 b a"),
    # several earlier rules together
    (route(rule("a", "subject: x"), rule("b", "subject: y"),
           rule("c", "subject: [x, y]")), "R201 c a b"),
    (route(rule("a", "subject: x"), rule("b", "subject: z"),
           rule("c", "subject: [x, y]")), ""),
    (route(rule("a", "subject: x"), rule("b", "from: y.example"),
           rule("c", "any: [{subject: x}, {from: y.example}]")), "R201 c a b"),
    (route(rule("a", "auto: human"), rule("b", "not: {auto: human}"), rule("c")), ""),
    # continue, shadow and replies
    (route(rule("a", "", "continue: yes"), rule("b", "subject: x"), rule("c", "subject: x")),
     "R201 c b"),
    (route(rule("a", "", "mode: shadow"), rule("b")), ""),
    (route(rule("a"), rule("b", "", "also: [reply]")), ""),
    (route(rule("a", "", "also: [reply]"), rule("b")), "R201 b a"),
    # trees: what a parent asks for is met by its children, and what stands above it comes first
    (route(rule("p", "subject: x", below(rule("a", "subject: [x, y]"), rule("b")))), "R201 b a"),
    (route(rule("a", "subject: x"),
           rule("p", "to: support@acme.example", below(rule("b", "subject: x")))), "R201 b a"),
    (route(rule("p", "to: support@acme.example", "continue: yes, " + below(rule("a"))),
           rule("b", "to: support@acme.example")), ""),
    # what never holds together
    (route(rule("a", "ticket: {new: no}")), "R204 a"),
    (route(rule("a", "ticket: {state: [open, pending]}")), "R204 a"),
    (route(rule("a", "ticket: {state: [open, pending]}", "also: [reply]")), ""),
    (route(rule("a", "ticket: {new: no}", "also: [reply], " + below(rule("b")))), "R204 b"),
    (route(rule("a", "auto: human", below(rule("b", "auto: [reply, bounce]")))), "R204 b"),
    (route(rule("a", "subject: x, not: {subject: [x, y]}")), "R204 a"),
    (route(rule("a", "subject: [x, z], not: {subject: [x, y]}")), ""),
    (route(rule("a", "sender: agent", below(rule("b", "sender: customer")))), "R204 b"),
    # the priority may change on the way
    (route("name: a, when: {priority: low}, do: {priority: high}, " + below(rule("b", "priority: high"))), ""),
    # overruled: what it sets is always set again
    ("classify: [{name: a, when: {subject: x}, set: {priority: low}}, {name: b, set: {priority: high}}]", "R205 a b"),
    ("classify: [{name: a, when: {subject: x}, set: {priority: low, tags: t}}, {name: b, set: {priority: high}}]", ""),
    ("classify: [{name: a, set: {priority: low}}, {name: b, when: {subject: x}, set: {priority: high}}]", ""),
    ("classify: [{name: a, when: {subject: x}, set: {priority: low}}, {name: c, when: {priority: low}, set: {tags: t}},"
     " {name: b, set: {priority: high}}]", ""),
    ("classify: [{name: a, set: {priority: low}}, {name: b, set: {priority: high}, mode: shadow}]", ""),
    (route("name: a, when: {subject: x}, do: {department: d}, continue: yes", "name: b, do: {department: d}"),
     "R205 a b"),
    (route("name: a, when: {subject: x}, do: {department: d}, continue: yes", rule("m", "from: y.example"),
           "name: b, do: {department: d}"), ""),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "expected"), CASES)
def test_rule_when_without_use_is_told(rules: str, expected: str) -> None:
    found = [problem for problem in read(rules)[1] if problem.code != "R203"]
    if not expected:
        assert found == []
        return
    code, name, *others = expected.split()
    [problem] = found
    assert problem.code == code and problem.text.startswith(f'"{name}" ')
    assert all(f'"{other}" (line ' in problem.text for other in others)


def test_unreachable_when_many_rules_do_it_names_three(rules: int = 5) -> None:
    parts = [f"name: r{n}, when: {{subject: w{n}}}, {DO}" for n in range(rules)]
    last = f"name: z, when: {{subject: [{', '.join(f'w{n}' for n in range(rules))}]}}, {DO}"
    [problem] = read(route(*parts, last))[1]
    assert problem.text == (
        '"z" can never run: "r0" (line 6) and "r1" (line 7) and "r2" (line 8) and 2 more match all that it matches'
    )


LEAVES = st.sampled_from(
    ["subject: x", "subject: [x, y]", "subject: x y", "subject: {contains: x}", "from: corp.example", "from: .example",
     "from: jane@corp.example", "from: {list: vip}", "to: support@acme.example", "to: support+b@acme.example",
     "auto: human", "auto: [list, human]", "auto: list", "not: {subject: x}", "not: {auto: human}", "language: de",
     "any: [{subject: x}, {from: corp.example}]", "priority: low", "ticket: {new: no}", "cc: {exists: no}"]
)  # fmt: skip
WHEN = st.lists(LEAVES, max_size=2, unique_by=lambda leaf: leaf.partition(":")[0]).map(
    lambda parts: f"when: {{{', '.join(parts)}}}, " if parts else ""
)
MAILS = [
    SampleMail(to=(to,), from_=f"a <{sender}>", subject=subject, headers=headers, ticket=ticket, language=language)
    for to in ("support@acme.example", "support+b@acme.example")
    for sender in ("jane@corp.example", "jane@x.example", "o@other.test")
    for subject in ("x", "y", "x y", "ax")
    for headers, ticket, language in (
        ((), None, "de"), ((("List-Id", "<a.b>"),), None, "en"), ((), (("state", "open"),), "de")
    )
]  # fmt: skip


@st.composite
def rule_trees(draw: st.DrawFn) -> str:
    """A few rules, some with children, of conditions that often overlap."""
    count = 0

    def make(depth: int) -> str:
        nonlocal count
        count += 1
        more = draw(st.sampled_from(["", "", ", continue: yes", ", also: [reply]", ", mode: shadow"]))
        action = draw(st.sampled_from(["priority: low", "priority: high", "tags: t", "department: d"]))
        text = f"{{name: r{count}, {draw(WHEN)}do: {{{action}}}{more}"
        if depth and draw(st.booleans()):
            text += f", rules: [{', '.join(make(0) for _ in range(draw(st.integers(1, 3))))}]"
        return text + "}"

    return "route:\n" + "".join(f"  - {make(1)}\n" for _ in range(draw(st.integers(2, 4))))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(rule_trees())
def test_rule_that_is_said_never_to_run_when_mail_comes_never_does(rules: str) -> None:
    book, problems = read(rules)
    dead = {problem.text.split('"')[1] for problem in problems if problem.code in ("R201", "R203", "R204")}
    silent = {rule.name: rule for rule in walk(book.route) if rule.name in dead}
    if not silent:
        return
    for facts in FACTS:
        routing = evaluate(book, facts)
        ran = {path.rpartition("/")[2] for path in (*routing.rules, *routing.shadow_rules)}
        assert ran.isdisjoint(name for name in silent if not facts_only_reply(problems, name, facts.is_new)), rules


def facts_only_reply(problems: list[Problem], name: str, is_new: bool) -> bool:
    """R203 says that a rule does not run on replies; on new mail it does."""
    codes = {problem.code for problem in problems if f'"{name}"' in problem.text.split(" ")[0]}
    return codes == {"R203"} and is_new


FACTS = [make_facts(read(route(f"name: a, {DO}"))[0], SITE, mail, None) for mail in MAILS]


@pytest.mark.parametrize(
    ("earlier", "later", "is_covered"),
    [
        ("voice", "invoice", True),
        ("i", "invoice", True),
        ("INVOICE", "invoices", True),
        ("invoice of the month", "the invoice of the month of may", True),
        ("a text of more letters than keys have", "see: a text of more letters than keys have", True),
        ("a text of more letters than keys have", "a text of more letters than keys had", False),
        ("[voice, faktura]", "[invoices, fakturas]", True),
        ("[voice, faktura]", "[invoices, rechnung]", False),
        ("invoices", "invoice", False),
    ],
)
def test_contains_when_an_earlier_piece_stands_in_a_later_one_is_covered(
    earlier: str, later: str, is_covered: bool
) -> None:
    first, second = f"subject: {{contains: '{earlier}'}}", f"subject: {{contains: '{later}'}}"
    _, problems = read(route(rule("first", first), rule("second", second)).replace("'[", "[").replace("]'", "]"))
    assert [problem.code for problem in problems] == (["R201"] if is_covered else [])
