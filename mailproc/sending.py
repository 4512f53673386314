"""What became of outgoing mail, written down: settled, tried again when it is time, its ticket told of a refusal.

Sends nothing itself; `delivery` does, `engine` brings both together.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from mailproc import maillog
from mailproc.delivery.base import has_login_trouble
from mailproc.delivery.dispatch import Exchange
from mailproc.delivery.retry import find_wanted_wait, next_attempt
from mailproc.desk.draft import Policy
from mailproc.desk.receipts import decide_failed
from mailproc.records.decision import Decision
from mailproc.records.delivery import Receipt, ReceiptState
from mailproc.store import outbox, sentcopies
from mailproc.store.lookup import Query, lookup
from mailproc.store.outbox import OutboxMail
from mailproc.store.transaction import Tx

_HOST_PAUSE = timedelta(minutes=1)  # the dispatcher rests longer while the host stays away


class CarryOut(Protocol):
    """Commits a decision once, whatever comes again under the same `request_id`."""

    def __call__(self, tx: Tx, decision: Decision, now: datetime, *, request_id: str) -> None: ...


def trade(
    tx: Tx,
    exchange: Exchange[OutboxMail],
    sender: str,
    policy: Policy,
    now: datetime,
    carry_out: CarryOut,
    *,
    keeps_copies: bool,
) -> tuple[OutboxMail, ...]:
    """Settle what was tried, take back what was not; the mails that are due and now the sender's."""
    for mail, receipt in exchange.done:
        _settle(tx, mail, receipt, policy, now, carry_out, keeps_copies)
    if exchange.given_back:
        outbox.give_back(tx, [mail.id for mail in exchange.given_back], now)
    if not exchange.room:
        return ()
    return outbox.lease(tx, sender=sender, now=now, limit=exchange.room, once_only=exchange.once_only)


def _settle(
    tx: Tx,
    mail: OutboxMail,
    receipt: Receipt,
    policy: Policy,
    now: datetime,
    carry_out: CarryOut,
    keeps_copies: bool,
) -> None:
    """Write one receipt down; `carry_out` does what a mail refused for good asks for."""
    after = outbox.settle(tx, mail.id, receipt, now, retry_at=find_retry(mail, receipt, now))
    if after == "failed":
        known = lookup(tx, Query(serials=(mail.serial,), sent=((mail.serial, mail.n),)), now)
        decision = decide_failed(known, mail.serial, mail.n, receipt, policy, now)
        carry_out(tx, decision, now, request_id=f"receipt-{mail.id}-{mail.attempts}")
    elif after == "sent" and keeps_copies and mail.role == "customer":
        sentcopies.add(tx, mail.id, now)


def find_retry(mail: OutboxMail, receipt: Receipt, now: datetime) -> datetime | None:
    """When a mail is tried again that did not go; None when its time is over."""
    if receipt.is_host:
        # A refused login burns nobody's five days (F24): an admin mends it, and everything goes
        is_over = next_attempt(1, now, mail.since) is None and not has_login_trouble(receipt)
        return None if is_over else now + _HOST_PAUSE
    usual = next_attempt(mail.attempts, now, mail.since, jitter=(mail.id % 100) / 100)
    if usual is None or receipt.state is not ReceiptState.DEFERRED:
        return usual
    return max(usual, now + find_wanted_wait(receipt.text))


def log(host: str, done: Sequence[tuple[OutboxMail, Receipt]]) -> None:
    """A line for each try."""
    for mail, receipt in done:
        if has_login_trouble(receipt):
            maillog.login_refused(host, code=receipt.code, answer=receipt.text)
        line = {
            ReceiptState.SENT: maillog.sent,
            ReceiptState.DEFERRED: maillog.deferred,
            ReceiptState.FAILED: maillog.failed,
            ReceiptState.AMBIGUOUS: maillog.ambiguous,
        }[receipt.state]
        line(mail.id, to=mail.recipient, purpose=mail.purpose, code=receipt.code, answer=receipt.text)
