"""A real Postfix for tests: an instance of its own in a temporary folder, on free ports of the loopback.

Skips the test, with the reason, where Postfix is not installed or cannot be run (it wants to be started by root).
"""

import contextlib
import grp
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
_PATIENCE_SECONDS = 60.0

# name type private unpriv chroot wakeup maxproc command
_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
_MAIN = {
    "compatibility_level": "3.6",
    "myhostname": "mx.relay.test",
    "mydestination": "",
    "local_recipient_maps": "",
    "alias_maps": "",
    "alias_database": "",
    "mynetworks": "127.0.0.0/8",
    "inet_interfaces": "127.0.0.1",
    "inet_protocols": "ipv4",
    "smtpd_peername_lookup": "no",
    "smtpd_relay_restrictions": "permit_mynetworks, reject",
    "smtp_host_lookup": "native",
    "smtp_dns_support_level": "disabled",
    "recipient_delimiter": "+",
    "append_dot_mydomain": "no",
    "biff": "no",
    "message_size_limit": "60000000",
    "mailbox_size_limit": "0",
    # Bounces, and whatever else is for nobody here.
    "default_transport": "discard",
    # Deferred mail waits until the test flushes the queue, unless the test says otherwise.
    "queue_run_delay": "300s",
    "minimal_backoff_time": "300s",
    "maximal_backoff_time": "300s",
    "default_destination_concurrency_failed_cohort_limit": "0",
}
_PRIVATE_QUEUES = (
    *("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold"),
    *("incoming", "private", "saved", "trace"),
)
_PUBLIC_QUEUES = {"maildrop": 0o730, "public": 0o710}


class Postfix:
    """One instance. It takes mail on `port` from anybody on this machine; `routes` says where a domain's mail goes."""

    def __init__(self, routes: dict[str, str], **settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mp-postfix-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.queue = self.folder / "queue"
        self.log_file = self.folder / "mail.log"
        self.port = free_port()
        self._config = self.folder / "etc"
        for folder in (self._config, self.queue, self.folder / "data"):
            folder.mkdir()
        self._make_queue(pwd.getpwnam("postfix").pw_uid)
        values = {
            "queue_directory": str(self.queue),
            "data_directory": str(self.folder / "data"),
            "maillog_file": str(self.log_file),
            "maillog_file_prefixes": str(self.folder),
            "relay_domains": ", ".join(routes),
            "transport_maps": "inline:{" + ", ".join(f"{{{domain}={to}}}" for domain, to in routes.items()) + "}",
        }
        values = {**_MAIN, **values, **settings}
        (self._config / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in values.items()))
        (self._config / "master.cf").write_text(_MASTER.format(port=self.port))

    def start(self) -> None:
        """Start it; back when it listens."""
        let_settle(self._config / "main.cf")
        done = subprocess.run(
            [_program("postfix"), "-c", self._config, "start"],
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
        )
        if done.returncode or not wait_until(self._listens):
            raise RuntimeError(f"Postfix did not start: {done.stderr}{self.log()[-2000:]}")

    def stop(self) -> None:
        """Stop it and remove all it had."""
        pid = self._pid()
        if pid:
            # Nothing of it is kept. The master leads the group of all its processes; asked to end it sleeps a second
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            wait_until(lambda: not _is_alive(pid))
        shutil.rmtree(self.folder, ignore_errors=True)

    def flush(self) -> None:
        """`postqueue -f`: try all deferred mail now. A mail that is just being put off does not hear of it."""
        subprocess.run([_program("postqueue"), "-c", self._config, "-f"], check=True, timeout=_PATIENCE_SECONDS)

    def queued(self) -> list[dict[str, object]]:
        """What waits in the queue: an object for each mail, as `postqueue -j` prints it."""
        done = subprocess.run(
            [_program("postqueue"), "-c", self._config, "-j"],
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    def flush_until(self, is_true: Callable[[], bool]) -> bool:
        """Try deferred mail until that is true; False when it was not in a minute."""

        def is_there() -> bool:
            if is_true():
                return True
            self.flush()
            return wait_until(is_true, 1.0)

        return wait_until(is_there)

    def log(self) -> str:
        """Its log so far."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def _make_queue(self, user: int) -> None:
        """Make what `postfix start` would make, and tell it that there is nothing to look through: that takes seconds.

        The owners and modes are those of postfix-files.
        """
        os.chown(self.folder / "data", user, -1)
        for name in _PRIVATE_QUEUES:
            (self.queue / name).mkdir(mode=0o700)
            os.chown(self.queue / name, user, -1)
        postdrop = grp.getgrnam("postdrop").gr_gid
        for name, mode in _PUBLIC_QUEUES.items():
            (self.queue / name).mkdir()
            os.chown(self.queue / name, user, postdrop)
            (self.queue / name).chmod(mode)  # free of the umask
        (self.queue / "pid").mkdir(mode=0o755)
        (self.queue / "quick-start").touch()

    def _listens(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as client:
                return client.recv(100).startswith(b"220")
        except OSError:
            return False

    def _pid(self) -> int:
        try:
            return int((self.queue / "pid" / "master.pid").read_text())
        except (OSError, ValueError):
            return 0


def find_obstacle() -> str:
    """Why there can be no Postfix here; "" when there can."""
    if shutil.which("postfix", path=_PATH) is None:
        return "Postfix is not installed: apt-get install postfix"
    if os.geteuid() != 0:
        return "Postfix must be started by root"
    try:
        pwd.getpwnam("postfix")
    except KeyError:
        return "there is no user postfix on this machine"
    return ""


@contextlib.contextmanager
def running(routes: dict[str, str], **settings: str) -> Iterator[Postfix]:
    """A Postfix that runs; paths of Unix sockets in `routes` count from its queue. Skips where there can be none."""
    obstacle = find_obstacle()
    if obstacle:
        pytest.skip(obstacle)
    postfix = Postfix(routes, **settings)
    try:
        postfix.start()
        yield postfix
    finally:
        postfix.stop()


def let_settle(settings: Path) -> None:
    """Make a settings file look old: while main.cf was written within two seconds, all of Postfix waits."""
    written = settings.stat().st_mtime - 10
    os.utime(settings, (written, written))


def free_port() -> int:
    """A port of the loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(is_true: Callable[[], bool], seconds: float = _PATIENCE_SECONDS) -> bool:
    """True as soon as it is; False when it was not in that time."""
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _program(name: str) -> str:
    found = shutil.which(name, path=_PATH)
    assert found is not None, name
    return found


def _is_alive(pid: int) -> bool:
    # Whoever has taken it over may be slow to bury it
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
