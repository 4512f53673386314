"""Nodes to typed values, with every complaint at its place. Dry: no I/O.

A `Reader` belongs to one file and never raises: what is wrong becomes a `Problem`, the value becomes None, and reading
goes on, so that an admin sees all errors at once.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from mailproc.message.addresses import normalise
from mailproc.records.site import Site
from mailproc.rulebook.habits import find_advice
from mailproc.rulebook.schemashapes import matching
from mailproc.tickets.token import split_reply_address
from mailproc.yamlnodes import Mapping, Node, Problem, Scalar, Sequence, did_you_mean

if TYPE_CHECKING:
    from mailproc.rulebook.calendars import Calendar

YES = frozenset({"yes", "true", "on"})
NO = frozenset({"no", "false", "off"})

_SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,3})?)\s?(b|kb|k|mb|m|gb|g)?", re.IGNORECASE)
_SIZE_UNITS = {"": 1, "b": 1, "k": 1000, "kb": 1000, "m": 10**6, "mb": 10**6, "g": 10**9, "gb": 10**9}
_DURATION = re.compile(r"(\d{1,6})\s?(s|m|h|d|w)", re.IGNORECASE)
_DURATION_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_NUMBER = re.compile(r"[-+]?\d{1,9}(?:\.\d{1,6})?")
SIZE = matching(_SIZE)
DURATION = matching(_DURATION)
_QUOTES = "\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb"  # typographic ones are letters to YAML
_INVISIBLE = re.compile("[\xa0\xad\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff]")
_IN_BRACKETS = re.compile(r"<([^<>\s]+@[^<>\s]+)>")
_REFERENCES = {
    "department": "R101", "list": "R102", "calendar": "R103", "sla": "R104", "agent": "R105", "field": "R106",
    "template": "R107", "rule": "R108", "form": "R111",
}  # fmt: skip


@dataclass(slots=True)
class Names:
    """What a book may refer to; collected before anything else is read, so that order does not matter."""

    departments: frozenset[str] = frozenset()
    lists: dict[str, frozenset[str]] = field(default_factory=dict)  # name -> address patterns
    calendars: frozenset[str] = frozenset()
    hours: "dict[str, Calendar]" = field(default_factory=dict)  # the calendars that could be read
    slas: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    forms: frozenset[str] = frozenset()
    agents: dict[str, str] = field(default_factory=dict)  # name in lower case or address -> first address
    inactive: frozenset[str] = frozenset()  # first addresses of agents who are not active
    templates: frozenset[str] | None = None  # None: nobody said which there are
    template_languages: dict[str, frozenset[str]] = field(default_factory=dict)  # {}: nobody said
    used: set[tuple[str, str]] = field(default_factory=set)  # (kind, name) of what something referred to
    wanted_templates: list[tuple[str, Scalar, str]] = field(default_factory=list)  # file, place, name


@dataclass(slots=True)
class Reader:
    """Reads the nodes of one file."""

    file: str
    site: Site
    names: Names
    problems: list[Problem]

    def error(self, node: Node, code: str, text: str, hint: str = "") -> None:
        """Notes an error at the node."""
        self.problems.append(Problem(self.file, node.line, node.column, code, text, hint))

    def warning(self, node: Node, code: str, text: str, hint: str = "") -> None:
        """Notes something that is allowed and most likely not meant."""
        self.problems.append(Problem(self.file, node.line, node.column, code, text, hint, is_warning=True))

    def mapping(self, node: Node, path: str, keys: Iterable[str] | None = None, code: str = "R021") -> Mapping | None:
        """The node if it is a mapping; keys other than `keys` are complained about."""
        if not isinstance(node, Mapping):
            allowed = f" with keys such as {', '.join(list(keys)[:4])}" if keys else ""
            self.error(node, "R022", f"{path} must be a mapping{allowed}, not {describe(node)}", _key_hint(node, path))
            return None
        if keys is not None:
            allowed_keys = tuple(keys)
            for key, _ in node.entries:
                if key.value not in allowed_keys:
                    self.unknown(key, code, "key", key.value, allowed_keys, f" in {path}" if path else "")
        return node

    def unknown(self, node: Node, code: str, what: str, word: str, choices: Iterable[str], where: str = "") -> None:
        """Complains about a word that is none of `choices`, with the nearest of them or all of them."""
        known = sorted(choices)
        advice = find_advice(what, word, known)
        nearest = "" if advice else did_you_mean(word.strip(_QUOTES), known)
        text = f'unknown {what} "{shorten(word)}"{where}'
        if advice:
            self.error(node, code, text, f"{advice[0].upper()}{advice[1:]}.")
        elif odd := _find_invisible(word):
            self.error(node, code, text, odd)
        elif nearest:
            self.error(node, code, f"{text}: {nearest}")
        elif known:
            more = f" and {len(known) - 24} more" if len(known) > 24 else ""
            self.error(node, code, text, f"Known: {', '.join(known[:24])}{more}")
        else:
            self.error(node, code, text)

    def text(self, node: Node, path: str, *, may_be_empty: bool = False, longest: int = 1000) -> str | None:
        """The text of a scalar."""
        if not isinstance(node, Scalar):
            self.error(node, "R022", f"{path} must be a text, not {describe(node)}", _brace_hint(node))
            return None
        if not node.value.strip() and not may_be_empty:
            self.error(node, "R032", f"{path} is empty")
            return None
        if len(node.value) > longest:
            self.error(node, "R022", f"{path} is longer than {longest} characters")
            return None
        return node.value.strip()

    def line(self, node: Node, path: str) -> str | None:
        """A text that may stand in a header or in a list of a report: one line."""
        value = self.text(node, path, longest=500)
        if value is not None and not value.isprintable():
            self.error(node, "R022", f"{path} must be one line without control characters")
            return None
        return value

    def scalars(self, node: Node, path: str, *, may_be_empty: bool = False) -> tuple[Scalar, ...]:
        """A scalar or a list of scalars, as a tuple."""
        if isinstance(node, Scalar):
            return (node,) if self.text(node, path) is not None else ()
        if isinstance(node, Mapping):
            self.error(node, "R022", f"{path} must be a text or a list of texts, not a mapping", _brace_hint(node))
            return ()
        if not node.items and not may_be_empty:
            self.error(node, "R032", f"{path} is an empty list")
        found: list[Scalar] = []
        for index, item in enumerate(node.items):
            if self.text(item, f"{path}[{index}]") is not None and isinstance(item, Scalar):
                found.append(item)
        return tuple(found)

    def words(self, node: Node, path: str, what: str, allowed: Iterable[str]) -> tuple[str, ...]:
        """A scalar or a list, each one of the allowed words."""
        return tuple(
            word for item in self.scalars(node, path) if (word := self.word(item, path, what, allowed)) is not None
        )

    def word(self, node: Node, path: str, what: str, allowed: Iterable[str]) -> str | None:
        """One of the allowed words, without regard to case."""
        value = self.text(node, path)
        if value is None:
            return None
        for word in allowed:
            if word.casefold() == value.casefold():
                return word
        self.unknown(node, "R023", what, value, allowed, f" in {path}")
        return None

    def flag(self, node: Node, path: str) -> bool | None:
        """yes or no."""
        value = self.text(node, path)
        if value is None:
            return None
        if value.lower() in YES:
            return True
        if value.lower() in NO:
            return False
        self.error(node, "R023", f'{path} must be yes or no, not "{shorten(value)}"')
        return None

    def number(self, node: Node, path: str) -> float | None:
        """A number such as 5 or 5.5."""
        value = self.text(node, path)
        if value is None:
            return None
        if not _NUMBER.fullmatch(value):
            self.error(node, "R028", f'{path} must be a number, not "{shorten(value)}"')
            return None
        return float(value)

    def size(self, node: Node, path: str) -> float | None:
        """Bytes of a size such as 500 KB or 5MB."""
        value = self.text(node, path)
        if value is None:
            return None
        match = _SIZE.fullmatch(value)
        if not match:
            self.error(node, "R028", f'{path} must be a size such as 500KB or 5MB, not "{shorten(value)}"')
            return None
        return float(match[1]) * _SIZE_UNITS[(match[2] or "").lower()]

    def duration(self, node: Node, path: str) -> timedelta | None:
        """A span such as 30m, 8h or 3d; a day is 24 hours."""
        value = self.text(node, path)
        if value is None:
            return None
        match = _DURATION.fullmatch(value)
        if not match or int(match[1]) == 0:
            self.error(node, "R028", f'{path} must be a time span such as 30m, 8h or 3d, not "{shorten(value)}"')
            return None
        return timedelta(seconds=int(match[1]) * _DURATION_UNITS[match[2].lower()])

    def language(self, node: Node, path: str) -> str | None:
        """A language of two or three letters; one that the site does not speak is warned about."""
        value = self.text(node, path)
        if value is None:
            return None
        language = value.lower()
        if not re.fullmatch("[a-z]{2,3}", language):
            self.error(node, "R023", f'{path} must be a language such as en or de, not "{shorten(value)}"')
            return None
        if language not in self.site.languages:
            text = f'"{language}" is none of the site\'s languages ({", ".join(self.site.languages)})'
            self.warning(node, "R202", text, f"In {path}. Add it to languages: in mailproc.yaml.")
        return language

    def reference(self, node: Node, path: str, kind: str, known: Iterable[str]) -> str | None:
        """A name that must exist."""
        value = self.text(node, path)
        if value is None:
            return None
        known_names = known if isinstance(known, frozenset | dict) else frozenset(known)
        if value in known_names:
            self.names.used.add((kind, value))
            return value
        nearest = did_you_mean(value.strip(_QUOTES), sorted(known_names))
        if kind == "template" and path.endswith(".ack") and value.lower() in NO:
            nearest = 'did you mean "none"?'
        hint = f"In {path}."
        if not nearest and known_names:
            hint += f" Known: {', '.join(sorted(known_names)[:24])}"
        elif not known_names:
            hint += f" The book has no {kind}s."
        text = f'unknown {kind} "{shorten(value)}"'
        self.error(node, _REFERENCES[kind], f"{text}: {nearest}" if nearest else text, hint)
        return None

    def department(self, node: Node, path: str) -> str | None:
        """A department's key."""
        return self.reference(node, path, "department", self.names.departments)

    def template(self, node: Node, path: str) -> str | None:
        """A template's name; checked where the caller told which there are."""
        if self.names.templates is None:
            return self.line(node, path)
        name = self.reference(node, path, "template", self.names.templates)
        if name is not None and isinstance(node, Scalar):
            self.names.wanted_templates.append((self.file, node, name))
        return name

    def target(self, node: Node, path: str) -> str | None:
        """An address that mail is sent to; one of our own intake addresses is refused (T34)."""
        value = self.text(node, path)
        if value is None:
            return None
        address = normalise(value)
        if not address:
            inner = _IN_BRACKETS.search(value)
            hint = f"In {path}. Write it as {inner[1] if inner else 'jane@acme.example'}"
            if "," in value:
                hint = f"In {path}. Several addresses are a list: [jane@acme.example, joe@acme.example]"
            self.error(node, "R029", f'"{shorten(value)}" is not an address', hint)
            return None
        ours, _ = split_reply_address(self.site, address)
        if ours:
            text = f'"{shorten(value)}" is an intake address: mail to it would come back as a new request'
            self.error(node, "R110", text, f"In {path}. Use a mailbox that mailproc does not read.")
            return None
        return address

    def agent(self, node: Node, path: str) -> str | None:
        """The first address of an agent who is named by name or address."""
        value = self.text(node, path)
        if value is None:
            return None
        found = self.names.agents.get(normalise(value) if "@" in value else value.casefold())
        if found:
            if found in self.names.inactive:
                text = f'"{shorten(value)}" is not active: nothing is sent to that agent'
                self.warning(node, "R214", text, "Name somebody else, or make the agent active again.")
            return found
        self.reference(node, path, "agent", self.names.agents)
        return None


