"""Tells a machine that answers our mail by its rhythm and its words, where no header says so. Dry: no I/O.

A machine comes right after our mail, again and again, with the same words. Its second such mail is worked on as ever,
but its department, which has just read these words, gets it an hour later. What it writes on is kept on the ticket that
its series began on, its department gets it with a pause in between, and nothing is sent back. What a person writes
from the same address meanwhile is worked on as ever; they get no acknowledgement for a day. A sender whom a rule names
with `from:` is expected and never taken for a machine.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache

from mailproc.desk.draft import Arrival, Draft
from mailproc.desk.filing import as_message, people_of
from mailproc.desk.mails import notices
from mailproc.desk.mails.outgoing import words_of
from mailproc.desk.routing import gather_facts
from mailproc.desk.speakers import class_at_site, find_agent, is_participant, is_verified_customer
from mailproc.records.changing import changed
from mailproc.records.correspondence import Echo, Judgement, KeepRhythm, Rhythm
from mailproc.records.decision import Decision, Outcome, Step
from mailproc.records.effects import Effect, IndexIds, RecordEvent, SendMail
from mailproc.records.mail import Level, MailClass
from mailproc.records.ticket import Ticket
from mailproc.rulebook.senders import names_sender
from mailproc.tickets.token import split_reply_address

WINDOW = timedelta(hours=1)  # a mail that comes later answers nothing
SOON = timedelta(minutes=5)
MOMENT = timedelta(minutes=2)
MACHINE_FOR = timedelta(hours=24)
MOST_SAME_SUBJECTS = 3  # in ten minutes (mail-policy section 4)
INSTANT = timedelta(seconds=1)  # sooner comes what was on its way already, a load of mails say
# How many in a row tell; a few words ("yes please") are sooner the same by chance than a whole note
_LONG = 12  # words
_ENOUGH_SAME = {True: 4, False: 8}  # word for word, within minutes of ours
_ENOUGH_CITING = {True: 2, False: 4}  # alike, and they cite ours
_ENOUGH_SLOW = {True: 5, False: 10}  # word for word, within the hour
_ENOUGH_FAST = {True: 6, False: 12}  # alike, within moments
_ENOUGH_ALIKE = 30  # alike, within the hour
_ENOUGH_QUICK = 8  # whatever they say, within moments, and each a ticket of its own
_FEW_ANSWERS = 2  # automatic mails an hour to what looks like a machine already
_PAUSES = (timedelta(hours=1), timedelta(hours=2), timedelta(hours=4), timedelta(hours=6))
_ENOUGH_TO_WAIT = {True: 1, False: 2}  # the same words, before a forward waits
_MUCH_ALIKE = 0.7  # of the pairs of words
_MOST_WORDS = 700
_FORWARDS = ("forward", "followup")
_SUBJECT = "one subject three times in ten minutes"
_QUICK = "each of its mails came within moments of ours"
_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
# What never was a person's single act: these have a rule of their own elsewhere
_JUDGED = frozenset({MailClass.HUMAN, MailClass.AUTO, MailClass.LIST, MailClass.ROLE})
_CLOCK_SLACK = timedelta(seconds=1)  # a mailbox keeps whole seconds


def judge(arrival: Arrival) -> Judgement:
    """Whether this mail is one of a machine's; costs nothing where its sender wrote nothing lately."""
    if not _is_judged(arrival):
        return Judgement()
    arrived, echo = arrived_at(arrival), arrival.known.echo
    if echo is None:
        return Judgement(Rhythm(0, arrived, 0))
    last = echo.rhythm
    gap = _gap(arrival, echo, arrived)
    is_flagged = last.machine_until is not None and last.machine_until > arrived
    likeness = _likeness(arrival, echo) if gap is not None or is_flagged or _is_repeated(arrival) else ""
    rhythm = _go_on(arrival, last, arrived, gap, likeness)
    why = _find_sign(arrival, rhythm, gap, likeness)
    if (why or is_flagged) and _is_expected(arrival):
        return Judgement(rhythm)
    if is_flagged:
        # As long as it is one, it goes on on the same ticket, whatever else comes from this address meanwhile
        is_same = (why or _SUBJECT) != _SUBJECT or (bool(likeness) and last.why != _SUBJECT)
        is_same = is_same or (last.why == _QUICK and gap is not None and gap <= MOMENT)
        until = arrived + MACHINE_FOR if why else last.machine_until
        rhythm = replace(last, inbox_id=0, at=arrived, rounds=rhythm.rounds, same=rhythm.same, quick=rhythm.quick,
                         machine_until=until)  # fmt: skip
        is_automatic = is_same or (bool(last.subject) and last.subject == arrival.keys.subject_key[:200])
        return Judgement(rhythm, is_same, is_automatic, last.why, "machine")
    if why:
        subject = arrival.keys.subject_key[:200] if why == _SUBJECT else ""
        rhythm = replace(rhythm, machine_until=arrived + MACHINE_FOR, machine_id=-1, why=why, subject=subject)
        return Judgement(rhythm, why != _SUBJECT, True, why, "machine")
    answers = rhythm.rounds > 0 or rhythm.quick > 1
    few = arrival.known.counts.sender_hour < _FEW_ANSWERS
    is_suspect = answers and not few and gap is not None and gap >= INSTANT
    return Judgement(
        rhythm, quiet="machine" if is_suspect else "", pause=_find_pause(arrival, rhythm, gap, likeness)
    )


