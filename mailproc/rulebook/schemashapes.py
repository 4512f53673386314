"""The shapes that values in rule files have, as JSON Schema; the tables the loader reads by carry them. Dry: data only.

Editors type plain scalars (5, true) and the loader does not, so that a text may be a number or a boolean here.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

Shape = dict[str, Any]
Keys = Mapping[str, Shape]  # the keys of a mapping, in the order they are best written in

NEEDED = "x-needed"  # marks a key that must be there; taken out before the schema is printed

ANY: Shape = {}
TEXT: Shape = {"type": ["string", "number", "boolean"]}
NAME: Shape = {"type": ["string", "number", "boolean"], "minLength": 1}
FLAG: Shape = {"anyOf": [{"type": "boolean"}, {"enum": ["yes", "no", "on", "off", "true", "false"]}]}
NUMBER: Shape = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^\s*[-+]?[0-9.]+\s*$"}]}
LANGUAGE: Shape = {"type": ["string", "boolean"], "pattern": "^[A-Za-z]{2,3}$"}  # no is Norwegian, and false to editors


def words(allowed: Iterable[str]) -> Shape:
    """One of the words."""
    return {"enum": list(map(str, allowed))}


def many(item: Shape, least: int = 1) -> Shape:
    """The thing or a list of it."""
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": least}]}


def listed(item: Shape) -> Shape:
    """A list and nothing else."""
    return {"type": "array", "items": item}


def matching(pattern: "re.Pattern[str]") -> Shape:
    """A text that the loader's pattern fits; it ignores case, which patterns of a schema cannot."""
    either = re.sub(r"(?<!\\)[a-z]", lambda letter: f"[{letter[0]}{letter[0].upper()}]", pattern.pattern)
    return {"type": ["string", "number"], "pattern": rf"^\s*(?:{either})\s*$"}


def closed(keys: Keys, least: int = 0) -> Shape:
    """A mapping that has these keys and no others."""
    found: Shape = {"type": "object", "properties": {}, "additionalProperties": False}
    for key, shape in keys.items():
        found["properties"][key] = {name: value for name, value in shape.items() if name != NEEDED}
    needed = [key for key, shape in keys.items() if shape.get(NEEDED)]
    if needed:
        found["required"] = needed
    if least:
        found["minProperties"] = least
    return found


def named(item: Shape) -> Shape:
    """A mapping whose keys are names that the admin chooses."""
    return {"type": "object", "additionalProperties": item}


def ref(name: str) -> Shape:
    """A shape that is defined once and used in many places."""
    return {"$ref": f"#/$defs/{name}"}


def about(text: str, shape: Shape) -> Shape:
    """The shape with what an editor shows about the key."""
    return {**shape, "description": text}


def needed(text: str, shape: Shape) -> Shape:
    """As `about`, of a key that must be there."""
    return {**about(text, shape), NEEDED: True}
