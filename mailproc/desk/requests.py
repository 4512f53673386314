"""The decision about one request of an operator or agent at the command line. Dry."""

from dataclasses import dataclass, replace
from datetime import datetime

from mailproc.desk import collisions
from mailproc.desk.clock.promises import keep_promises, see_due
from mailproc.desk.commands import casework
from mailproc.desk.commands.verbs import find_assignee, find_department, may_keep
from mailproc.desk.contacts.logged import Contact, open_contact
from mailproc.desk.draft import Draft, Policy
from mailproc.desk.mails import courtesy, notices
from mailproc.desk.mails.ownwords import find_typed_leaks
from mailproc.desk.words.saying import for_operators
from mailproc.errors import UsageError
from mailproc.records.asks import Asks
from mailproc.records.decision import Decision, Outcome
from mailproc.records.effects import AddMessage, SetAttribute, SetState
from mailproc.records.mail import Address
from mailproc.records.revocations import RevokeTokens
from mailproc.records.ticket import Known, State, Ticket
from mailproc.tickets.lifecycle import may_change


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked for: `verb` is close, resolve, reopen, note, reply, assign, move, remind, merge, split or
    link."""

    verb: str
    serial: int
    actor: str  # who asked, as the history shows it
    text: str = ""  # of a note or reply
    argument: str = ""  # an agent, a department
    resolves: bool = False  # a reply that finishes the case
    other: int = 0  # the serial of the case to merge into or to link
    is_sure: bool = False  # a reply goes although it repeats words of an internal note
    contact: Contact | None = None  # of open: somebody who called or came by

    @property
    def serials(self) -> tuple[int, ...]:
        """The cases it is about."""
        named = (self.serial, self.other) if self.other else (self.serial,)
        return named if self.serial else ()

    @property
    def asks(self) -> Asks | None:
        """What it wants to know besides."""
        return Asks(splits=True, on=self.serial) if self.verb == "split" else None


    @property
    def behalf(self) -> tuple[str, str] | None:
        """(address, comparable subject) of the person whose words it brings."""
        return self.contact.behalf if self.contact is not None else None


_TARGETS = {"close": State.CLOSED, "resolve": State.RESOLVED, "reopen": State.OPEN}


def decide_request(request: Request, known: Known, policy: Policy, now: datetime) -> Decision:
    """What a request changes.

    Raises UsageError, in words for the person who typed it, when it names nothing or may not be done.
    """
    return keep_promises(_decide(request, known, policy, now), known, policy, now)


def _decide(request: Request, known: Known, policy: Policy, now: datetime) -> Decision:
    if request.verb == "open" and request.contact is not None:
        return open_contact(request.contact, request.actor, known, Draft(policy, now))
    ticket = known.tickets.get(request.serial)
    if ticket is None:
        raise UsageError("there is no such ticket; `mailproc ticket list` shows them all")
    draft = Draft(policy, now)
    if request.verb in _TARGETS:
        return _change_state(request, ticket, draft)
    if request.verb == "note":
        draft.add(_message(request, ticket, "note", "internal", now))
    elif request.verb == "reply":
        return _reply(request, ticket, known, draft)
    elif request.verb == "revoke-tokens":
        if ticket.mails_out <= ticket.token_epoch:
            return draft.finish(Outcome.NOTHING, "nothing-to-do", ticket.serial)
        draft.add(RevokeTokens(ticket.serial, ticket.mails_out, request.actor))
    elif request.verb == "assign":
        address, problem = find_assignee(policy, request.argument, ticket.department)
        if problem is not None:
            raise UsageError(str(problem))
        draft.add(SetAttribute(ticket.serial, "assignee", address, "command line", request.actor))
        notices.hand_over(draft, see_due(draft, known, ticket), (address,), request.actor)
        collisions.tell_former(draft, ticket, address, request.actor)
    elif request.verb == "move":
        department, problem = find_department(policy, request.argument)
        if problem is not None:
            raise UsageError(str(problem))
        if department == ticket.department:
            return draft.finish(Outcome.NOTHING, "nothing-to-do", ticket.serial)
        draft.add(SetAttribute(ticket.serial, "department", department, "command line", request.actor))
        if ticket.assignee and not may_keep(policy, ticket.assignee, department):
            draft.add(SetAttribute(ticket.serial, "assignee", "", "command line", request.actor))
        moved = see_due(draft, known, replace(ticket, department=department))
        notices.hand_over(draft, moved, policy.book.departments[department].forward_to, request.actor)
        courtesy.tell_changes(draft, ticket, moved)
    elif request.verb == "remind":
        if ticket.state in courtesy.FINISHED:
            raise UsageError(f"{ticket.number} is {ticket.state}: nothing is awaited from anybody")
        courtesy.remind_requester(draft, ticket)
    elif request.verb in ("merge", "split", "link"):
        casework.act(draft, request.verb, ticket, request.other, known, request.actor)
    else:
        raise UsageError(f"unknown request {request.verb!r}")
    return draft.finish(Outcome.CHANGED, "requested", ticket.serial)


def _change_state(request: Request, ticket: Ticket, draft: Draft) -> Decision:
    wanted = _TARGETS[request.verb]
    if ticket.state is wanted or (wanted is State.OPEN and ticket.state not in (State.RESOLVED, State.CLOSED)):
        return draft.finish(Outcome.NOTHING, "nothing-to-do", ticket.serial)
    if not may_change(ticket.state, wanted, "agent"):
        raise UsageError(f"{ticket.number} is {ticket.state} and cannot become {wanted}")
    draft.add(SetState(ticket.serial, wanted, "command line", request.actor, draft.now))
    if request.text:
        draft.add(_message(request, ticket, "note", "internal", draft.now))
    if wanted is State.RESOLVED:
        notices.resolved(draft, ticket)
    courtesy.tell_changes(draft, ticket, replace(ticket, state=wanted))
    return draft.finish(Outcome.CHANGED, "requested", ticket.serial)


def _reply(request: Request, ticket: Ticket, known: Known, draft: Draft) -> Decision:
    if not request.text.strip():
        raise UsageError("the reply has no text; give it with --text or on standard input")
    author = draft.policy.book.find_agent(request.actor)
    if author is None and "@" in request.actor:
        raise UsageError(f"{request.actor} is no agent's address in the rules")
    who = Address(author.addresses[0], author.name) if author else Address(request.actor)
    leaks = find_typed_leaks(request.text, ticket, known, draft.policy, may_repeat_notes=request.is_sure)
    if leaks:
        hint = "; --anyway sends it all the same" if leaks[0].key == "leak-note" else ""
        raise UsageError(f"not sent: {for_operators(leaks)}{hint}")
    if not notices.answer(draft, ticket, who, request.text, is_resolving=request.resolves):
        raise UsageError(f"{ticket.number} has no requester who can be written to")
    own = author.addresses if author else ()
    notices.copy_answer(draft, ticket, who, own, request.text, is_resolving=request.resolves)
    after = State.RESOLVED if request.resolves else State.OPEN if ticket.state is State.NEW else ticket.state
    if after is not ticket.state:
        if not may_change(ticket.state, after, "agent"):
            raise UsageError(f"{ticket.number} is {ticket.state} and cannot become {after}; reopen it first")
        draft.add(SetState(ticket.serial, after, "command line", request.actor, draft.now))
    return draft.finish(Outcome.CHANGED, "requested", ticket.serial)


def _message(request: Request, ticket: Ticket, purpose: str, visibility: str, now: datetime) -> AddMessage:
    author = Address(request.actor if "@" in request.actor else "", request.actor)
    return AddMessage(ticket.serial, "in", visibility, purpose, author, (), ticket.subject, now, request.text)
