"""Rules that can never run, never match or never change anything, as far as that is certain. Dry: no I/O.

Nothing here looks at a mail: one rule is compared with those before it. In doubt nothing is said.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from mailproc.rulebook.addresspatterns import find_wider
from mailproc.rulebook.draft import Action
from mailproc.rulebook.logic import All, Any, Condition, Leaf, Not, implies
from mailproc.rulebook.rules import Rule

# Of these a mail has one value, so that two conditions without a common value never hold together
_SINGLE = frozenset({"auto", "sender", "known_sender", "auth.dmarc", "auth.level", "ticket.new", "ticket.state"})
_MOST_PARTS = 64  # of a condition that earlier rules may cover one by one
_MOST_COMPARED = 100  # earlier rules that have one value in common with a rule
_LONGEST_PIECE = 12  # of a text under which `contains` is kept
_LOOSE = ("", "")  # where conditions are kept that no single value tells of

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Doubt:
    """A rule and what is wrong with it; `others` are the rules that make it so."""

    rule: Rule
    kind: str  # unreachable | impossible | overruled
    others: tuple[Rule, ...] = ()
    reason: str = ""
    hint: str = ""


def find_doubts(classify: tuple[Rule, ...], route: tuple[Rule, ...]) -> tuple[Doubt, ...]:
    """All that is certainly wrong with rules as rules."""
    found = [doubt for rule in classify for doubt in _find_impossible(rule, ())]
    found += _find_overruled(classify, always_goes_on=True)
    found += _walk(route, (), _Finals())
    return tuple(found)


@dataclass(slots=True)
class _Finals:
    """Rules tried earlier that keep what they match to themselves, found by what a mail must have to match them."""

    above: "_Finals | None" = None  # those tried before a parent
    by_key: dict[Key, list[Rule]] = field(default_factory=dict)

    def add(self, rule: Rule) -> None:
        """Remembers the rule, unless nothing can be told of what it matches."""
        keys: tuple[Key, ...] = ()
        fewest = 0
        for condition in rule.when:
            found = _find_keys(condition)
            if found is None:
                return
            number = len(found) + sum(len(self.by_key.get(key, ())) for key in found)
            if found and (not keys or number < fewest):
                keys, fewest = found, number
        for key in keys or (_LOOSE,):
            self.by_key.setdefault(key, []).append(rule)

    def find(self, rule: Rule, conditions: tuple[Condition, ...]) -> Rule | None:
        """An earlier rule that matches every mail that meets all the conditions."""
        keys = tuple(dict.fromkeys((_LOOSE, *(key for condition in conditions for key in _find_needs(condition)))))
        finals: _Finals | None = self
        while finals is not None:
            for key in keys:
                for earlier in finals.by_key.get(key, ())[:_MOST_COMPARED]:
                    if _covers(earlier, rule, conditions):
                        return earlier
            finals = finals.above
        return None


def _walk(rules: tuple[Rule, ...], above: tuple[Condition, ...], finals: _Finals) -> list[Doubt]:
    """The doubts about siblings; `above` is what a mail has met when they are tried."""
    found: list[Doubt] = []
    for rule in rules:
        conditions = (*above, *rule.when)
        impossible = _find_impossible(rule, above)
        winners = () if impossible else _find_winners(rule, conditions, finals)
        found += impossible
        if winners:
            found.append(Doubt(rule, "unreachable", winners))
        elif rule.children and not impossible:
            found += _walk(rule.children, conditions, _Finals(finals))
        if not rule.continues and not rule.is_shadow and not impossible:
            finals.add(rule)
    return found + _find_overruled(rules, always_goes_on=False)


def _find_winners(rule: Rule, conditions: tuple[Condition, ...], finals: _Finals) -> tuple[Rule, ...]:
    """The earlier rules that together match all that the rule matches."""
    winner = finals.find(rule, conditions)
    if winner is not None:
        return (winner,)
    for index, condition in enumerate(conditions):
        parts = _split(condition)
        if not 1 < len(parts) <= _MOST_PARTS:
            continue
        winners: list[Rule] = []
        for part in parts:
            winner = finals.find(rule, (*conditions[:index], part, *conditions[index + 1 :]))
            if winner is None:
                break
            winners.append(winner)
        else:
            return tuple({winner.path: winner for winner in winners}.values())
    return ()


def _covers(earlier: Rule, rule: Rule, conditions: tuple[Condition, ...]) -> bool:
    if rule.on_replies and not earlier.on_replies:
        return False
    return all(any(implies(mine, theirs) for mine in conditions) for theirs in earlier.when)


def _split(condition: Condition) -> tuple[Condition, ...]:
    """The conditions of which one is met whenever this one is."""
    if isinstance(condition, Any):
        return condition.items
    if isinstance(condition, Leaf) and condition.values is not None and condition.is_fixed:
        return tuple(replace(condition, values=frozenset({value})) for value in sorted(condition.values)[:65])
    return (condition,)


def _find_keys(condition: Condition) -> tuple[Key, ...] | None:
    """Keys of which a mail's conditions must need one to imply this one; () for any, None when nothing implies it."""
    if isinstance(condition, Leaf):
        if condition.values is None or not condition.is_fixed:
            return None
        if condition.name.endswith(".words"):  # a phrase stands under its longest word
            return tuple((condition.name, _shorten(value)) for value in condition.values)
        if condition.name.endswith(".contains"):  # found by any longer piece
            return tuple((condition.name, value[:_LONGEST_PIECE]) for value in condition.values)
        return tuple((condition.name, value) for value in condition.values)
    if isinstance(condition, Not):
        return ()
    parts = [_find_keys(item) for item in condition.items]
    if isinstance(condition, All):
        if None in parts:
            return None
        return min((part for part in parts if part), key=len, default=())
    known = [part for part in parts if part is not None]
    if not known:
        return None
    return () if () in known else tuple(key for part in known for key in part)


