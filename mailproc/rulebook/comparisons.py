"""Numbers and sizes in rules: over and under. Dry: no I/O."""

from collections.abc import Callable

from mailproc.rulebook.reader import SIZE, Reader
from mailproc.rulebook.schemashapes import NUMBER, about, closed
from mailproc.yamlnodes import Node, Scalar

SIZES = closed({"over": about("More than this.", SIZE), "under": about("Less than this.", SIZE)}, 1)
NUMBERS = closed({"over": about("More than this.", NUMBER), "under": about("Less than this.", NUMBER)}, 1)

Compare = Callable[[float], bool]


def read_over_under(reader: Reader, node: Node, path: str, read: Callable[[Node, str], float | None]) -> Compare | None:
    """The comparison of `{over: X, under: Y}`; neither bound is part of what it matches."""
    if isinstance(node, Scalar):
        name, side = path.rpartition(".")[2], "under" if "<" in node.value else "over"
        limit = node.value.strip("<>= \t")
        hint = f"Write  {name}: {{{side}: {limit}}}" if limit.isalnum() else f"Write  {name}: {{over: 5}}"
        reader.error(node, "R022", f"{path} is compared with over and under", hint)
        return None
    mapping = reader.mapping(node, path, NUMBERS["properties"], code="R031")
    if mapping is None:
        return None
    bounds: dict[str, float] = {}
    for key, value in mapping.entries:
        bound = read(value, f"{path}.{key.value}") if key.value in ("over", "under") else None
        if bound is None:
            return None
        bounds[key.value] = bound
    if not bounds:
        reader.error(node, "R032", f"{path} says nothing", "Write over: or under:")
        return None
    over, under = bounds.get("over", float("-inf")), bounds.get("under", float("inf"))
    if over >= under:
        reader.error(node, "R023", f"{path}: nothing is over {over:g} and under {under:g}")
        return None
    return lambda value: over < value < under
