"""The rulebook: every file of rules/ read together, checked, and ready to be asked. Dry: texts are arguments.

Reading is all or nothing: `load` returns a whole book or raises with everything that is wrong.
"""

import gc
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from zoneinfo import ZoneInfo

from mailproc.errors import ConfigError
from mailproc.records.site import Site
from mailproc.rulebook.addresspatterns import read_address_pattern
from mailproc.rulebook.agents import KEYS as AGENT_KEYS
from mailproc.rulebook.agents import Agent, find_agent_names, find_inactive, read_agent
from mailproc.rulebook.calendars import ALWAYS, Calendar, find_zone, make_always, read_calendar
from mailproc.rulebook.calendars import KEYS as CALENDAR_KEYS
from mailproc.rulebook.defaults import KEYS as DEFAULT_KEYS
from mailproc.rulebook.defaults import Defaults, read_defaults
from mailproc.rulebook.departments import KEYS as DEPARTMENT_KEYS
from mailproc.rulebook.departments import Department, read_department
from mailproc.rulebook.fields import KEYS as FIELD_KEYS
from mailproc.rulebook.fields import Field, read_field
from mailproc.rulebook.forms import KEYS as FORM_KEYS
from mailproc.rulebook.forms import Form, read_form
from mailproc.rulebook.inlinetests import InlineTest, InlineTestReader
from mailproc.rulebook.neglect import Parts, find_neglected
from mailproc.rulebook.reach import Doubt, find_doubts
from mailproc.rulebook.reader import Names, Reader, shorten
from mailproc.rulebook.rules import Rule, RuleReader, walk
from mailproc.rulebook.schemashapes import TEXT, Keys, about, closed, listed, many, named, ref
from mailproc.rulebook.slas import KEYS as SLA_KEYS
from mailproc.rulebook.slas import Sla, read_sla
from mailproc.yamlnodes import Mapping, Node, Problem, Scalar, Sequence, format_problem
from mailproc.yamlnodes import load as load_yaml

__all__ = ["Agent", "Defaults", "Department", "Field", "InlineTest", "Rulebook", "load", "read_book"]

KEYS: Keys = {
    "version": about("The version of the rule language: 1.", {"enum": [1, "1"]}),
    "calendars": about("Business hours, by name; 24x7 is always there.", named(closed(CALENDAR_KEYS))),
    "slas": about("What we promise, by name.", named(closed(SLA_KEYS))),
    "departments": about("Where tickets go, by name.", named(closed(DEPARTMENT_KEYS))),
    "agents": about("Who answers.", listed(closed(AGENT_KEYS))),
    "lists": about("Addresses and domains, by the name of the list.", named(many(TEXT, 0))),
    "fields": about("What a case must tell us, such as an order number, by name.", named(closed(FIELD_KEYS))),
    "forms": about("What people type into web forms: who mails it, and under which labels.", named(closed(FORM_KEYS))),
    "defaults": about("What holds where no rule says otherwise.", closed(DEFAULT_KEYS)),
    "classify": about("Every rule that matches applies, top to bottom.", listed(ref("classify"))),
    "route": about("The first rule that matches wins, then its children are tried.", listed(ref("route"))),
    "tests": about("Mail and what the rules must make of it.", listed(ref("test"))),
}
JOINED = ("classify", "route", "tests")  # may stand in several files

_KEY = re.compile(r"\w[\w-]{0,63}")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rulebook:
    """What rules/ says, whole and checked."""

    site: Site
    departments: dict[str, Department]
    agents: tuple[Agent, ...]
    defaults: Defaults
    fields: dict[str, Field]
    lists: dict[str, frozenset[str]]
    calendars: dict[str, Calendar]
    slas: dict[str, Sla]
    classify: tuple[Rule, ...]
    route: tuple[Rule, ...]
    tests: tuple[InlineTest, ...]
    warnings: tuple[str, ...] = ()
    has_reply_rules: bool = False
    forms: dict[str, Form] = field(default_factory=dict)
    _agents: dict[str, Agent] = field(default_factory=dict, repr=False, compare=False)

    def find_agent(self, address: str) -> Agent | None:
        """The agent with that normalised address, active or not."""
        return self._agents.get(address)


def load(files: tuple[tuple[str, str], ...], site: Site, templates: frozenset[str] | None = None) -> Rulebook:
    """The book of the (name, text) pairs, in the order given; raises ConfigError with all problems.

    `templates` are the names of the templates there are, `received` or, to hear of languages in which one is missing,
    `de/received`; None leaves them unchecked.
    """
    book, problems = read_book(files, site, templates)
    if book is None:
        raise ConfigError(show_problems((problem for problem in problems if not problem.is_warning), files))
    return book


def read_book(
    files: tuple[tuple[str, str], ...], site: Site, templates: frozenset[str] | None = None
) -> tuple[Rulebook | None, tuple[Problem, ...]]:
    """The book, None when anything is wrong with it, and all errors and warnings in the order of the files."""
    reading = _Reading(files, site, templates)
    with _all_is_kept():
        book = reading.read()
    order = {name: index for index, (name, _) in enumerate(files)}
    problems = sorted(reading.problems, key=lambda problem: (order.get(problem.file, -1), problem.line, problem.column))
    return book, tuple(dict.fromkeys(problems))


