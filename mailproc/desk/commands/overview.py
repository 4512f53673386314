"""Lists, single cases, the next case, several cases at once: what agents ask by mail without an answer to anybody. Dry.

The desk asks the store before it decides (`find_asks`); what it may be told is an agent's own departments only.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from mailproc.desk.commands import undo
from mailproc.desk.commands.casework import find_case
from mailproc.desk.commands.commandhelp import help_lines, say
from mailproc.desk.commands.mailcommands import (
    BULK,
    LOGGING,
    Command,
    is_overview,
    read_commands,
    read_list,
    wrong,
)
from mailproc.desk.commands.outreach import has_standing_token, is_addressed_here, is_for_new_case, is_stale
from mailproc.desk.commands.transcript import agent_language, tell
from mailproc.desk.draft import Arrival, Draft, Policy
from mailproc.desk.mails.outgoing import (
    agent_identity,
    build_mail,
    card,
    department_headers,
    department_of,
    inner_history_of,
)
from mailproc.desk.speakers import is_proven_agent
from mailproc.desk.words.saying import Saying, for_operators, put, saying, word_for
from mailproc.records.asks import Asks, Listed
from mailproc.records.decision import Decision, Outcome
from mailproc.records.effects import IndexIds, RememberContact, SetAttribute, SetState
from mailproc.records.mail import Inbound, MailClass
from mailproc.records.ticket import State, Ticket
from mailproc.rulebook.book import Agent
from mailproc.tickets.casenumber import parse_number
from mailproc.tickets.followup import Keys
from mailproc.tickets.lifecycle import may_change
from mailproc.tickets.token import make_reply_address, make_standing_token

_MOST_NUMBERS = 40
_MOST_SHOWN = 3
_NAMING = ("merge", "link", "show")
_STATES = {"close": State.CLOSED, "reopen": State.OPEN, "pending": State.PENDING, "spam": State.CLOSED}
_FILLERS = frozenset("and und y et e og i".split())


@dataclass(frozen=True, slots=True)
class Change:
    """What one command does to one case."""

    verb: str
    ticket: Ticket


def find_asks(inbound: Inbound, keys: Keys, policy: Policy) -> Asks | None:
    """What an agent's commands need to know from the database; None for any other mail."""
    agent = policy.book.find_agent(keys.sender) if keys.sender and inbound.from_ok else None
    if agent is None or not agent.is_active:
        return None
    commands = read_commands(inbound.new_text).commands
    verbs = {command.verb for command in commands}
    serials = [
        serial
        for command in commands
        if command.verb in _NAMING or command.verb in BULK
        for serial in _read_numbers(command.argument, policy)[0]
    ]
    if not serials and not verbs & {"list", "next", "undo", "split"}:
        return None
    on = next((claim.serial for claim in keys.tokens if claim.serial), None)
    on = on or next((our_id.serial for our_id in keys.our_ids), None) or next(iter(keys.serials), None)
    return Asks(
        serials=tuple(dict.fromkeys(serials))[:_MOST_NUMBERS],
        lists=tuple(dict.fromkeys(name for c in commands if c.verb == "list" and (name := read_list(c.argument)))),
        takes_next="next" in verbs,
        splits="split" in verbs,
        answers=tuple((our_id.serial, our_id.n) for our_id in keys.our_ids[:5]),
        undoes="undo" in verbs,
        on=on,
        departments=agent.departments,
        addresses=agent.addresses,
    )


def plan(
    commands: Iterable[Command], arrival: Arrival, agent: Agent
) -> tuple[tuple[Change, ...], tuple[Saying, ...]]:
    """(what happens to named cases, what is wrong with the commands)."""
    changes: list[Change] = []
    problems: list[Saying] = []
    for command in commands:
        if command.verb not in BULK and command.verb != "show":
            continue
        numbers = _words(command.argument)
        if command.verb == "show" and len(numbers) > _MOST_SHOWN:
            problems.append(wrong(command, saying("show-most", most=_MOST_SHOWN)))
        if len(numbers) > _MOST_NUMBERS:
            problems.append(wrong(command, saying("names-most", most=_MOST_NUMBERS)))
            continue
        for number in numbers:
            ticket, problem = find_case(number, agent, arrival.policy, arrival.known)
            wanted = _STATES.get(command.verb)
            if ticket is None:
                problems.extend([wrong(command, problem)] if problem is not None else [])
            elif wanted is not None and wanted is not ticket.state and not may_change(ticket.state, wanted, "agent"):
                states = {"state": word_for("state", ticket.state), "wanted": word_for("state", wanted)}
                problems.append(wrong(command, saying("named-cannot-become", number=ticket.number, **states)))
            elif not any(change.ticket.serial == ticket.serial and change.verb == command.verb for change in changes):
                changes.append(Change(command.verb, ticket))
    return tuple(changes), tuple(problems)


