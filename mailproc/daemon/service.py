"""The daemon: intakes, workers, clock and sender, each in its own loop; signals and reload. Wet, no policy."""

import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FrameType

from mailproc import maillog
from mailproc.daemon.alarms import Alarms
from mailproc.daemon.breaker import BreakerWatch
from mailproc.daemon.bulletins import Bulletins
from mailproc.daemon.endpoint import Endpoint
from mailproc.daemon.intakes import Doorway, make_listeners, make_polled, stop_all, survey_all
from mailproc.daemon.outlet import Outlet
from mailproc.daemon.status import StatusBoard
from mailproc.daemon.supervisor import lock_site, notify_supervisor
from mailproc.errors import MailprocError, SiteLocked, StoreUnavailable
from mailproc.intake.base import PolledIntake, has_room
from mailproc.intake.smtp import SmtpListener
from mailproc.oauth import Sources
from mailproc.opening import KeyKeeper, OpenSite, RuleKeeper
from mailproc.records.mail import Envelope
from mailproc.records.polledfolder import Survey
from mailproc.store import inbox, mailboxes, outbox
from mailproc.tickets.token import split_reply_address

DRAIN_SECONDS = 25.0
_POLL_SECONDS = 0.5  # other processes (`deliver`, `feed`) leave mail in the database without waking us
_TICK_SECONDS = 30.0
_RULES_SECONDS = 1.0  # how often the rule files and the versions in the store are looked at
_TEMPLATES_SECONDS = 5.0
_DISK_LOOK_SECONDS = 1.0
_STREAM_MAILS, _STREAM_SECONDS = 5, 0.25  # so many mails in so short a time are a stream
_LEAST_GATHER_SECONDS, _MOST_GATHER_SECONDS = 0.1, 0.5
_STORE_PAUSE_SECONDS = 2.0
_SWITCH_SECONDS = 0.0005  # a busy worker thread hands the interpreter to the listener quickly: 250s stay fast


def run_once(site: OpenSite) -> bool:
    """Poll each polled intake once, then work until nothing is due or leased; rows waiting for a retry stay.

    Opens no listener. False when an intake was out of reach; the others' mail is worked on all the same.
    """
    once = Daemon(site)
    with suppress(SiteLocked), lock_site(site.settings.database):
        once.take_over()  # what a run that was cut short had in hand
    is_well = True
    for intake in make_polled(once.door):
        try:
            intake.poll_once()
        except MailprocError:  # it says so itself; a withdrawn login or a wrong folder name is its own trouble, too
            is_well = False
    while site.engine.work() or site.engine.tick() or once.outlet.step():
        pass
    once.outlet.drain(DRAIN_SECONDS)
    once.outlet.copy_once()
    return is_well


def survey(site: OpenSite) -> list[tuple[str, Survey | str]]:
    """(intake, what its first poll would take, or why that cannot be told); nothing of it happens."""
    return survey_all(Daemon(site).door)


