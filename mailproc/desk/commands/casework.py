"""What agents do to whole cases: moments, people, merging, splitting, linking, spam, status, escalation. Dry.

`plan` reads the commands and says what is wrong, `run` makes effects of a plan that has no problems.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from mailproc.desk.commands.duedates import find_moment
from mailproc.desk.commands.mailcommands import LOGGING, Command, wrong
from mailproc.desk.draft import Draft, Policy
from mailproc.desk.mails import courtesy, notices
from mailproc.desk.mails.outgoing import workers_of
from mailproc.desk.words.saying import Saying, saying, word_for
from mailproc.errors import UsageError
from mailproc.message.addresses import is_sendable, normalise
from mailproc.message.subjects import comparable
from mailproc.records.asks import StoredMail
from mailproc.records.caseeffects import (
    MergeTickets,
    MoveMessage,
    RemoveParticipant,
    SetMoment,
)
from mailproc.records.effects import (
    AddParticipant,
    LinkTickets,
    OpenTicket,
    RememberContact,
    SetState,
)
from mailproc.records.ticket import Known, State, ThreadMessage, Ticket
from mailproc.rulebook.book import Agent
from mailproc.tickets.casenumber import format_number, parse_number, shuffle_serial
from mailproc.tickets.token import split_reply_address

_MOST_INVITED = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """What the commands come to beyond fields and states."""

    due_at: datetime | None = None
    wait_until: datetime | None = None
    invites: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    into: Ticket | None = None  # merged into
    links: tuple[Ticket, ...] = ()
    split: StoredMail | None = None
    is_spam: bool = False
    sends_status: bool = False
    escalates_to: str = ""


def plan(
    commands: Iterable[Command], ticket: Ticket, agent: Agent, policy: Policy, known: Known, now: datetime
) -> tuple[Plan, tuple[Saying, ...]]:
    """(the plan, what is wrong with it); a case that the agent has no part in is not there for them."""
    found = Plan()
    problems: list[Saying] = []
    for command in commands:
        problem: Saying | None = None
        if command.verb in ("due", "wait"):
            moment, problem = read_moment(command, policy, agent, now)
            found = replace(found, due_at=moment) if command.verb == "due" else replace(found, wait_until=moment)
        elif command.verb == "cc":
            invites, leaves, problem = _read_people(command.argument, ticket, policy)
            found = replace(found, invites=(*found.invites, *invites), leaves=(*found.leaves, *leaves))
        elif command.verb in ("merge", "link"):
            other, problem = find_case(command.argument, agent, policy, known)
            if other is not None and other.serial == ticket.serial:
                problem = saying("this-very-case")
            elif other is not None and command.verb == "merge":
                problem = saying("merges-twice") if found.into is not None else None
                found = replace(found, into=other)
            elif other is not None:
                found = replace(found, links=(*found.links, other))
        elif command.verb == "split":
            found = replace(found, split=known.asked.split)
            problem = _refuse_split(known.asked.split, ticket)
        elif command.verb == "escalate":
            target, problem = find_escalation(policy, ticket)
            found = replace(found, escalates_to=target)
        elif command.verb == "spam":
            found = replace(found, is_spam=True)
            if policy.book.find_agent(ticket.requester.addr) is not None:
                problem = saying("is-agent", address=ticket.requester.addr)
        elif command.verb == "status":
            found = replace(found, sends_status=True)
        elif command.verb in LOGGING or command.verb == "quiet":
            problem = saying("only-when-bringing")
        if problem is not None:
            problems.append(wrong(command, problem))
    if found.into is not None and found.split is not None:
        problems.append(saying("split-and-merge"))
    return found, tuple(problems)


def read_moment(
    command: Command, policy: Policy, agent: Agent, now: datetime
) -> tuple[datetime | None, Saying | None]:
    """The moment of `#due` or `#wait until`, in the site's time zone."""
    here = now.astimezone(ZoneInfo(policy.site.timezone))
    language = agent.language or policy.site.default_language
    return find_moment(command.argument, here, language, at_end=command.verb == "due")


