"""An agent brings something in on a case that is there: a forwarded mail, or a call they write down. Dry.

It stays inside: a person's own mail is shown as theirs, unproven, a stranger's becomes part of the note. Nothing of it
goes to the customer, whatever address it was sent to.
"""

from dataclasses import replace

from mailproc.desk import collisions
from mailproc.desk.clock.promises import see_due
from mailproc.desk.commands import casework
from mailproc.desk.commands.mailcommands import is_overview, wrong
from mailproc.desk.commands.transcript import agent_language, tell
from mailproc.desk.commands.verbs import Change, plan_change, run_commands
from mailproc.desk.contacts.brought import (
    LOGGED,
    OTHER,
    OUTSIDE,
    Brought,
    Reading,
    is_same_text,
    join_notes,
    read_brought,
)
from mailproc.desk.contacts.onbehalf import SPOKEN, add_cover, add_mail, as_author, further_mails, refuse
from mailproc.desk.draft import Arrival, Draft
from mailproc.desk.filing import as_message
from mailproc.desk.mails import notices
from mailproc.desk.reasons import REASONS
from mailproc.desk.speakers import AgentStanding
from mailproc.desk.words.saying import Saying, for_operators, saying
from mailproc.records.decision import Decision, Outcome
from mailproc.records.effects import AddMessage, IndexIds, SetState
from mailproc.records.mail import Address, Forwarded, Level
from mailproc.records.ticket import State, Ticket
from mailproc.rulebook.book import Agent
from mailproc.tickets.lifecycle import is_reopening, may_change

_LONGEST_QUOTE = 20_000
_NEVER = frozenset({"split", "merge", "kb"})  # they are about a mail that is on the case already


def find_brought(arrival: Arrival, agent: Agent) -> Reading | None:
    """What an agent's mail on a case brings in; None for an answer, a note or commands."""
    if arrival.inbound.mail_class not in SPOKEN:
        return None
    return read_brought(arrival.inbound, agent, arrival.policy)


def bring_in(
    arrival: Arrival, draft: Draft, agent: Agent, ticket: Ticket, reading: Reading, standing: AgentStanding
) -> Decision:
    """What becomes of it. A mail that is only filed needs no token of the case: nobody outside hears of it."""
    reason = standing.reason
    if reason == "agent-without-token" and not reading.mail.commands and not reading.is_logged:
        reason = refuse(arrival, agent)
    words = "may act" if not reason else REASONS[reason]
    text = f"agent {agent.name} brings something in on {ticket.number} ({arrival.trust.level.name}): {words}"
    draft.step("trust", text, not reason)
    if reason:
        return draft.hold(reason, serial=ticket.serial)
    if arrival.released_as in ("agent", "ok"):
        reading = replace(reading, mail=replace(reading.mail, commands=()), problems=())
    commands = reading.mail.commands
    change = plan_change(commands, ticket, agent, arrival.policy, arrival.known, arrival.now)
    problems = _find_problems(reading, change, ticket)
    if problems:
        draft.step("commands", for_operators(problems), False)
        notices.refuse_agent_mail(draft, arrival, ticket, agent, tuple(problems))
        return draft.hold("unknown-command", f"{for_operators(problems)}. Nothing was done.", ticket.serial)
    collisions.note_return(arrival, draft, agent)
    if reading.is_logged:
        _log(arrival, draft, ticket, agent, reading, change)
        ticket_now = ticket
    else:
        ticket_now = _file(arrival, draft, ticket, agent, reading, change)
    draft.add(IndexIds(ticket.serial, _ids(arrival, reading)))
    run_commands(draft, change, ticket, agent, arrival.sender)
    casework.run(draft, change.more, ticket, agent, arrival.sender, arrival.known)
    after = change.state or ticket_now.state
    if change.state is not None and change.state is not ticket_now.state:
        draft.add(SetState(ticket.serial, change.state, f"agent {agent.name}", arrival.sender, arrival.now))
    moved = replace(
        ticket_now,
        state=after,
        department=change.department or ticket.department,
        priority=change.priority or ticket.priority,
    )
    collisions.hand_over(draft, change.assignee, change.department, ticket, see_due(draft, arrival.known, moved), agent)
    if commands:
        language = agent_language(draft.policy, agent, ticket)
        tell(draft, agent, ticket, done=[c.tell(language) for c in commands], in_reply_to=arrival.inbound.message_id)
    return draft.finish(Outcome.ANSWERED, "agent-logged" if reading.is_logged else "agent-forward", ticket.serial)


def _find_problems(reading: Reading, change: Change, ticket: Ticket) -> list[Saying]:
    problems = [*reading.problems, *change.problems]
    problems += [
        wrong(command, saying("not-when-bringing"))
        for command in reading.mail.commands
        if command.verb in _NEVER or is_overview(command)
    ]
    if reading.is_logged and not reading.mail.text.strip() and not change.note.strip():
        problems.append(saying("nothing-said"))
    return problems


