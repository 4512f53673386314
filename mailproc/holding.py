"""Held mail at work: what a decision must know of it, and what the clock tells about it. Wet, without a policy."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date as Day
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from mailproc.desk.draft import Policy
from mailproc.desk.held.holdclock import ALARM_AFTER, DIGEST_HOUR, MERGE, decide_holds
from mailproc.desk.held.holds import numbers_in
from mailproc.records.decision import Decision
from mailproc.records.effects import Effect, SendMail
from mailproc.records.holds import HoldsKnown
from mailproc.records.mail import Inbound
from mailproc.records.ticket import Known
from mailproc.sending import CarryOut
from mailproc.store import alarms, holds
from mailproc.store.database import Store
from mailproc.store.lookup import load_tickets
from mailproc.store.transaction import Tx
from mailproc.tickets.followup import Keys

_HOUR = timedelta(hours=1)


def recall(
    tx: Tx, known: Known, keys: Keys, inbound: Inbound, policy: Policy, now: datetime, inbox_id: int | None
) -> Known:
    """What is known, with what this mail may have to do with held mail; costs nothing for mail that has not."""
    known = _note_absences(known, known.holds.absent) if keys.sender else see_absences(tx, known, now)
    agent = policy.book.find_agent(keys.sender) if keys.sender else None
    if agent is None and not keys.holds:
        return known
    named = {}
    tickets = known.tickets
    if keys.holds:
        named = holds.read_named(tx, [*(claim.serial for claim in keys.holds), *numbers_in(inbound.new_text)])
        serials = {held.serial for held in named.values() if held.serial is not None} - set(tickets)
        if serials:
            tickets = tickets | load_tickets(tx, sorted(serials), now)[0]
    challenged, asked = holds.count_asked(tx, agent.addresses[0] if agent else keys.sender, now - _HOUR)
    found = HoldsKnown(inbox_id or 0, named, challenged, asked, known.holds.absent)
    return replace(known, tickets=tickets, holds=found)


def see_absences(tx: Tx, known: Known, now: datetime) -> Known:
    """What is known, with which assignees are away."""
    return _note_absences(known, holds.read_absences(tx, now))


def _note_absences(known: Known, absent: dict[str, Day]) -> Known:
    if not absent:
        return known
    tickets = {
        serial: replace(ticket, assignee_back_on=absent[ticket.assignee]) if ticket.assignee in absent else ticket
        for serial, ticket in known.tickets.items()
    }
    return replace(known, tickets=tickets, holds=replace(known.holds, absent=absent))


def number_mails(tx: Tx, effects: Sequence[Effect]) -> tuple[Effect, ...]:
    """The effects with a number for each mail that belongs to no ticket: its Message-ID is made of it."""
    loose = [effect for effect in effects if isinstance(effect, SendMail) and not effect.mail.serial]
    tx.lock_names(("mail of no ticket",))
    first = alarms.next_number(tx)
    numbers = {id(effect): first + place for place, effect in enumerate(loose)}
    return tuple(
        SendMail(replace(effect.mail, n=numbers[id(effect)]))
        if isinstance(effect, SendMail) and id(effect) in numbers
        else effect
        for effect in effects
    )


def tick(store: Store, policy: Policy, clock: Callable[[], datetime], carry_out: CarryOut) -> int:
    """Tell of held mail that waits too long, and of all of it once a day; how much changed."""

    def job(tx: Tx) -> int:
        tx.lock_names(("clock of held mail",))  # of several daemons one tells
        now = clock()
        local = now.astimezone(ZoneInfo(policy.site.timezone))
        day = local.date().isoformat() if local.hour >= DIGEST_HOUR else ""
        due = holds.read_due(tx, now, alarm_after=ALARM_AFTER, merge=MERGE, day=day)
        decision = decide_holds(due, policy, now)
        carry_out(tx, number_decision(tx, decision), now, request_id=f"holds-{now.isoformat()}")
        return len(decision.effects)

    return store.run(job)


def number_decision(tx: Tx, decision: Decision) -> Decision:
    """The decision with its mails numbered."""
    if all(effect.mail.serial for effect in decision.effects if isinstance(effect, SendMail)):
        return decision
    return decision.changed(number_mails(tx, decision.effects))
