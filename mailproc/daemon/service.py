"""The daemon: intakes, workers, clock and sender, each in its own loop; signals and reload. Wet, no policy."""

import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FrameType

from mailproc import maillog
from mailproc.daemon.supervisor import lock_site, notify_supervisor
from mailproc.delivery.base import Delivery
from mailproc.delivery.filedrop import MaildirSender
from mailproc.delivery.smtp import SmtpSender
from mailproc.errors import MailprocError, SiteLocked, StoreUnavailable
from mailproc.intake.base import has_room
from mailproc.intake.smtp import SmtpListener
from mailproc.opening import OpenSite, RuleKeeper
from mailproc.records.mail import Envelope
from mailproc.settings import Settings
from mailproc.store import inbox, outbox
from mailproc.tickets.token import split_reply_address

DRAIN_SECONDS = 25.0
_POLL_SECONDS = 0.5  # other processes (`deliver`, `feed`) leave mail in the database without waking us
_TICK_SECONDS = 30.0
_RULES_SECONDS = 1.0  # how often the rule files and the versions in the store are looked at
_DISK_LOOK_SECONDS = 1.0
_STORE_PAUSE_SECONDS = 2.0
_SWITCH_SECONDS = 0.0005  # a busy worker thread hands the interpreter to the listener quickly: 250s stay fast
_BUILT_INTAKES = ("smtp",)


def make_delivery(settings: Settings) -> Delivery:
    """The way out the settings name; a Maildir's folders exist afterwards."""
    wanted = settings.delivery
    if wanted.kind == "maildir":
        return MaildirSender(Path(wanted.path))
    return SmtpSender(
        wanted.host,
        wanted.port,
        tls=wanted.tls,
        user=wanted.user,
        password=wanted.password,
        hostname=settings.site.domain,
    )


def run_once(site: OpenSite) -> None:
    """Work until nothing is due or leased; opens no listener, rows waiting for a later retry stay."""
    delivery = make_delivery(site.settings)
    with suppress(SiteLocked), lock_site(site.settings.database):
        site.store.run(inbox.release_claims)  # what a run that was cut short had in hand
    while site.engine.work() or site.engine.tick() or site.engine.send(delivery):
        pass


