"""An agent brings in a new request of somebody else: a mail they forward, or a call they write down. Dry.

The case belongs to whoever asked, so it needs all that an agent's command needs: nobody else may have us write to a
third person (T36). What goes to that person carries nothing that was written in the mail.
"""

from collections.abc import Iterable
from dataclasses import replace

from mailproc.desk.commands import casework
from mailproc.desk.commands.mailcommands import is_overview, wrong
from mailproc.desk.commands.outreach import has_standing_token, is_for_new_case, is_stale
from mailproc.desk.commands.transcript import tell
from mailproc.desk.commands.verbs import Change, may_keep, plan_change, run_commands
from mailproc.desk.contacts.brought import (
    FORWARDED,
    INSIDE,
    LOGGED,
    NOBODY,
    OTHER,
    OURS,
    Brought,
    Reading,
    bare_subject,
    files_of,
    is_same_text,
    join_notes,
    read_brought,
)
from mailproc.desk.customermail import open_ticket
from mailproc.desk.draft import Arrival, Draft
from mailproc.desk.mails.notices import base_subject
from mailproc.desk.mails.ownwords import hide_inner_addresses
from mailproc.desk.routing import route_mail
from mailproc.desk.speakers import AGENT_MAIL_LIFE, BY_AGENT, find_agent, is_proven_agent
from mailproc.desk.words.saying import Saying, for_operators, saying, word_for
from mailproc.message.addresses import domain_of
from mailproc.message.dates import parse_date
from mailproc.message.language import detect
from mailproc.message.subjects import comparable
from mailproc.records.decision import Decision, Outcome
from mailproc.records.effects import AddMessage, OpenTicket, SetState
from mailproc.records.mail import Address, Forwarded, Intent, Level, MailClass, Trust
from mailproc.records.ticket import SendCounts, State, Ticket
from mailproc.rulebook.book import Agent
from mailproc.tickets.token import read_message_id, split_reply_address

SPOKEN = (MailClass.HUMAN, MailClass.ROLE, MailClass.LIST)
_LONGEST_READ = 300_000
_FINISHED = (State.RESOLVED, State.CLOSED)
_MAY_COMMAND = frozenset(
    {"priority", "tag", "field", "due", "wait", "pending", "assign", "take", "to", "cc", "resolve", "close", "note",
     "status", "link"}
)  # fmt: skip


def find_home(arrival: Arrival) -> Ticket | None:
    """The case that a forwarded mail is on already, or that it answers; None for all other mail."""
    inbound = arrival.inbound
    if inbound.forwarded is None:
        return None
    agent = find_agent(arrival)
    reading = read_brought(inbound, agent, arrival.policy) if agent is not None and agent.is_active else None
    origin = reading.origin if reading is not None else None
    if origin is None:
        return None
    known = arrival.known
    for name in (origin.message_id, *origin.references):
        our_id = read_message_id(name, arrival.policy.keys) if name.startswith("<t.") else None
        serial = our_id.serial if our_id is not None else known.by_id.get(name)
        if (ticket := _survivor(arrival, serial)) is not None:
            return ticket
    # Without an id the very words tell: a subject alone would be a guess
    alike = _survivor(arrival, known.resembled.serial if known.resembled is not None else None)
    if alike is not None and any(is_same_text(message.text, origin.text) for message in alike.thread):
        return alike
    return None


def decide_on_behalf(arrival: Arrival, draft: Draft) -> Decision | None:
    """A mail of an agent without a case that brings in somebody else's request; None for any other."""
    agent, inbound = find_agent(arrival), arrival.inbound
    if agent is None or not agent.is_active or inbound.mail_class not in SPOKEN:
        return None
    if arrival.released_as not in ("", "agent", *BY_AGENT):
        return None
    reading = read_brought(inbound, agent, arrival.policy)
    if reading is None or (reading.person is None and reading.kind in (INSIDE, OURS)):
        return None  # a colleague's words, or ours: an agent's own request like any other
    refused = refuse(arrival, agent)
    if refused:
        draft.step("trust", f"agent {agent.name} brings in somebody else's request: {refused}", False)
        return draft.hold(refused)
    if reading.is_own:
        draft.step("commands", f"agent {agent.name} says that it is a request of their own")
        own = replace(inbound, new_text=join_notes((reading.mail.text, reading.text if reading.origin else "")))
        return open_ticket(replace(arrival, inbound=own), draft, "new-by-agent")
    return _open(arrival, draft, agent, reading)