def show_problems(problems: Iterable[Problem], files: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """The problems as an admin reads them, each with its source line and a caret."""
    texts = dict(files)
    return tuple(format_problem(problem, texts.get(problem.file, "")) for problem in problems)


@contextmanager
def _all_is_kept() -> Iterator[None]:
    """Nearly all that reading makes stays: looking for garbage in it would take longer the more rules there are."""
    was_looking = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_looking:
            gc.enable()


class _Reading:
    """One pass over the files of a book."""

    def __init__(self, files: tuple[tuple[str, str], ...], site: Site, templates: frozenset[str] | None) -> None:
        self.files = files
        self.site = site
        self.names = _name_templates(templates)
        self.problems: list[Problem] = []
        self.sections: dict[str, list[tuple[Reader, Scalar, Node]]] = {key: [] for key in KEYS}

    def read(self) -> Rulebook | None:
        for name, text in self.files:
            self._read_file(name, text)
        if not self.files:
            self._complain("R024", "there is no rule file", "Put one into rules/; mailproc init makes some.")
        if any(not problem.is_warning for problem in self.problems):
            return None  # what follows would only complain about what cannot be seen
        self._collect_names()
        self._check_version()
        calendars = self._read_named("calendars", read_calendar)
        calendars[ALWAYS] = make_always(find_zone(self.site.timezone) or ZoneInfo("UTC"))
        self.names.hours = calendars
        slas = self._read_named("slas", read_sla)
        departments = self._read_named("departments", read_department)
        agents = self._read_agents()
        fields = self._read_named("fields", read_field)
        defaults = self._read_defaults()
        forms = self._read_named("forms", read_form)
        if forms:
            self.names.used |= {("field", key) for key in fields}  # any of them may be filled in
        rules = RuleReader({key: item.pattern for key, item in fields.items() if item.pattern is not None})
        classify = tuple(
            rule for reader, _, node in self.sections["classify"]
            for rule in rules.read_list(reader, node, "classify", in_classify=True)
        )  # fmt: skip
        route = tuple(
            rule for reader, _, node in self.sections["route"] for rule in rules.read_list(reader, node, "route")
        )
        everything = (*classify, *walk(route))
        used, wanted = set(self.names.used), list(self.names.wanted_templates)
        tests = InlineTestReader(tuple(rule.path for rule in everything))
        inline = tuple(test for reader, _, node in self.sections["tests"] for test in tests.read_list(reader, node))
        if defaults is None or any(not problem.is_warning for problem in self.problems):
            return None
        self.names.used, self.names.wanted_templates = used, wanted  # what only a test names is not in use
        self.problems += (_describe(doubt) for doubt in find_doubts(classify, route))
        keys = {section: self._find_keys(section) for section in KEYS}
        parts = Parts(self.site, self.names, keys, departments, defaults.department, everything)
        self.problems += find_neglected(parts)
        return Rulebook(
            site=self.site,
            departments=departments,
            agents=agents,
            defaults=defaults,
            fields=fields,
            lists=self.names.lists,
            calendars=calendars,
            slas=slas,
            classify=classify,
            route=route,
            tests=inline,
            warnings=show_problems((problem for problem in self.problems if problem.is_warning), self.files),
            has_reply_rules=any(rule.on_replies for rule in everything),
            forms=forms,
            _agents={address: agent for agent in agents for address in agent.addresses},
        )

    def _read_file(self, name: str, text: str) -> None:
        document = load_yaml(text, name)
        self.problems += document.problems
        if document.errors:
            return
        reader = Reader(name, self.site, self.names, self.problems)
        root = document.root
        if root is None or root == Scalar("", root.line, root.column):
            self._complain("R019", "the file is empty", "Delete it, or put a key such as route: in it.", name)
            return
        mapping = reader.mapping(root, "the file", KEYS)
        for key, node in mapping.entries if mapping else ():
            if key.value not in KEYS:
                continue
            found = self.sections[key.value]
            if found and key.value not in JOINED:
                first, first_key, _ = found[0]
                text = f'key "{key.value}" stands in two files (first at {first.file}:{first_key.line})'
                reader.error(key, "R025", text, f"Join the two; only {', '.join(JOINED)} may stand in several files.")
            else:
                found.append((reader, key, node))

    def _collect_names(self) -> None:
        """What rules may refer to, known before the first of them is read."""
        names = self.names
        names.departments = frozenset(self._keys("departments"))
        names.calendars = frozenset((*self._keys("calendars"), ALWAYS))
        names.slas = frozenset(self._keys("slas"))
        names.fields = frozenset(self._keys("fields"))
        names.forms = frozenset(self._keys("forms"))
        for _, _, node in self.sections["agents"]:
            names.agents.update(find_agent_names(node))
            names.inactive |= find_inactive(node)
        names.lists = dict.fromkeys(self._keys("lists"), frozenset())
        for reader, _, node in self.sections["lists"]:
            mapping = reader.mapping(node, "lists")
            for key, value in mapping.entries if mapping else ():
                path = f"lists.{key.value}"
                scalars = reader.scalars(value, path, may_be_empty=True)
                found = (read_address_pattern(reader, item, f"{path}[{index}]") for index, item in enumerate(scalars))
                names.lists[key.value] = frozenset(pattern for pattern in found if pattern)

    def _keys(self, section: str) -> tuple[str, ...]:
        return tuple(
            key.value for _, _, node in self.sections[section] if isinstance(node, Mapping) for key, _ in node.entries
        )

    def _check_version(self) -> None:
        found = self.sections["version"]
        if not found:
            self._complain("R027", "no file says version: 1", "Write  version: 1  at the top of one of them.")
        for reader, _, node in found:
            if reader.text(node, "version") not in (None, "1"):
                reader.error(node, "R027", "this program reads rules of version: 1")

    def _read_named(self, section: str, read: Callable[[Reader, str, Node], T | None]) -> dict[str, T]:
        """The items of a mapping whose keys are their names."""
        items: dict[str, T] = {}
        for reader, _, node in self.sections[section]:
            mapping = reader.mapping(node, section)
            for key, value in mapping.entries if mapping else ():
                if not _KEY.fullmatch(key.value):
                    text = f'{section}: a name has up to 64 letters, digits, "-" and "_": "{shorten(key.value)}"'
                    reader.error(key, "R034", text)
                    continue
                if section == "calendars" and key.value == ALWAYS:
                    reader.error(key, "R026", f"the calendar {ALWAYS} is always there and cannot be changed")
                    continue
                item = read(reader, key.value, value)
                if item is not None:
                    items[key.value] = item
        if section == "departments" and not self.sections[section]:
            hint = "Write  departments: {support: {forward_to: team@acme.example}}"
            self._complain("R024", "no file has departments", hint)
        return items

    def _read_agents(self) -> tuple[Agent, ...]:
        agents: list[Agent] = []
        taken: dict[str, str] = {}
        for reader, _, node in self.sections["agents"]:
            if not isinstance(node, Sequence):
                reader.error(node, "R022", "agents must be a list", "Each starts with  - {name: ..., address: ...}")
                continue
            for index, item in enumerate(node.items):
                agent = read_agent(reader, index, item)
                if agent is None:
                    continue
                for address in agent.addresses:
                    if address in taken:
                        text = f"two agents have the address {address}: {taken[address]} and {agent.name}"
                        reader.error(item, "R026", text)
                    taken.setdefault(address, agent.name)
                agents.append(agent)
        return tuple(agents)

    def _read_defaults(self) -> Defaults | None:
        for reader, _, node in self.sections["defaults"]:
            return read_defaults(reader, node)
        hint = "Write  defaults: {department: NAME}  with the one that gets what no rule sends elsewhere."
        self._complain("R024", "no file has defaults", hint)
        return None

    def _find_keys(self, section: str) -> tuple[tuple[str, Scalar], ...]:
        """The file and place of each item of a section that names its items, else of the section itself."""
        found: list[tuple[str, Scalar]] = []
        for reader, key, node in self.sections[section]:
            items = [name for name, _ in node.entries] if isinstance(node, Mapping) else [key]
            found += ((reader.file, item) for item in items)
        return tuple(found)

    def _complain(self, code: str, text: str, hint: str, file: str = "") -> None:
        name = file or (self.files[0][0] if len(self.files) == 1 else "rules")
        self.problems.append(Problem(name, 0, 0, code, text, hint))


def _name_templates(templates: frozenset[str] | None) -> Names:
    """What is known of templates before anything is read; `de/received` says a language too."""
    if templates is None:
        return Names()
    languages: dict[str, set[str]] = {}
    for name in templates:
        language, slash, plain = name.partition("/")
        if slash:
            languages.setdefault(plain, set()).add(language)
    return Names(
        templates=frozenset(name.rpartition("/")[2] for name in templates),
        template_languages={name: frozenset(found) for name, found in languages.items()},
    )


def _describe(doubt: Doubt) -> Problem:
    """The warning about a rule that does nothing."""
    rule = doubt.rule
    others = " and ".join(
        f'"{other.name}" ({f"line {other.line}" if other.file == rule.file else f"{other.file}:{other.line}"})'
        for other in doubt.others[:3]
    )
    hint = doubt.hint
    if doubt.kind == "unreachable":
        verb = "matches" if len(doubt.others) == 1 else "match"
        more = f" and {len(doubt.others) - 3} more" if len(doubt.others) > 3 else ""
        code, text = "R201", f'"{rule.name}" can never run: {others}{more} {verb} all that it matches'
        hint = f'Move it above "{doubt.others[0].name}", or give that one continue: yes.'
    elif doubt.kind == "impossible":
        code, text = "R204", f'"{rule.name}" can never match: {doubt.reason}'
    else:
        code, text = "R205", f'"{rule.name}" has no effect: {others} sets all of it again'
        hint = "Rules further down have the last word: move it below that one, or delete it."
    return Problem(rule.file, rule.line, rule.column, code, text, hint, is_warning=True)
