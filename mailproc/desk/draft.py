"""A decision in the making: the situation it is about, the effects and steps gathered so far. Dry."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mailproc.desk.reasons import REASONS, SUPPRESSED
from mailproc.records.correspondence import Judgement
from mailproc.records.decision import Decision, Outcome, Step
from mailproc.records.effects import Effect, HoldMail, Mail, RecordEvent, SendMail, SuppressMail
from mailproc.records.mail import Envelope, Inbound, Trust
from mailproc.records.making import quick_to_make
from mailproc.records.site import KeyRing, Site
from mailproc.records.ticket import Known
from mailproc.rulebook.book import Rulebook
from mailproc.tickets.followup import Keys, Match

if TYPE_CHECKING:
    from mailproc.desk.contacts.brought import Brought

# What goes back to who wrote: agents, and only about held mail or commands; machines get none of it
_TO_SENDER = ("refused", "challenge", "review", "transcript", "next", "show", "show-2", "show-3")
_REFUSALS = ("refused", "transcript")  # tell who wrote a held mail what is wrong with it
# An agent's mail as others get it: it waits while it may be taken back
_AGENTS_WORDS = ("answer", "resolved", "copy")
_CLOCK_SLACK = timedelta(minutes=5)
_LONGEST_WAY = timedelta(days=6)  # a sender's server tries for five (RFC 5321 section 4.5.4.1)


@dataclass(frozen=True, slots=True)
class Policy:
    """What the admin decided: the site, its rules and its keys."""

    site: Site
    book: Rulebook
    keys: KeyRing


@quick_to_make
@dataclass(frozen=True, slots=True)
class Arrival:
    """One mail with everything a decision about it may look at."""

    inbound: Inbound
    envelope: Envelope
    trust: Trust
    keys: Keys
    match: Match
    known: Known
    policy: Policy
    now: datetime
    released_as: str = ""  # an operator took it out of the hold list: customer | agent | new
    judgement: Judgement | None = None  # what its place among its sender's mails says
    brought: "Brought | None" = None  # somebody else brought it in: a forward, a redirect, a call written down

    @property
    def sender(self) -> str:
        """The From address, normalised; "" when there is none."""
        return self.keys.sender

    @property
    def written_at(self) -> datetime:
        """When it was written, as far as the Date it claims is believable; fed mail may be as old as it says."""
        claimed, arrived = self.inbound.date, self.envelope.received_at
        if claimed is None or claimed > arrived + _CLOCK_SLACK:
            return arrived
        return claimed if self.envelope.kind in ("feed", "imap") or arrived - claimed < _LONGEST_WAY else arrived


class Draft:
    """Gathers effects and trace in order; `finish` makes the frozen decision."""

    def __init__(self, policy: Policy, now: datetime, quiet_reason: str = "", sender: str = "") -> None:
        self.policy = policy
        self.sender = sender  # of the mail that is being decided
        self.now = now
        self.quiet_reason = quiet_reason  # when set, no mail leaves: the reason for it
        self.effects: list[Effect] = []
        self.trace: list[Step] = []
        self.rules: tuple[str, ...] = ()
        self.timed_out: tuple[str, ...] = ()
        self._mails_out: dict[int, int] = {}
        self._seen: set[tuple[str, str]] = set()

    def step(self, room: str, text: str, matched: bool | None = None) -> None:
        """Add a line to the trace."""
        self.trace.append(Step(room, text, matched))

    def add(self, *effects: Effect) -> None:
        """Add effects in the order they are to happen."""
        self.effects.extend(effects)

    def event(self, serial: int, kind: str, actor: str = "", **data: str) -> None:
        """Add a line to the ticket's history."""
        self.effects.append(RecordEvent(serial, kind, tuple(data.items()), actor))

    def next_mail(self, serial: int, mails_out: int) -> int:
        """The number of the ticket's next outgoing mail; `mails_out` is how many it had before this decision."""
        self._mails_out[serial] = self._mails_out.get(serial, mails_out) + 1
        return self._mails_out[serial]

    def send(self, mail: Mail) -> None:
        """Queue a mail, once per recipient and purpose; never to the address whose mail is being decided (T31)."""
        if mail.role == "agent" and mail.recipient == self.sender and mail.purpose not in _TO_SENDER:
            self.suppress(mail.serial, mail.purpose, mail.recipient, "loop")
            return
        if (mail.recipient, mail.purpose) in self._seen:
            return
        self._seen.add((mail.recipient, mail.purpose))
        if self.sender and self.policy.site.undo_window and mail.purpose in _AGENTS_WORDS:
            mail = replace(mail, not_before=self.now + self.policy.site.undo_window)
        if mail.is_automatic and mail.role == "customer" and mail.recipient == self.sender:
            mail = replace(mail, is_reply=True)
        if self.quiet_reason:
            self.suppress(mail.serial, mail.purpose, mail.recipient, self.quiet_reason)
            return
        self.step("notices", f"{mail.purpose} to {mail.recipient}", True)
        self.effects.append(SendMail(mail))

    def suppress(self, serial: int, purpose: str, recipient: str, reason: str) -> None:
        """Record that a mail was due and why it is not sent."""
        self.step("notices", f"{purpose} to {recipient or 'nobody'} not sent: {SUPPRESSED[reason]}", False)
        self.effects.append(SuppressMail(serial, purpose, recipient, reason))

    def hold(self, reason: str, text: str = "", serial: int | None = None, detail: str = "") -> Decision:
        """The mail waits for a person; what was gathered so far except the trace does not happen."""
        self.effects = [
            effect for effect in self.effects if isinstance(effect, SendMail) and effect.mail.purpose in _REFUSALS
        ]
        self.effects.append(HoldMail(reason, text or REASONS[reason], serial, detail))
        return self.finish(Outcome.HELD, reason, serial)

    def finish(self, outcome: Outcome, reason: str, serial: int | None = None) -> Decision:
        """The decision; `reason` must be on the closed list."""
        if reason not in REASONS:
            raise KeyError(f"reason {reason!r} is not listed in desk/reasons.py")
        return Decision(outcome, reason, tuple(self.effects), tuple(self.trace), serial, self.rules, self.timed_out)


def join_words(words: Sequence[str]) -> str:
    """`a, b, c` for a trace or a history line; "none" when there are none."""
    return ", ".join(words) or "none"
