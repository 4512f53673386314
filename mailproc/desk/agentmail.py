"""An agent's mail on a ticket: an answer, a note, commands, or all three; nothing of it happens unless all may. Dry."""

from dataclasses import replace

from mailproc.desk import collisions
from mailproc.desk.clock.promises import see_due
from mailproc.desk.commands import casework, overview
from mailproc.desk.commands.mailcommands import CommandMail, is_overview, read_commands
from mailproc.desk.commands.transcript import agent_language, tell
from mailproc.desk.commands.verbs import Change, plan_change, run_commands
from mailproc.desk.contacts.onticket import bring_in, find_brought
from mailproc.desk.draft import Arrival, Draft, join_words
from mailproc.desk.filing import as_message
from mailproc.desk.mails import courtesy, notices
from mailproc.desk.mails.outgoing import customer_addresses
from mailproc.desk.mails.ownwords import (
    customer_lines,
    find_attached_leaks,
    find_leaks,
    find_own_words,
    hide_inner_addresses,
    unread_lines,
)
from mailproc.desk.mails.relayed import find_private_files, is_personal, name_images
from mailproc.desk.reasons import REASONS
from mailproc.desk.speakers import AgentStanding, agent_standing
from mailproc.desk.words.saying import Saying, for_operators, saying
from mailproc.records.decision import Decision, Outcome
from mailproc.records.effects import AddMessage, IndexIds, SetState
from mailproc.records.mail import Address, Level, MailClass
from mailproc.records.ticket import State, Ticket
from mailproc.rulebook.book import Agent

# A person's mail, whatever its local part is called; everything else of an agent is a machine's
_SPOKEN = (MailClass.HUMAN, MailClass.ROLE, MailClass.LIST)


def decide_agent_mail(arrival: Arrival, draft: Draft, agent: Agent, ticket: Ticket) -> Decision:
    """What an agent's mail on this ticket does, by the trust table and the commands in it."""
    standing = agent_standing(arrival, agent, ticket)
    if arrival.inbound.mail_class not in _SPOKEN and arrival.released_as != "agent":
        # Out-of-office of an agent: kept for the department, and nothing is changed by it
        is_unproven = arrival.trust.level is Level.A1 and standing.reason and not collisions.answers_us(arrival, agent)
        if arrival.trust.level is Level.A0 or is_unproven:
            return draft.hold("agent-unproven", serial=ticket.serial)
        draft.step("commands", f"automatic mail of agent {agent.name}", False)
        collisions.note_absence(arrival, draft, agent, ticket)
        draft.add(_message(arrival, ticket, agent, "auto", arrival.inbound.new_text))
        return draft.finish(Outcome.APPENDED, "agent-automatic", ticket.serial)
    reading = find_brought(arrival, agent)
    if reading is not None:
        return bring_in(arrival, draft, agent, ticket, reading, standing)
    draft.step("trust", _standing_words(arrival, standing, ticket), standing.may_act)
    if not standing.may_act:
        return draft.hold(standing.reason, serial=ticket.serial)
    words = find_own_words(arrival, ticket)
    foreign = customer_lines(ticket) | unread_lines(arrival.inbound, words)
    mail = read_commands(words, foreign, (agent.name, *agent.name.split()[:1]))
    change = plan_change(mail.commands, ticket, agent, draft.policy, arrival.known, arrival.now)
    named, named_problems = overview.plan(mail.commands, arrival, agent)
    problems = (*mail.problems, *change.problems, *named_problems)
    if problems and arrival.released_as in ("agent", "ok") and mail.is_letter:
        # It goes as it stands: a line that was no command is a sentence. Commands alone are a letter to nobody
        mail, change, named, problems = CommandMail((), words.strip(), ()), Change(), (), ()
    if problems:
        return _refuse(arrival, draft, agent, ticket, "unknown-command", problems)
    draft.step(
        "commands",
        join_words([f"#{c.verb} {c.argument}".rstrip() for c in mail.commands]) + f", purpose {standing.purpose}",
    )
    return _work(arrival, draft, agent, ticket, standing, mail, change, named)