def refuse(arrival: Arrival, agent: Agent) -> str:
    """Why the agent may bring nothing in, "" when they may: as for a command, but there is no case with a token yet."""
    if arrival.released_as in ("agent", *BY_AGENT):
        return ""
    by_token = is_for_new_case(arrival)
    if by_token and not has_standing_token(arrival, agent):
        return "agent-without-token"
    if not is_proven_agent(arrival):
        return "agent-unproven"
    if not by_token and arrival.policy.site.trust.agent_trust == "token":
        return "agent-without-token"  # there the token alone proves an agent
    site, visible = arrival.policy.site, (*arrival.inbound.to, *arrival.inbound.cc)
    if not any(split_reply_address(site, address.addr)[0] for address in visible):
        return "agent-redirected"  # a signature covers To and Cc; where a mail is sent it does not
    stale = is_stale(arrival, agent)
    is_copy = any(mark in arrival.known.by_id for mark in arrival.keys.marks)
    return stale or ("agent-replay" if is_copy else "")


def as_author(arrival: Arrival, reading: Reading, author: Address) -> Arrival:
    """The arrival as if the person's own mail had come, proven by nothing."""
    inbound, origin = arrival.inbound, reading.origin
    language, confidence = detect(reading.text[:_LONGEST_READ], arrival.policy.site.languages)
    subject = origin.subject if origin is not None else ""
    subject = subject or hide_inner_addresses(bare_subject(inbound.subject), arrival.policy)
    others = arrival.keys.other_ids
    own_id = _adopted_id(arrival, origin, author) if origin is not None else ""
    sent_at = parse_date(origin.date) if origin is not None and origin.is_attached else None
    ids = (inbound.message_id, *others, *(origin.references if origin is not None else ()), *arrival.keys.marks)
    seen = replace(
        inbound,
        from_=author,
        reply_to=(),
        subject=subject,
        message_id=own_id,
        in_reply_to=(),
        references=(),
        date=sent_at or inbound.date,
        text=reading.text,
        new_text=reading.text,
        cut_text="",
        language=language,
        language_confidence=confidence,
        attachments=files_of(inbound),
        mail_class=MailClass.HUMAN,
        intent=Intent.NONE,
        forwarded=None,
    )
    keys = replace(
        arrival.keys,
        sender=author.addr,
        other_ids=tuple(dict.fromkeys(one for one in ids if one and one != own_id and not one.startswith("<t."))),
        subject_key=comparable(subject),
        doubtful=(),
    )
    known = replace(arrival.known, requester=arrival.known.author, counts=SendCounts(), alike=())
    trust = Trust(Level.A1, evidence=("an agent brought it in; nothing proves who wrote it",))
    return replace(arrival, inbound=seen, keys=keys, known=known, trust=trust, judgement=None)


def _adopted_id(arrival: Arrival, origin: Forwarded, author: Address) -> str:
    """The Message-ID of the forwarded mail, which our mail to its author names; never one of a colleague's (T47).

    A forward names the mail it forwards: where a colleague forwarded it first, that is the colleague's.
    """
    if origin.is_attached:
        found = origin.message_id
    else:
        found = next(iter(arrival.keys.other_ids), "") if origin is arrival.inbound.forwarded else ""
    host = found.rstrip(">").rpartition("@")[2].lower()
    book, site = arrival.policy.book, arrival.policy.site
    inner = {site.domain, *(domain_of(address) for agent in book.agents for address in agent.addresses)}
    inner -= {domain_of(author.addr), ""}
    return "" if any(host == domain or host.endswith(f".{domain}") for domain in inner) else found


def _open(arrival: Arrival, draft: Draft, agent: Agent, reading: Reading) -> Decision:
    author = reading.author or Address("")
    seen = as_author(arrival, reading, author)
    routing, _ = route_mail(seen, Draft(arrival.policy, arrival.now))  # what the commands are checked against
    blank = Ticket(
        0, "", base_subject(arrival.policy, seen.inbound.subject), State.NEW, author, routing.department, arrival.now,
        arrival.now, language=routing.language, participants=(author.addr,),
    )  # fmt: skip
    change = plan_change(reading.mail.commands, blank, agent, arrival.policy, arrival.known, arrival.now)
    problems = find_problems(reading, change)
    department = change.department or routing.department
    if change.assignee in agent.addresses and not may_keep(arrival.policy, change.assignee, department):
        problems.append(saying("not-your-department", department=department))
    if problems:
        draft.step("commands", for_operators(problems), False)
        tell(draft, agent, None, failed=problems, in_reply_to=arrival.inbound.message_id)
        return draft.hold("unknown-command", f"{for_operators(problems)}. Nothing was done.")
    brought = Brought(
        LOGGED if reading.is_logged else FORWARDED,
        arrival.sender,
        agent.name,
        cover_of(reading, change),
        reading.channel or (OTHER if reading.is_logged else "mail"),
        _why_quiet(arrival, reading, change),
        change,
    )
    draft.step("commands", f"agent {agent.name} brings in a request of {author.addr or author.name}", True)
    draft.sender = author.addr  # mail about it may go to the agent who brought it
    reason = "new-logged" if reading.is_logged else "new-on-behalf"
    decision = open_ticket(replace(seen, brought=brought), draft, reason)
    if decision.outcome is not Outcome.OPENED or decision.serial is None:
        return decision
    serial = decision.serial
    made = next(effect for effect in draft.effects if isinstance(effect, OpenTicket))
    ticket = replace(blank, serial=serial, number=made.number, subject=made.subject, department=made.department,
                     assignee=made.assignee, language=made.language)  # fmt: skip
    _add_further(arrival, draft, serial, reading, author)
    add_cover(arrival, draft, serial, agent, brought.cover)
    data = {"by": agent.name, "channel": brought.channel, "files": str(len(seen.inbound.attachments) or "")}
    draft.event(serial, brought.way, arrival.sender, **data)
    done = replace(change, assignee="", department="", priority="", add_tags=(), remove_tags=(), fields=())
    run_commands(draft, done, ticket, agent, arrival.sender)
    casework.run(draft, change.more, ticket, agent, arrival.sender, arrival.known)
    if change.state is not None and change.state is not State.NEW:
        draft.add(SetState(serial, change.state, f"agent {agent.name}", arrival.sender, arrival.now))
    return draft.finish(Outcome.OPENED, reason, serial)


