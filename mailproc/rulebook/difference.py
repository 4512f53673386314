"""What differs between two rulebooks' words about the same mail, and the counting of it. Dry: no I/O.

`find_changes` says what would become of one mail otherwise, each change with the rule behind it; a `Tally` groups the
changes of many mails and keeps a few examples of each.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from mailproc.rulebook.book import Rulebook
from mailproc.rulebook.draft import Routing
from mailproc.rulebook.rules import Rule, walk

MOST_EXAMPLES = 20  # kept of each group
MOST_GROUPS = 1_000  # tags may be made of mails: what comes after is counted together
REST = "further changes"

_PLAIN = ("priority", "sla", "language", "assign", "reply", "state", "link_to")
_LISTS = ("tags", "copy_to", "notify", "ask")
# What the desk takes over from rules that see a reply
_ON_REPLIES = ("department", "priority", "language", "sla", "assign", "state", "tags", "copy_to", "notify", "field",
               "reply", "link_to")  # fmt: skip
_WORDS = {
    "tags": "tag", "copy_to": "copy to", "assign": "assigned", "also": "also to", "link_to": "linked to",
    "forward_to": "forwarded to",
}  # fmt: skip
_TICKET, _NO_TICKET = "ticket", "none"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that becomes another; `why` names the rule behind it, as a person reads it."""

    name: str  # department, priority, tags, field.order, ack, ticket ...
    old: str  # "" for nothing
    new: str
    text: str
    rule: str  # its path, "" when no rule did it
    why: str


class Side:
    """One of the two rulebooks, its rules by their paths."""

    def __init__(self, book: Rulebook) -> None:
        self.book = book
        self.rules: dict[str, Rule] = {rule.path: rule for rule in (*book.classify, *walk(book.route))}

    def find_setter(self, routing: Routing, name: str, value: str) -> str:
        """The path of the last rule that gave `name` this value; "" when none did."""
        for path in reversed(routing.rules):
            rule = self.rules.get(path)
            for action in rule.actions if rule else ():
                if action.name == name and (action.has_groups or value in action.values):
                    return path
        return ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one side says about a mail."""

    side: Side
    routing: Routing
    also_told: tuple[str, ...] = ()  # further departments, for mail to several of our addresses

    @property
    def end(self) -> str:
        """ticket, none, or why it is held."""
        if self.routing.hold:
            return f'held "{self.routing.hold}"'
        return _TICKET if self.routing.makes_ticket else _NO_TICKET

    @property
    def ack(self) -> str:
        return self.routing.ack if self.end == _TICKET else "none"


def find_changes(old: Verdict, new: Verdict, *, is_reply: bool = False) -> tuple[Change, ...]:
    """What the new rules would do otherwise with this mail; of a reply only what rules may change there.

    An sla that only follows its department is not named beside it. Where there is no ticket on one side, what that
    ticket would have been is no change of its own.
    """
    found: list[Change] = []
    if old.end != new.end:
        name = "hold" if new.routing.hold else "ticket"
        found.append(_change(old, new, name, old.end, new.end, f"{old.end} → {new.end}"))
    if not is_reply and old.ack != new.ack:
        found.append(_change(old, new, "ack", old.ack, new.ack, _say_ack(old.ack, new.ack)))
    if _TICKET not in (old.end, new.end) or old.end != new.end:
        return tuple(found)
    found += _find_places(old, new)
    for name in _PLAIN:
        before, after = getattr(old.routing, name), getattr(new.routing, name)
        if before == after or (is_reply and name not in _ON_REPLIES):
            continue
        if name == "sla" and old.routing.department != new.routing.department and _has_no_own_sla(old, new):
            continue
        text = f"{_WORDS.get(name, name)} {before or 'none'} → {after or 'none'}"
        found.append(_change(old, new, name, before, after, text))
    for name in _LISTS:
        if not is_reply or name in _ON_REPLIES:
            found += _find_list_changes(old, new, name, getattr(old.routing, name), getattr(new.routing, name))
    return (*found, *_find_field_changes(old, new))


@dataclass(frozen=True, slots=True)
class Example:
    """One mail that would be decided otherwise."""

    inbox_id: int
    number: str  # of its ticket, "" when it has none
    subject: str
    old: str = ""
    new: str = ""


@dataclass(slots=True)
class Group:
    """Mails that change in the same way for the same reason."""

    change: Change  # of the first of them
    count: int = 0
    examples: list[Example] = field(default_factory=list)


class Tally:
    """Counts changes by what they are; its size does not grow with the number of mails."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str, str], Group] = {}

    def add(self, mail: Example, changes: Iterable[Change]) -> None:
        """Count the changes of one mail."""
        for change in changes:
            key = (change.name, change.text, change.why)
            if key not in self._groups and len(self._groups) >= MOST_GROUPS:
                change = Change("", "", "", REST, "", "")
                key = ("", REST, "")
            group = self._groups.setdefault(key, Group(change))
            group.count += 1
            if len(group.examples) < MOST_EXAMPLES:
                group.examples.append(Example(mail.inbox_id, mail.number, mail.subject, change.old, change.new))

    def groups(self) -> list[Group]:
        """The groups, the largest first."""
        return sorted(self._groups.values(), key=lambda group: (-group.count, group.change.text, group.change.why))


