"""The tables as peewee models, for lists and reports; a test compares them with what the migrations made.

Hot paths use prepared SQL instead. Models are bound to a connection where they are used: `query.bind(tx.database)`.
"""

from typing import Any

from peewee import BigIntegerField, CompositeKey, Model, TextField


class Inbox(Model):
    """A mail that came in."""

    id = BigIntegerField(primary_key=True)
    kind = TextField()
    identity = TextField(null=True)
    fingerprint = TextField()
    envelope = TextField()
    size = BigIntegerField()
    received_at = TextField()
    state = TextField()
    attempts = BigIntegerField()
    worker = TextField()
    lease_until = TextField()
    release_as = TextField()
    outcome = TextField()
    reason = TextField()
    held_text = TextField()
    serial = BigIntegerField(null=True)
    decided_at = TextField(null=True)
    sender = TextField()
    subject = TextField()
    subject_key = BigIntegerField(null=True)
    routes = TextField()

    class Meta:
        table_name = "inbox"


class Ticket(Model):
    """A ticket."""

    serial = BigIntegerField(primary_key=True)
    number = TextField()
    subject = TextField()
    state = TextField()
    requester = TextField()
    requester_name = TextField()
    department = TextField()
    priority = TextField()
    language = TextField()
    assignee = TextField()
    channel = TextField()
    sla = TextField()
    tags = TextField()
    fields = TextField()
    created_at = TextField()
    updated_at = TextField()
    due_at = TextField(null=True)
    resolved_at = TextField(null=True)
    closed_at = TextField(null=True)
    last_mail_at = TextField(null=True)
    last_agent_at = TextField(null=True)
    merged_into = BigIntegerField(null=True)
    mails_out = BigIntegerField()
    requester_message_id = TextField()
    reopened_at = TextField()
    alike = BigIntegerField(null=True)
    set_due_at = TextField(null=True)
    waits_until = TextField(null=True)
    wakes_at = TextField(null=True)
    resembles = BigIntegerField(null=True)
    token_epoch = BigIntegerField()

    class Meta:
        table_name = "ticket"


class Message(Model):
    """A message on a ticket."""

    id = BigIntegerField(primary_key=True)
    serial = BigIntegerField()
    inbox_id = BigIntegerField(null=True)
    outbox_id = BigIntegerField(null=True)
    at = TextField()
    direction = TextField()
    visibility = TextField()
    purpose = TextField()
    author = TextField()
    author_name = TextField()
    recipients = TextField()
    subject = TextField()
    date = TextField()
    message_id = TextField()
    mail_class = TextField()
    level = TextField()
    language = TextField()
    is_unverified = BigIntegerField()
    attachments = TextField()
    text = TextField()
    cut_text = TextField()
    thread_index = TextField()

    class Meta:
        table_name = "message"


class Link(Model):
    """Two tickets that know of each other."""

    serial = BigIntegerField()
    other = BigIntegerField()
    kind = TextField()
    at = TextField()

    class Meta:
        table_name = "link"
        primary_key = CompositeKey("serial", "other", "kind")


class Event(Model):
    """A line of history."""

    id = BigIntegerField(primary_key=True)
    serial = BigIntegerField(null=True)
    inbox_id = BigIntegerField(null=True)
    at = TextField()
    kind = TextField()
    actor = TextField()
    data = TextField()

    class Meta:
        table_name = "event"


class Outbox(Model):
    """A mail that goes out."""

    id = BigIntegerField(primary_key=True)
    inbox_id = BigIntegerField(null=True)
    request_id = TextField()
    serial = BigIntegerField()
    n = BigIntegerField()
    purpose = TextField()
    recipient = TextField()
    identity = TextField()
    role = TextField()
    author = TextField()
    is_automatic = BigIntegerField()
    is_limited = BigIntegerField()
    may_resend = BigIntegerField()
    envelope_from = TextField()
    message_id = TextField()
    subject = TextField()
    size = BigIntegerField()
    state = TextField()
    next_at = TextField()
    attempts = BigIntegerField()
    worker = TextField()
    lease_until = TextField()
    again_at = TextField()
    created_at = TextField()
    sent_at = TextField(null=True)
    code = BigIntegerField()
    answer = TextField()
    error = TextField()
    mail = TextField()
    bounced_at = TextField(null=True)
    bounce = TextField()
    mailbox = TextField()

    class Meta:
        table_name = "outbox"


class Mailbox(Model):
    """How far a folder of a polled mailbox is taken in."""

    name = TextField()
    folder = TextField()
    uidvalidity = BigIntegerField()
    start = TextField()
    began_at = TextField()
    turn = BigIntegerField()
    first_uid = BigIntegerField()
    done_uid = BigIntegerField()
    backlog_below = BigIntegerField()

    class Meta:
        table_name = "mailbox"
        primary_key = CompositeKey("name", "folder")


class MailboxLeft(Model):
    """A mail that was not taken and stays in its mailbox."""

    name = TextField()
    folder = TextField()
    epoch = TextField()
    uid = BigIntegerField()
    size = BigIntegerField()
    reason = TextField()
    at = TextField()
    told_at = TextField(null=True)

    class Meta:
        table_name = "mailbox_left"
        primary_key = CompositeKey("name", "folder", "epoch", "uid")


MODELS: tuple[type[Model], ...] = (Inbox, Ticket, Message, Link, Event, Outbox, Mailbox, MailboxLeft)


def read_rows(query: Any, database: Any) -> list[dict[str, Any]]:
    """The rows of a peewee query as dicts, read through that connection."""
    return list(query.dicts().execute(database))
