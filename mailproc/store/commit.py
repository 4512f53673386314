"""Carries out a decision: one handler for each effect class, then the mail in the inbox is marked with its end.

It obeys; what should happen was decided in `desk`. Carrying out the same decision again changes nothing (F07).
"""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from mailproc.errors import Permanent
from mailproc.message.subjects import comparable
from mailproc.records.correspondence import KeepRhythm
from mailproc.records.decision import Decision, Outcome
from mailproc.records.effects import (
    AddMessage,
    ComposedMail,
    HoldMail,
    IndexIds,
    KeepClock,
    Mail,
    MarkBounced,
    OpenTicket,
    RecordEvent,
    RecordRoute,
    RememberContact,
    SendMail,
    SetAttribute,
    SetState,
    SuppressMail,
)
from mailproc.records.revocations import RevokeTokens
from mailproc.records.ticket import State
from mailproc.store import casework, holds
from mailproc.store.batch import Batch, contact_row, make_message
from mailproc.store.correspondence import keep_rhythm
from mailproc.store.counts import hash_subject
from mailproc.store.resemblance import found_by
from mailproc.store.revocations import revoke_tokens
from mailproc.store.rulehits import hits_to_json
from mailproc.store.transaction import Tx
from mailproc.store.values import from_json, from_time, to_json, to_key, to_text, to_time
from mailproc.tickets.lifecycle import is_reopening

ATTRIBUTES = ("department", "priority", "assignee", "language", "sla", "subject")
_AGENT_PURPOSES = ("answer", "note", "command")
_REOPEN_WINDOW = timedelta(hours=1)


def commit(
    tx: Tx,
    decision: Decision,
    mails: tuple[ComposedMail, ...],
    *,
    inbox_id: int | None,
    now: datetime,
    request_id: str = "",
    summary: tuple[str, str] = ("", ""),
    subject_key: str | None = None,
    recipients: tuple[str, ...] = (),
    fingerprint: str = "",
) -> bool:
    """Carry out a decision; False when this mail or request was carried out before, and nothing changed.

    `summary` is the mail's From address and subject for lists, `subject_key` its comparable subject (made from the
    subject when None), `recipients` the addresses of ours it came to, `fingerprint`
    what the same bytes are known by, where the intake left it out. `request_id` names what is no mail: a request
    of the command line, an act of the clock; with it a second try finds the first. Raises Permanent for a decision
    that contradicts itself or names a ticket that does not exist.
    """
    if inbox_id is not None:
        if not _mark_mail(tx, decision, inbox_id, now, summary, subject_key, recipients, fingerprint):
            return False
        _insert_decision(tx, decision, inbox_id, "", now)
    elif not _insert_decision(tx, decision, None, request_id, now):
        return False
    batch = Batch(tx, now, inbox_id, request_id if inbox_id is None else "")
    for effect in decision.effects:
        handler = HANDLERS.get(type(effect))
        if handler is None:
            raise Permanent(f"no handler for {type(effect).__name__}; add one in store/commit.py")
        handler(batch, effect)
    _add_mails(batch, decision, mails)
    batch.write()
    return True


def mail_to_json(mail: Mail) -> str:
    """A mail as JSON, kept where its bytes could not be made."""
    data = asdict(mail)
    data["not_before"] = to_time(mail.not_before) if mail.not_before else None
    return to_json(data)


def mail_from_json(text: str) -> Mail:
    """The mail of a JSON column."""
    data = from_json(text)
    for name in ("references", "context", "history", "headers"):
        data[name] = tuple(tuple(item) if isinstance(item, list) else item for item in data[name])
    data["not_before"] = from_time(data["not_before"]) if data["not_before"] else None
    return Mail(**data)


def _mark_mail(
    tx: Tx,
    decision: Decision,
    inbox_id: int,
    now: datetime,
    summary: tuple[str, str],
    subject_key: str | None,
    recipients: tuple[str, ...],
    fingerprint: str,
) -> bool:
    hold = next((effect for effect in decision.effects if isinstance(effect, HoldMail)), None)
    sender, subject = summary
    key = comparable(subject) if subject_key is None else subject_key
    serial = decision.serial if decision.serial is not None or hold is None else hold.serial
    # A mail that is done stays as it is: a second worker whose lease had ended comes too late
    changed = tx.execute(
        "UPDATE inbox SET state = ?, outcome = ?, reason = ?, held_text = ?, serial = ?, decided_at = ?,"
        " sender = ?, subject = ?, subject_key = ?,"
        " fingerprint = coalesce(nullif(?, ''), fingerprint), routes = CASE WHEN routes = '[]' THEN ? ELSE routes END,"
        " worker = '', lease_until = '' WHERE id = ? AND state <> 'done'",
        (
            "held" if hold or decision.outcome is Outcome.HELD else "done",
            str(decision.outcome),
            to_text(decision.reason),
            to_text(hold.text) if hold else "",
            serial,
            to_time(now),
            to_text(sender),
            to_text(subject),
            hash_subject(sender, key, now),
            fingerprint,
            to_json(recipients),
            inbox_id,
        ),
    )
    if changed.rowcount:
        return True
    if tx.execute("SELECT 1 FROM inbox WHERE id = ?", (inbox_id,)).fetchone() is None:
        raise Permanent(f"mail {inbox_id} is not in the database; there is nothing to decide about it")
    return False


