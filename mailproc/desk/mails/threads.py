"""What keeps a ticket's mails together in mail clients: the chain of ids, and Outlook's fields. Dry.

Each mail names the ticket's root id first (the composer adds it), then the mails before the one it answers, then that
one last (RFC 5322 section 3.6.4). Clients that know no References go by the subject, which never changes, and Outlook
by Thread-Topic and Thread-Index.
"""

from collections.abc import Iterator
from datetime import datetime

from mailproc.message.headerfields import clean_header_text
from mailproc.message.parts import first
from mailproc.message.threadindex import begin_index, continue_index, read_index
from mailproc.records.mail import Inbound
from mailproc.records.ticket import ThreadMessage, Ticket

_LONGEST_TOPIC = 255


def make_chain(ticket: Ticket, in_reply_to: str, role: str) -> tuple[str, ...]:
    """The ids after the root, oldest first, the mail that is answered last.

    A customer's mail never names one of the inside, nor one that nothing proved. Without a mail that it answers (an
    unproven sender's, T30) no id of theirs goes back, only our own.
    """
    if role != "customer":
        ids = [message.message_id for message in ticket.thread if message.message_id and _is_inner(message)]
    elif in_reply_to:
        ids = [message.message_id for message in _shown(ticket) if message.message_id]
    else:
        ids = [message.message_id for message in _shown(ticket) if message.message_id and message.direction == "out"]
    if not in_reply_to:
        return tuple(dict.fromkeys(ids))
    # What came after the mail that is answered is no ancestor: a client that saw both would have a circle
    before = ids[: ids.index(in_reply_to)] if in_reply_to in ids else ids
    return tuple(dict.fromkeys([*before, in_reply_to]))


def outlook_fields(
    ticket: Ticket, in_reply_to: str, role: str, subject: str, number: int, now: datetime
) -> tuple[tuple[str, str], ...]:
    """Thread-Topic and Thread-Index for the ticket's mail of that number.

    A customer's own conversation goes on: their topic, their index with a further reply. Inside, each ticket is one
    conversation, whatever its subject: Outlook would take all tickets named `Invoice` for one.
    """
    if role != "customer":
        begun = begin_index(ticket.number, ticket.created_at)
        topic = f"{ticket.number} {ticket.subject}"
        return _fields(topic, continue_index(begun, now, number))
    if not subject or not in_reply_to:
        return ()  # nothing that its sender chose goes to an address that nothing proves (T30)
    answered = [message for message in _shown(ticket) if message.direction == "in" and message.thread_index]
    index = next((message.thread_index for message in answered if message.message_id == in_reply_to), "")
    index = index or (answered[-1].thread_index if answered else "")
    return _fields(ticket.subject, continue_index(index, now, number) if index else "")


def thread_index_of(inbound: Inbound) -> str:
    """The Thread-Index of a mail that came in, "" without one."""
    value = first(inbound.headers, "thread-index")
    return read_index(value) if value else ""


def _fields(topic: str, index: str) -> tuple[tuple[str, str], ...]:
    fields = (("Thread-Topic", clean_header_text(topic, _LONGEST_TOPIC)),)
    return (*fields, ("Thread-Index", index)) if index else fields


def _shown(ticket: Ticket) -> Iterator[ThreadMessage]:
    """What the customer wrote or got, apart from what nothing proves."""
    return (message for message in ticket.thread if message.visibility == "public" and not message.is_unverified)


def _is_inner(message: ThreadMessage) -> bool:
    """What may stand in an agent's mailbox: their own mails, and customers' where the mailbox is shared."""
    return message.direction == "in" and not message.is_unverified
