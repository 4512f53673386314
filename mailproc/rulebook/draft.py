"""What a mail's ticket becomes while rules speak, and what they said in the end. Dry: no I/O."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mailproc.records.decision import Step
from mailproc.records.making import quick_to_make
from mailproc.rulebook.patterns import Budget, Pattern

PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w{0,63})\}")
LONGEST_VALUE = 200  # characters of a value that comes out of a mail


@quick_to_make
@dataclass(frozen=True, slots=True)
class Routing:
    """What the rules made of a mail. For a reply too it is the whole outcome: what no rule set is as it was."""

    department: str
    priority: str
    language: str = ""  # only where a rule set it
    sla: str = ""  # a rule's, else the department's
    tags: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    assign: str = ""  # an agent's first address
    copy_to: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()
    ack: str = "none"  # a template's name or "none"
    reply: str = ""  # a template's name
    ask: tuple[str, ...] = ()  # names of fields
    state: str = ""
    link_to: str = ""
    makes_ticket: bool = True
    hold: str = ""  # the reason
    rule: str = ""
    rules: tuple[str, ...] = ()
    trace: tuple[Step, ...] = ()
    timed_out: tuple[str, ...] = ()  # rules in which a regex ran out of its time
    shadow_rules: tuple[str, ...] = ()  # rules that would have matched, had they been live
    # (action, value of a list or "", path of the rule that set it)
    causes: tuple[tuple[str, str, str], ...] = field(default=(), compare=False)

    def cause_of(self, name: str, value: str = "") -> str:
        """The rule that set the action's value, or added this value to its list; "" when none did."""
        return next((rule for action, item, rule in self.causes if (action, item) == (name, value)), "")


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a rule does; `value` may hold {name} of a regex's groups where `has_groups`."""

    name: str  # department, tags, field.order ...
    values: tuple[str, ...]
    adds: bool = False  # to what others gave (tags, copies), instead of replacing it
    has_groups: bool = False
    pattern: Pattern | None = None  # what a field's value has to look like

    @property
    def shown(self) -> str:
        """The action as a person reads it."""
        return f"{self.name}: {', '.join(self.values)}"


@dataclass(slots=True)
class Draft:
    """The values so far; conditions read them, actions write them."""

    texts: dict[str, str]  # department, priority, ... and field.NAME
    lists: dict[str, dict[str, None]] = field(default_factory=dict)  # tags, copy_to, notify, ask: ordered sets
    causes: dict[tuple[str, str], str] = field(default_factory=dict)  # (action, value of a list or "") -> rule's path

    def get_list(self, name: str) -> tuple[str, ...]:
        """The values of a list, in the order they were added."""
        return tuple(self.lists.get(name, ()))

    def apply(self, action: Action, groups: Mapping[str, str], budget: Budget, rule: str = "") -> str:
        """Carries the action of that rule out; why it could not, "" when it could.

        Raises TimeoutError when no time is left.
        """
        values = action.values
        if action.has_groups:
            values = tuple(value for value in (fill(text, groups) for text in values) if value)
            if not values:
                return f"{action.name}: nothing was captured for {', '.join(action.values)}"
        if action.pattern is not None and not action.pattern.is_whole(values[0], budget):
            return f'{action.name}: "{values[0]}" does not look like {action.pattern.source}'
        if action.adds:
            found = self.lists.setdefault(action.name, {})
            for value in values:
                if value not in found:
                    found[value] = None
                    self.causes[action.name, value] = rule
        elif action.name == "ask":
            self.lists["ask"] = dict.fromkeys(values)
            self.causes["ask", ""] = rule
        else:
            self.texts[action.name] = values[0]
            self.causes[action.name, ""] = rule
        return ""


def fill(text: str, groups: Mapping[str, str]) -> str:
    """The text with {name} replaced by what a regex captured, "" when one of them captured nothing.

    One pass: what came out of a mail is never looked at again.
    """
    if any(not groups.get(name) for name in PLACEHOLDER.findall(text)):
        return ""
    return PLACEHOLDER.sub(lambda match: groups[match[1]], text)[:LONGEST_VALUE]
