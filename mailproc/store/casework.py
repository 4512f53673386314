"""Handlers of what agents do to cases: tags, fields, people, links, merging, splitting, moments, taking words back.

`commit` has them in its table. Each does nothing the second time; rows that others refer to are changed last
(`Batch.later`).
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from mailproc.records.caseeffects import (
    MergeTickets,
    MoveMessage,
    RemoveParticipant,
    SetMoment,
    UnmergeTickets,
    WithdrawMails,
)
from mailproc.records.effects import (
    AddParticipant,
    AddTags,
    LinkTickets,
    SetField,
)
from mailproc.store.batch import Batch
from mailproc.store.transaction import Tx, in_list
from mailproc.store.values import from_json, to_json, to_key, to_text, to_time

MOMENTS = {"due": "set_due_at", "wait": "waits_until"}
# Mails of an agent's answer: to customers, and the copy of it
WITHDRAWN_PURPOSES = ("answer", "resolved", "copy")


def add_columns(tx: Tx) -> None:
    """The migration: moments that agents set by hand."""
    time = 'TEXT COLLATE "C"' if tx.is_postgres else "TEXT"
    for name in ("set_due_at", "waits_until", "wakes_at"):
        tx.execute(f"ALTER TABLE ticket ADD COLUMN {name} {time}")
    tx.execute("CREATE INDEX ticket_wakes ON ticket (wakes_at) WHERE wakes_at IS NOT NULL")


def add_tags(batch: Batch, effect: AddTags) -> None:
    """Tags that are there by then; the line of history says which there were."""
    before = from_json(batch.read(effect.serial, "tags") or "[]")
    tags = dict.fromkeys([*before, *map(to_text, effect.add)])
    for tag in effect.remove:
        tags.pop(to_text(tag), None)
    batch.change(effect.serial, tags=to_json(list(tags)))
    data: dict[str, Any] = {"add": effect.add, "remove": effect.remove, "from": before, "to": list(tags)}
    batch.add_event(effect.serial, "tags", data | ({"reason": effect.reason} if effect.reason else {}), effect.actor)


def set_field(batch: Batch, effect: SetField) -> None:
    """One of the ticket's own fields."""
    fields = from_json(batch.read(effect.serial, "fields") or "{}")
    old = fields.get(to_text(effect.name), "")
    fields[to_text(effect.name)] = to_text(effect.value)
    batch.change(effect.serial, fields=to_json(fields))
    data = {"name": effect.name, "from": old, "to": effect.value, "reason": effect.reason}
    batch.add_event(effect.serial, "field", data, effect.actor)


def add_participant(batch: Batch, effect: AddParticipant) -> None:
    """Somebody who may write on the ticket from now on."""
    batch.change(effect.serial)
    batch.participants.append((effect.serial, to_key(effect.address), batch.now))
    batch.add_event(effect.serial, "participant", {"address": effect.address}, effect.actor)


def remove_participant(batch: Batch, effect: RemoveParticipant) -> None:
    """Somebody who has no part in the ticket any more."""
    removed = batch.tx.execute(
        "DELETE FROM participant WHERE serial = ? AND address = ?", (effect.serial, to_key(effect.address))
    ).rowcount
    if removed:
        batch.change(effect.serial)
        batch.add_event(effect.serial, "participant", {"address": effect.address, "removed": True}, effect.actor)


def link_tickets(batch: Batch, effect: LinkTickets) -> None:
    """Two tickets that know of each other."""
    if effect.kind == "rule" and not batch.may_link(effect.serial, effect.other):
        return
    batch.links.append((effect.serial, effect.other, to_text(effect.kind), batch.now))
    for serial, other in ((effect.serial, effect.other), (effect.other, effect.serial)):
        batch.add_event(serial, "linked", {"other": other, "kind": effect.kind})


def set_moment(batch: Batch, effect: SetMoment) -> None:
    """A moment set by hand; the clock looks at the ticket at the next of those to come."""
    column, at = MOMENTS[effect.name], to_time(effect.at) if effect.at is not None else None
    before = batch.read(effect.serial, column)
    moments = {name: at if name == column else batch.read(effect.serial, name) for name in MOMENTS.values()}
    to_come = [moment for moment in moments.values() if moment and moment > batch.now]
    changes: dict[str, Any] = {column: at, "wakes_at": min(to_come, default=None)}
    if effect.name == "due":
        changes["due_at"] = at
    batch.change(effect.serial, **changes)
    if before != at:
        data = {"name": effect.name, "from": before or "", "to": at or "", "reason": effect.reason}
        batch.add_event(effect.serial, "moment", data, effect.actor)


def merge_tickets(batch: Batch, effect: MergeTickets) -> None:
    """A ticket becomes part of another; its number, ids and tokens lead there from now on."""
    row = batch.tx.execute("SELECT merged_into FROM ticket WHERE serial = ?", (effect.serial,)).fetchone()
    if row is None or row[0] is not None:
        return
    batch.change(effect.serial, merged_into=effect.into)
    batch.change(effect.into)
    batch.links.append((effect.serial, effect.into, "merged", batch.now))
    batch.later.append(partial(_move_all, batch, effect))


