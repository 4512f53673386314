"""Departments: where tickets go. Dry: no I/O."""

from dataclasses import dataclass

from mailproc.rulebook.calendars import ALWAYS
from mailproc.rulebook.reader import Reader, read_each
from mailproc.rulebook.schemashapes import LANGUAGE, NAME, Keys, about, many, needed
from mailproc.yamlnodes import Node

KEYS: Keys = {
    "name": about("Its name, as people read it; else its key.", NAME),
    "forward_to": needed("Where its mail goes: mailboxes that mailproc does not read.", many(NAME)),
    "calendar": about("Its business hours; else 24x7.", NAME),
    "sla": about("What it promises.", NAME),
    "tier": about("How far up it stands, 1 to 9.", {"enum": [*range(1, 10), *map(str, range(1, 10))]}),
    "languages": about("The languages it answers in.", many(LANGUAGE)),
    "escalate_to": about("The department that takes over.", NAME),
}


@dataclass(frozen=True, slots=True)
class Department:
    """One department; only `forward_to` has to be said."""

    key: str
    name: str
    forward_to: tuple[str, ...]  # normalised, none of them ours
    languages: tuple[str, ...] = ()
    escalate_to: str = ""  # a department's key
    sla: str = ""
    calendar: str = ALWAYS
    tier: int = 1


def read_department(reader: Reader, key: str, node: Node) -> Department | None:
    """One department of `departments`."""
    path = f"departments.{key}"
    mapping = reader.mapping(node, path, KEYS)
    if mapping is None:
        return None
    found: dict[str, str] = {}
    forward_to: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    tier = 1
    if mapping.get("forward_to") is None:
        hint = "Write the address of the people who answer: forward_to: team@acme.example"
        reader.error(node, "R024", f"{path} has no forward_to", hint)
    for name_node, value in mapping.entries:
        name, below = name_node.value, f"{path}.{name_node.value}"
        text: str | None = None
        if name == "forward_to":
            forward_to = read_each(reader, value, below, reader.target)
        elif name == "languages":
            languages = read_each(reader, value, below, reader.language)
        elif name == "tier":
            number = reader.number(value, below)
            if number is not None and number == int(number) and 1 <= number <= 9:
                tier = int(number)
            elif number is not None:
                reader.error(value, "R028", f"{below} must be a whole number from 1 to 9")
        elif name == "name":
            text = reader.line(value, below)
        elif name == "calendar":
            text = reader.reference(value, below, "calendar", reader.names.calendars)
        elif name == "sla":
            text = reader.reference(value, below, "sla", reader.names.slas)
        elif name == "escalate_to":
            text = reader.department(value, below)
            if text == key:
                reader.error(value, "R023", f"{path} escalates to itself")
        if text:
            found[name] = text
    return Department(
        key,
        found.get("name", key),
        forward_to,
        languages,
        found.get("escalate_to", ""),
        found.get("sla", ""),
        found.get("calendar", ALWAYS),
        tier,
    )
