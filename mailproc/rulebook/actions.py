"""Every action a rule may take, by its name in rules: what it reads, and whether it adds or replaces. Dry: no I/O.

To add one: a reader with `@action`; it returns the values, or () after having complained. What an action means to a
ticket is the desk's business.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from mailproc.records.ticket import PRIORITIES, State
from mailproc.rulebook.draft import PLACEHOLDER, Action
from mailproc.rulebook.patterns import Budget, Pattern
from mailproc.rulebook.reader import Reader, read_each, shorten
from mailproc.rulebook.schemashapes import LANGUAGE, NAME, TEXT, Shape, many, words
from mailproc.yamlnodes import Node, Scalar, did_you_mean

Read = Callable[[Reader, Node, str], tuple[str, ...]]

NONE = "none"
FIELD = "field."
_TAG = re.compile(r"[^\s,;#\"'<>\[\]]{1,64}")


@dataclass(frozen=True, slots=True)
class Kind:
    """One action as it is registered."""

    name: str
    read: Read
    shape: Shape
    in_classify: bool  # classify may only set values
    is_list: bool = False
    adds: bool = False  # tags and copies add up, all else replaces
    has_groups: bool = False  # {name} is filled in


ACTIONS: dict[str, Kind] = {}


def action(
    name: str,
    shape: Shape,
    *,
    in_classify: bool = False,
    is_list: bool = False,
    adds: bool = False,
    has_groups: bool = False,
) -> Callable[[Read], Read]:
    """Registers the reader of an action; its docstring says what the action does."""

    def register(read: Read) -> Read:
        ACTIONS[name] = Kind(name, read, shape, in_classify, is_list, adds, has_groups)
        return read

    return register


def read_action(
    reader: Reader,
    key: Scalar,
    node: Node,
    path: str,
    groups: frozenset[str],
    patterns: dict[str, Pattern],
    *,
    in_classify: bool,
) -> Action | None:
    """The action `key: node` of a rule whose regexes capture `groups`; None after a complaint."""
    kind = find_kind(key.value)
    if kind is None:
        reader.unknown(key, "R040", "action", key.value, (*ACTIONS, "field.NAME"))
        return None
    if in_classify and not kind.in_classify:
        text = f'"{key.value}" is an action of route: rules of classify set values only'
        allowed = ", ".join(name for name, other in ACTIONS.items() if other.in_classify)
        reader.error(key, "R041", text, f"They may set {allowed} and field.NAME.")
        return None
    pattern = None
    if key.value.startswith(FIELD):
        name = key.value.removeprefix(FIELD)
        if name not in reader.names.fields:
            reader.reference(Scalar(name, key.line, key.column), path, "field", reader.names.fields)
            return None
        reader.names.used.add(("field", name))
        pattern = patterns.get(name)
    values = kind.read(reader, node, path)
    if not values:
        return None
    used = {name for value in values for name in PLACEHOLDER.findall(value)} if kind.has_groups else set()
    for name in sorted(used - groups):
        near = did_you_mean(name, sorted(groups))
        text = f"no regex of this rule or its parents captures {{{name}}}" + (f": {near}" if near else "")
        reader.error(node, "R042", text, f"In {path}. A regex captures it as (?P<{name}>...)")
    if not used and pattern is not None and not _is_whole(pattern, values[0]):
        reader.error(node, "R043", f'{path}: "{shorten(values[0])}" does not fit the field\'s pattern {pattern.source}')
        return None
    return Action(key.value, values, kind.adds, bool(used), pattern)


def _is_whole(pattern: Pattern, value: str) -> bool:
    try:
        return pattern.is_whole(value, Budget())
    except TimeoutError:
        return False


def find_kind(name: str) -> Kind | None:
    """The registered action of that name; every field.NAME is one kind."""
    return FIELD_KIND if name.startswith(FIELD) else ACTIONS.get(name)


@action("department", NAME, in_classify=True)
def _read_department(reader: Reader, node: Node, path: str) -> tuple[str, ...]:
    """The department the ticket goes to."""
    return _one(reader.department(node, path))


@action("priority", words(PRIORITIES), in_classify=True)
def _read_priority(reader: Reader, node: Node, path: str) -> tuple[str, ...]:
    """low, normal, high or urgent."""
    return _one(reader.word(node, path, "priority", PRIORITIES))


@action("language", LANGUAGE, in_classify=True)
def _read_language(reader: Reader, node: Node, path: str) -> tuple[str, ...]:
    """The language we answer in."""
    return _one(reader.language(node, path))


@action("sla", NAME, in_classify=True)
def _read_sla(reader: Reader, node: Node, path: str) -> tuple[str, ...]:
    """The promise that counts, instead of the department's."""
    return _one(reader.reference(node, path, "sla", reader.names.slas))


