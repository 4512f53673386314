"""Defaults: what holds where no rule says otherwise. Dry: no I/O."""

from dataclasses import dataclass

from mailproc.records.ticket import PRIORITIES
from mailproc.rulebook.actions import ACTIONS
from mailproc.rulebook.reader import Reader
from mailproc.rulebook.schemashapes import LANGUAGE, NAME, Keys, about, needed, words
from mailproc.yamlnodes import Node

KEYS: Keys = {
    "department": needed("Where mail goes that no rule sends elsewhere.", NAME),
    "priority": about("The priority of a new ticket.", words(PRIORITIES)),
    "language": about("The language we answer in when the mail's is not known.", LANGUAGE),
    "ack": about("The template of the acknowledgement, or none.", NAME),
}


@dataclass(frozen=True, slots=True)
class Defaults:
    """The values a new ticket starts from."""

    department: str
    priority: str = "normal"
    language: str = "en"
    ack: str = "received"  # a template's name or "none"


def read_defaults(reader: Reader, node: Node) -> Defaults | None:
    """The mapping `defaults`; only `department` has to be said."""
    mapping = reader.mapping(node, "defaults", KEYS)
    if mapping is None:
        return None
    found: dict[str, str] = {"priority": "normal", "language": reader.site.default_language, "ack": "received"}
    for key, value in mapping.entries:
        if key.value == "priority":
            found["priority"] = reader.word(value, "defaults.priority", "priority", PRIORITIES) or "normal"
        elif key.value in ("department", "language", "ack"):
            values = ACTIONS[key.value].read(reader, value, f"defaults.{key.value}")
            if values:
                found[key.value] = values[0]
    if mapping.get("department") is None:
        reader.error(node, "R024", "defaults has no department", "Say where mail goes that no rule sends elsewhere.")
    if "department" not in found:
        return None
    return Defaults(found["department"], found["priority"], found["language"], found["ack"])
