"""The operator hears of broken rules: one mail for each trouble, however often it is noticed, and not after restarts.

What was told last is kept in the store; being well again forgets it, so that the same mistake made later is told anew.
"""

import hashlib

from mailproc import maillog
from mailproc.engine import Engine
from mailproc.message.addresses import is_sendable
from mailproc.opening.versions import host_key
from mailproc.records.effects import Mail
from mailproc.render.composer import compose_mail
from mailproc.settings import Settings
from mailproc.store import meta
from mailproc.store.alarms import next_number, queue_alarm
from mailproc.store.database import Store, Tx
from mailproc.tickets.token import split_reply_address

_SUBJECT = "the rules are broken, the last good ones serve"
_MOST_LINES = 40


def raise_alarm(loaded: Settings, engine: Engine, trouble: str, problem: str) -> bool:
    """Write to the operator of one of `TROUBLES`.

    False when they know of this very problem already, or there is nobody to write to.
    """
    operator = loaded.site.operator
    # A mailbox that we read ourselves would make a ticket of it
    if not operator or not is_sendable(operator) or split_reply_address(loaded.site, operator)[0]:
        return False
    digest = hashlib.sha256(problem.encode("utf-8", "replace")).hexdigest()
    key = _key(loaded, trouble)

    def job(tx: Tx) -> bool:
        if meta.get_value(tx, key) == digest:
            return False
        now = engine.clock()
        meta.set_value(tx, key, digest)
        mail = _make_mail(loaded, next_number(tx), problem)
        composed = compose_mail(mail, (), now, engine.policy, engine.renderer)
        queue_alarm(tx, composed, f"rules-{digest[:32]}-{now.isoformat()}", now)
        return True

    told = engine.store.run(job)
    if told:
        maillog.alarmed("rules", to=operator)
    return told


def clear_alarm(loaded: Settings, store: Store, trouble: str) -> None:
    """That is well again: the next trouble is news, even if it is the same."""
    key = _key(loaded, trouble)
    with store.read() as tx:
        is_clear = meta.get_value(tx, key) is None
    if not is_clear:
        store.run(lambda tx: meta.set_value(tx, key, None))


def _make_mail(loaded: Settings, number: int, problem: str) -> Mail:
    site = loaded.site
    # A caret below a source line says nothing once a mail program has its own font
    lines = [line.strip() for line in problem.splitlines() if line.strip() not in ("", "^")]
    if len(lines) > _MOST_LINES:
        lines = [*lines[:_MOST_LINES], f"and {len(lines) - _MOST_LINES} more lines: mailproc rules check"]
    return Mail(
        serial=0,
        n=number,
        purpose="alarm",
        template="alarm",
        recipient=site.operator,
        language=site.default_language,
        identity="",
        role="agent",
        tag="",
        subject="",
        from_name=site.name,
        from_address=site.addresses[0],
        context=(("site_name", site.name), ("subject", _SUBJECT), ("lines", "\n".join(lines))),
    )


def _key(loaded: Settings, trouble: str) -> str:
    return host_key(f"rules-problem {trouble}", loaded)
