"""A customer's mail: a new request, or a further mail on a ticket of theirs. Dry."""

from mailproc.desk import ruleactions
from mailproc.desk.clock.promises import see_due
from mailproc.desk.contacts.brought import REDIRECTED
from mailproc.desk.contacts.redirected import is_on
from mailproc.desk.contacts.steering import steer
from mailproc.desk.draft import Arrival, Draft, join_words
from mailproc.desk.filing import as_message, people_of
from mailproc.desk.held import holds
from mailproc.desk.mails import blocked, courtesy, notices
from mailproc.desk.mails.outgoing import words_of
from mailproc.desk.mails.threads import thread_index_of
from mailproc.desk.routing import route_mail
from mailproc.desk.similar import link_resembled
from mailproc.desk.speakers import is_participant, is_verified_customer, mail_class
from mailproc.records.decision import Decision, Outcome
from mailproc.records.effects import (
    AddMessage,
    IndexIds,
    LinkTickets,
    OpenTicket,
    RememberContact,
    SetState,
)
from mailproc.records.mail import Address, Intent, Level, MailClass
from mailproc.records.ticket import State, ThreadMessage, Ticket
from mailproc.rulebook.evaluate import Routing
from mailproc.tickets.casenumber import format_number, shuffle_serial
from mailproc.tickets.lifecycle import is_past_reopening, is_reopening, may_change

_TOLD = {"thanks": "follow-up-thanks", "solved": "follow-up-solved", "status": "follow-up-status"}
MOST_REOPENS_PER_HOUR = 5
_SILENT_CLASSES = (MailClass.REPORT, MailClass.REACTION)
_SURE_ENOUGH = 0.5
# What asks for nothing more: "thanks", "it works now"
_THANKS = (Intent.THANKS, Intent.WORKS)


def decide_on_ticket(arrival: Arrival, draft: Draft, ticket: Ticket) -> Decision:
    """A mail that leads to a ticket and is no agent's work on it."""
    match = arrival.match
    if arrival.trust.level is Level.A0 and not arrival.released_as:
        return draft.hold("sender-contradicted", serial=ticket.serial)
    released = arrival.released_as == "customer"
    if not is_participant(arrival, ticket) and not released:
        draft.step("trust", f"{arrival.sender or 'the sender'} has no part in {ticket.number}", False)
        return open_ticket(arrival, draft, "new-stranger", linked=(ticket.serial,), cited=ticket)
    if is_past_reopening(ticket.state, ticket.closed_at, arrival.now, arrival.policy.site.reopen_within):
        draft.step("follow-up", f"{ticket.number} was closed on {ticket.closed_at:%Y-%m-%d}", False)
        return open_ticket(arrival, draft, "new-after-close", linked=(ticket.serial,), link_kind="follows")
    if is_on(arrival, ticket):
        draft.step("follow-up", f"the redirected mail is on {ticket.number} already", True)
        draft.event(ticket.serial, "redirected-again", arrival.sender, by=arrival.brought.by if arrival.brought else "")
        return draft.finish(Outcome.DUPLICATE, "duplicate", ticket.serial)
    is_verified = is_verified_customer(arrival, ticket)
    standing = "is a participant" if is_verified else "is a participant's address, but nothing proves the sender"
    draft.step("trust", f"{arrival.sender or 'released by an operator'} {standing}", is_verified)
    kind = mail_class(arrival)
    is_automatic = kind is not MailClass.HUMAN
    routing = None if is_automatic else ruleactions.route_reply(arrival, draft, ticket)
    if routing is not None and not arrival.released_as:
        if routing.hold and not holds.is_spared(arrival, routing):
            return ruleactions.hold(draft, routing, ticket.serial)
        if not routing.makes_ticket:
            draft.event(ticket.serial, "kept-off", arrival.sender, rule=routing.cause_of("ticket"))
            return draft.finish(Outcome.RECORDED, "no-ticket", ticket.serial)
    draft.add(_message(arrival, ticket.serial, "auto" if is_automatic else "followup", is_unverified=not is_verified))
    draft.add(IndexIds(ticket.serial, _ids(arrival)))
    blocked.record(arrival, draft, ticket.serial)
    if match.merged_from is not None:
        draft.event(ticket.serial, "merged-number-used", number=str(match.merged_from))
    if arrival.inbound.is_away:
        until = arrival.inbound.away_until
        draft.event(ticket.serial, "away", arrival.sender, until=until.isoformat() if until else "")
    if is_automatic:
        # mail-policy section 4: kept, never reopens; an absence note or a thumb needs nobody's attention
        if kind not in _SILENT_CLASSES and not (kind is MailClass.AUTO and arrival.inbound.auto_kind == "reply"):
            notices.follow_up(draft, arrival, ticket, is_unverified=not is_verified, is_reopened=False)
        return draft.finish(Outcome.APPENDED, "automatic-on-ticket", ticket.serial)
    if is_verified and arrival.sender:
        draft.add(RememberContact(arrival.sender, is_dead=False))  # who writes can be written to
    is_thanks = ticket.state in (State.RESOLVED, State.CLOSED) and courtesy.only_says(arrival, *_THANKS)
    if is_thanks:
        # Nobody has to do anything; the thanks go to those who earned them
        draft.step("verbs", f"nothing but {arrival.inbound.intent}: stays {ticket.state}", False)
        draft.event(ticket.serial, "not-reopened", actor=arrival.sender, intent=str(arrival.inbound.intent))
    is_solved = courtesy.is_settled_by(arrival, ticket, is_verified=is_verified)
    is_alone = routing is None and courtesy.is_answered_alone(arrival, draft, ticket, is_verified=is_verified)
    before = ticket
    if is_solved:
        ticket = courtesy.settle(arrival, draft, ticket)
    is_reopened = not (is_thanks or is_solved or is_alone) and _wake(arrival, draft, ticket)
    if routing is not None:
        ticket = ruleactions.apply_to_reply(arrival, draft, ticket, routing)
    ticket = see_due(draft, arrival.known, ticket)
    if is_alone:
        draft.step("notices", "only asks how the case stands: answered, and the department is not disturbed", True)
        draft.event(ticket.serial, "status-asked", arrival.sender)
    else:
        notices.follow_up(
            draft,
            arrival,
            ticket,
            is_unverified=not is_verified,
            is_reopened=is_reopened,
            is_thanks=is_thanks,
            is_solved=is_solved,
            rule=routing.rule if routing else "",
        )
    if routing is not None:
        notices.forward_copies(draft, arrival, ticket, (*routing.copy_to, *routing.notify), routing.rule)
        ruleactions.answer_reply(arrival, draft, ticket, routing, is_verified=is_verified)
    courtesy.answer_customer(arrival, draft, before, ticket, is_verified=is_verified, is_reopened=is_reopened)
    told = "thanks" if is_thanks else "solved" if is_solved else "status" if is_alone else ""
    reason = _TOLD.get(told, "follow-up")
    return draft.finish(Outcome.APPENDED, reason if is_verified else "follow-up-unverified", ticket.serial)


