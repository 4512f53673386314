"""The JSON Schema of a rule file, for editors; made from the tables that the loader reads by. Dry: no I/O.

It knows shapes, not names: whether a department exists, only `mailproc rules check` can say.
"""

from inspect import getdoc
from typing import Any

from mailproc.rulebook.actions import ACTIONS, FIELD_KIND, NONE, Kind
from mailproc.rulebook.book import KEYS
from mailproc.rulebook.conditions import CONDITIONS, FIELD_SHAPE, GROUPS
from mailproc.rulebook.inlinetests import (
    FORM_EXPECTED,
    MAIL_KEYS,
    REQUESTER_EXPECTED,
    RULE_EXPECTED,
    TEST_KEYS,
    TICKET_WORDS,
)
from mailproc.rulebook.rules import CLASSIFY_KEYS, ROUTE_KEYS
from mailproc.rulebook.schemashapes import TEXT, Shape, about, closed, many, words
from mailproc.rulebook.textoperators import OPERATORS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FORM_EXPECTED = {"form": FORM_EXPECTED, "requester": REQUESTER_EXPECTED}
FIELDS = "^field\\."  # keys such as field.order


def make_schema() -> dict[str, Any]:
    """The schema of one file; a book may be spread over several, so no top-level key has to be there."""
    operators = {name: about(_explain(read), read.shape) for name, read in OPERATORS.items()}
    return {
        "$schema": DIALECT,
        "title": "Rules of mailproc",
        "description": "One file of rules/. What no schema can say, mailproc rules check does.",
        **closed(KEYS, 1),
        "$defs": {
            "operators": closed(operators, 1),
            "text": {
                "description": "Whole words, a list of them, or operators.",
                "anyOf": [
                    TEXT,
                    {"type": "array", "minItems": 1, "items": {"anyOf": [TEXT, {"$ref": "#/$defs/operators"}]}},
                    {"$ref": "#/$defs/operators"},
                ],
            },
            "addresses": many({"anyOf": [TEXT, _with(operators, "list", many(TEXT))]}),
            "header": {**_with(operators, "name", TEXT), "required": ["name"]},
            "when": _make_when(),
            "set": _make_actions(in_classify=True),
            "do": _make_actions(in_classify=False),
            "classify": closed(CLASSIFY_KEYS),
            "route": {**closed(ROUTE_KEYS), "anyOf": [{"required": ["do"]}, {"required": ["rules"]}]},
            "mail": closed(MAIL_KEYS),
            "expect": _make_expected(),
            "test": closed(TEST_KEYS),
        },
    }


def _make_when() -> Shape:
    conditions = {name: about(_explain(read), read.shape) for name, read in CONDITIONS.items()}
    field = about("A field that earlier rules filled.", FIELD_SHAPE)
    return {**closed({**conditions, **GROUPS}, 1), "patternProperties": {FIELDS: field}}


def _make_actions(*, in_classify: bool) -> Shape:
    actions = {name: _describe(kind) for name, kind in ACTIONS.items() if kind.in_classify or not in_classify}
    return {**closed(actions, 1), "patternProperties": {FIELDS: _describe(FIELD_KIND)}}


def _make_expected() -> Shape:
    """What a test may expect: any action, or that it was not taken."""
    keys = {name: _or_none(kind) for name, kind in (*ACTIONS.items(), (FIELD_KIND.name, FIELD_KIND))}
    field = keys.pop(FIELD_KIND.name)
    keys["ticket"] = about(keys["ticket"]["description"], words(TICKET_WORDS))
    return {**closed({**keys, "rule": RULE_EXPECTED, **_FORM_EXPECTED}, 1), "patternProperties": {FIELDS: field}}


def _or_none(kind: Kind) -> Shape:
    empty: list[Shape] = [{"type": "array", "maxItems": 0}] if kind.is_list else []
    return about(_explain(kind), {"anyOf": [kind.shape, {"const": NONE}, *empty]})


def _describe(kind: Kind) -> Shape:
    return about(_explain(kind), kind.shape)


def _with(operators: dict[str, Shape], key: str, shape: Shape) -> Shape:
    return closed({key: shape, **operators}, 1)


def _explain(entry: Any) -> str:
    """The docstring of the reader that is registered, on one line."""
    return " ".join((getdoc(entry.read) or "").split())
