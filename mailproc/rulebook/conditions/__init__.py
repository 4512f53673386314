"""Every condition a rule may have. Dry: no I/O.

To add one: a reader with `@condition("name")` in the file of its kind; it returns the condition, or None after having
complained.
"""

from mailproc.rulebook.conditions import circumstances, content
from mailproc.rulebook.conditions.registry import CONDITIONS
from mailproc.rulebook.logic import Condition
from mailproc.rulebook.reader import Reader
from mailproc.yamlnodes import Node, Scalar

__all__ = ["CONDITIONS", "circumstances", "content", "read_condition"]

FIELD = "field."


def read_condition(reader: Reader, key: Scalar, node: Node, path: str) -> Condition | None:
    """The condition `key: node` of a rule, None after a complaint."""
    if key.value.startswith(FIELD):
        return content.read_field(reader, key, node, path)
    read = CONDITIONS.get(key.value)
    if read is None:
        reader.unknown(key, "R030", "condition", key.value, (*CONDITIONS, "any", "all", "not", "field.NAME"))
        return None
    return read(reader, node, path)
