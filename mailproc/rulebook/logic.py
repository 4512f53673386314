"""What `when` is made of: leaves that look at one thing, joined by all, any and not. Dry: no I/O.

A condition's `test` decides; its `seen` says what it looked at, and is asked for only where a trace needs it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from mailproc.rulebook.view import View


@dataclass(frozen=True, slots=True)
class Leaf:
    """One condition on one thing."""

    name: str  # subject.words, to, time.outside(office) ...
    test: Callable[[View], bool]
    seen: Callable[[View], str]
    groups: frozenset[str] = frozenset()
    values: frozenset[str] | None = None  # it matches any of these; None: not a plain list
    is_fixed: bool = True  # depends on the mail alone, not on what other rules did
    contains: Callable[[str], bool] | None = None  # what one value stands for it matches too, though not in `values`


@dataclass(frozen=True, slots=True)
class All:
    """Matches when each of its conditions does."""

    items: "tuple[Condition, ...]"
    groups: frozenset[str] = field(default=frozenset())

    def test(self, view: View) -> bool:
        groups = dict(view.groups) if self.groups else None
        for item in self.items:
            if not item.test(view):
                if groups is not None:  # what a part captured goes with the whole
                    view.groups = groups
                return False
        return True

    def seen(self, view: View) -> str:
        failing = next((item for item in self.items if not item.test(view)), None)
        return failing.seen(view) if failing is not None else _join(self.items, view)


@dataclass(frozen=True, slots=True)
class Any:
    """Matches when one of its conditions does."""

    items: "tuple[Condition, ...]"
    groups: frozenset[str] = field(default=frozenset())

    def test(self, view: View) -> bool:
        for item in self.items:  # noqa: SIM110
            if item.test(view):
                return True
        return False

    def seen(self, view: View) -> str:
        for item in self.items:
            if item.test(view):
                return item.seen(view)
        return self.missed(view)

    def missed(self, view: View) -> str:
        """What was seen where none is met; saves asking them again."""
        return _join(self.items, view)


@dataclass(frozen=True, slots=True)
class Not:
    """Matches when its condition does not; a regex that ran out of time proves nothing either way."""

    item: "Condition"
    groups: frozenset[str] = field(default=frozenset())

    def test(self, view: View) -> bool:
        unknowns, groups = view.unknowns, dict(view.groups)
        is_met = self.item.test(view)
        view.groups = groups
        return not is_met and view.unknowns == unknowns

    def seen(self, view: View) -> str:
        return self.item.seen(view)


Condition = Leaf | All | Any | Not


def join_all(items: tuple[Condition, ...]) -> Condition:
    """One condition that is met when all are."""
    return items[0] if len(items) == 1 else All(items, frozenset().union(*(item.groups for item in items)))


def join_any(items: tuple[Condition, ...]) -> Condition:
    """One condition that is met when one is."""
    return items[0] if len(items) == 1 else Any(items, frozenset().union(*(item.groups for item in items)))


def implies(narrow: Condition, wide: Condition) -> bool:
    """True when it is certain that `wide` matches every mail that `narrow` matches; False when in doubt."""
    if isinstance(narrow, Leaf) and isinstance(wide, Leaf):
        if narrow.name != wide.name or narrow.values is None or wide.values is None:
            return False
        if not narrow.is_fixed or not wide.is_fixed:
            return False
        if narrow.values <= wide.values:
            return True
        return wide.contains is not None and all(map(wide.contains, narrow.values - wide.values))
    if isinstance(narrow, Any):
        return all(implies(item, wide) for item in narrow.items)
    if isinstance(wide, All):
        return all(implies(narrow, item) for item in wide.items)
    if isinstance(wide, Any) and any(implies(narrow, item) for item in wide.items):
        return True
    if isinstance(narrow, All):
        return any(implies(item, wide) for item in narrow.items)
    return isinstance(narrow, Not) and isinstance(wide, Not) and implies(wide.item, narrow.item)


def _join(items: tuple[Condition, ...], view: View) -> str:
    return ", ".join(dict.fromkeys([item.seen(view) for item in items]))