def each(node: Node) -> tuple[Node, ...]:
    """The items of a list, or the node itself: a single thing stands for a list of one."""
    return node.items if isinstance(node, Sequence) else (node,)


def describe(node: Node) -> str:
    """What a node is, in words."""
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node, Sequence):
        return "a list"
    return f'"{shorten(node.value)}"' if node.value else "nothing"


def shorten(text: str) -> str:
    """A value as it is shown in a message: one line, at most 80 characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= 80 else flat[:77] + "..."


def read_each(reader: Reader, node: Node, path: str, read: Callable[[Node, str], str | None]) -> tuple[str, ...]:
    """A scalar or a list, each read by `read`; what could not be read is left out, what stands twice is kept once."""
    values = (read(item, path) for item in reader.scalars(node, path))
    return tuple(dict.fromkeys(value for value in values if value is not None))


def _key_hint(node: Node, path: str) -> str:
    """How a mapping is written where something else stands."""
    key = path.rpartition(".")[2]
    if isinstance(node, Sequence):
        return "Write its keys without dashes in front, one below the other."
    if not path or path == "the file" or "[" in key:
        return ""
    return f"Below {key} stand keys with their values:  {key}: {{KEY: VALUE}}"


def _find_invisible(word: str) -> str:
    """What to do about characters nobody sees, as text from a web page brings them along."""
    odd = _INVISIBLE.search(word)
    if not odd:
        return ""
    return f"It holds an invisible character (U+{ord(odd[0]):04X}): delete what stands here and type it again."


def _brace_hint(node: Node) -> str:
    return 'A text with braces is quoted: "{order}"' if isinstance(node, Mapping) else ""