def _work(
    arrival: Arrival,
    draft: Draft,
    agent: Agent,
    ticket: Ticket,
    standing: AgentStanding,
    mail: CommandMail,
    change: Change,
    named: tuple[overview.Change, ...],
) -> Decision:
    inbound = arrival.inbound
    is_note = standing.purpose == "n" or change.is_note
    text = "\n".join(part for part in (change.note, mail.text) if part) if is_note else mail.text
    is_resolving = standing.purpose == "d" or change.state is State.RESOLVED
    # The logo of a signature below commands is no answer
    files = [item for item in inbound.attachments if not (is_personal(item) or (item.is_inline and mail.commands))]
    says_something = bool(text.strip()) or bool(files)
    if not says_something and not mail.commands and standing.purpose != "d":
        return _refuse(arrival, draft, agent, ticket, "empty-answer", (saying("empty-answer"),))
    sends = says_something and not is_note
    rival = collisions.find_rival(arrival, agent, ticket) if sends else None
    if sends:
        if not customer_addresses(draft.policy, ticket):
            return _refuse(arrival, draft, agent, ticket, "no-recipient", (saying("no-recipient"),))
        size, limit = sum(item.size for item in inbound.attachments), draft.policy.site.max_attachments_size
        if size > limit:
            problem = saying("files-too-large", size=f"{size / 1e6:.1f}", limit=f"{limit / 1e6:.0f}")
            return _refuse(arrival, draft, agent, ticket, "attachments-too-large", (problem,))
        leaks = (*find_leaks(arrival, ticket, text), *find_attached_leaks(inbound.attachments, draft.policy, ticket))
        if not arrival.released_as:
            leaks += find_private_files(inbound.attachments, draft.policy)
        if leaks:
            return _refuse(arrival, draft, agent, ticket, "would-leak", leaks)
        text = name_images(hide_inner_addresses(text, draft.policy), inbound.attachments)
        if rival is not None and collisions.collides(arrival, rival):
            return collisions.hold(arrival, draft, agent, ticket, rival)
    collisions.note_return(arrival, draft, agent)
    purpose = "note" if is_note else ("answer" if says_something else "command")
    draft.add(_message(arrival, ticket, agent, purpose, text))
    if inbound.message_id or arrival.keys.marks:
        draft.add(IndexIds(ticket.serial, (inbound.message_id, *arrival.keys.marks)))
    run_commands(draft, change, ticket, agent, arrival.sender)
    casework.run(draft, change.more, ticket, agent, arrival.sender, arrival.known)
    done, told = overview.run(draft, arrival, agent, mail.commands, named)
    after = _state_after(ticket, change, is_resolving=is_resolving, sends=sends)
    if after is not ticket.state:
        draft.step("verbs", f"{ticket.state} -> {after}", True)
        draft.add(SetState(ticket.serial, after, f"agent {agent.name}", arrival.sender, arrival.now))
    author = Address(arrival.sender, agent.name)
    ticket = casework.with_people(ticket, change.more, arrival.now)
    moved = replace(
        ticket,
        state=after,
        department=change.department or ticket.department,
        priority=change.priority or ticket.priority,
    )
    if sends:
        notices.answer(draft, ticket, author, text, is_resolving=is_resolving, attaches=bool(inbound.attachments))
        earlier = collisions.earlier_answer(draft, rival)
        notices.copy_answer(
            draft, ticket, author, agent.addresses, text, is_resolving=is_resolving, earlier=earlier
        )
    elif is_resolving and ticket.state is not State.RESOLVED:
        notices.resolved(draft, ticket)
    after_all = see_due(draft, arrival.known, moved)
    collisions.hand_over(draft, change.assignee, change.department, ticket, after_all, agent)
    if not change.more.is_spam and change.more.into is None:
        courtesy.tell_changes(draft, ticket, moved)
    if told or (mail.commands and not says_something):
        language = agent_language(draft.policy, agent, ticket)
        done = [*(command.tell(language) for command in mail.commands if not is_overview(command)), *done]
        tell(draft, agent, ticket, done=done, lines=told, in_reply_to=inbound.message_id)
    if [command.verb for command in mail.commands] == ["undo"] and not says_something:
        return draft.finish(Outcome.ANSWERED, "agent-undo", ticket.serial)
    reason = (
        "agent-note" if is_note else "agent-resolved" if is_resolving else "agent-answer" if sends else "agent-commands"
    )
    return draft.finish(Outcome.ANSWERED, reason, ticket.serial)


def _state_after(ticket: Ticket, change: Change, *, is_resolving: bool, sends: bool) -> State:
    if change.state is not None:
        return change.state
    if is_resolving:
        return State.RESOLVED
    if ticket.state is State.NEW and (sends or change.assignee):
        return State.OPEN  # somebody acted: a ticket is new only once
    return ticket.state  # a word after the end does not begin it again


def _refuse(
    arrival: Arrival, draft: Draft, agent: Agent, ticket: Ticket, reason: str, problems: tuple[Saying, ...]
) -> Decision:
    draft.step("commands", for_operators(problems), False)
    notices.refuse_agent_mail(draft, arrival, ticket, agent, problems)
    return draft.hold(reason, f"{for_operators(problems)}. Nothing was sent.", ticket.serial)


def _message(arrival: Arrival, ticket: Ticket, agent: Agent, purpose: str, text: str) -> AddMessage:
    """The agent's own mail is kept inside; what the customer gets is the mail we build from it."""
    author = Address(arrival.sender, agent.name)
    return as_message(arrival, ticket.serial, "internal", purpose, text, author=author)


def _standing_words(arrival: Arrival, standing: AgentStanding, ticket: Ticket) -> str:
    verdict = "may act" if standing.may_act else REASONS[standing.reason]
    return f"agent {standing.agent.name} on {ticket.number} ({arrival.trust.level.name}): {verdict}"
