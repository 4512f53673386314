"""A copy of a rulebook that tells, for each rule that is tried, how each of its conditions ended. Dry: no I/O.

The copy decides exactly as the book does: only what `when` holds is put behind a listener. A rule that fails at its
first condition still says what the others saw; nothing of that counts.
"""

from dataclasses import dataclass, field, replace
from typing import cast

from mailproc.rulebook.book import Rulebook
from mailproc.rulebook.facts import Facts
from mailproc.rulebook.logic import All, Any, Condition, Leaf, Not
from mailproc.rulebook.rules import Rule
from mailproc.rulebook.view import View


@dataclass(frozen=True, slots=True)
class Seen:
    """One condition of a rule: what it is called, what stood there, and whether it was met."""

    name: str  # subject.words, any of subject.words, priority ...
    value: str
    is_met: bool


@dataclass(frozen=True, slots=True)
class Tried:
    """One rule that was tried."""

    path: str
    place: str  # file:line
    is_met: bool
    is_shadow: bool
    is_classify: bool
    conditions: tuple[Seen, ...]  # () for a rule without `when`, which always matches
    actions: tuple[str, ...]  # as the rule says them


@dataclass(slots=True)
class Walk:
    """One way of a mail through the rules; a mail to several of our addresses goes several ways."""

    facts: Facts
    tried: list[Tried] = field(default_factory=list)


class Watcher:
    """`book` is the copy to ask; `walks` then tells what happened."""

    def __init__(self, book: Rulebook) -> None:
        self.walks: list[Walk] = []
        self._view: View | None = None
        self.book = replace(
            book,
            classify=tuple(self._watch(rule, is_classify=True) for rule in book.classify),
            route=tuple(self._watch(rule, is_classify=False) for rule in book.route),
        )

    def note(self, view: View, tried: Tried) -> None:
        """One more rule of this walk."""
        if view is not self._view:
            self._view = view
            self.walks.append(Walk(view.facts))
        self.walks[-1].tried.append(tried)

    def _watch(self, rule: Rule, *, is_classify: bool) -> Rule:
        children = tuple(self._watch(child, is_classify=is_classify) for child in rule.children)
        # To the walk it is a condition like any other, and it is asked for nothing else
        listener = cast(Condition, _Listener(self, rule, is_classify))
        return replace(rule, when=(listener,), children=children)


class _Listener:
    """Stands for all conditions of one rule."""

    def __init__(self, watcher: Watcher, rule: Rule, is_classify: bool) -> None:
        self.watcher, self.rule, self.is_classify = watcher, rule, is_classify
        self.groups = rule.groups

    def test(self, view: View) -> bool:
        """What the rule's own conditions say together."""
        seen: list[Seen] = []
        groups: dict[str, str] | None = None  # what was captured up to the first condition that is not met
        unknowns = 0
        for condition in self.rule.when:
            is_met = condition.test(view)
            if not is_met and groups is None:
                groups, unknowns = view.groups, view.unknowns
            kept, view.groups = view.groups, {}  # to say what was seen a condition looks again
            seen.append(Seen(_name(condition), condition.seen(view), is_met))
            view.groups = kept
        if groups is not None:
            view.groups, view.unknowns = groups, unknowns
        rule = self.rule
        tried = Tried(
            path=rule.path,
            place=f"{rule.file}:{rule.line}",
            is_met=groups is None,
            is_shadow=rule.is_shadow,
            is_classify=self.is_classify,
            conditions=tuple(seen),
            actions=tuple(action.shown for action in rule.actions),
        )
        self.watcher.note(view, tried)
        return groups is None

    def seen(self, view: View) -> str:
        """As a trace has it: of a rule that failed what its first unmet condition saw."""
        for condition in self.rule.when:
            if not condition.test(view):
                return condition.seen(view)
        return ", ".join(condition.seen(view) for condition in self.rule.when) or "always"


def _name(condition: Condition) -> str:
    if isinstance(condition, Leaf):
        return condition.name
    if isinstance(condition, Not):
        return f"not {_name(condition.item)}"
    assert isinstance(condition, Any | All)
    word = "any of" if isinstance(condition, Any) else "all of"
    return f"{word} ({', '.join(_name(item) for item in condition.items)})"
