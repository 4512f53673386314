"""Where conditions register themselves by their name in rules. Dry: data only."""

from collections.abc import Callable

from mailproc.rulebook.logic import Condition
from mailproc.rulebook.reader import Reader
from mailproc.yamlnodes import Node

Read = Callable[[Reader, Node, str], Condition | None]

CONDITIONS: dict[str, Read] = {}


def condition(name: str) -> Callable[[Read], Read]:
    """Registers the reader of a condition; its docstring says what the condition looks at."""

    def register(read: Read) -> Read:
        CONDITIONS[name] = read
        return read

    return register
