"""The reply addresses of a ticket that were revoked: one number on the ticket, its token epoch."""

from mailproc.records.revocations import RevokeTokens
from mailproc.store import schema
from mailproc.store.batch import Batch
from mailproc.store.transaction import Tx

_MOST_MERGES = 10


def add_column(tx: Tx) -> None:
    """A migration: tickets whose tokens were never revoked have epoch 0."""
    words = schema.WORDS_POSTGRES if tx.is_postgres else schema.WORDS_SQLITE
    tx.execute(f"ALTER TABLE ticket ADD COLUMN token_epoch {words['int']} NOT NULL DEFAULT 0")


def revoke_tokens(batch: Batch, effect: RevokeTokens) -> None:
    """Carry the effect out."""
    batch.change(effect.serial, token_epoch=effect.epoch)
    batch.add_event(effect.serial, "tokens-revoked", {"up_to": effect.epoch}, effect.actor)


def find_family(tx: Tx, serial: int) -> tuple[int, ...]:
    """The ticket and all that were merged into it, or into what it was merged into; () when there is none."""
    top: int | None = serial
    found: list[int] = []
    for _ in range(_MOST_MERGES):
        row = tx.execute("SELECT serial, merged_into FROM ticket WHERE serial = ?", (top,)).fetchone()
        if row is None:
            break
        found, top = [row[0]], row[1]
        if top is None:
            break
    for one in found:  # grows while it is walked
        merged = tx.execute("SELECT serial FROM ticket WHERE merged_into = ? ORDER BY serial", (one,)).fetchall()
        found += [other for (other,) in merged if other not in found]
    return tuple(found)
