"""The rulebook: every file of rules/ read together, checked, and ready to be asked. Dry: texts are arguments.

Reading is all or nothing: `load` returns a whole book or raises with everything that is wrong.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar
from zoneinfo import ZoneInfo

from mailproc.errors import ConfigError
from mailproc.records.site import Site
from mailproc.rulebook.addresspatterns import read_address_pattern
from mailproc.rulebook.agents import Agent, find_agent_names, read_agent
from mailproc.rulebook.calendars import ALWAYS, Calendar, find_zone, make_always, read_calendar
from mailproc.rulebook.defaults import Defaults, read_defaults
from mailproc.rulebook.departments import Department, read_department
from mailproc.rulebook.fields import Field, read_field
from mailproc.rulebook.inlinetests import InlineTest, InlineTestReader
from mailproc.rulebook.reader import Names, Reader, shorten
from mailproc.rulebook.rules import Rule, RuleReader, find_unreachable, walk
from mailproc.rulebook.slas import Sla, read_sla
from mailproc.yamlnodes import Mapping, Node, Problem, Scalar, Sequence, format_problem
from mailproc.yamlnodes import load as load_yaml

__all__ = ["Agent", "Defaults", "Department", "Field", "InlineTest", "Rulebook", "load", "read_book"]

KEYS = (
    "version", "calendars", "slas", "departments", "agents", "lists", "fields", "defaults",
    "classify", "route", "tests",
)  # fmt: skip
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
    _agents: dict[str, Agent] = field(default_factory=dict, repr=False, compare=False)

    def find_agent(self, address: str) -> Agent | None:
        """The agent with that normalised address, active or not."""
        return self._agents.get(address)


def load(files: tuple[tuple[str, str], ...], site: Site, templates: frozenset[str] | None = None) -> Rulebook:
    """The book of the (name, text) pairs, in the order given; raises ConfigError with all problems.

    `templates` are the names of the templates there are; None leaves them unchecked.
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
    book = reading.read()
    order = {name: index for index, (name, _) in enumerate(files)}
    problems = sorted(reading.problems, key=lambda problem: (order.get(problem.file, -1), problem.line, problem.column))
    return book, tuple(dict.fromkeys(problems))


def show_problems(problems: Iterable[Problem], files: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """The problems as an admin reads them, each with its source line and a caret."""
    texts = dict(files)
    return tuple(format_problem(problem, texts.get(problem.file, "")) for problem in problems)


class _Reading:
    """One pass over the files of a book."""

    def __init__(self, files: tuple[tuple[str, str], ...], site: Site, templates: frozenset[str] | None) -> None:
        self.files = files
        self.site = site
        self.names = Names(templates=templates)
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
        rules = RuleReader({key: item.pattern for key, item in fields.items() if item.pattern is not None})
        classify = tuple(
            rule for reader, _, node in self.sections["classify"]
            for rule in rules.read_list(reader, node, "classify", in_classify=True)
        )  # fmt: skip
        route = tuple(
            rule for reader, _, node in self.sections["route"] for rule in rules.read_list(reader, node, "route")
        )
        everything = (*classify, *walk(route))
        tests = InlineTestReader(tuple(rule.path for rule in everything))
        inline = tuple(test for reader, _, node in self.sections["tests"] for test in tests.read_list(reader, node))
        if defaults is None or any(not problem.is_warning for problem in self.problems):
            return None
        self._warn_of_unreachable(route)
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
        for _, _, node in self.sections["agents"]:
            names.agents.update(find_agent_names(node))
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

    def _warn_of_unreachable(self, route: tuple[Rule, ...]) -> None:
        for rule, earlier in find_unreachable(route):
            where = f"line {earlier.line}" if earlier.file == rule.file else f"{earlier.file}:{earlier.line}"
            text = f'"{rule.name}" can never run: "{earlier.name}" ({where}) matches all that it matches'
            hint = f'Move it above "{earlier.name}", or give that one continue: yes.'
            self.problems.append(Problem(rule.file, rule.line, rule.column, "R201", text, hint, is_warning=True))

    def _complain(self, code: str, text: str, hint: str, file: str = "") -> None:
        name = file or (self.files[0][0] if len(self.files) == 1 else "rules")
        self.problems.append(Problem(name, 0, 0, code, text, hint))