def find_problems(reading: Reading, change: Change) -> list[Saying]:
    """Why nothing of the mail is done."""
    problems = [*reading.problems, *change.problems]
    problems += [
        wrong(command, saying("not-when-bringing"))
        for command in reading.mail.commands
        if command.verb not in _MAY_COMMAND or is_overview(command)
    ]
    if reading.author is None and not reading.problems and not reading.is_own:
        example = word_for("example", "from")
        problems.append(saying("no-author" if reading.kind == NOBODY else "who-was-it", example=example))
    # `#from` names one author; it does not make one of several
    if reading.origin is not None and (count := len(_authors(reading.origin))) > 1:
        problems.append(saying("several-authors", count=count))
    if reading.is_logged and not reading.mail.text.strip() and not change.note.strip():
        problems.append(saying("nothing-said"))
    return problems


def cover_of(reading: Reading, change: Change) -> str:
    """The agent's note: what they wrote above a forwarded mail; of a call, what `#note` says."""
    if reading.is_logged:
        return change.note
    return join_notes((change.note, reading.mail.text))


def add_cover(arrival: Arrival, draft: Draft, serial: int, agent: Agent, text: str) -> None:
    """The agent's own words, as a note beside the message that their mail became."""
    if not text.strip():
        return
    inbound = arrival.inbound
    draft.add(
        AddMessage(
            serial,
            "in",
            "internal",
            "note",
            Address(arrival.sender, agent.name),
            arrival.keys.recipients,
            inbound.subject,
            arrival.written_at,
            text,
            message_id=inbound.message_id,
            mail_class=inbound.mail_class,
            level=arrival.trust.level.name,
            language=inbound.language,
            is_second=True,
        )
    )


def further_mails(reading: Reading, known_texts: Iterable[str] = ()) -> tuple[Forwarded, ...]:
    """The mails that were attached beside the first one, less those that are known."""
    texts = list(known_texts)
    others = reading.origin.others if reading.origin is not None else ()
    return tuple(mail for mail in others if not any(is_same_text(mail.text, text) for text in texts))


def add_mail(arrival: Arrival, draft: Draft, serial: int, mail: Forwarded, author: Address) -> None:
    """A further forwarded mail of the same person's; nothing proves it, so it goes to nobody outside."""
    draft.add(
        AddMessage(
            serial,
            "in",
            "public",
            "followup",
            author,
            tuple(person.addr for person in (*mail.to, *mail.cc)),
            mail.subject,
            parse_date(mail.date) or arrival.written_at,
            mail.text,
            message_id=mail.message_id,
            level=Level.A1.name,
            is_unverified=True,
            attachments=tuple((item.filename, item.content_type, item.size) for item in mail.attachments),
            is_second=True,
        )
    )


def _add_further(arrival: Arrival, draft: Draft, serial: int, reading: Reading, author: Address) -> None:
    for mail in further_mails(reading):
        add_mail(arrival, draft, serial, mail, author)


def _authors(origin: Forwarded) -> set[str]:
    return {mail.from_.addr for mail in (origin, *origin.others) if mail.from_ is not None}


def _why_quiet(arrival: Arrival, reading: Reading, change: Change) -> str:
    if reading.is_logged:
        return "logged"
    if reading.is_quiet:
        return "quiet"
    if change.state in _FINISHED:
        return "settled"
    sent_at = parse_date(reading.origin.date) if reading.origin is not None and reading.origin.is_attached else None
    return "old" if sent_at is not None and arrival.now - sent_at > AGENT_MAIL_LIFE else ""


def _survivor(arrival: Arrival, serial: int | None) -> Ticket | None:
    """The ticket, or the one that it was merged into."""
    tickets, seen = arrival.known.tickets, set[int]()
    ticket = tickets.get(serial) if serial is not None else None
    while ticket is not None and ticket.merged_into in tickets and ticket.serial not in seen:
        seen.add(ticket.serial)
        ticket = tickets[ticket.merged_into]
    return ticket