def _change(old: Verdict, new: Verdict, name: str, before: str, after: str, text: str) -> Change:
    rule, why = _find_cause(old, new, name, before, after)
    return Change(name, before, after, text, rule, why)


def _find_cause(old: Verdict, new: Verdict, name: str, before: str, after: str) -> tuple[str, str]:
    """The rule that made the new value; else the one that no longer makes the old value."""
    rule = _find_setter(new, name, after)
    if rule:
        return rule, f'rule "{rule}"'
    rule = _find_setter(old, name, before)
    if rule:
        return rule, f'no longer rule "{rule}"'
    if name in ("sla", "forward_to"):
        return "", f'department "{new.routing.department}"'
    return "", "defaults"


def _find_setter(verdict: Verdict, name: str, value: str) -> str:
    side, routing = verdict.side, verdict.routing
    if name in ("ticket", "hold", "ack") and verdict.end != _TICKET:
        # What ends without a ticket is silent for that reason alone
        return side.find_setter(routing, "hold", routing.hold) or side.find_setter(routing, "ticket", _NO_TICKET)
    if name in ("ticket", "hold", "also", "forward_to"):
        return ""
    return side.find_setter(routing, name, value)


def _find_places(old: Verdict, new: Verdict) -> list[Change]:
    """Where it goes: the department, its addresses, the further departments."""
    before, after = old.routing.department, new.routing.department
    if before != after:
        return [_change(old, new, "department", before, after, f"{before} → {after}")]
    found = _find_list_changes(old, new, "also", old.also_told, new.also_told)
    former, present = old.side.book.departments.get(before), new.side.book.departments.get(after)
    if former is not None and present is not None and former.forward_to != present.forward_to:
        was, is_now = ", ".join(former.forward_to), ", ".join(present.forward_to)
        found.append(_change(old, new, "forward_to", was, is_now, f"{after} forwarded to {was} → {is_now}"))
    return found


def _has_no_own_sla(old: Verdict, new: Verdict) -> bool:
    """Whether both slas are those of the departments."""
    return not any(side.side.find_setter(side.routing, "sla", side.routing.sla) for side in (old, new))


def _find_list_changes(
    old: Verdict, new: Verdict, name: str, before: tuple[str, ...], after: tuple[str, ...]
) -> list[Change]:
    word = _WORDS.get(name, name)
    added = [_change(old, new, name, "", value, f"{word} +{value}") for value in after if value not in before]
    gone = [_change(old, new, name, value, "", f"{word} -{value}") for value in before if value not in after]
    return added + gone


def _find_field_changes(old: Verdict, new: Verdict) -> list[Change]:
    """Fields by name, not by value: each mail has a number of its own."""
    before, after = dict(old.routing.fields), dict(new.routing.fields)
    found = []
    for name in dict.fromkeys((*before, *after)):
        was, is_now = before.get(name, ""), after.get(name, "")
        if was != is_now:
            verb = "filled" if not was else "empty" if not is_now else "with another value"
            found.append(_change(old, new, f"field.{name}", was, is_now, f"field {name} {verb}"))
    return found


def _say_ack(before: str, after: str) -> str:
    if after == "none":
        return "acknowledged → silent"
    if before == "none":
        return "silent → acknowledged"
    return f"acknowledged with {before} → {after}"
