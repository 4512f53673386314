"""`#undo`: what an agent's last mail changed goes back to what it was, within five minutes. Dry.

A mail can only be taken back while it waits (`undo_window`). What somebody changed since then stays.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from mailproc.desk.commands.commandhelp import say
from mailproc.desk.draft import Arrival, Draft, Policy
from mailproc.desk.words.saying import put, word_for
from mailproc.records.asks import LastAct, Past
from mailproc.records.caseeffects import (
    RemoveParticipant,
    SetMoment,
    UnmergeTickets,
    WithdrawMails,
)
from mailproc.records.effects import (
    AddParticipant,
    AddTags,
    RememberContact,
    SetAttribute,
    SetField,
    SetState,
)

_REASON = "undo"


def run(draft: Draft, arrival: Arrival, language: str) -> tuple[list[str], list[str]]:
    """Takes the agent's last mail back; (what was done, what could not be), a line each."""
    act = arrival.known.asked.undo
    if act is None:
        return [], [say(language, "nothing")]
    done: list[str] = []
    kept: list[str] = []
    actor = arrival.sender
    seen: set[tuple[int, str, str]] = set()
    for change in act.changes:
        key = (change.serial, change.kind, change.name)
        shown = _show(change, draft.policy, language)
        if change.now != change.after and key not in seen:
            kept.append(say(language, "kept", shown))
        elif change.before != change.after:
            _revert(draft, change, actor)
            done.append(say(language, "undone", shown))
        seen.add(key)
    if act.merged is not None:
        draft.add(UnmergeTickets(*act.merged, actor))
        done.append(say(language, "undone", put(word_for("verb", "merge"), language)))
    _withdraw(draft, arrival, act, actor)
    done += [say(language, "withdrawn", to) for to in act.waiting]
    kept += [say(language, "gone", to) for to in act.gone]
    serials = dict.fromkeys(change.serial for change in act.changes if change.serial)
    for serial in serials or ([arrival.match.ticket.serial] if arrival.match.ticket is not None else []):
        draft.event(serial, "undone", actor, mail=str(act.inbox_id))
    if not done and not kept:
        return [], [say(language, "nothing")]
    return done, kept


def _withdraw(draft: Draft, arrival: Arrival, act: LastAct, actor: str) -> None:
    ticket = arrival.match.ticket
    if not act.waiting or ticket is None:
        return
    public = [message for message in ticket.thread if message.visibility == "public"]
    asked = [message.date for message in public if message.direction == "in"]
    others = [m for m in public if m.direction == "out" and m.purpose in ("answer", "resolved") and m.date < act.at]
    waits = bool(asked) and not any(message.date > asked[-1] for message in others)
    draft.add(
        WithdrawMails(ticket.serial, act.inbox_id, asked[-1] if waits else None, is_first=not others, actor=actor)
    )


def _revert(draft: Draft, change: Past, actor: str) -> None:
    serial, name, before = change.serial, change.name, change.before
    if change.kind == "state":
        draft.add(SetState(serial, before, _REASON, actor, draft.now))
    elif change.kind == "attribute":
        draft.add(SetAttribute(serial, name, before, _REASON, actor))
    elif change.kind == "field":
        draft.add(SetField(serial, name, before, _REASON, actor))
    elif change.kind == "tags":
        was, there = before.splitlines(), change.after.splitlines()
        add, remove = tuple(t for t in was if t not in there), tuple(t for t in there if t not in was)
        draft.add(AddTags(serial, add, remove, actor, _REASON))
    elif change.kind == "participant":
        draft.add(AddParticipant(serial, name, actor) if before else RemoveParticipant(serial, name, actor))
    elif change.kind == "moment":
        at = datetime.fromisoformat(before) if before else None
        draft.add(SetMoment(serial, name, at, _REASON, actor))
    elif change.kind == "silenced":
        draft.add(RememberContact(name, is_silenced=False))


def _show(change: Past, policy: Policy, language: str) -> str:
    """What goes back to what, as the agent calls it: `ACME-482-170 Zustand: geschlossen → neu`."""
    if change.kind == "participant":
        mark = "+" if change.after else "-"
        return f"{change.number} {put(word_for('verb', 'cc'), language)} {mark}{change.name}"
    if change.kind == "silenced":
        return f"{put(word_for('verb', 'spam'), language)} {change.name}"
    name = change.name if change.kind == "field" else put(word_for("attribute", change.name or change.kind), language)
    before, after = (_value(change, text, policy, language) for text in (change.before, change.after))
    return f"{change.number} {name}: {after} → {before}".strip()


def _value(change: Past, text: str, policy: Policy, language: str) -> str:
    if not text:
        return "–"
    if change.kind == "moment":
        return f"{datetime.fromisoformat(text).astimezone(ZoneInfo(policy.site.timezone)):%Y-%m-%d %H:%M}"
    if change.kind == "tags":
        return ", ".join(text.splitlines())
    if change.name in ("state", "priority") and change.kind != "field":
        return put(word_for(change.name, text), language)
    return f"`{text}`"