def run(
    draft: Draft, arrival: Arrival, agent: Agent, commands: Iterable[Command], changes: Iterable[Change]
) -> tuple[list[str], list[str]]:
    """Does what the commands ask; (what was done, what was asked for), a line each."""
    done: list[str] = []
    lines: list[str] = []
    language = agent_language(draft.policy, agent, arrival.match.ticket)
    shown = 0
    for change in changes:
        if change.verb == "show":
            shown += 1
            _show(draft, change.ticket, agent, f"show-{shown}" if shown > 1 else "show")
            done.append(say(language, "sent", change.ticket.number))
        else:
            _change(draft, change, agent, arrival.sender)
            done.append(f"{put(word_for('verb', change.verb), language)} {change.ticket.number}")
    for command in commands:
        if command.verb == "list":
            lines += _list_lines(draft.policy, arrival, read_list(command.argument), language)
        elif command.verb == "help":
            lines += help_lines(language)
            lines.append(say(language, "new_case", new_case_address(draft.policy, agent)))
        elif command.verb == "next":
            taken = _take_next(draft, arrival, agent)
            (done if taken else lines).append(
                say(language, "yours", taken.number) if taken else say(language, "none_waits")
            )
        elif command.verb == "undo":
            more_done, more_lines = undo.run(draft, arrival, language)
            done += more_done
            lines += more_lines
    return done, lines


def decide_overview(arrival: Arrival, draft: Draft) -> Decision | None:
    """A new mail of an agent that holds commands and nothing else: answered by mail, and no case; None for others."""
    agent = arrival.policy.book.find_agent(arrival.sender) if arrival.sender else None
    inbound = arrival.inbound
    if agent is None or arrival.released_as or inbound.forwarded is not None:
        return None
    if arrival.match.reason != "none" and not is_for_new_case(arrival):
        return None
    if inbound.mail_class not in (MailClass.HUMAN, MailClass.ROLE):
        return None
    if any(not item.is_inline for item in inbound.attachments):
        return None
    mail = read_commands(inbound.new_text, names=(agent.name, *agent.name.split()[:1]))
    if mail.text.strip() or not (mail.commands or mail.problems):
        return None
    if any(command.verb in LOGGING for command in mail.commands):
        return None
    refused = _refuse(arrival, agent)
    if refused:
        return draft.hold(refused)
    changes, problems = plan(mail.commands, arrival, agent)
    bare = tuple(
        wrong(command, saying("which-case", example=word_for("example", "close-cases")))
        for command in mail.commands
        if not is_overview(command)
    )
    failed = (*mail.problems, *problems, *bare)
    draft.step("commands", for_operators(failed) or ", ".join(command.shown for command in mail.commands), not failed)
    done, lines = ([], []) if failed else run(draft, arrival, agent, mail.commands, changes)
    _index(draft, arrival)
    if failed or lines or len(done) != 1 or [c.verb for c in mail.commands] != ["next"]:
        # The case that `#next` gives comes with a mail of its own, and that says it all
        tell(draft, agent, None, done=done, failed=failed, lines=lines, in_reply_to=inbound.message_id)
    undoes = any(command.verb == "undo" for command in mail.commands)
    reason = "overview-refused" if failed else "agent-undo" if undoes else "agent-overview"
    return draft.finish(Outcome.ANSWERED, reason)


def new_case_address(policy: Policy, agent: Agent) -> str:
    """Where the agent writes to begin a case; theirs alone, and good for all time of the key."""
    site = policy.site
    return make_reply_address(site, make_standing_token(policy.keys, agent.addresses[0]), site.addresses[0])


def _refuse(arrival: Arrival, agent: Agent) -> str:
    """Why the agent may ask for nothing, "" when they may: a mail without a case has no token to speak for it."""
    if not agent.is_active:
        return "agent-inactive"
    if not is_proven_agent(arrival):
        return "agent-unproven"
    if arrival.policy.site.trust.agent_trust == "token" and not has_standing_token(arrival, agent):
        return "agent-without-token"  # where the token alone proves an agent, there must be one
    return is_stale(arrival, agent) if is_addressed_here(arrival) else "agent-redirected"