@action("tags", many(TEXT), in_classify=True, is_list=True, adds=True, has_groups=True)
def _read_tags(reader: Reader, node: Node, path: str) -> tuple[str, ...]:
    """Words to find and count tickets by; they add up."""
    return read_each(reader, node, path, lambda item, below: _read_tag(reader, item, below))


@action("assign", NAME)
def _read_assign(reader: Reader, node: Node, path: str) -> tuple[str, ...]:
    """The agent who gets the ticket, by name or address."""
    return _one(reader.agent(node, path))


@action("copy_to", many(NAME), is_list=True, adds=True)
def _read_copy_to(reader: Reader, node: Node, path: str) -> tuple[str, ...]:
    """Addresses that get a copy of what is forwarded; they add up."""
    return read_each(reader, node, path, reader.target)


@action("notify", many(NAME), is_list=True, adds=True)
def _read_notify(reader: Reader, node: Node, path: str) -> tuple[str, ...]:
    """Agents (by name) or addresses that are told of the ticket; they add up."""

    def read(item: Node, below: str) -> str | None:
        is_address = isinstance(item, Scalar) and "@" in item.value
        return reader.target(item, below) if is_address else reader.agent(item, below)

    return read_each(reader, node, path, read)


@action("ack", NAME)
def _read_ack(reader: Reader, node: Node, path: str) -> tuple[str, ...]:
    """The template of the acknowledgement, or none."""
    return _template_or_none(reader, node, path)


@action("reply", NAME)
def _read_reply(reader: Reader, node: Node, path: str) -> tuple[str, ...]:
    """A template sent to the requester."""
    return _one(reader.template(node, path))


@action("ask", many(NAME), is_list=True)
def _read_ask(reader: Reader, node: Node, path: str) -> tuple[str, ...]:
    """Fields the acknowledgement asks for where they are missing."""
    return read_each(
        reader, node, path, lambda item, below: reader.reference(item, below, "field", reader.names.fields)
    )


@action("state", words(State))
def _read_state(reader: Reader, node: Node, path: str) -> tuple[str, ...]:
    """The state the ticket starts in."""
    return _one(reader.word(node, path, "state", tuple(State)))


@action("link_to", NAME, has_groups=True)
def _read_link_to(reader: Reader, node: Node, path: str) -> tuple[str, ...]:
    """The case number of a ticket this one is linked to."""
    return _one(reader.line(node, path))


@action("ticket", words((NONE,)))
def _read_ticket(reader: Reader, node: Node, path: str) -> tuple[str, ...]:
    """none: the mail is stored and searchable, and opens no ticket."""
    return _one(reader.word(node, path, "word", (NONE,)))


@action("hold", NAME, has_groups=True)
def _read_hold(reader: Reader, node: Node, path: str) -> tuple[str, ...]:
    """Why the mail waits for a person."""
    return _one(reader.line(node, path))


def _read_field(reader: Reader, node: Node, path: str) -> tuple[str, ...]:
    """The value of a field; {name} is what a regex captured."""
    return _one(reader.line(node, path))


FIELD_KIND = Kind("field.NAME", _read_field, TEXT, in_classify=True, has_groups=True)


def _one(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _template_or_none(reader: Reader, node: Node, path: str) -> tuple[str, ...]:
    if isinstance(node, Scalar) and node.value.strip().lower() == NONE:
        return (NONE,)
    return _one(reader.template(node, path))


def _read_tag(reader: Reader, node: Node, path: str) -> str | None:
    value = reader.line(node, path)
    if value is not None and not _TAG.fullmatch(PLACEHOLDER.sub("x", value)):
        reader.error(node, "R023", f'{path}: "{shorten(value)}" is no tag', "A tag is one word: vip, eu-west.")
        return None
    return value
