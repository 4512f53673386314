"""What the operator hears of once: mail that had to stay in its mailbox, a mailbox that was numbered anew.

What is wrong until somebody mends it is `alarms`' affair.
"""

import hashlib

from mailproc import maillog
from mailproc.engine import Engine
from mailproc.opening.operatormail import find_operator, queue_operator_mail
from mailproc.store.database import Store


class Bulletins:
    """Tells the operator of one site; may be called from any thread."""

    def __init__(self, engine: Engine, store: Store) -> None:
        self._engine = engine
        self._store = store

    def tell(self, key: str, text: str) -> None:
        """Queue a mail with this text, durably; a second one of the same key changes nothing, nor after a restart.

        Raises StoreUnavailable.
        """
        maillog.warned("bulletin", about=key, problem=text)
        operator = find_operator(self._engine.policy.site)
        if not operator:
            return
        summary, _, _ = text.partition("\n")
        request = f"bulletin-{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()[:40]}"
        self._store.run(
            lambda tx: queue_operator_mail(tx, self._engine, summary.partition(". ")[0], text.splitlines(), request)
        )