def _log(arrival: Arrival, draft: Draft, ticket: Ticket, agent: Agent, reading: Reading, change: Change) -> None:
    """A call about the case: what was said, by whom and how; kept inside, and no promise is counted from it."""
    author, channel = reading.person or ticket.requester, reading.channel or OTHER
    text = reading.mail.text if reading.mail.text.strip() else change.note
    draft.step("commands", f"agent {agent.name} writes down what {author.addr or author.name} said ({channel})", True)
    draft.add(_message(arrival, ticket, "internal", "logged", author, text))
    if reading.mail.text.strip():
        add_cover(arrival, draft, ticket.serial, agent, change.note)
    draft.event(ticket.serial, LOGGED, arrival.sender, by=agent.name, channel=channel, who=author.addr or author.name)


def _file(
    arrival: Arrival, draft: Draft, ticket: Ticket, agent: Agent, reading: Reading, change: Change
) -> Ticket:
    """A forwarded mail: as the customer's where it is theirs and new, else as a part of the agent's note."""
    origin = reading.origin
    assert origin is not None
    author, cover = reading.author, join_notes((change.note, reading.mail.text))
    data = {"by": agent.name, "from": author.addr if author else "", "message": origin.message_id}
    is_theirs = reading.kind == OUTSIDE and author is not None and author.addr in ticket.participants
    texts = [message.text for message in ticket.thread]
    is_known = any(is_same_text(origin.text, text) for text in texts) or _is_known(origin, ticket)
    if is_known or reading.kind not in (OUTSIDE, "nobody") or not origin.text.strip():
        draft.step("follow-up", f"the forwarded mail is on {ticket.number} already, or ours: only the note is new")
        _note(arrival, draft, ticket, agent, cover)
        draft.event(ticket.serial, "forwarded-again", arrival.sender, **data)
        return ticket
    if not is_theirs or author is None:
        draft.step("follow-up", f"{data['from'] or 'whoever wrote it'} has no part in {ticket.number}: kept as a note")
        mails = (origin, *further_mails(reading, texts))
        _note(arrival, draft, ticket, agent, join_notes((cover, *(_quote(mail) for mail in mails))))
        draft.event(ticket.serial, "forwarded", arrival.sender, **data)
        return ticket
    seen = as_author(arrival, reading, author)
    draft.add(_message(seen, ticket, "public", "followup", author, reading.text, is_unverified=True))
    strangers = []
    for mail in further_mails(reading, texts):
        if mail.from_ is not None and mail.from_.addr == author.addr:
            add_mail(arrival, draft, ticket.serial, mail, author)
        else:
            strangers.append(_quote(mail))
    add_cover(arrival, draft, ticket.serial, agent, join_notes((cover, *strangers)))
    draft.event(ticket.serial, "forwarded", arrival.sender, **data)
    woken = ticket
    if change.state is None and may_change(ticket.state, State.OPEN, "customer"):
        draft.add(SetState(ticket.serial, State.OPEN, "customer wrote", arrival.sender, arrival.now))
        woken = replace(ticket, state=State.OPEN)
    brought = Brought("forwarded", arrival.sender, agent.name, cover)
    notices.follow_up(
        draft,
        replace(seen, brought=brought),
        see_due(draft, arrival.known, woken),
        is_unverified=True,
        is_reopened=woken is not ticket and is_reopening(ticket.state, State.OPEN),
    )
    return woken


def _note(arrival: Arrival, draft: Draft, ticket: Ticket, agent: Agent, text: str) -> None:
    """The agent's note, with the files of their mail; a forward without a word leaves only its line in the history."""
    if text.strip() or arrival.inbound.attachments:
        author = Address(arrival.sender, agent.name)
        draft.add(_message(arrival, ticket, "internal", "note", author, text))


def _message(
    arrival: Arrival,
    ticket: Ticket,
    visibility: str,
    purpose: str,
    author: Address,
    text: str,
    *,
    is_unverified: bool = False,
) -> AddMessage:
    level = Level.A1.name if is_unverified else ""
    return as_message(
        arrival, ticket.serial, visibility, purpose, text, author=author, level=level, is_unverified=is_unverified
    )


def _is_known(origin: Forwarded, ticket: Ticket) -> bool:
    return bool(origin.message_id) and any(message.message_id == origin.message_id for message in ticket.thread)


def _quote(mail: Forwarded) -> str:
    """A stranger's mail inside a note."""
    who = f"{mail.from_.name} <{mail.from_.addr}>".strip() if mail.from_ is not None else ""
    head = [f"> {line}" for line in (who, mail.subject, mail.date) if line]
    return "\n".join([*head, ">", *(f"> {line}" for line in mail.text[:_LONGEST_QUOTE].splitlines())])


def _ids(arrival: Arrival, reading: Reading) -> tuple[str, ...]:
    origin = reading.origin
    named = (origin.message_id, *origin.references) if origin is not None else ()
    found = (arrival.inbound.message_id, *arrival.keys.marks, *arrival.keys.other_ids, *named)
    return tuple(dict.fromkeys(one for one in found if one and not one.startswith("<t.")))
