"""The message that a mail becomes on its case: one way for all who file it. Dry."""

from mailproc.desk.draft import Arrival
from mailproc.records.effects import AddMessage
from mailproc.records.mail import Address


def as_message(
    arrival: Arrival,
    serial: int,
    visibility: str,
    purpose: str,
    text: str,
    *,
    author: Address | None = None,
    to: tuple[str, ...] = (),
    mail_class: str = "",
    level: str = "",
    is_unverified: bool = False,
    thread_index: str = "",
) -> AddMessage:
    """The mail as a message of that case; what is not given is what the mail itself says.

    visibility: `public` or `internal`; text: the words that count; to: in place of the addresses it came to.
    """
    inbound = arrival.inbound
    return AddMessage(
        serial,
        "in",
        visibility,
        purpose,
        author or inbound.from_ or Address(""),
        to or arrival.keys.recipients,
        inbound.subject,
        arrival.written_at,
        text,
        inbound.cut_text,
        inbound.message_id,
        mail_class or inbound.mail_class,
        level or arrival.trust.level.name,
        inbound.language,
        is_unverified,
        tuple((item.filename, item.content_type, item.size) for item in inbound.attachments),
        thread_index,
    )


def people_of(arrival: Arrival) -> tuple[str, ...]:
    """Who the mail was for by its own words, To before Cc."""
    inbound = arrival.inbound
    return tuple(person.addr for person in (*inbound.to, *inbound.cc))
