"""The operator hears of broken rules: one mail for each trouble, however often it is noticed, and not after restarts.

What was told last is kept in the store; being well again forgets it, so that the same mistake made later is told anew.
"""

import hashlib

from mailproc import maillog
from mailproc.engine import Engine
from mailproc.opening.alarmwords import find_words
from mailproc.opening.operatormail import find_operator, queue_operator_mail
from mailproc.opening.versions import host_key
from mailproc.settings import Settings
from mailproc.store import meta
from mailproc.store.database import Store, Tx


def raise_alarm(loaded: Settings, engine: Engine, trouble: str, problem: str) -> bool:
    """Write to the operator of one of `TROUBLES`, in the site's default language.

    False when they know of this very problem already, or there is nobody to write to.
    """
    operator = find_operator(loaded.site)
    if not operator:
        return False
    digest = hashlib.sha256(problem.encode("utf-8", "replace")).hexdigest()
    key = _key(loaded, trouble)
    summary, advice = find_words(trouble, loaded.site.default_language)
    # A caret below a source line says nothing once a mail program has its own font
    lines = [line.strip() for line in problem.splitlines() if line.strip() not in ("", "^")]

    def job(tx: Tx) -> bool:
        if meta.get_value(tx, key) == digest:
            return False
        meta.set_value(tx, key, digest)
        request = f"rules-{digest[:32]}-{engine.clock().isoformat()}"
        queue_operator_mail(tx, engine, summary, (advice, *lines), request)
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


def _key(loaded: Settings, trouble: str) -> str:
    return host_key(f"rules-problem {trouble}", loaded)
