"""What stops a mail before anything else: our own mail coming back, copies, bounces, broken bytes. Dry."""

from collections.abc import Iterable

from mailproc.desk.draft import Arrival, Draft, join_words
from mailproc.desk.mails import notices, unseen
from mailproc.desk.receipts import says_no_such_address
from mailproc.desk.routing import gather_facts, route_address
from mailproc.desk.speakers import department_identity
from mailproc.records.decision import Decision, Outcome
from mailproc.records.effects import AddMessage, MarkBounced, RecordRoute, RememberContact
from mailproc.records.mail import MailClass
from mailproc.records.ticket import Ticket
from mailproc.rulebook.facts import Facts
from mailproc.rulebook.patterns import Budget
from mailproc.tickets.token import TokenClaim, is_genuine, split_reply_address


def apply_brakes(arrival: Arrival, draft: Draft) -> Decision | None:
    """The decision about a mail that must not be worked on, None for all others."""
    inbound = arrival.inbound
    for defect in inbound.defects:
        draft.step("brakes", f"defect {defect.code}: {defect.text}")
    if arrival.known.duplicate is not None:
        return _duplicate(arrival, draft)
    if inbound.is_unparsable and not arrival.released_as:
        problem = "; ".join(defect.text for defect in inbound.defects)
        return draft.hold("unparsable", f"This mail cannot be read safely: {problem}. Its bytes are kept as they came.")
    if arrival.keys.own_id is not None:
        return _own_mail(arrival, draft)
    if not arrival.released_as and (claim := _find_own_reply_address(arrival)) is not None:
        draft.step("brakes", f"a mail of ours about ticket {claim.serial} came back without its marks", True)
        if claim.serial in arrival.known.tickets:
            draft.event(claim.serial, "own-mail-returned", sender=arrival.sender)
        return draft.finish(Outcome.LOOP, "own-mail", claim.serial if claim.serial in arrival.known.tickets else None)
    is_report = inbound.mail_class is MailClass.BOUNCE or arrival.keys.bounced_id is not None
    if is_report and arrival.released_as != "new":
        return _bounce(arrival, draft)
    draft.step("brakes", f"class {inbound.mail_class} ({inbound.class_evidence or 'nothing says otherwise'})")
    return None


def _duplicate(arrival: Arrival, draft: Draft) -> Decision:
    seen = arrival.known.duplicate
    assert seen is not None
    draft.step("brakes", f"the same bytes came before as mail {seen.inbox_id}", True)
    before = _bases(arrival, seen.recipients)
    fresh = tuple(address for address in arrival.keys.recipients if address not in before)
    way = arrival.envelope.way
    is_new_way = bool(seen.ways) and way not in seen.ways
    ticket = _survivor(arrival, seen.serial)
    if ticket is not None and (fresh or is_new_way):
        draft.event(ticket.serial, "route", addresses=join_words(fresh), way=way)
    if not fresh:
        return draft.finish(Outcome.DUPLICATE, "duplicate", seen.serial)
    draft.add(RecordRoute(seen.inbox_id, fresh))
    if ticket is not None:
        facts, budget = gather_facts(arrival), Budget()
        told = {ticket.department, *_departments(arrival, sorted(before), facts, budget)}
        others = [key for key in _departments(arrival, fresh, facts, budget) if key not in told]
        if others:
            notices.forward(draft, arrival, ticket, others, "")
    return draft.finish(Outcome.DUPLICATE, "duplicate-new-route", seen.serial)


def _survivor(arrival: Arrival, serial: int | None) -> Ticket | None:
    """The ticket of the first copy, or the one it was merged into."""
    tickets = arrival.known.tickets
    ticket = tickets.get(serial) if serial is not None else None
    seen: set[int] = set()
    while ticket is not None and ticket.merged_into in tickets and ticket.serial not in seen:
        seen.add(ticket.serial)
        ticket = tickets[ticket.merged_into]
    return ticket


def _departments(arrival: Arrival, addresses: Iterable[str], facts: Facts, budget: Budget) -> list[str]:
    """Where the rules send mail that comes to these addresses, those apart that hold it or make no ticket."""
    routed = [route_address(arrival, address, facts, budget) for address in addresses]
    return list(dict.fromkeys(one.department for one in routed if one.makes_ticket and not one.hold))


def _bases(arrival: Arrival, recipients: tuple[str, ...]) -> set[str]:
    return {split_reply_address(arrival.policy.site, address)[0] or address for address in recipients}


