"""The way out that the settings name: its senders, their pace, the key that signs, the copies that are kept."""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

from mailproc import maillog
from mailproc.daemon.alarms import WatchedDelivery
from mailproc.daemon.sentcopies import SentCopies
from mailproc.daemon.status import StatusBoard
from mailproc.delivery.base import Delivery
from mailproc.delivery.dispatch import Dispatcher
from mailproc.delivery.dkim import Signer, SigningDelivery
from mailproc.delivery.filedrop import MaildirSender
from mailproc.delivery.pace import Pace, PacedDelivery
from mailproc.delivery.pool import Pool
from mailproc.delivery.smtp import SmtpSender
from mailproc.errors import MailprocError
from mailproc.oauth import Sources
from mailproc.opening import OpenSite
from mailproc.settings import Settings
from mailproc.store import outbox
from mailproc.store.outbox import OutboxMail

_DAY = timedelta(days=1)
_COPY_SECONDS = 10.0  # how often the copies that are due are looked for


def make_delivery(settings: Settings, sources: Sources, pace: Pace | None = None) -> Delivery:
    """One sender of a site; a Maildir's folders exist afterwards. Raises Permanent for what cannot be used."""
    wanted = settings.delivery
    delivery: Delivery
    if wanted.kind == "maildir":
        delivery = MaildirSender(Path(wanted.path))
    else:
        delivery = SmtpSender(
            wanted.host,
            wanted.port,
            tls=wanted.tls,
            user=wanted.user,
            password=wanted.password,
            hostname=settings.site.domain,
            ca_file=Path(wanted.tls_ca) if wanted.tls_ca else None,
            token=sources.find(wanted.oauth, wanted.user).token if wanted.oauth else None,
        )
    if pace is not None:
        delivery = PacedDelivery(delivery, pace)
    key = wanted.dkim
    if key is None:
        return delivery
    return SigningDelivery(delivery, Signer(key.selector, key.domain, Path(key.key_file), key.algorithm))


class Outlet:
    """All that sends mail for one site. `step` and `drain` are called from one thread at a time."""

    def __init__(self, site: OpenSite, sources: Sources, board: StatusBoard) -> None:
        wanted = site.settings.delivery
        self._site = site
        pace = self._make_pace()

        def make() -> Delivery:
            return WatchedDelivery(make_delivery(site.settings, sources, pace), board, wanted.host)

        first = make()  # what cannot be used shows before mail is taken in
        self._name = str(first)
        ready = [first]
        self._pool: Pool[OutboxMail] = Pool(
            lambda: ready.pop() if ready else make(),
            wanted.senders if wanted.kind == "smtp" else 1,
            wanted.senders_per_destination,
        )
        self._dispatcher: Dispatcher[OutboxMail] = Dispatcher(self._pool, self._trade())
        self._copies = SentCopies(site, sources, board) if wanted.sent_copy is not None else None
        site.engine.keeps_copies = self._copies is not None
        self._stopping = threading.Event()

    def step(self) -> bool:
        """One round of sending; False when there was nothing to do."""
        return self._dispatcher.step()

    def start_copies(self) -> None:
        """Make copies from now on, in a thread of their own: a mailbox that is slow keeps no mail from going."""
        if self._copies is not None:
            threading.Thread(target=self._copy, args=(self._copies,), name="sent-copies", daemon=True).start()

    def copy_once(self) -> None:
        """Make the copies that are due."""
        if self._copies is not None:
            self._copies.make_due()

    def drain(self, seconds: float) -> None:
        """Settle what is on its way, for so long at most; hands out nothing more."""
        self._stopping.set()
        self._dispatcher.drain(seconds)
        self._pool.close()

    def _trade(self) -> Callable[..., tuple[OutboxMail, ...]]:
        return partial(self._site.engine.trade, host=self._name)

    def _copy(self, copies: SentCopies) -> None:
        while not self._stopping.wait(_COPY_SECONDS):
            try:
                copies.make_due()
            except MailprocError as error:
                maillog.loop_failed("copies", error=error)
        copies.close()

    def _make_pace(self) -> Pace | None:
        wanted, clock = self._site.settings.delivery, self._site.engine.clock
        if wanted.sends_per_minute is None and wanted.sends_per_day is None:
            return None
        ages: list[float] = []
        if wanted.sends_per_day is not None:
            now = clock()
            with self._site.store.read() as tx:
                ages = [(now - at).total_seconds() for at in outbox.sent_since(tx, now - _DAY)]
        return Pace(per_minute=wanted.sends_per_minute, per_day=wanted.sends_per_day, ages=ages)
