"""How much automatic mail requesters get, and what stops it (mail-policy section 4). Dry: counts are an argument."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from mailproc.desk.draft import Arrival
from mailproc.desk.speakers import mail_class
from mailproc.message.addresses import is_sendable
from mailproc.message.autoreply import is_role
from mailproc.records.mail import Level, MailClass
from mailproc.records.site import Limits, Site
from mailproc.records.ticket import Contact, SendCounts
from mailproc.tickets.token import split_reply_address

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCK_SLACK = timedelta(minutes=5)
_BREAKER_TIMES_USUAL = 10
_BREAKER_FLOOR = 20  # a quiet site's ten times the usual would stop its first busy morning


def over_limit(limits: Limits, counts: SendCounts, level: Level) -> str:
    """Why one more automatic mail to a requester may not go, "" when it may."""
    checks = [
        ("sender-hour", counts.sender_hour, limits.sender_per_hour),
        ("sender-day", counts.sender_day, limits.sender_per_day),
        ("domain-hour", counts.domain_hour, limits.domain_per_hour),
        ("ticket-hour", counts.ticket_hour, limits.ticket_per_hour),
        ("ticket-day", counts.ticket_day, limits.ticket_per_day),
        ("breaker", counts.site_hour, limits.breaker_per_hour),
    ]
    if level < Level.A2:
        checks.insert(0, ("unverified-day", counts.sender_day, limits.unverified_per_day))
    for reason, count, limit in checks:
        if limit is not None and count >= limit:
            return reason
    if counts.same_subject >= 3:
        return "repeated-subject"
    if limits.breaker_per_hour is not None and counts.site_usual_hour > 0:
        usual = max(_BREAKER_FLOOR, _BREAKER_TIMES_USUAL * counts.site_usual_hour)
        if counts.site_hour >= usual:
            return "breaker"
    return ""


def refuse_recipient(arrival: Arrival, recipient: str, contact: Contact | None) -> str:
    """Why nothing automatic may go to this address at all, "" when it may."""
    refused = refuse_address(arrival.policy.site, recipient, contact)
    # Who writes from there and proves it can be written to again
    is_back = refused == "dead-address" and recipient == arrival.sender and arrival.trust.level >= Level.A2
    return "" if is_back else refused


def refuse_address(site: Site, recipient: str, contact: Contact | None) -> str:
    """The same where no mail has arrived: the clock speaks."""
    if not is_sendable(recipient):
        return "not-sendable"
    if split_reply_address(site, recipient)[0]:
        return "own-address"
    if contact is not None and contact.is_silenced:
        return "silenced"
    if contact is not None and contact.is_dead:
        return "dead-address"
    return ""


def refuse_acknowledgement(arrival: Arrival, *, is_new: bool = True) -> str:
    """Why the sender of a request gets no acknowledgement and no answer of a rule, "" when they do."""
    inbound, envelope, level = arrival.inbound, arrival.envelope, arrival.trust.level
    if arrival.brought is not None and arrival.brought.change is not None:
        # A proven agent brought it in: the way of their own mail says nothing of the person; `sluice` counts for them
        return arrival.brought.quiet or ("old" if is_too_old(arrival) else "") or refuse_brought(arrival)
    if mail_class(arrival) is not MailClass.HUMAN:
        return "class"
    if is_too_old(arrival):
        return "old"
    if arrival.judgement is not None and arrival.judgement.quiet:
        return arrival.judgement.quiet
    # RFC 3834 section 4 answers the return path; where the intake was told none, the From address stands in for it
    sender = envelope.sender if envelope.sender is not None else inbound.return_path
    if inbound.form is not None and inbound.form.has_person:
        if not inbound.form.is_proven:
            return "form-unproven"
    elif sender is not None and sender != arrival.sender and level < Level.A2:
        return "sender-unproven"
    refused = refuse_recipient(arrival, arrival.sender, arrival.known.requester)
    # A new ticket has sent nothing yet; what was counted for a ticket it cites is that one's
    counts = arrival.known.counts
    if is_new and (counts.ticket_hour or counts.ticket_day):
        counts = replace(counts, ticket_hour=0, ticket_day=0)
    return refused or over_limit(arrival.policy.site.limits, counts, level)


def refuse_brought(arrival: Arrival) -> str:
    """Why somebody whose words an agent brought in is not written to, "" when they are: no machine is answered."""
    local = arrival.sender.partition("@")[0]
    return "class" if is_role(local) else refuse_address(arrival.policy.site, arrival.sender, arrival.known.requester)


def is_too_old(arrival: Arrival) -> bool:
    """True when the mail is older than ack_max_age, measured as its way in allows."""
    limit = arrival.policy.site.limits.ack_max_age
    return limit is not None and arrival.envelope.received_at - written_at(arrival) > limit


def written_at(arrival: Arrival) -> datetime:
    """When the mail set out: what its way in makes believable, never later than its arrival."""
    inbound, arrived = arrival.inbound, arrival.envelope.received_at
    kind = arrival.envelope.kind
    if kind == "imap":
        return min(arrived, arrival.envelope.stored_at or arrived)
    dates = [
        date for date in (inbound.received_at, inbound.date) if date is not None and date <= arrived + _CLOCK_SLACK
    ]
    if kind == "feed":
        return min([arrived, *dates]) if dates else _LONG_AGO  # a file without a date may be of any age
    if kind in ("pipe", "maildir") and inbound.received_at is not None:
        return min(arrived, inbound.received_at)
    return min([arrived, *(date for date in dates if date == inbound.date)])