def _insert_decision(tx: Tx, decision: Decision, inbox_id: int | None, request_id: str, now: datetime) -> bool:
    trace = [(step.room, step.text, step.matched) for step in decision.trace]
    return bool(
        tx.execute(
            "INSERT INTO decision (inbox_id, request_id, serial, at, outcome, reason, trace, rules)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                inbox_id,
                to_key(request_id),
                decision.serial,
                to_time(now),
                str(decision.outcome),
                to_text(decision.reason),
                to_json(trace),
                hits_to_json(decision),
            ),
        ).rowcount
    )


def _add_mails(batch: Batch, decision: Decision, mails: tuple[ComposedMail, ...]) -> None:
    wanted = {
        (effect.mail.serial, effect.mail.recipient, effect.mail.purpose)
        for effect in decision.effects
        if isinstance(effect, SendMail)
    }
    missing = wanted - {(composed.mail.serial, composed.mail.recipient, composed.mail.purpose) for composed in mails}
    if missing:
        raise Permanent(f"decision {decision.reason!r} came without some of its mails: {sorted(missing)}")
    for composed in mails:
        batch.add_mail(composed, mail_to_json(composed.mail) if composed.error else "")


def _open_ticket(batch: Batch, effect: OpenTicket) -> None:
    at = to_time(effect.at)
    requester = to_text(effect.requester.addr)
    batch.open_ticket(
        effect.serial,
        {
            "number": effect.number,
            "subject": to_text(effect.subject),
            "state": str(State.NEW),
            "requester": requester,
            "requester_name": to_text(effect.requester.name),
            "department": to_text(effect.department),
            "priority": to_text(effect.priority),
            "language": to_text(effect.language),
            "assignee": to_text(effect.assignee),
            "channel": effect.channel,
            "sla": to_text(effect.sla),
            "tags": to_json(list(dict.fromkeys(effect.tags))),
            "fields": to_json(dict(effect.fields)),
            "created_at": at,
            "updated_at": batch.now,
            "requester_message_id": to_text(effect.requester_message_id),
            **found_by(requester, effect.subject_key),
            "reopened_at": "[]",
        },
    )
    if requester:
        batch.participants.append((effect.serial, to_key(requester), at))
    batch.add_event(
        effect.serial,
        "opened",
        {"department": effect.department, "priority": effect.priority, "channel": effect.channel},
        effect.requester.addr,
    )


def _add_message(batch: Batch, effect: AddMessage) -> None:
    inbox_id = None if effect.is_second else batch.inbox_id
    if inbox_id is not None and batch.messages:
        # I2: one accepted mail makes at most one message
        raise Permanent(f"mail {inbox_id} would become two messages, the second on ticket {effect.serial}")
    batch.messages.append(
        make_message(
            batch,
            serial=effect.serial,
            inbox_id=inbox_id,
            outbox_id=None,
            direction=effect.direction,
            visibility=effect.visibility,
            purpose=effect.purpose,
            author=effect.author,
            recipients=effect.to,
            subject=effect.subject,
            date=effect.date,
            message_id=effect.message_id,
            mail_class=effect.mail_class,
            language=effect.language,
            text=effect.text,
            level=effect.level,
            is_unverified=effect.is_unverified,
            attachments=effect.attachments,
            cut_text=effect.cut_text,
            thread_index=effect.thread_index,
        )
    )
    changes: dict[str, Any] = {"last_mail_at": batch.now}
    if effect.purpose in _AGENT_PURPOSES and effect.mail_class == "human":
        # Limits per ticket count from here: a person spoke in between
        changes["last_agent_at"] = batch.now
    batch.change(effect.serial, **changes)
    batch.add_event(
        effect.serial,
        "message",
        {"direction": effect.direction, "visibility": effect.visibility, "purpose": effect.purpose},
        effect.author.addr,
    )


def _index_ids(batch: Batch, effect: IndexIds) -> None:
    keys = dict.fromkeys(to_key(message_id) for message_id in effect.message_ids if message_id)
    batch.message_ids.extend((key, effect.serial) for key in keys)
    batch.add_event(effect.serial, "ids", {"count": len(keys)})