def _find_needs(condition: Condition) -> Iterator[Key]:
    """The keys under which a condition may be kept that this one implies."""
    if isinstance(condition, Leaf):
        if condition.values:
            value = min(condition.values)
            if condition.name.endswith(".contains"):
                for size in range(min(len(value), _LONGEST_PIECE) + 1):
                    for start in range(len(value) - size + 1):
                        yield condition.name, value[start : start + size]
            if condition.name.endswith(".words"):
                for word in value.split():
                    yield condition.name, word
                    yield condition.name, f" {word}"
            for wider in find_wider(value) if condition.name in ("to", "from", "cc") else (value,):
                yield condition.name, wider
            if condition.name in ("to", "cc") and "+" in value:
                local, _, domain = value.rpartition("@")
                yield condition.name, f"{local.partition('+')[0]}@{domain}"
    elif not isinstance(condition, Not):
        for item in condition.items:
            yield from _find_needs(item)


def _shorten(words: str) -> str:
    return f" {max(words.split(), key=len)}" if words.startswith(" ") else words


def _find_impossible(rule: Rule, above: tuple[Condition, ...]) -> list[Doubt]:
    """That the rule's conditions (and its parents') never hold together."""
    conditions = tuple(_flatten((*above, *rule.when)))
    if not rule.on_replies:
        for leaf in conditions:
            if isinstance(leaf, Leaf) and _asks_for_reply(leaf):
                reason = f"{leaf.name} asks for a reply, and the rule is not tried on replies"
                return [Doubt(rule, "impossible", (), reason, "Give it  also: [reply]")]
    for index, one in enumerate(conditions):
        for other in conditions[index + 1 :]:
            if _excludes(one, other):
                names = dict.fromkeys((_name(one), _name(other)))
                return [Doubt(rule, "impossible", (), f"its conditions on {' and '.join(names)} exclude each other",
                              "The conditions of its parents count too." if above else "")]  # fmt: skip
    return []


def _flatten(conditions: tuple[Condition, ...]) -> Iterator[Condition]:
    for condition in conditions:
        if isinstance(condition, All):
            yield from _flatten(condition.items)
        else:
            yield condition


def _asks_for_reply(leaf: Leaf) -> bool:
    if leaf.name == "ticket.new":
        return leaf.values == frozenset({"no"})
    return leaf.name == "ticket.state" and leaf.values is not None and "new" not in leaf.values


def _excludes(one: Condition, other: Condition) -> bool:
    if isinstance(one, Leaf) and isinstance(other, Leaf):
        if one.name != other.name or one.name not in _SINGLE or one.values is None or other.values is None:
            return False
        return one.values.isdisjoint(other.values)
    if isinstance(other, Not):
        return implies(one, other.item)
    return isinstance(one, Not) and implies(other, one.item)


def _name(condition: Condition) -> str:
    if isinstance(condition, Leaf):
        return condition.name.partition(".")[0] if condition.name in _SINGLE else condition.name
    items = (condition.item,) if isinstance(condition, Not) else condition.items
    return " and ".join(dict.fromkeys(_name(item) for item in items))


def _find_overruled(rules: tuple[Rule, ...], *, always_goes_on: bool) -> list[Doubt]:
    """Rules all of whose values a later rule sets again, whatever the mail, before anybody has looked at them."""
    found: list[Doubt] = []
    for index, rule in enumerate(rules):
        if rule.is_shadow or rule.children or not (always_goes_on or rule.continues):
            continue
        names = {action.name for action in rule.actions}
        if not names or any(not _is_replaced(action) for action in rule.actions):
            continue
        for later in rules[index + 1 : index + 1 + _MOST_PARTS]:
            if not all(map(_is_fixed, later.when)):
                break  # it may look at what the rule set
            if later.is_shadow:
                continue
            certain = {action.name for action in later.actions if not action.has_groups and action.pattern is None}
            if names <= certain and _covers(later, rule, rule.when):
                found.append(Doubt(rule, "overruled", (later,)))
                break
            if later.children or not (always_goes_on or later.continues):
                break
    return found


def _is_replaced(action: Action) -> bool:
    return not action.adds and action.name != "hold"


def _is_fixed(condition: Condition) -> bool:
    if isinstance(condition, Leaf):
        return condition.is_fixed
    if isinstance(condition, Not):
        return _is_fixed(condition.item)
    return all(map(_is_fixed, condition.items))