def open_ticket(
    arrival: Arrival,
    draft: Draft,
    reason: str,
    *,
    linked: tuple[int, ...] = (),
    link_kind: str = "mentions",
    cited: Ticket | None = None,
) -> Decision:
    """A new request: routed by the rules, acknowledged where that is safe, forwarded to its department."""
    inbound, site, book, now = arrival.inbound, arrival.policy.site, arrival.policy.book, arrival.now
    if arrival.trust.level is Level.A0 and not arrival.released_as:
        return draft.hold("sender-contradicted")
    routing, also_told = route_mail(arrival, draft)
    if arrival.brought is not None:
        routing = steer(routing, arrival.brought)
    if routing.hold and not arrival.released_as and not holds.is_spared(arrival, routing):
        return ruleactions.hold(draft, routing)
    if not routing.makes_ticket and not arrival.released_as:
        if cited is not None:
            draft.event(cited.serial, "automatic-mail-cited-it", sender=arrival.sender, subject=inbound.subject[:200])
        return draft.finish(Outcome.RECORDED, "no-ticket")
    serial = arrival.known.next_serial
    if site.numbering == "shuffled":
        serial = shuffle_serial(serial, arrival.policy.keys.numbering_secret)
    number = format_number(serial, site.prefix)
    requester, language = inbound.from_ or Address(""), _language(arrival, routing)
    ticket = Ticket(
        serial=serial,
        number=number,
        subject=notices.base_subject(arrival.policy, inbound.subject, language),
        state=State.NEW,
        requester=requester,
        department=routing.department,
        created_at=now,
        updated_at=now,
        priority=routing.priority,
        language=language,
        assignee=routing.assign,
        assignee_back_on=arrival.known.holds.absent.get(routing.assign),
        tags=routing.tags,
        fields=routing.fields,
        participants=(requester.addr,),
        requester_message_id=inbound.message_id,
        thread=(
            ThreadMessage(
                "in",
                "public",
                "request",
                requester,
                arrival.written_at,
                inbound.new_text,
                inbound.message_id,
                thread_index=thread_index_of(inbound),
            ),
        ),
    )
    draft.add(
        OpenTicket(
            serial,
            number,
            ticket.subject,
            requester,
            ticket.department,
            ticket.priority,
            ticket.language,
            _channel(arrival),
            now,
            sla=routing.sla or book.departments[routing.department].sla,
            has_own_sla=bool(routing.cause_of("sla")),
            assignee=routing.assign,
            tags=routing.tags,
            fields=routing.fields,
            requester_message_id=inbound.message_id,
            subject_key=arrival.keys.subject_key,
        ),
        _message(arrival, serial, "request", is_unverified=False),
        IndexIds(serial, _ids(arrival)),
    )
    if requester.addr:
        confident = inbound.language if inbound.language_confidence >= _SURE_ENOUGH else ""
        is_proven = requester.addr == arrival.sender and arrival.trust.level >= Level.A2
        draft.add(RememberContact(requester.addr, requester.name, confident, is_dead=False if is_proven else None))
    blocked.record(arrival, draft, serial)
    for other in linked:
        draft.add(LinkTickets(serial, other, link_kind))
    if arrival.brought is not None and arrival.brought.way == REDIRECTED:
        draft.event(serial, REDIRECTED, arrival.sender, by=arrival.brought.by)
    if (form := inbound.form) is not None:
        draft.event(serial, "form", form.sender.addr, form=form.name, left_out=", ".join(form.left_out))
    if arrival.keys.doubtful:
        draft.event(serial, "looks-like", numbers=join_words(arrival.keys.doubtful))
        draft.step(
            "follow-up", f"looks like {join_words(arrival.keys.doubtful)}, wrong check digit: not guessed", False
        )
    if routing.state and routing.state != State.NEW:
        draft.add(SetState(serial, routing.state, f"rule {routing.cause_of('state')}", at=now))
    draft.event(
        serial,
        "routed",
        rule=routing.rule,
        rules=join_words(routing.rules),
        department=routing.department,
        **{f"{name} {value}".strip() + " by": rule for name, value, rule in routing.causes},
    )
    tickets = [arrival.known.tickets[other] for other in linked if other in arrival.known.tickets]
    links = tuple((other.number, str(other.state)) for other in tickets)
    if routing.link_to and (named := ruleactions.link(draft, arrival, ticket, routing)) and named not in linked:
        links = (*links, ruleactions.describe(arrival, named))
    alike = tuple((number, state) for number, state, key in arrival.known.alike if key == routing.department)
    links = (*links, *[line for line in alike if line not in links])
    ticket = see_due(draft, arrival.known, ticket)
    resembled = link_resembled(arrival, draft, serial, reason)
    departments = (routing.department, *also_told)
    join_number = resembled.number if resembled is not None else ""
    notices.forward(draft, arrival, ticket, departments, routing.rule, links, join_number)
    notices.forward_copies(draft, arrival, ticket, (*routing.copy_to, *routing.notify), routing.rule)
    if cited is not None and cited.department != routing.department:
        notices.tell_linked(draft, cited, number, requester, arrival.trust.level.name)
    ruleactions.acknowledge(arrival, draft, ticket, routing)
    return draft.finish(Outcome.OPENED, reason, serial)


