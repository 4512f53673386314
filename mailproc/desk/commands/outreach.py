"""An agent begins a case: the customer gets their words from the support address, and answers come to the case. Dry.

Two ways: mail to the agent's standing address (`#help` tells it), or a mail to the customer with a support address in
Cc. Anybody's mail could look like that, so it needs all that an agent's command needs.
"""

from dataclasses import replace
from datetime import timedelta

from mailproc.desk.commands import casework
from mailproc.desk.commands.mailcommands import read_commands, wrong
from mailproc.desk.commands.transcript import tell
from mailproc.desk.commands.verbs import plan_change, run_commands
from mailproc.desk.draft import Arrival, Draft
from mailproc.desk.filing import as_message, people_of
from mailproc.desk.mails import notices
from mailproc.desk.mails.outgoing import mail_to_customer
from mailproc.desk.mails.ownwords import find_attached_leaks, find_leaks, hide_inner_addresses, unread_lines
from mailproc.desk.mails.relayed import find_private_files, name_images
from mailproc.desk.routing import route_mail
from mailproc.desk.speakers import AGENT_MAIL_LIFE, department_identity, find_agent, is_proven_agent
from mailproc.desk.words.saying import Saying, for_operators, saying, word_for
from mailproc.message.addresses import clean_display_name, is_sendable
from mailproc.message.subjects import comparable
from mailproc.records.decision import Decision, Outcome
from mailproc.records.effects import AddMessage, AddParticipant, IndexIds, OpenTicket, RememberContact, SetState
from mailproc.records.mail import Address, MailClass
from mailproc.records.ticket import State, Ticket
from mailproc.rulebook.book import Agent
from mailproc.tickets.casenumber import format_number
from mailproc.tickets.token import STANDING, is_genuine, split_reply_address

_LARGEST_CLOCK_ERROR = timedelta(days=1)
_MOST_PEOPLE = 20
_MAY_COMMAND = frozenset(
    {"priority", "tag", "field", "due", "wait", "pending", "assign", "take", "to", "cc", "resolve", "close"}
)


def has_standing_token(arrival: Arrival, agent: Agent) -> bool:
    """Whether the mail came to an address for new cases that is the agent's, or their department's."""
    claims = [claim for claim in arrival.keys.tokens if claim.purpose == STANDING]
    keys = arrival.policy.keys
    identities = [*agent.addresses, *(department_identity(key) for key in agent.departments)]
    # Every identity is tried so that the time does not tell which one it was
    return sum(is_genuine(claim, keys, identity) for claim in claims for identity in identities) > 0


def is_stale(arrival: Arrival, agent: Agent) -> str:
    """Why a mail that begins something counts as a copy somebody kept or bent (T16, T19); "" when it does not."""
    inbound, date = arrival.inbound, arrival.inbound.date
    if any(address.addr not in agent.addresses for address in inbound.reply_to):
        return "agent-reply-to"
    if date is None or not -_LARGEST_CLOCK_ERROR < arrival.now - date <= AGENT_MAIL_LIFE:
        return "agent-stale"
    is_copy = any(mark in arrival.known.by_id for mark in (inbound.message_id, *arrival.keys.marks) if mark)
    return "agent-replay" if is_copy else ""


def is_addressed_here(arrival: Arrival) -> bool:
    """Whether the agent's own To or Cc names the desk. A signature covers them; where a mail is sent it does not."""
    visible = (*arrival.inbound.to, *arrival.inbound.cc)
    return any(split_reply_address(arrival.policy.site, address.addr)[0] for address in visible)


def is_for_new_case(arrival: Arrival) -> bool:
    """Whether an agent wrote to an address that begins cases: it says more than a case number in the subject."""
    return any(claim.purpose == STANDING for claim in arrival.keys.tokens) and find_agent(arrival) is not None


def decide_outreach(arrival: Arrival, draft: Draft) -> Decision | None:
    """A mail of an agent that begins a case with somebody outside; None for any other."""
    agent, inbound = find_agent(arrival), arrival.inbound
    by_token = is_for_new_case(arrival)
    if agent is None or arrival.released_as not in ("", "agent"):
        return None
    if arrival.match.reason != "none" and not by_token:
        return None
    if inbound.mail_class is not MailClass.HUMAN or inbound.forwarded is not None:
        return None
    people = _people(arrival)
    if not by_token and (not people or not _is_in_cc(arrival)):
        return None
    refused = _refuse(arrival, agent, by_token)
    if refused and (by_token or refused != "agent-unproven"):
        return draft.hold(refused)
    if refused:
        return None  # nobody proves it: what a customer's mail would be
    return _open(arrival, draft, agent, people)


def _refuse(arrival: Arrival, agent: Agent, by_token: bool) -> str:
    if arrival.released_as == "agent":
        return ""
    if not agent.is_active:
        return "agent-inactive"
    if by_token and not has_standing_token(arrival, agent):
        return "agent-without-token"
    if not is_proven_agent(arrival):
        return "agent-unproven"
    if not by_token and arrival.policy.site.trust.agent_trust == "token":
        return "agent-unproven"  # there the token alone proves an agent
    return is_stale(arrival, agent) if is_addressed_here(arrival) else "agent-redirected"


