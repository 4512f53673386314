"""What an agent's commands want to know, read in the transaction that decides: lists, the next case, what to take back.

Every question names the agent's own departments or addresses; nothing beyond them is read. It changes nothing.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from mailproc.records.asks import Asked, Asks, LastAct, Listed, Past, StoredMail
from mailproc.records.mail import Address
from mailproc.records.ticket import Ticket
from mailproc.store.casework import WITHDRAWN_PURPOSES
from mailproc.store.transaction import Tx, in_list
from mailproc.store.values import from_json, from_optional_time, from_time, to_key, to_text, to_time

MOST_LISTED = 50
UNDO_WITHIN = timedelta(minutes=5)
_LATEST = 5_000  # decisions and lines of history that are looked through where no index leads
_LONGEST_TEXT = 4_000
_ACTIVE = "('new', 'open', 'pending', 'on-hold')"
_LISTED = "number, subject, state, priority, department, assignee, requester, created_at, due_at"
_WHERE = {
    "mine": f"state IN {_ACTIVE} AND assignee IN {{addresses}}",
    "department": f"state IN {_ACTIVE} AND department IN {{departments}}",
    "open": "state IN ('new', 'open') AND department IN {departments}",
    "overdue": f"state IN {_ACTIVE} AND department IN {{departments}} AND due_at <= ?",
}
_ATTRIBUTES = ("state", "department", "priority", "assignee", "language", "sla", "subject")


def answer(tx: Tx, asks: Asks, tickets: Mapping[int, Ticket], now: datetime) -> Asked:
    """The answers to what is asked; `tickets` are those that the mail's keys led to."""
    on = _with_survivors(asks.on, tickets)
    departments, addresses = [to_text(d) for d in asks.departments], [to_text(a) for a in asks.addresses]
    may_ask = bool(departments and addresses)
    return Asked(
        lists=tuple(_list(tx, name, departments, addresses, now) for name in asks.lists) if may_ask else (),
        next_serial=_find_next(tx, departments) if asks.takes_next and may_ask else None,
        split=_find_split(tx, on[-1], asks.answers) if asks.splits and on else None,
        undo=_find_last_act(tx, on, addresses, departments, now) if asks.undoes and addresses else None,
    )


def _with_survivors(serial: int | None, tickets: Mapping[int, Ticket]) -> tuple[int, ...]:
    """The ticket and what it was merged into, the survivor last."""
    found: list[int] = []
    while serial is not None and serial in tickets and serial not in found:
        found.append(serial)
        serial = tickets[serial].merged_into
    return tuple(found)


def _list(
    tx: Tx, name: str, departments: list[str], addresses: list[str], now: datetime
) -> tuple[str, tuple[Listed, ...], int]:
    marks, values = in_list(addresses if name == "mine" else departments)
    where = _WHERE[name].format(addresses=marks, departments=marks) + " AND merged_into IS NULL"
    params = [*values, *([to_time(now)] if name == "overdue" else [])]
    order = "due_at, serial" if name == "overdue" else "created_at, serial"
    rows = tx.execute(
        f"SELECT {_LISTED} FROM ticket WHERE {where} ORDER BY {order} LIMIT {MOST_LISTED}", params
    ).fetchall()
    count = len(rows)
    if count == MOST_LISTED:
        count = int(tx.execute(f"SELECT count(*) FROM ticket WHERE {where}", params).fetchone()[0])
    return (name, tuple(_listed(row) for row in rows), count)


def _listed(row: Any) -> Listed:
    number, subject, state, priority, department, assignee, requester, created_at, due_at = row
    created, due = from_time(created_at), from_optional_time(due_at)
    return Listed(number, subject, state, priority, department, assignee, requester, created, due)


def _find_next(tx: Tx, departments: list[str]) -> int | None:
    """The oldest case that waits and that nobody has; held until the transaction ends, so that two never get one."""
    marks, values = in_list(departments)
    lock = " FOR UPDATE SKIP LOCKED" if tx.is_postgres and not tx.is_readonly else ""
    row = tx.execute(
        "SELECT serial FROM ticket WHERE state IN ('new', 'open') AND assignee = '' AND merged_into IS NULL"
        f" AND department IN {marks} ORDER BY created_at, serial LIMIT 1{lock}",
        values,
    ).fetchone()
    return int(row[0]) if row else None


def _find_split(tx: Tx, serial: int, ours: Iterable[tuple[int, int]]) -> StoredMail | None:
    """The customer's mail that an agent answers: the one our notice was about, else the latest."""
    columns = "id, author, author_name, subject, date, text, message_id, language, is_unverified"
    row = None
    for ours_serial, n in ours:
        row = tx.execute(
            f"SELECT {', '.join(f'm.{name}' for name in columns.split(', '))} FROM outbox o"
            " JOIN message m ON m.inbox_id = o.inbox_id WHERE o.serial = ? AND o.n = ? AND m.serial = ?"
            " AND m.direction = 'in' AND m.visibility = 'public' ORDER BY o.id LIMIT 1",
            (ours_serial, n, serial),
        ).fetchone()
        if row is not None:
            break
    if row is None:
        row = tx.execute(
            f"SELECT {columns} FROM message WHERE serial = ? AND direction = 'in' AND visibility = 'public'"
            " ORDER BY id DESC LIMIT 1",
            (serial,),
        ).fetchone()
    if row is None:
        return None
    first = tx.execute(
        "SELECT min(id) FROM message WHERE serial = ? AND direction = 'in' AND visibility = 'public'", (serial,)
    ).fetchone()[0]
    return StoredMail(
        row[0],
        Address(row[1], row[2]),
        row[3],
        from_time(row[4]),
        row[5][:_LONGEST_TEXT],
        row[6],
        row[7],
        bool(row[8]),
        row[0] == first,
    )


