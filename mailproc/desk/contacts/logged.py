"""A request that somebody types at the command line for a person who called, came by or wrote a letter. Dry."""

from dataclasses import dataclass, replace

from mailproc.desk.commands.verbs import Change, find_assignee, find_department
from mailproc.desk.contacts.brought import LOGGED, Brought, read_channel, read_person
from mailproc.desk.customermail import open_ticket
from mailproc.desk.draft import Arrival, Draft
from mailproc.desk.mails import courtesy
from mailproc.errors import UsageError
from mailproc.message.language import detect
from mailproc.message.subjects import comparable
from mailproc.records.decision import Decision
from mailproc.records.effects import OpenTicket
from mailproc.records.mail import Address, Envelope, Inbound, Level, Trust
from mailproc.records.ticket import PRIORITIES, Known, State, Ticket
from mailproc.tickets.followup import Match, find_keys

_LONGEST_SUBJECT = 200


@dataclass(frozen=True, slots=True)
class Contact:
    """What is typed about one contact; everything is checked when it is decided."""

    person: str  # Jane Doe <jane@x.example>, or a name
    channel: str
    subject: str
    text: str
    department: str = ""
    priority: str = ""
    assignee: str = ""
    tells: bool = False  # the person gets a mail with the case number

    @property
    def behalf(self) -> tuple[str, str] | None:
        """Whom the store is asked about."""
        person = read_person(self.person)
        return (person.addr, comparable(self.subject)) if person is not None and person.addr else None


def open_contact(contact: Contact, actor: str, known: Known, draft: Draft) -> Decision:
    """A new case of the person's; raises UsageError in words for who typed it."""
    policy, now = draft.policy, draft.now
    person = _check(contact)
    change = _plan(contact, draft)
    author = policy.book.find_agent(actor)
    if author is None and "@" in actor:
        raise UsageError(f"{actor} is no agent's address in the rules")
    language, confidence = detect(contact.text, policy.site.languages)
    to = policy.site.addresses[0]
    subject = " ".join(contact.subject.split())[:_LONGEST_SUBJECT]
    inbound = Inbound(
        len(contact.text), "", person, True, "", to=(Address(to),), subject=subject, date=now, text=contact.text,
        new_text=contact.text, language=language, language_confidence=confidence,
    )  # fmt: skip
    envelope = Envelope("terminal", now, None, (to,))
    brought = Brought(
        LOGGED, actor, author.name if author is not None else actor, "", read_channel(contact.channel), "logged", change
    )
    trust = Trust(Level.A1, evidence=("taken down at the command line",))
    known = replace(known, requester=known.author)
    keys = find_keys(inbound, envelope, policy.site, policy.keys)
    arrival = Arrival(inbound, envelope, trust, keys, Match(None, "none"), known, policy, now, brought=brought)
    decision = open_ticket(arrival, draft, "new-logged")
    made = next((effect for effect in draft.effects if isinstance(effect, OpenTicket)), None)
    if made is None:
        return decision
    draft.event(made.serial, LOGGED, actor, by=brought.by_name, channel=brought.channel)
    if contact.tells:
        ticket = Ticket(
            made.serial, made.number, made.subject, State.NEW, person, made.department, now, now,
            language=made.language, participants=(person.addr,),
        )  # fmt: skip
        courtesy.send_status(draft, ticket, is_proven=True)
    return draft.finish(decision.outcome, decision.reason, decision.serial)


def _check(contact: Contact) -> Address:
    person = read_person(contact.person)
    if person is None:
        raise UsageError(f"{contact.person!r} is nobody who can be written to; like  Jane Doe <jane@x.example>")
    if not read_channel(contact.channel):
        raise UsageError(f"{contact.channel!r} is no channel we know")
    if not contact.subject.strip():
        raise UsageError("the subject is empty")
    if not contact.text.strip():
        raise UsageError("there is no text; give it with --text or on standard input")
    if contact.tells and not person.addr:
        raise UsageError(f"{person.name} has no address a mail could go to")
    return person


def _plan(contact: Contact, draft: Draft) -> Change:
    department, assignee = "", ""
    if contact.department:
        department, problem = find_department(draft.policy, contact.department)
        if problem is not None:
            raise UsageError(str(problem))
    if contact.priority and contact.priority not in PRIORITIES:
        raise UsageError(f"the priority is one of {', '.join(PRIORITIES)}")
    if contact.assignee:
        agent = draft.policy.book.find_agent(contact.assignee)
        home = department or (agent.departments[0] if agent is not None and agent.departments else "")
        assignee, problem = find_assignee(draft.policy, contact.assignee, home)
        if problem is not None:
            raise UsageError(str(problem))
        department = department or home
    return Change(assignee=assignee, department=department, priority=contact.priority)