def _people(arrival: Arrival) -> tuple[Address, ...]:
    """Those in To who are neither ours nor of the inside."""
    policy = arrival.policy
    inner = {address for department in policy.book.departments.values() for address in department.forward_to}
    found = {
        person.addr: person
        for person in arrival.inbound.to
        if is_sendable(person.addr)
        and not split_reply_address(policy.site, person.addr)[0]
        and policy.book.find_agent(person.addr) is None
        and person.addr not in inner
    }
    return tuple(found.values())[:_MOST_PEOPLE]


def _is_in_cc(arrival: Arrival) -> bool:
    site = arrival.policy.site
    in_to = any(split_reply_address(site, person.addr)[0] for person in arrival.inbound.to)
    return not in_to and any(split_reply_address(site, person.addr)[0] for person in arrival.inbound.cc)


def _open(arrival: Arrival, draft: Draft, agent: Agent, people: tuple[Address, ...]) -> Decision:
    policy, inbound, now = arrival.policy, arrival.inbound, arrival.now
    routing, _ = route_mail(arrival, draft)
    department = routing.department if routing.department in agent.departments else agent.departments[0]
    serial = casework.next_serial(policy, arrival.known)
    number = format_number(serial, policy.site.prefix)
    subject = hide_inner_addresses(notices.base_subject(policy, inbound.subject), policy)
    foreign = unread_lines(inbound, inbound.new_text)
    mail = read_commands(inbound.new_text, foreign, (agent.name, *agent.name.split()[:1]))
    blank = Ticket(serial, number, subject, State.NEW, Address(""), department, now, now)
    change = plan_change(mail.commands, blank, agent, policy, arrival.known, now)
    requester = people[0] if people else Address(next(iter(change.more.invites), ""))
    problems: list[Saying | str] = [*mail.problems, *change.problems, *find_attached_leaks(inbound.attachments, policy)]
    problems += find_private_files(inbound.attachments, policy)
    problems += [wrong(c, saying("not-when-beginning")) for c in mail.commands if c.verb not in _MAY_COMMAND]
    problems += find_leaks(arrival, blank, mail.text)
    if not requester.addr:
        problems.append(saying("for-whom", verb=word_for("verb", "cc")))
    if not mail.text.strip() and not inbound.attachments:
        problems.append(saying("no-text"))
    size, limit = sum(item.size for item in inbound.attachments), policy.site.max_attachments_size
    if size > limit:
        problems.append(saying("files-too-large", size=f"{size / 1e6:.1f}", limit=f"{limit / 1e6:.0f}"))
    if problems:
        draft.step("commands", for_operators(problems), False)
        tell(draft, agent, None, failed=problems, in_reply_to=inbound.message_id)
        return draft.hold("unknown-command", f"{for_operators(problems)}. Nothing was sent.")
    department = change.department or department
    others = tuple(person.addr for person in people[1:])
    text = name_images(hide_inner_addresses(mail.text, policy), inbound.attachments)
    ticket = replace(
        blank,
        requester=requester,
        department=department,
        priority=change.priority or routing.priority,
        language=_language(arrival),
        assignee=change.assignee or agent.addresses[0],
        participants=(requester.addr, *others, *change.more.invites),
    )
    draft.step("commands", f"agent {agent.name} begins {number} with {requester.addr}", True)
    draft.add(
        OpenTicket(
            serial, number, subject, requester, department, ticket.priority, ticket.language, "mail", now,
            sla=policy.book.departments[department].sla, assignee=ticket.assignee, tags=routing.tags,
            fields=routing.fields, subject_key=comparable(subject),
        ),
        _message(arrival, serial, agent, text),
        IndexIds(serial, tuple(one for one in (inbound.message_id, *arrival.keys.marks) if one)),
        RememberContact(requester.addr, requester.name),
    )  # fmt: skip
    draft.add(*[AddParticipant(serial, address, arrival.sender) for address in others])
    run_commands(draft, replace(change, assignee="", department="", priority=""), ticket, agent, arrival.sender)
    casework.run(draft, change.more, ticket, agent, arrival.sender, arrival.known)
    draft.add(SetState(serial, change.state or State.OPEN, f"agent {agent.name}", arrival.sender, now))
    author = Address(arrival.sender, agent.name)
    name = clean_display_name(agent.name)
    for recipient in dict.fromkeys((requester.addr, *others, *change.more.invites)):
        draft.send(
            mail_to_customer(
                draft,
                ticket,
                requester if recipient == requester.addr else Address(recipient),
                purpose="answer",
                template="answer",
                subject=subject,
                in_reply_to="",
                is_automatic=False,
                author=author.addr,
                text=text,
                attaches=bool(inbound.attachments),
                from_name=f"{name} ({policy.site.name})" if name else "",
            )
        )
    notices.copy_answer(draft, ticket, author, agent.addresses, text, is_resolving=False)
    return draft.finish(Outcome.OPENED, "new-by-agent-to", serial)


def _language(arrival: Arrival) -> str:
    site, inbound = arrival.policy.site, arrival.inbound
    return inbound.language if inbound.language in site.languages else site.default_language


def _message(arrival: Arrival, serial: int, agent: Agent, text: str) -> AddMessage:
    author = Address(arrival.sender, agent.name)
    return as_message(arrival, serial, "internal", "answer", text, author=author, to=people_of(arrival))