class Daemon:
    """One site's daemon; `run` returns when a signal or `stop` asks for it."""

    def __init__(self, site: OpenSite, *, on_ready: Callable[["Daemon"], None] | None = None) -> None:
        self.site = site
        self.sources = Sources(site.settings.oauth)
        self.board = StatusBoard(site.settings, site.store, clock=site.engine.clock)
        self.outlet = Outlet(site, self.sources, self.board)
        self.keeper = RuleKeeper(site)
        self.keys = KeyKeeper(site)
        self.door = Doorway(
            site.settings, site.store, self.sources, self.deposit, self.accepts, self.has_room, self.board.report,
            Bulletins(site.engine, site.store).tell,
        )  # fmt: skip
        self.listeners: list[SmtpListener] = []
        self.polled: list[PolledIntake] = []
        self._on_ready = on_ready
        self._stopping = threading.Event()
        self._reloading = threading.Event()
        self._came_at: deque[float] = deque(maxlen=_STREAM_MAILS)  # the last mails that were handed in
        self._work_waits = threading.Event()
        self._send_waits = threading.Event()
        url = site.settings.database
        self._disk_path = Path(url.removeprefix("sqlite:///")).parent if url.startswith("sqlite") else None
        self._looks_again_at = 0.0
        self._has_room = True
        self._is_warm = False
        self._work_seconds = self._send_seconds = 0.0  # what the last step took

    def run(self, *, with_signals: bool = True) -> None:
        """Work until told to stop, then drain for at most 25 s.

        Raises SiteLocked when another daemon holds a SQLite site, Permanent when a listener cannot be opened.
        """
        sys.setswitchinterval(_SWITCH_SECONDS)
        with lock_site(self.site.settings.database):
            self._run(with_signals)

    def _run(self, with_signals: bool) -> None:
        alarms: Alarms | None = None
        endpoint: Endpoint | None = None
        try:
            if with_signals:
                signal.signal(signal.SIGTERM, self._on_signal)
                signal.signal(signal.SIGINT, self._on_signal)
                signal.signal(signal.SIGHUP, self._on_signal)
            self.take_over()
            self.board.start()
            alarms = Alarms(self.site.settings, self.site.engine, self.board, notify=notify_supervisor)
            endpoint = self._open_endpoint()
            self._open_intakes()
            threads = [
                threading.Thread(target=self._loop, args=(name, step, wake), name=name, daemon=True)
                for name, step, wake in (
                    ("work", self._work_step, self._work_waits),
                    ("send", self._send_step, self._send_waits),
                )
            ]
            for thread in threads:
                thread.start()
            self.outlet.start_copies()
            maillog.daemon_started(self.site.settings.site.name)
            notify_supervisor("READY=1")
            if self._on_ready is not None:
                self._on_ready(self)
            self._watch(alarms)
            self._drain(threads)
        finally:
            stop_all([*self.listeners, *self.polled])
            if endpoint is not None:
                endpoint.stop()
            if alarms is not None:
                alarms.close()
            with suppress(StoreUnavailable):
                self.board.stop()
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
        self._came_at.append(time.monotonic())
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
            full = f"the disk under {self._disk_path} is nearly full: no mail is taken in until there is room"
            self.board.suffer("disk", "" if self._has_room else full, is_urgent=True)
        return self._has_room

    # ---- loops

    def _watch(self, alarms: Alarms) -> None:
        next_tick = next_look = next_templates = 0.0
        breaker = BreakerWatch(self.board)
        while not self._stopping.wait(0.2):
            now = time.monotonic()
            if self._reloading.is_set() or now >= next_look:
                next_look = now + _RULES_SECONDS
                self._watch_step("keys", self._look_at_keys)
                self._watch_step("rules", partial(self._look_at_rules, now))
                self._watch_step("health", self._look_at_health)
                self._watch_step("breaker", breaker.look)
                self._watch_step("alarms", alarms.look)
            if now >= next_templates:
                next_templates = now + _TEMPLATES_SECONDS
                self._watch_step("templates", self._look_at_templates)
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
        for listener in self.listeners:
            listener.reload()
        try:
            self.keeper.reload()
        except StoreUnavailable:
            self._reloading.set()  # whoever sent the signal waits for an answer
            raise

    def _look_at_keys(self) -> None:
        self.keys.poll()
        problem = self.keys.problem
        said = f"the keys file cannot be used, the keys that were read before serve: {problem}"
        self.board.suffer("keys", said if problem else "", is_urgent=True)

    def _look_at_templates(self) -> None:
        renderer = self.site.engine.renderer
        renderer.reload()
        broken = "\n".join(renderer.problems)
        said = f"mail templates of this site are broken, the shipped ones serve until they are mended:\n{broken}"
        self.board.suffer("templates", said if broken else "", is_urgent=True)

    def _look_at_health(self) -> None:
        for listener in self.listeners:
            self.board.report(listener.status())
        self.has_room()  # the disk may fill while no mail comes
        self.board.beat()

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
        began = self._let_door_go_first(self._work_seconds)
        worked = self.site.engine.work()
        self._work_seconds = time.monotonic() - began
        if worked:
            self._send_waits.set()
        return self.site.engine.has_more

    def _send_step(self) -> bool:
        began = self._let_door_go_first(self._send_seconds)
        sent = self.outlet.step()
        self._send_seconds = time.monotonic() - began
        return bool(sent)

    def _let_door_go_first(self, last_seconds: float) -> float:
        """Waits while mail streams in, for three times as long as the last step took; the time then.

        Each accept is one short commit that somebody waits for. Deciding and sending take the interpreter, the
        connection and the disk away from it; in a stream they also cost less a mail when more mails have gathered.
        """
        deadline = time.monotonic() + min(max(3 * last_seconds, _LEAST_GATHER_SECONDS), _MOST_GATHER_SECONDS)
        while self._is_streaming() or self.site.store.waiting_urgent():
            if time.monotonic() >= deadline or self._stopping.wait(0.01):
                break
        return time.monotonic()

    def _is_streaming(self) -> bool:
        came_at = tuple(self._came_at)
        return len(came_at) == _STREAM_MAILS and time.monotonic() - came_at[0] < _STREAM_SECONDS

    # ---- start and stop

    def take_over(self) -> None:
        """What a crash left: on SQLite this daemon is the only one, so every claim and lease is free again."""
        if self.site.settings.database.startswith("sqlite"):
            now = self.site.engine.clock()
            self.site.store.run(inbox.release_claims)
            self.site.store.run(lambda tx: outbox.recover(tx, now))
            self.site.store.run(mailboxes.release_leases)

    def _open_endpoint(self) -> Endpoint | None:
        wanted = self.site.settings.health
        if wanted is None:
            return None
        endpoint = Endpoint(self.board, wanted.host, wanted.port)
        endpoint.start()
        return endpoint

    def _open_intakes(self) -> None:
        for listener in make_listeners(self.door):
            listener.start()
            self.listeners.append(listener)
            maillog.intake_started(listener.name, address=listener.address)
        for intake in make_polled(self.door):
            intake.start()
            self.polled.append(intake)

    def _drain(self, threads: list[threading.Thread]) -> None:
        notify_supervisor("STOPPING=1")
        stop_all([*self.listeners, *self.polled])
        self.listeners.clear()
        self.polled.clear()
        deadline = time.monotonic() + DRAIN_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        try:
            while time.monotonic() < deadline and (self.site.engine.work() or self.outlet.step()):
                pass
            self.outlet.drain(max(0.0, deadline - time.monotonic()))
        except MailprocError as error:
            maillog.store_unavailable(self.site.settings.site.name, problem=str(error))

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if number == signal.SIGHUP:
            self._reloading.set()
        else:
            self.stop()
