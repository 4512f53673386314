"""What was decided about one mail, one request or one moment, and why. Dry: data only."""

from dataclasses import dataclass
from enum import StrEnum

from mailproc.records.effects import Effect
from mailproc.records.making import quick_to_make


class Outcome(StrEnum):
    """Where a mail ends (I1): on a ticket, held for a person, or recorded."""

    OPENED = "opened"
    APPENDED = "appended"
    ANSWERED = "answered"  # an agent's mail did its work
    HELD = "held"
    DUPLICATE = "duplicate"
    LOOP = "loop"
    BOUNCE = "bounce"
    RECORDED = "recorded"  # stored and searchable, no ticket (ticket: none)
    CHANGED = "changed"  # a request or the clock changed a ticket
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a trace: what was looked at, what was seen, what followed."""

    room: str  # brakes | trust | follow-up | commands | rules | verbs | notices
    text: str
    matched: bool | None = None  # None where nothing was tested


@quick_to_make
@dataclass(frozen=True, slots=True)
class Decision:
    """The one thing a door of the desk returns and `store.commit` carries out."""

    outcome: Outcome
    reason: str  # from the closed list `desk.reasons.REASONS`
    effects: tuple[Effect, ...] = ()
    trace: tuple[Step, ...] = ()
    serial: int | None = None  # the ticket it ended on
    rules: tuple[str, ...] = ()  # paths of the rules that matched, classify first
    timed_out: tuple[str, ...] = ()  # paths of rules in which a regex ran out of its time

    def changed(self, effects: tuple[Effect, ...], trace: tuple[Step, ...] | None = None) -> "Decision":
        """The same decision with other effects, and with another trace where one is given."""
        trace = self.trace if trace is None else trace
        return Decision(self.outcome, self.reason, effects, trace, self.serial, self.rules, self.timed_out)
