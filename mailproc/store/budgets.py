"""A decision within the limits: recipients' counts are read, the desk's gate says what may go. No policy of its own."""

from datetime import datetime

from mailproc.desk.stops.sluice import Budget, find_addressees, keep_limits
from mailproc.records.decision import Decision
from mailproc.records.effects import SendMail
from mailproc.records.site import Site
from mailproc.records.ticket import Contact, Known
from mailproc.store import counts
from mailproc.store.transaction import Tx
from mailproc.store.values import to_key


def within_limits(
    tx: Tx, decision: Decision, site: Site, now: datetime, known: Known | None = None, sender: str = ""
) -> Decision:
    """The decision as it may be carried out; the counts of `sender` are those of `known`, others' are read."""
    if not any(isinstance(effect, SendMail) for effect in decision.effects):
        return decision
    budgets = {}
    for recipient, serial in find_addressees(decision):
        if known is not None and recipient == sender:
            budgets[recipient, serial] = Budget(known.counts, known.requester)
            continue
        last_agent = tx.execute("SELECT last_agent_at FROM ticket WHERE serial = ?", (serial,)).fetchone()
        question = counts.Question((recipient,), ((serial, last_agent[0] if last_agent else None),))
        budgets[recipient, serial] = Budget(counts.read_counts(tx, question, now), _find_contact(tx, recipient))
    return keep_limits(decision, budgets, site)


def _find_contact(tx: Tx, address: str) -> Contact | None:
    row = tx.execute(
        "SELECT name, language, is_silenced, is_dead FROM contact WHERE address = ?", (to_key(address),)
    ).fetchone()
    return Contact(address, row[0], row[1], bool(row[2]), bool(row[3])) if row else None