def _channel(arrival: Arrival) -> str:
    """How the request reached us."""
    if arrival.brought is not None:
        return arrival.brought.channel
    return "form" if arrival.inbound.form is not None and arrival.inbound.form.has_person else "mail"


def _language(arrival: Arrival, routing: Routing) -> str:
    """A rule's word, else what the mail is written in or the requester wrote in before, else the rules' default."""
    site, inbound, contact = arrival.policy.site, arrival.inbound, arrival.known.requester
    if routing.language and routing.language in site.languages:
        return routing.language
    if inbound.language in site.languages and inbound.language_confidence >= _SURE_ENOUGH:
        return inbound.language
    if contact is not None and contact.language in site.languages:
        return contact.language
    default = arrival.policy.book.defaults.language
    return default if default in site.languages else site.default_language


def _wake(arrival: Arrival, draft: Draft, ticket: Ticket) -> bool:
    """A customer's word takes a waiting or finished ticket back to open; True when it was finished."""
    if not may_change(ticket.state, State.OPEN, "customer"):
        return False
    reopening = is_reopening(ticket.state, State.OPEN)
    if reopening and len(ticket.reopened_at) >= MOST_REOPENS_PER_HOUR:
        draft.step("verbs", f"reopened {len(ticket.reopened_at)} times within the hour: stays {ticket.state}", False)
        draft.event(ticket.serial, "reopen-limit", actor=arrival.sender)
        return False
    draft.step("verbs", f"{ticket.state} -> open", True)
    draft.add(SetState(ticket.serial, State.OPEN, "customer wrote", arrival.sender, arrival.now))
    return reopening


def _message(arrival: Arrival, serial: int, purpose: str, *, is_unverified: bool) -> AddMessage:
    # What an agent took down are their words: no customer is shown them
    is_inside = purpose == "auto" or (arrival.brought is not None and arrival.brought.is_taken_down)
    return as_message(
        arrival,
        serial,
        "internal" if is_inside else "public",
        purpose,
        words_of(arrival.policy, arrival.inbound),
        to=people_of(arrival),
        mail_class=mail_class(arrival),
        is_unverified=is_unverified,
        thread_index=thread_index_of(arrival.inbound),
    )


def _ids(arrival: Arrival) -> tuple[str, ...]:
    """Every id that leads here from now on: the mail's own and all it refers to: two replies to an unseen mail meet."""
    own = (arrival.inbound.message_id,) if arrival.inbound.message_id else ()
    return tuple(dict.fromkeys((*own, *arrival.keys.other_ids)))
