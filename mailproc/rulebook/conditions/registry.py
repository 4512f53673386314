"""Where conditions register themselves by their name in rules. Dry: data only."""

from collections.abc import Callable
from dataclasses import dataclass

from mailproc.rulebook.logic import Condition
from mailproc.rulebook.reader import Reader
from mailproc.rulebook.schemashapes import Shape
from mailproc.yamlnodes import Node

Read = Callable[[Reader, Node, str], Condition | None]


@dataclass(frozen=True, slots=True)
class Kind:
    """One condition as it is registered."""

    read: Read
    shape: Shape


CONDITIONS: dict[str, Kind] = {}


def condition(name: str, shape: Shape) -> Callable[[Read], Read]:
    """Registers the reader of a condition; its docstring says what the condition looks at."""

    def register(read: Read) -> Read:
        CONDITIONS[name] = Kind(read, shape)
        return read

    return register