def _index(draft: Draft, arrival: Arrival) -> None:
    """Keeps the marks of a mail that changed something, so that a copy of it changes nothing again (T19).

    Not its Message-ID: who answers our transcript asks for the next thing and writes on no case.
    """
    changed = next((one.serial for one in draft.effects if isinstance(one, (SetState, SetAttribute))), None)
    if changed is not None and arrival.keys.marks:
        draft.add(IndexIds(changed, arrival.keys.marks))


def _words(argument: str) -> list[str]:
    words = argument.replace(",", " ").replace(";", " ").split()
    return [word for word in words if word.lower() not in _FILLERS]


def _read_numbers(argument: str, policy: Policy) -> tuple[list[int], list[str]]:
    site, serials, bad = policy.site, [], []
    for word in _words(argument)[: _MOST_NUMBERS + 1]:
        serial = parse_number(word.strip("[]"), (site.prefix, *site.prefix_aliases))
        if serial is None:
            bad.append(word)
        else:
            serials.append(serial)
    return serials, bad


def _change(draft: Draft, change: Change, agent: Agent, actor: str) -> None:
    ticket, reason = change.ticket, f"agent {agent.name}"
    if change.verb == "take":
        if ticket.assignee != agent.addresses[0]:
            draft.add(SetAttribute(ticket.serial, "assignee", agent.addresses[0], reason, actor))
        return
    wanted = _STATES[change.verb]
    if ticket.state is not wanted:
        draft.add(SetState(ticket.serial, wanted, reason, actor, draft.now))
    if change.verb == "spam" and draft.policy.book.find_agent(ticket.requester.addr) is None:
        draft.add(RememberContact(ticket.requester.addr, is_silenced=True))
        draft.event(ticket.serial, "spam", actor, sender=ticket.requester.addr)


def _take_next(draft: Draft, arrival: Arrival, agent: Agent) -> Ticket | None:
    serial = arrival.known.asked.next_serial
    ticket = arrival.known.tickets.get(serial) if serial is not None else None
    if ticket is None or ticket.department not in agent.departments or ticket.assignee:
        return None
    mine = agent.addresses[0]
    draft.add(SetAttribute(ticket.serial, "assignee", mine, f"agent {agent.name}", arrival.sender))
    taken = replace(ticket, assignee=mine)
    _show(draft, taken, agent, "next")
    return taken


def _show(draft: Draft, ticket: Ticket, agent: Agent, purpose: str) -> None:
    """The case as a mail that can be answered."""
    policy, to = draft.policy, agent.addresses[0]
    department = department_of(policy, ticket)
    asked = next((message for message in ticket.thread if message.purpose == "request"), None)
    draft.send(
        build_mail(
            draft,
            ticket,
            to,
            purpose=purpose,
            template="followup",
            role="agent",
            identity=agent_identity(policy, to, department),
            subject=ticket.subject,
            language=agent_language(policy, agent),
            text=asked.text if asked is not None else "",
            history=inner_history_of(policy, ticket),
            headers=department_headers(policy, ticket, department, ""),
            context=(
                *card(ticket, department),
                ("level", ""),
                ("is_unverified", "yes" if asked is not None and asked.is_unverified else ""),
                ("is_reopened", ""),
            ),
        )
    )


def _list_lines(policy: Policy, arrival: Arrival, name: str, language: str) -> list[str]:
    found = next((item for item in arrival.known.asked.lists if item[0] == name), (name, (), 0))
    zone = ZoneInfo(policy.site.timezone)
    lines = [say(language, name, str(found[2]))]
    lines += [_line(item, zone, language) for item in found[1]]
    if found[2] > len(found[1]):
        lines.append(say(language, "more", str(found[2] - len(found[1]))))
    return lines


def _line(item: Listed, zone: ZoneInfo, language: str) -> str:
    due = f", {say(language, 'due', f'{item.due_at.astimezone(zone):%Y-%m-%d %H:%M}')}" if item.due_at else ""
    state, priority = put(word_for("state", item.state), language), put(word_for("priority", item.priority), language)
    who = f", {item.assignee}" if item.assignee else ""
    return (
        f"{item.number} ({state}, {priority}, {item.department}{due}{who})"
        f" {item.created_at.astimezone(zone):%Y-%m-%d} {item.requester}: {item.subject[:100]}"
    )
