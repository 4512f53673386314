"""Every condition a rule may have. Dry: no I/O.

To add one: a reader with `@condition("name")` in the file of its kind; it returns the condition, or None after having
complained.
"""

from mailproc.rulebook.conditions import circumstances, content
from mailproc.rulebook.conditions.registry import CONDITIONS
from mailproc.rulebook.logic import Condition
from mailproc.rulebook.reader import Reader
from mailproc.rulebook.schemashapes import Keys, about, listed, many, ref
from mailproc.yamlnodes import Node, Scalar

__all__ = ["CONDITIONS", "FIELD_SHAPE", "GROUPS", "circumstances", "content", "read_condition"]

FIELD = "field."
FIELD_SHAPE = ref("text")
GROUPS: Keys = {
    "any": about("One of these must be met.", {**listed(ref("when")), "minItems": 1}),
    "all": about("All of these must be met.", {**listed(ref("when")), "minItems": 1}),
    "not": about("What is here must not be met; of a list, none of it.", many(ref("when"))),
}


def read_condition(reader: Reader, key: Scalar, node: Node, path: str) -> Condition | None:
    """The condition `key: node` of a rule, None after a complaint."""
    if key.value.startswith(FIELD):
        return content.read_field(reader, key, node, path)
    kind = CONDITIONS.get(key.value)
    if kind is None:
        reader.unknown(key, "R030", "condition", key.value, (*CONDITIONS, *GROUPS, "field.NAME"))
        return None
    return kind.read(reader, node, path)
