"""A customer's mail: a new request, or a further mail on a ticket of theirs. Dry."""

from dataclasses import replace

from mailproc.desk import notices
from mailproc.desk.draft import Arrival, Draft, join_words
from mailproc.desk.limits import refuse_acknowledgement
from mailproc.desk.outgoing import words_of
from mailproc.desk.routing import gather_facts, route_mail
from mailproc.desk.speakers import is_participant, is_verified_customer, mail_class
from mailproc.records.decision import Decision, Outcome
from mailproc.records.effects import (
    AddMessage,
    AddTags,
    IndexIds,
    LinkTickets,
    OpenTicket,
    RememberContact,
    SetAttribute,
    SetField,
    SetState,
)
from mailproc.records.mail import Address, Intent, Level, MailClass
from mailproc.records.ticket import State, ThreadMessage, Ticket
from mailproc.rulebook.evaluate import Routing, evaluate
from mailproc.tickets.casenumber import format_number, shuffle_serial
from mailproc.tickets.lifecycle import is_past_reopening, is_reopening, may_change

MOST_REOPENS_PER_HOUR = 5
_SILENT_CLASSES = (MailClass.REPORT, MailClass.REACTION)
_SURE_ENOUGH = 0.5
# What asks for nothing more: "thanks", "it works now"
_THANKS = (Intent.THANKS, Intent.WORKS)
# Files that mail clients add by themselves
_FILES_OF_CLIENTS = frozenset(
    "application/pkcs7-signature application/x-pkcs7-signature application/pgp-signature application/pgp-keys "
    "text/vcard text/x-vcard".split()
)


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
    is_verified = is_verified_customer(arrival, ticket)
    standing = "is a participant" if is_verified else "is a participant's address, but nothing proves the sender"
    draft.step("trust", f"{arrival.sender or 'released by an operator'} {standing}", is_verified)
    kind = mail_class(arrival)
    is_automatic = kind is not MailClass.HUMAN
    draft.add(_message(arrival, ticket.serial, "auto" if is_automatic else "followup", is_unverified=not is_verified))
    draft.add(IndexIds(ticket.serial, _ids(arrival)))
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
    is_thanks = ticket.state in (State.RESOLVED, State.CLOSED) and _says_thanks(arrival)
    if is_thanks:
        # Nobody has to do anything; the thanks go to those who earned them
        draft.step("verbs", f"nothing but {arrival.inbound.intent}: stays {ticket.state}", False)
        draft.event(ticket.serial, "not-reopened", actor=arrival.sender, intent=str(arrival.inbound.intent))
    is_reopened = not is_thanks and _wake(arrival, draft, ticket)
    ticket, routing = _apply_reply_rules(arrival, draft, ticket)
    notices.follow_up(
        draft,
        arrival,
        ticket,
        is_unverified=not is_verified,
        is_reopened=is_reopened,
        is_thanks=is_thanks,
        rule=routing.rule if routing else "",
    )
    if routing is not None:
        notices.forward_copies(draft, arrival, ticket, (*routing.copy_to, *routing.notify), routing.rule)
    reason = "follow-up" if is_verified else "follow-up-unverified"
    return draft.finish(Outcome.APPENDED, "follow-up-thanks" if is_thanks and is_verified else reason, ticket.serial)


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
    if routing.hold and not arrival.released_as:
        is_spam = routing.hold.strip().lower() == "spam"
        return draft.hold("spam" if is_spam else "rule-hold", f"Rule {routing.rule!r} says: {routing.hold}")
    if not routing.makes_ticket and not arrival.released_as:
        if cited is not None:
            draft.event(cited.serial, "automatic-mail-cited-it", sender=arrival.sender, subject=inbound.subject[:200])
        return draft.finish(Outcome.RECORDED, "no-ticket")
    serial = arrival.known.next_serial
    if site.numbering == "shuffled":
        serial = shuffle_serial(serial, arrival.policy.keys.keys[-1].secret)
    number = format_number(serial, site.prefix)
    requester = inbound.from_ or Address("")
    ticket = Ticket(
        serial=serial,
        number=number,
        subject=notices.base_subject(arrival.policy, inbound.subject),
        state=State.NEW,
        requester=requester,
        department=routing.department,
        created_at=now,
        updated_at=now,
        priority=routing.priority,
        language=_language(arrival, routing),
        assignee=routing.assign,
        tags=routing.tags,
        fields=routing.fields,
        participants=(requester.addr,),
        requester_message_id=inbound.message_id,
        thread=(
            ThreadMessage(
                "in", "public", "request", requester, arrival.written_at, inbound.new_text, inbound.message_id
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
            "mail",
            now,
            sla=routing.sla or book.departments[routing.department].sla,
            assignee=routing.assign,
            tags=routing.tags,
            fields=routing.fields,
            requester_message_id=inbound.message_id,
        ),
        _message(arrival, serial, "request", is_unverified=False),
        IndexIds(serial, _ids(arrival)),
    )
    if requester.addr:
        confident = inbound.language if inbound.language_confidence >= _SURE_ENOUGH else ""
        draft.add(RememberContact(requester.addr, requester.name, confident))
    for other in linked:
        draft.add(LinkTickets(serial, other, link_kind))
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
    links = tuple(f"{other.number} ({other.state})" for other in tickets)
    notices.forward(draft, arrival, ticket, (routing.department, *also_told), routing.rule, links)
    notices.forward_copies(draft, arrival, ticket, (*routing.copy_to, *routing.notify), routing.rule)
    if cited is not None and cited.department != routing.department:
        notices.tell_linked(draft, cited, number, requester, arrival.trust.level.name)
    _acknowledge(arrival, draft, ticket, routing)
    return draft.finish(Outcome.OPENED, reason, serial)


def _acknowledge(arrival: Arrival, draft: Draft, ticket: Ticket, routing: Routing) -> None:
    if routing.ack == "none":
        draft.suppress(ticket.serial, "received", arrival.sender, "rule")
        return
    refused = refuse_acknowledgement(arrival)
    if refused:
        draft.suppress(ticket.serial, "received", arrival.sender, refused)
        return
    questions = tuple(
        label
        for name in routing.ask
        if name not in dict(ticket.fields) and (label := _field_label(arrival, name, ticket.language))
    )
    notices.acknowledge(draft, arrival, ticket, routing.reply or routing.ack, questions)


def _field_label(arrival: Arrival, name: str, language: str) -> str:
    field = arrival.policy.book.fields.get(name)
    if field is None:
        return ""
    labels = dict(field.labels)
    return labels.get(language) or labels.get(arrival.policy.site.default_language) or labels.get("en") or name


def _language(arrival: Arrival, routing: Routing) -> str:
    """A rule's word, else what the mail is written in, else what the requester wrote in before, else the site's."""
    site, inbound, contact = arrival.policy.site, arrival.inbound, arrival.known.requester
    if routing.language and routing.language in site.languages:
        return routing.language
    if inbound.language in site.languages and inbound.language_confidence >= _SURE_ENOUGH:
        return inbound.language
    if contact is not None and contact.language in site.languages:
        return contact.language
    return site.default_language


def _says_thanks(arrival: Arrival) -> bool:
    """Whether the customer only says thanks or that it works: a file beside it may say more."""
    inbound = arrival.inbound
    return inbound.intent in _THANKS and all(
        item.is_inline or item.content_type in _FILES_OF_CLIENTS for item in inbound.attachments
    )


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


def _apply_reply_rules(arrival: Arrival, draft: Draft, ticket: Ticket) -> tuple[Ticket, Routing | None]:
    """What rules with `also: [reply]` make of a further mail: the ticket after them, and their routing if any matched.

    Each change names the rule that asked for it.
    """
    book = arrival.policy.book
    if not book.has_reply_rules:
        return ticket, None
    routing = evaluate(book, gather_facts(arrival, ticket))
    draft.trace.extend(routing.trace)
    draft.rules = routing.rules
    if not routing.rules:
        return ticket, None
    serial = ticket.serial
    values = {
        "department": ("department", routing.department, ticket.department),
        "priority": ("priority", routing.priority, ticket.priority),
        "language": ("language", routing.language, ticket.language),
        "sla": ("sla", routing.sla, ""),
        "assign": ("assignee", routing.assign, ticket.assignee),
    }
    changed: dict[str, str] = {}
    for action, (name, value, former) in values.items():
        rule = routing.cause_of(action)
        if rule and value != former:
            draft.add(SetAttribute(serial, name, value, f"rule {rule}"))
            changed[name] = value
    for rule in dict.fromkeys(rule for name, _, rule in routing.causes if name == "tags"):
        fresh = tuple(tag for tag in routing.tags if routing.cause_of("tags", tag) == rule)
        draft.add(AddTags(serial, fresh, reason=f"rule {rule}"))
    for name, value in routing.fields:
        if dict(ticket.fields).get(name) != value:
            draft.add(SetField(serial, name, value, f"rule {routing.cause_of(f'field.{name}')}"))
    if (rule := routing.cause_of("state")) and routing.state != ticket.state:
        draft.add(SetState(serial, routing.state, f"rule {rule}", at=arrival.now))
    after = replace(
        ticket,
        department=changed.get("department", ticket.department),
        priority=changed.get("priority", ticket.priority),
        language=changed.get("language", ticket.language),
        assignee=changed.get("assignee", ticket.assignee),
        tags=routing.tags,
        fields=routing.fields,
    )
    return after, routing


def _message(arrival: Arrival, serial: int, purpose: str, *, is_unverified: bool) -> AddMessage:
    inbound = arrival.inbound
    return AddMessage(
        serial,
        "in",
        "internal" if purpose == "auto" else "public",
        purpose,
        inbound.from_ or Address(""),
        tuple(address.addr for address in (*inbound.to, *inbound.cc)) or arrival.keys.recipients,
        inbound.subject,
        arrival.written_at,
        words_of(arrival.policy, inbound),
        inbound.cut_text,
        inbound.message_id,
        mail_class(arrival),
        arrival.trust.level.name,
        inbound.language,
        is_unverified,
        tuple((item.filename, item.content_type, item.size) for item in inbound.attachments),
    )


def _ids(arrival: Arrival) -> tuple[str, ...]:
    """Every id that leads here from now on: the mail's own and all it refers to: two replies to an unseen mail meet."""
    own = (arrival.inbound.message_id,) if arrival.inbound.message_id else ()
    return tuple(dict.fromkeys((*own, *arrival.keys.other_ids)))