class Daemon:
    """One site's daemon; `run` returns when a signal or `stop` asks for it."""

    def __init__(self, site: OpenSite, *, on_ready: Callable[["Daemon"], None] | None = None) -> None:
        self.site = site
        self.delivery = make_delivery(site.settings)
        self.keeper = RuleKeeper(site)
        self.listeners: list[SmtpListener] = []
        self._on_ready = on_ready
        self._stopping = threading.Event()
        self._reloading = threading.Event()
        self._work_waits = threading.Event()
        self._send_waits = threading.Event()
        url = site.settings.database
        self._disk_path = Path(url.removeprefix("sqlite:///")).parent if url.startswith("sqlite") else None
        self._looks_again_at = 0.0
        self._has_room = True
        self._is_warm = False

    def run(self, *, with_signals: bool = True) -> None:
        """Work until told to stop, then drain for at most 25 s.

        Raises SiteLocked when another daemon holds a SQLite site, Permanent when a listener cannot be opened.
        """
        sys.setswitchinterval(_SWITCH_SECONDS)
        with lock_site(self.site.settings.database):
            self._run(with_signals)

    def _run(self, with_signals: bool) -> None:
        try:
            if with_signals:
                signal.signal(signal.SIGTERM, self._on_signal)
                signal.signal(signal.SIGINT, self._on_signal)
                signal.signal(signal.SIGHUP, self._on_signal)
            self._take_over()
            self._open_listeners()
            threads = [
                threading.Thread(target=self._loop, args=(name, step, wake), name=name, daemon=True)
                for name, step, wake in (
                    ("work", self._work_step, self._work_waits),
                    ("send", self._send_step, self._send_waits),
                )
            ]
            for thread in threads:
                thread.start()
            maillog.daemon_started(self.site.settings.site.name)
            notify_supervisor("READY=1")
            if self._on_ready is not None:
                self._on_ready(self)
            self._watch()
            self._drain(threads)
        finally:
            for listener in self.listeners:
                listener.stop()
            maillog.daemon_stopped(self.site.settings.site.name)

    def stop(self) -> None:
        """Ask the daemon to drain and return."""
        self._stopping.set()
        self._work_waits.set()
        self._send_waits.set()

    def accepts(self, address: str) -> bool:
        """True for addresses of this site, with or without an extension."""
        return bool(split_reply_address(self.site.settings.site, address)[0])

    def deposit(self, raw: bytes, envelope: Envelope) -> Future[int]:
        """What every listener calls: store, then wake the worker."""
        future = self.site.engine.receive(raw, envelope)

        def stored(done: Future[int]) -> None:
            if done.exception() is None:
                maillog.accepted(done.result(), client=envelope.client, sender=envelope.sender, size=len(raw))
                self._work_waits.set()

        future.add_done_callback(stored)
        return future

    def has_room(self) -> bool:
        """True while the disk has room for two more mails of the largest size (F10); answered from a recent look."""
        if self._disk_path is None:
            return True
        now = time.monotonic()
        if now >= self._looks_again_at:
            self._looks_again_at = now + _DISK_LOOK_SECONDS
            self._has_room = has_room(self._disk_path, 2 * self.site.settings.max_message_size)
            if not self._has_room:
                maillog.disk_low(str(self._disk_path))
        return self._has_room

    # ---- loops

    def _watch(self) -> None:
        next_tick = next_look = 0.0
        while not self._stopping.wait(0.2):
            now = time.monotonic()
            if self._reloading.is_set() or now >= next_look:
                next_look = now + _RULES_SECONDS
                self._watch_step("rules", partial(self._look_at_rules, now))
            if now >= next_tick:
                next_tick = now + _TICK_SECONDS
                self._watch_step("clock", self.site.engine.tick)

    def _watch_step(self, name: str, step: Callable[[], object]) -> None:
        try:
            step()
        except StoreUnavailable:
            pass  # the other loops say so; the next round tries again
        except Exception as error:  # neither the clock nor a rule file may stop the daemon (I4)
            maillog.loop_failed(name, error=error)

    def _look_at_rules(self, now: float) -> None:
        if not self._reloading.is_set():
            self.keeper.poll(now)
            return
        self._reloading.clear()
        try:
            self.keeper.reload()
        except StoreUnavailable:
            self._reloading.set()  # whoever sent the signal waits for an answer
            raise

    def _loop(self, name: str, step: Callable[[], bool], wake: threading.Event) -> None:
        while not self._stopping.is_set():
            try:
                is_busy = step()
            except StoreUnavailable as error:
                maillog.store_unavailable(self.site.settings.site.name, problem=str(error))
                self._stopping.wait(_STORE_PAUSE_SECONDS)
                is_busy = False
            except Exception as error:  # whatever one round met, the next good mail is worked on (I4)
                maillog.loop_failed(name, error=error)
                is_busy = False
            if not is_busy:
                wake.wait(_POLL_SECONDS)
                wake.clear()

    def _work_step(self) -> bool:
        if not self._is_warm:
            self._is_warm = True
            self.site.engine.warm_up()
        # Mail at the door goes before mail in the house: each accept is one short commit
        deadline = time.monotonic() + 0.2
        while self.site.store.waiting_urgent() and time.monotonic() < deadline:
            time.sleep(0.002)
        worked = self.site.engine.work()
        if worked:
            self._send_waits.set()
        return self.site.engine.has_more

    def _send_step(self) -> bool:
        return bool(self.site.engine.send(self.delivery))

    # ---- start and stop

    def _take_over(self) -> None:
        """What a crash left: on SQLite this daemon is the only one, so every claim and lease is free again."""
        if self.site.settings.database.startswith("sqlite"):
            now = self.site.engine.clock()
            self.site.store.run(inbox.release_claims)
            self.site.store.run(lambda tx: outbox.recover(tx, now))

    def _open_listeners(self) -> None:
        settings = self.site.settings
        for intake in settings.intakes:
            if intake.kind not in _BUILT_INTAKES:
                maillog.intake_failed(intake.name, problem=f"intake of kind {intake.kind} is not built in this version")
                continue
            listener = SmtpListener(
                intake.host,
                intake.port,
                deposit=self.deposit,
                accepts=self.accepts,
                max_message_size=settings.max_message_size,
                hostname=settings.site.domain,
                has_room=self.has_room,
                max_held_bytes=4 * settings.max_message_size,
            )
            listener.start()
            self.listeners.append(listener)
            maillog.intake_started(intake.name, address=f"{intake.host}:{listener.port}")

    def _drain(self, threads: list[threading.Thread]) -> None:
        notify_supervisor("STOPPING=1")
        for listener in self.listeners:
            listener.stop()
        self.listeners.clear()
        deadline = time.monotonic() + DRAIN_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        try:
            while time.monotonic() < deadline and (self.site.engine.work() or self.site.engine.send(self.delivery)):
                pass
        except MailprocError as error:
            maillog.store_unavailable(self.site.settings.site.name, problem=str(error))

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if number == signal.SIGHUP:
            self._reloading.set()
        else:
            self.stop()