def arrived_at(arrival: Arrival) -> datetime:
    """When the mail reached us, as far as we know without its sender: a mailbox may have kept it for hours."""
    envelope = arrival.envelope
    if envelope.kind == "imap" and envelope.stored_at is not None:
        return min(envelope.stored_at, envelope.received_at)
    if envelope.kind in ("pipe", "maildir") and arrival.inbound.received_at is not None:
        return min(arrival.inbound.received_at, envelope.received_at)
    return envelope.received_at


def record(arrival: Arrival, draft: Draft, judgement: Judgement) -> Decision | None:
    """A machine's mail: kept on the ticket its series began on; None where there is no such ticket of its sender's."""
    rhythm = judgement.rhythm
    assert rhythm is not None
    ticket = _home(arrival, rhythm.serial)
    if ticket is None or arrival.trust.level is Level.A0:
        return None
    draft.step("brakes", f"a machine, as it seems: {judgement.why}; kept on {ticket.number}", True)
    inbound = arrival.inbound
    draft.add(
        as_message(
            arrival,
            ticket.serial,
            "internal",
            "auto",
            words_of(arrival.policy, inbound),
            to=people_of(arrival),
            mail_class=MailClass.AUTO,
            is_unverified=not is_verified_customer(arrival, ticket),
        ),
        IndexIds(ticket.serial, (inbound.message_id,) if inbound.message_id else ()),
    )
    until = rhythm.machine_until
    draft.event(
        ticket.serial, "machine", arrival.sender, why=judgement.why, until=until.isoformat() if until else ""
    )
    rhythm = _tell(arrival, draft, ticket, rhythm)
    draft.add(KeepRhythm(arrival.sender, rhythm))
    return draft.finish(Outcome.APPENDED, "machine-on-ticket", ticket.serial)


def keep(arrival: Arrival, decision: Decision) -> Decision:
    """The decision with what is kept of its sender for their next mail."""
    rhythm = arrival.judgement.rhythm if arrival.judgement is not None else None
    if rhythm is None or decision.serial is None or decision.outcome not in (Outcome.OPENED, Outcome.APPENDED):
        return decision
    serial = decision.serial
    if arrival.judgement is not None and arrival.judgement.pause is not None:
        decision = _let_forwards_wait(decision, serial, arrival.now, arrival.judgement.pause)
    if any(isinstance(effect, KeepRhythm) for effect in decision.effects):
        return decision
    kept = KeepRhythm(arrival.sender, rhythm if rhythm.serial else changed(rhythm, serial=serial))
    return decision.changed((*decision.effects, kept))