def find_case(number: str, agent: Agent, policy: Policy, known: Known) -> tuple[Ticket | None, Saying | None]:
    """(the case that goes by that number now, None) or (None, why not); others' cases and none sound the same."""
    site = policy.site
    serial = parse_number(number.strip("[] "), (site.prefix, *site.prefix_aliases))
    if serial is None:
        return None, saying("no-number", number=number[:40])
    ticket, seen = known.tickets.get(serial), {serial}
    while ticket is not None and ticket.merged_into is not None and ticket.merged_into not in seen:
        seen.add(ticket.merged_into)
        ticket = known.tickets.get(ticket.merged_into)
    if ticket is None or ticket.department not in agent.departments:
        return None, saying("no-such-case", number=number[:40])
    return ticket, None


def find_escalation(policy: Policy, ticket: Ticket) -> tuple[str, Saying | None]:
    """(the department that takes over, None) or ("", why none does)."""
    department = policy.book.departments.get(ticket.department)
    if department is None or not department.escalate_to:
        return "", saying("no-escalation", department=ticket.department, example=word_for("example", "to"))
    return department.escalate_to, None


def run(draft: Draft, plan: Plan, ticket: Ticket, agent: Agent, actor: str, known: Known) -> None:
    """The effects of a plan without problems, besides those of the state and the department."""
    reason, serial = f"agent {agent.name}", ticket.serial
    if plan.due_at is not None:
        draft.add(SetMoment(serial, "due", plan.due_at, reason, actor))
    if plan.wait_until is not None:
        draft.add(SetMoment(serial, "wait", plan.wait_until, reason, actor))
    for address in plan.invites:
        if address not in ticket.participants:
            draft.add(AddParticipant(serial, address, actor))
    draft.add(*[RemoveParticipant(serial, address, actor) for address in plan.leaves])
    draft.add(*[LinkTickets(serial, other.serial, "agent") for other in plan.links])
    if plan.escalates_to:
        draft.event(serial, "escalated", actor, department=plan.escalates_to)
    if plan.is_spam:
        draft.add(RememberContact(ticket.requester.addr, is_silenced=True))
        draft.event(serial, "spam", actor, sender=ticket.requester.addr)
    if plan.sends_status:
        courtesy.send_status(draft, ticket, is_proven=True)
    if plan.split is not None:
        split(draft, ticket, plan.split, agent.name, actor, known)
    if plan.into is not None:
        merge(draft, ticket, plan.into, actor)


def with_people(ticket: Ticket, plan: Plan, now: datetime) -> Ticket:
    """The ticket with those that a mail adds, who get its words, and without those it removes."""
    new = tuple(address for address in plan.invites if address not in ticket.participants)
    if not new and not plan.leaves:
        return ticket
    people = tuple(address for address in ticket.participants if address not in plan.leaves)
    return replace(ticket, participants=people + new, joined=(*ticket.joined, *((address, now) for address in new)))


def merge(draft: Draft, ticket: Ticket, into: Ticket, actor: str) -> None:
    """The ticket goes on as the other; somebody who asked both is told of the one number that counts."""
    if ticket.state is not State.CLOSED:
        draft.add(SetState(ticket.serial, State.CLOSED, f"merged into {into.number}", actor, draft.now))
    draft.add(MergeTickets(ticket.serial, into.serial, actor))
    courtesy.tell_merged(draft, into, ticket)