def _move_all(batch: Batch, effect: MergeTickets) -> None:
    tx, serial, into = batch.tx, effect.serial, effect.into
    messages = [row[0] for row in tx.execute("SELECT id FROM message WHERE serial = ? ORDER BY id", (serial,))]
    tx.execute("UPDATE message SET serial = ? WHERE serial = ?", (into, serial))
    here = {row[0] for row in tx.execute("SELECT address FROM participant WHERE serial = ?", (into,))}
    people = [row[0] for row in tx.execute("SELECT address FROM participant WHERE serial = ?", (serial,))]
    joined = [address for address in people if address not in here]
    for address in joined:
        tx.execute(
            "INSERT INTO participant (serial, address, added_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (into, address, batch.now),
        )
    batch.add_event(serial, "merged", {"into": into, "messages": messages, "joined": joined}, effect.actor)
    batch.add_event(into, "merged-in", {"from": serial}, effect.actor)


def unmerge_tickets(batch: Batch, effect: UnmergeTickets) -> None:
    """A merging taken back, by what its line of history says."""
    row = batch.tx.execute(
        "SELECT t.merged_into, e.data FROM ticket t JOIN event e ON e.serial = t.serial AND e.kind = 'merged'"
        " WHERE t.serial = ? ORDER BY e.id DESC LIMIT 1",
        (effect.serial,),
    ).fetchone()
    if row is None or row[0] != effect.into:
        return
    data = from_json(row[1])
    batch.change(effect.serial, merged_into=None)
    batch.later.append(partial(_move_back, batch, effect, data["messages"], data["joined"]))


def _move_back(batch: Batch, effect: UnmergeTickets, messages: list[int], joined: list[str]) -> None:
    tx, serial, into = batch.tx, effect.serial, effect.into
    if messages:
        marks, values = in_list(messages)
        tx.execute(f"UPDATE message SET serial = ? WHERE serial = ? AND id IN {marks}", (serial, into, *values))
    for address in joined:
        tx.execute("DELETE FROM participant WHERE serial = ? AND address = ?", (into, address))
    tx.execute("DELETE FROM link WHERE serial = ? AND other = ? AND kind = 'merged'", (serial, into))
    batch.add_event(serial, "unmerged", {"from": into}, effect.actor)
    batch.add_event(into, "unmerged", {"from": serial}, effect.actor)


def move_message(batch: Batch, effect: MoveMessage) -> None:
    """A customer's mail goes to another ticket, and its Message-ID with it."""
    batch.later.append(partial(_move_one, batch, effect))


def _move_one(batch: Batch, effect: MoveMessage) -> None:
    tx = batch.tx
    row = tx.execute(
        "SELECT message_id FROM message WHERE id = ? AND serial = ?", (effect.message, effect.serial)
    ).fetchone()
    if row is None:
        return
    tx.execute("UPDATE message SET serial = ?, purpose = 'request' WHERE id = ?", (effect.to, effect.message))
    if row[0]:
        tx.execute(
            "UPDATE message_id SET serial = ? WHERE id = ? AND serial = ?", (effect.to, to_key(row[0]), effect.serial)
        )
    batch.add_event(effect.serial, "split", {"to": effect.to, "message": effect.message}, effect.actor)
    batch.add_event(effect.to, "split-from", {"from": effect.serial, "message": effect.message}, effect.actor)


def withdraw_mails(batch: Batch, effect: WithdrawMails) -> None:
    """An agent's answer that still waits is not sent, and is no part of the conversation any more."""
    tx = batch.tx
    marks, purposes = in_list(WITHDRAWN_PURPOSES)
    rows = tx.execute(
        "SELECT id, recipient, purpose, n FROM outbox WHERE inbox_id = ? AND state = 'queued' AND attempts = 0"
        f" AND purpose IN {marks}{tx.for_update()}",
        (effect.inbox_id, *purposes),
    ).fetchall()
    for outbox_id, recipient, purpose, n in rows:
        tx.execute("UPDATE outbox SET state = 'cancelled' WHERE id = ?", (outbox_id,))
        tx.execute(
            "UPDATE message SET visibility = 'internal', purpose = 'withdrawn' WHERE outbox_id = ?", (outbox_id,)
        )
        data = {"outbox": outbox_id, "purpose": purpose, "to": recipient, "n": n, "was": "queued"}
        batch.add_event(effect.serial, "mail-cancelled", data, effect.actor)


HANDLERS: dict[type, Callable[[Batch, Any], None]] = {
    AddTags: add_tags,
    SetField: set_field,
    AddParticipant: add_participant,
    RemoveParticipant: remove_participant,
    LinkTickets: link_tickets,
    SetMoment: set_moment,
    MergeTickets: merge_tickets,
    UnmergeTickets: unmerge_tickets,
    MoveMessage: move_message,
    WithdrawMails: withdraw_mails,
}