def _find_pause(arrival: Arrival, rhythm: Rhythm, gap: timedelta | None, likeness: str) -> timedelta | None:
    """How long the department need not see a mail that says what it has just read; None for all other mail."""
    if likeness != "same" or gap is None or not INSTANT <= gap <= SOON:
        return None
    is_long = len(_split(words_of(arrival.policy, arrival.inbound))) >= _LONG
    if not is_long and gap > MOMENT:
        return None
    if rhythm.rounds < _ENOUGH_TO_WAIT[is_long] or _is_expected(arrival):
        return None
    return _PAUSES[min(rhythm.rounds, len(_PAUSES)) - 1]


def _let_forwards_wait(decision: Decision, serial: int, now: datetime, pause: timedelta) -> Decision:
    effects: list[Effect] = []
    waits = False
    for effect in decision.effects:
        if isinstance(effect, SendMail) and effect.mail.purpose in _FORWARDS:
            effect, waits = SendMail(replace(effect.mail, not_before=now + pause)), True
        effects.append(effect)
    if not waits:
        return decision
    why = "word for word what its sender wrote before, within minutes of our mail"
    effects.append(RecordEvent(serial, "forward-waits", (("why", why), ("until", (now + pause).isoformat()))))
    step = Step("notices", f"{why}: its department gets it at {now + pause:%H:%M} UTC", True)
    return replace(decision, effects=tuple(effects), trace=(*decision.trace, step))


def _is_judged(arrival: Arrival) -> bool:
    inbound, site = arrival.inbound, arrival.policy.site
    kind = class_at_site(inbound, arrival.keys, site)
    if not arrival.sender or arrival.released_as or arrival.envelope.kind == "feed" or kind not in _JUDGED:
        return False
    if arrival.inbound.form is not None:
        return False  # the form's rhythm, not that of whoever filled it in
    if find_agent(arrival) is not None or split_reply_address(site, arrival.sender)[0]:
        return False  # an agent's work; a form on our own site, where one address stands for many people
    # Alarms and newsletters come when they come; only what answers us is looked at
    return kind is MailClass.HUMAN or inbound.auto_kind == "reply" or _cites(arrival)


def _is_expected(arrival: Arrival) -> bool:
    """True when a live rule names this sender: an admin knows of it, a monitoring system say."""
    return names_sender(arrival.policy.book, lambda: gather_facts(arrival))


def _cites(arrival: Arrival) -> bool:
    return bool(arrival.keys.tokens or arrival.keys.our_ids) or arrival.match.ticket is not None


def _is_repeated(arrival: Arrival) -> bool:
    """The same subject too often, on new requests: within a case every mail has the same one."""
    return arrival.known.counts.same_subject >= MOST_SAME_SUBJECTS and arrival.match.ticket is None


def _gap(arrival: Arrival, echo: Echo, arrived: datetime) -> timedelta | None:
    """How long after ours it came; None when none of ours can have caused it."""
    if echo.answered_at is None:
        return None
    gap = arrived - echo.answered_at
    if arrival.envelope.kind in ("imap", "pipe", "maildir"):
        gap += _CLOCK_SLACK
    return gap if timedelta(0) <= gap <= WINDOW else None


def _go_on(arrival: Arrival, last: Rhythm, arrived: datetime, gap: timedelta | None, likeness: str) -> Rhythm:
    """The series with this mail in it."""
    ticket = arrival.match.ticket
    if gap is None or (ticket is not None and is_participant(arrival, ticket) and ticket.serial != last.serial):
        return Rhythm(0, arrived, 0)  # the same "yes, please" on two cases is an answer to each
    rounds = last.rounds + 1 if likeness else 0
    quick = last.quick + 1 if INSTANT <= gap <= MOMENT and ticket is None else 0
    return Rhythm(
        0,
        arrived,
        last.serial if rounds or quick else 0,
        rounds,
        last.same + 1 if likeness == "same" and INSTANT <= gap <= SOON else 0,
        quick,
    )