def _set_state(batch: Batch, effect: SetState) -> None:
    old, new = State(batch.read(effect.serial, "state")), State(effect.state)
    at = to_time(effect.at or batch.at)
    changes: dict[str, Any] = {"state": str(new)}
    if new is State.RESOLVED:
        changes.update(resolved_at=at, closed_at=None)
    elif new is State.CLOSED:
        changes.update(closed_at=at)
    elif is_reopening(old, new):
        changes.update(resolved_at=None, closed_at=None)
        if batch.is_mail:
            since = to_time(batch.at - _REOPEN_WINDOW)
            recent = [time for time in from_json(batch.read(effect.serial, "reopened_at") or "[]") if time > since]
            changes["reopened_at"] = to_json([*recent, at])
    batch.change(effect.serial, **changes)
    batch.add_event(effect.serial, "state", {"from": old, "to": new, "reason": effect.reason}, effect.actor)


def _set_attribute(batch: Batch, effect: SetAttribute) -> None:
    if effect.name not in ATTRIBUTES:
        raise Permanent(f"a ticket has no attribute {effect.name!r} to set; there are {', '.join(ATTRIBUTES)}")
    old = batch.read(effect.serial, effect.name)
    batch.change(effect.serial, **{effect.name: to_text(effect.value)})
    batch.add_event(
        effect.serial,
        "attribute",
        {"name": effect.name, "from": old, "to": effect.value, "reason": effect.reason},
        effect.actor,
    )


def _keep_clock(batch: Batch, effect: KeepClock) -> None:
    batch.clocks.append((effect.serial, effect.clock))
    if effect.is_new_due:
        at = to_time(effect.due_at) if effect.due_at is not None else None
        batch.change(effect.serial, due_at=at)
        batch.add_event(effect.serial, "due", {"promise": effect.promise, "at": at} if at else {})


def _record_event(batch: Batch, effect: RecordEvent) -> None:
    batch.add_event(effect.serial, effect.kind, dict(effect.data), effect.actor)


def _remember_contact(batch: Batch, effect: RememberContact) -> None:
    batch.contacts.append(
        contact_row(batch, effect.address, effect.name, effect.language, effect.is_silenced, effect.is_dead)
    )
    data = {"address": effect.address, "silenced": effect.is_silenced, "dead": effect.is_dead}
    batch.add_event(None, "contact", {name: value for name, value in data.items() if value is not None})


def _hold_mail(batch: Batch, effect: HoldMail) -> None:
    # The row itself was marked first of all
    batch.add_event(effect.serial, "held", {"reason": effect.reason, "text": effect.text})


def _record_route(batch: Batch, effect: RecordRoute) -> None:
    row = batch.tx.execute("SELECT routes, serial FROM inbox WHERE id = ?", (effect.inbox_id,)).fetchone()
    if row is None:
        raise Permanent(f"mail {effect.inbox_id}, which this one repeats, is not in the database")
    routes = dict.fromkeys([*from_json(row[0]), *map(to_text, effect.recipients)])
    batch.tx.execute("UPDATE inbox SET routes = ? WHERE id = ?", (to_json(list(routes)), effect.inbox_id))
    batch.add_event(row[1], "routes", {"inbox": effect.inbox_id, "recipients": effect.recipients})


def _send_mail(batch: Batch, effect: SendMail) -> None:
    """Queued from the composed mail, which carries the same `Mail`; here is nothing to do."""


def _suppress_mail(batch: Batch, effect: SuppressMail) -> None:
    data = {"purpose": effect.purpose, "to": effect.recipient, "reason": effect.reason}
    batch.add_event(effect.serial, "suppressed", data)


def _mark_bounced(batch: Batch, effect: MarkBounced) -> None:
    bounce = f"{effect.status} {effect.explanation}".strip()
    batch.tx.execute(
        "UPDATE outbox SET bounced_at = ?, bounce = ? WHERE serial = ? AND n = ?",
        (batch.now, to_text(bounce), effect.serial, effect.n),
    )
    data = {"n": effect.n, "to": effect.recipient, "status": effect.status, "permanent": effect.is_permanent}
    batch.add_event(effect.serial, "bounced", {**data, "explanation": effect.explanation})


HANDLERS: dict[type, Callable[[Batch, Any], None]] = casework.HANDLERS | holds.HANDLERS | {
    OpenTicket: _open_ticket,
    AddMessage: _add_message,
    IndexIds: _index_ids,
    SetState: _set_state,
    SetAttribute: _set_attribute,
    RevokeTokens: revoke_tokens,
    KeepClock: _keep_clock,
    KeepRhythm: keep_rhythm,
    RecordEvent: _record_event,
    RememberContact: _remember_contact,
    HoldMail: _hold_mail,
    RecordRoute: _record_route,
    SendMail: _send_mail,
    SuppressMail: _suppress_mail,
    MarkBounced: _mark_bounced,
}