def _find_last_act(
    tx: Tx, on: tuple[int, ...], addresses: list[str], departments: Collection[str], now: datetime
) -> LastAct | None:
    """The agent's last mail that did something and is not taken back yet: on these tickets, else one without any."""
    marks, values = in_list(addresses)
    since = to_time(now - UNDO_WITHIN)
    places, where = in_list(on) if on else ("", [])
    place = f"d.serial IN {places}" if on else f"d.serial IS NULL AND d.id > (SELECT max(id) FROM decision) - {_LATEST}"
    rows = tx.execute(
        "SELECT d.inbox_id, d.at FROM decision d JOIN inbox i ON i.id = d.inbox_id"
        f" WHERE {place} AND d.outcome = 'answered' AND d.reason <> 'agent-undo' AND d.at >= ?"
        f" AND i.sender IN {marks} ORDER BY d.id DESC LIMIT 20",
        (*where, since, *values),
    ).fetchall()
    for row in rows:
        inbox_id, at = row[0], from_time(row[1])
        events = _events_of(tx, inbox_id, on)
        if not events or _is_undone(tx, inbox_id, events, since):
            continue
        waiting, gone = _mails_of(tx, inbox_id)
        merged = next(((e[1], from_json(e[3])["into"]) for e in events if e[2] == "merged"), None)
        # Cases that were named and have gone to another department since are that one's to change (T04)
        changes = tuple(_changes(tx, events, () if on else departments))
        return LastAct(inbox_id, at, changes, waiting, gone, merged)
    return None


def _events_of(tx: Tx, inbox_id: int, on: tuple[int, ...]) -> list[Any]:
    """What a mail did: on its own ticket all of it, and of the rest what is among the latest lines of history."""
    sql = "SELECT id, serial, kind, data FROM event WHERE inbox_id = ?"
    found = {
        row[0]: row
        for row in tx.execute(f"{sql} AND id > (SELECT max(id) FROM event) - {_LATEST}", (inbox_id,)).fetchall()
    }
    for serial in on:
        found |= {row[0]: row for row in tx.execute(f"{sql} AND serial = ?", (inbox_id, serial)).fetchall()}
    return [found[key] for key in sorted(found)]


def _is_undone(tx: Tx, inbox_id: int, events: list[Any], since: str) -> bool:
    serials = list(dict.fromkeys(event[1] for event in events if event[1] is not None))[:100]
    if not serials:
        return False
    marks, values = in_list(serials)
    found = tx.execute(
        f"SELECT data FROM event WHERE serial IN {marks} AND kind = 'undone' AND at >= ?", (*values, since)
    )
    return any(from_json(row[0]).get("mail") == str(inbox_id) for row in found)


def _mails_of(tx: Tx, inbox_id: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Recipients of the answer that a mail queued: where it still waits, and where it has gone."""
    marks, purposes = in_list([purpose for purpose in WITHDRAWN_PURPOSES if purpose != "copy"])
    rows = tx.execute(
        "SELECT recipient, state = 'queued' AND attempts = 0 FROM outbox WHERE inbox_id = ? AND state <> 'cancelled'"
        f" AND purpose IN {marks} ORDER BY id{tx.for_update()}",
        (inbox_id, *purposes),
    ).fetchall()
    return tuple(r[0] for r in rows if r[1]), tuple(r[0] for r in rows if not r[1])


def _changes(tx: Tx, events: list[Any], departments: Collection[str] = ()) -> Iterable[Past]:
    """What the events changed, the last change first, with what each is by now; in these departments if any."""
    tickets: dict[int, dict[str, Any]] = {}
    for _, serial, kind, text in reversed(events):
        data = from_json(text)
        if kind == "contact":
            if data.get("silenced"):
                found = tx.execute(
                    "SELECT is_silenced FROM contact WHERE address = ?", (to_key(data["address"]),)
                ).fetchone()
                yield Past(0, "", "silenced", data["address"], "", "yes", "yes" if found and found[0] else "")
            continue
        if serial is None or kind not in ("state", "attribute", "field", "tags", "participant", "moment"):
            continue
        if serial not in tickets:
            tickets[serial] = _read_ticket(tx, serial)
        now = tickets[serial]
        if not now or (departments and now["department"] not in departments):
            continue
        number = now["number"]
        if kind == "state":
            yield Past(serial, number, kind, "state", data["from"], data["to"], now["state"])
        elif kind == "attribute" and data["name"] in _ATTRIBUTES:
            yield Past(serial, number, kind, data["name"], data["from"], data["to"], now[data["name"]])
        elif kind == "field":
            value = from_json(now["fields"]).get(data["name"], "")
            yield Past(serial, number, kind, data["name"], data["from"], data["to"], value)
        elif kind == "tags" and "from" in data:
            tags = "\n".join(from_json(now["tags"]))
            yield Past(serial, number, kind, "tags", "\n".join(data["from"]), "\n".join(data["to"]), tags)
        elif kind == "participant":
            there = "" if data.get("removed") else "yes"
            yield Past(serial, number, kind, data["address"], "" if there else "yes", there, there)
        elif kind == "moment":
            value = now[{"due": "set_due_at", "wait": "waits_until"}[data["name"]]] or ""
            yield Past(serial, number, kind, data["name"], data["from"], data["to"], value)


def _read_ticket(tx: Tx, serial: int) -> dict[str, Any]:
    names = f"number, {', '.join(_ATTRIBUTES)}, tags, fields, set_due_at, waits_until"
    row = tx.execute(f"SELECT {names} FROM ticket WHERE serial = ?", (serial,)).fetchone()
    return dict(zip(names.split(", "), row, strict=True)) if row else {}