def _find_sign(arrival: Arrival, rhythm: Rhythm, gap: timedelta | None, likeness: str) -> str:
    """What gives a machine away, "" when nothing does."""
    if rhythm.rounds and gap is not None and gap >= INSTANT:
        is_long = len(_split(words_of(arrival.policy, arrival.inbound))) >= _LONG
        if rhythm.same >= _ENOUGH_SAME[is_long]:
            return "the same words again and again, within minutes of our mail"
        if rhythm.rounds >= _ENOUGH_CITING[is_long] and gap <= SOON and _cites(arrival):
            return "it answers each of our mails within minutes and in much the same words"
        if rhythm.rounds >= _ENOUGH_SLOW[is_long] and likeness == "same":
            return "the same words after each of our mails"
        if rhythm.rounds >= _ENOUGH_FAST[is_long] and gap <= MOMENT:
            return "much the same words within moments of each of our mails"
    if rhythm.rounds >= _ENOUGH_ALIKE:
        return "much the same words after each of our mails"
    if rhythm.quick >= _ENOUGH_QUICK:
        return _QUICK
    return _SUBJECT if _is_repeated(arrival) else ""


def _likeness(arrival: Arrival, echo: Echo) -> str:
    """`same` | `alike` | "": how much it resembles what its sender wrote before; files must be the same ones."""
    files = tuple(sorted((item.filename, item.size) for item in arrival.inbound.attachments))
    text = words_of(arrival.policy, arrival.inbound)
    site = arrival.policy.site
    own = _own_numbers((site.prefix, *site.prefix_aliases))
    words = _split(own.sub("", text))
    found = ""
    for other_text, other_files in zip(echo.words, echo.files, strict=True):
        if files != other_files:
            continue
        others = _split(own.sub("", other_text))
        if words == others:
            return "same"
        if _are_alike(words, others):
            found = "alike"
    return found


@lru_cache(maxsize=8)
def _own_numbers(prefixes: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?:{'|'.join(map(re.escape, prefixes))})-[\d-]+", re.IGNORECASE)


def _split(text: str) -> list[str]:
    return _WORD.findall(text[:4_000].casefold())[:_MOST_WORDS]


def _are_alike(words: list[str], others: list[str]) -> bool:
    first, second = set(_pairs(words)), set(_pairs(others))
    shared = len(first & second)
    return shared > 0 and shared / len(first | second) >= _MUCH_ALIKE


def _pairs(words: list[str]) -> Iterator[tuple[str, str]]:
    bare = [_DIGITS.sub("#", word) for word in words]
    return zip(bare, bare[1:], strict=False)


def _home(arrival: Arrival, serial: int) -> Ticket | None:
    """The ticket of the series, or the one it was merged into; only one that its sender has a part in."""
    tickets, seen = arrival.known.tickets, set()
    ticket = tickets.get(serial)
    while ticket is not None and ticket.merged_into in tickets and ticket.serial not in seen:
        seen.add(ticket.serial)
        ticket = tickets[ticket.merged_into]
    return ticket if ticket is not None and is_participant(arrival, ticket) else None


def _tell(arrival: Arrival, draft: Draft, ticket: Ticket, rhythm: Rhythm) -> Rhythm:
    """The department sees it, later and less and less often: a machine behind its own address answers that too."""
    if rhythm.told_at is not None and rhythm.told_at > arrival.now:
        draft.suppress(ticket.serial, "followup", ticket.department, "machine-told")
        return rhythm
    pause = _PAUSES[min(rhythm.told, len(_PAUSES) - 1)]
    at = max(arrival.now, rhythm.told_at or arrival.now) + pause
    before = len(draft.effects)
    notices.follow_up(draft, arrival, ticket, is_unverified=True, is_reopened=False, is_machine=True)
    draft.effects[before:] = [
        SendMail(replace(effect.mail, not_before=at)) if isinstance(effect, SendMail) else effect
        for effect in draft.effects[before:]
    ]
    return replace(rhythm, told_at=at, told=rhythm.told + 1)