def _own_mail(arrival: Arrival, draft: Draft) -> Decision:
    own = arrival.keys.own_id
    assert own is not None
    draft.step("brakes", f"mail {own.n} of ticket {own.serial} came back to us", True)
    ticket = arrival.known.tickets.get(own.serial)
    if ticket is not None:
        draft.event(ticket.serial, "own-mail-returned", mail=str(own.n), sender=arrival.sender)
    return draft.finish(Outcome.LOOP, "own-mail", ticket.serial if ticket else None)


def _find_own_reply_address(arrival: Arrival) -> TokenClaim | None:
    """The token in Reply-To of a mail from our own address: a forwarder may have rewritten all else (T34)."""
    site, keys = arrival.policy.site, arrival.policy.keys
    if not arrival.inbound.reply_to or not arrival.sender or not split_reply_address(site, arrival.sender)[0]:
        return None
    book = arrival.policy.book
    identities = [address for agent in book.agents for address in agent.addresses]
    identities += [department_identity(key) for key in book.departments]
    identities += [address.addr for address in (*arrival.inbound.to, *arrival.inbound.cc)]
    for address in arrival.inbound.reply_to:
        claim = split_reply_address(site, address.addr)[1]
        if claim is not None and any(is_genuine(claim, keys, identity) for identity in identities):
            return claim
    return None


def _bounce(arrival: Arrival, draft: Draft) -> Decision:
    """RFC 3464: recorded on the ticket of the mail that came back; never answered, never a ticket of its own."""
    inbound, bounce, ours = arrival.inbound, arrival.inbound.bounce, arrival.keys.bounced_id
    # A subject tag alone is anybody's: a report counts with an id of ours or the address we gave that mail
    cited = arrival.match.ticket if arrival.match.reason in ("token", "our-id") else None
    ticket = arrival.known.tickets.get(ours.serial) if ours is not None else cited
    if ticket is None:
        draft.step("brakes", "a delivery report about a mail we did not send", True)
        return draft.finish(Outcome.BOUNCE, "bounce-unknown")
    sent = arrival.known.sent.get((ours.serial, ours.n)) if ours is not None else None
    # The report names whom it likes; only our own record says whom that mail went to
    failed = sent.recipient if sent else ""
    reported = bounce.recipients if bounce else ()
    explanation = (bounce.explanation if bounce else "") or (bounce.status if bounce else "")
    for_good = bounce.is_permanent if bounce else False
    draft.step("brakes", f"delivery report about our mail to {failed or join_words(reported)}: {explanation}", True)
    draft.add(
        AddMessage(
            ticket.serial,
            "in",
            "internal",
            "bounce",
            inbound.from_ or ticket.requester,
            arrival.keys.recipients,
            inbound.subject,
            arrival.written_at,
            inbound.text[:20_000],
            message_id=inbound.message_id,
            mail_class=inbound.mail_class,
            level=arrival.trust.level.name,
        )
    )
    status = bounce.status if bounce else ""
    if ours is not None and bounce is not None and not bounce.is_given_up:
        # The other server goes on trying; the report that ends it still has to reach the author
        draft.event(ticket.serial, "delayed", n=str(ours.n), to=failed, status=status, explanation=explanation[:500])
    elif ours is not None and sent is not None:
        draft.add(MarkBounced(ours.serial, ours.n, failed, status, for_good, explanation[:500]))
        # Where the report names others, or its own From is forged, the address we wrote to may be well
        is_about_it = (not reported or failed in reported) and arrival.trust.dmarc != "fail"
        # All who take part have seen the ids of our mails; the envelope sender only that one's mail server saw
        is_about_it = is_about_it and (arrival.keys.is_bounced_by_address or len(ticket.participants) < 2)
        if for_good and is_about_it and sent.is_to_customer and says_no_such_address(0, status or explanation):
            draft.add(RememberContact(failed, is_dead=True))
        if sent.is_to_customer and not sent.is_bounced:
            # Also when the last try failed for a passing reason: nobody makes another
            _tell_author(arrival, draft, ticket, sent.author, failed, explanation, status)
        unseen.tell_operator(draft, ticket, sent, explanation)
    return draft.finish(Outcome.BOUNCE, "bounce", ticket.serial)


def _tell_author(
    arrival: Arrival, draft: Draft, ticket: Ticket, author: str, failed: str, explanation: str, status: str
) -> None:
    agent = arrival.policy.book.find_agent(author) if author else None
    to = agent.addresses[0] if agent is not None and agent.is_active else ""
    notices.undelivered(draft, ticket, to, failed, explanation, status=status, for_good=True)
