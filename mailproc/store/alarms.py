"""Mail to the operator: queued once for each trouble, whoever notices it and how often.

It decides nothing about what is worth an alarm; the caller gives the finished mail.
"""

from datetime import datetime

from mailproc.records.effects import ComposedMail
from mailproc.store.batch import Batch
from mailproc.store.commit import mail_to_json
from mailproc.store.transaction import Tx
from mailproc.store.values import to_key


def next_number(tx: Tx) -> int:
    """The number of the next mail that belongs to no ticket; it makes its Message-ID unlike all others."""
    return int(tx.execute("SELECT coalesce(max(n), 0) + 1 FROM outbox WHERE serial = 0").fetchone()[0])


def queue_alarm(tx: Tx, composed: ComposedMail, request_id: str, now: datetime) -> None:
    """Put the mail into the outbox; a second one of the same `request_id` changes nothing (F07)."""
    batch = Batch(tx, now, None, to_key(request_id))
    batch.add_mail(composed, mail_to_json(composed.mail) if composed.error else "")
    batch.write()