def split(draft: Draft, ticket: Ticket, mail: StoredMail, by: str, actor: str, known: Known) -> Ticket:
    """A new case of one of the customer's mails, linked to the one it came on; who works on it gets it."""
    policy = draft.policy
    serial = next_serial(policy, known)
    subject = notices.base_subject(policy, mail.subject)
    number = format_number(serial, policy.site.prefix)
    asked = ThreadMessage("in", "public", "request", mail.author, mail.date, mail.text, mail.message_id)
    made = Ticket(
        serial=serial,
        number=number,
        subject=subject,
        state=State.NEW,
        requester=mail.author,
        department=ticket.department,
        created_at=draft.now,
        updated_at=draft.now,
        priority=ticket.priority,
        language=ticket.language,
        participants=(mail.author.addr,),
        requester_message_id=mail.message_id,
        thread=(replace(asked, is_unverified=mail.is_unverified),),
    )
    department = policy.book.departments.get(ticket.department)
    draft.add(
        OpenTicket(
            serial,
            number,
            subject,
            mail.author,
            ticket.department,
            ticket.priority,
            ticket.language,
            ticket.channel,
            draft.now,
            sla=department.sla if department is not None else "",
            requester_message_id=mail.message_id,
            subject_key=comparable(subject),
        ),
        MoveMessage(ticket.serial, mail.id, serial, actor),
        LinkTickets(serial, ticket.serial, "split"),
    )
    if department is not None:
        notices.hand_over(draft, made, workers_of(policy, made, department), by)
    return made


def act(draft: Draft, verb: str, ticket: Ticket, other: int, known: Known, actor: str) -> None:
    """The same for a request of the command line; raises UsageError in words for who typed it."""
    if verb == "split":
        problem = _refuse_split(known.asked.split, ticket)
        if problem is not None or known.asked.split is None:
            raise UsageError(str(problem))
        split(draft, ticket, known.asked.split, actor, actor, known)
        return
    found, seen = known.tickets.get(other), {other}
    while found is not None and found.merged_into is not None and found.merged_into not in seen:
        seen.add(found.merged_into)
        found = known.tickets.get(found.merged_into)
    if found is None:
        raise UsageError("there is no such ticket to go with it; `mailproc ticket list` shows them all")
    if found.serial == ticket.serial:
        raise UsageError(f"{ticket.number} and {found.number} are one case")
    if ticket.merged_into is not None:
        raise UsageError(f"{ticket.number} is a part of another case by now")
    if verb == "merge":
        merge(draft, ticket, found, actor)
    else:
        draft.add(LinkTickets(ticket.serial, found.serial, "agent"))


def next_serial(policy: Policy, known: Known) -> int:
    """The serial a new ticket takes."""
    if policy.site.numbering == "shuffled":
        return shuffle_serial(known.next_serial, policy.keys.keys[-1].secret)
    return known.next_serial


def _refuse_split(mail: StoredMail | None, ticket: Ticket) -> Saying | None:
    if mail is None:
        return saying("nothing-to-split")
    if mail.is_first:
        return saying("first-mail")
    if not is_sendable(mail.author.addr):
        return saying("nobody-wrote")
    return None


def _is_inside(address: str, policy: Policy) -> bool:
    departments = policy.book.departments.values()
    return policy.book.find_agent(address) is not None or any(address in one.forward_to for one in departments)


def _read_people(
    argument: str, ticket: Ticket, policy: Policy
) -> tuple[tuple[str, ...], tuple[str, ...], Saying | None]:
    invites: list[str] = []
    leaves: list[str] = []
    for piece in argument.replace(",", " ").replace(";", " ").split():
        address = normalise(piece.lstrip("+-").strip("<>").removeprefix("mailto:"))
        if not address or "@" not in address:
            return (), (), saying("no-address", word=piece[:60])
        if piece.startswith("-"):
            if address == ticket.requester.addr:
                return (), (), saying("requester-stays", address=address)
            if address not in ticket.participants:
                return (), (), saying("no-part", address=address)
            leaves.append(address)
        elif not is_sendable(address) or split_reply_address(policy.site, address)[0]:
            return (), (), saying("cannot-be-written", address=address)
        elif _is_inside(address, policy):
            # They would read a mail for customers, and customers what they answer to it (T46)
            return (), (), saying("is-inside", address=address)
        else:
            invites.append(address)
    if len(invites) > _MOST_INVITED:
        return (), (), saying("too-many-addresses", count=len(invites), most=_MOST_INVITED)
    return tuple(dict.fromkeys(invites)), tuple(dict.fromkeys(leaves)), None
