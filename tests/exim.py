"""A real Exim for tests: an instance of its own in a temporary folder, on a free port of the loopback.

Skips the test, with the reason, where there is no Exim or it cannot be run. As a Debian package it drives out Postfix,
so that its unpacked package serves, too: below the folder in MAILPROC_TEST_EXIM, or ~/.cache/mailproc-test/exim.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postfix import free_port, wait_until

USER = "Debian-exim"  # compiled in
_NAMES = ("exim4", "exim")

# Without the set-user-ID bit, and with a settings file of our own, Exim delivers as its own user. It starts itself
# anew for each delivery, and no daemon asks DNS or the client's ident.
_CONFIG = """\
exim_path = {program}
keep_environment =
primary_hostname = mx.acme.example
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/spool/exim.pid
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
tls_advertise_hosts =
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = acl_check_rcpt
acl_smtp_data = acl_check_data

begin acl

acl_check_rcpt:
  require verify = recipient
  accept

acl_check_data:
{acl}
  accept

begin routers

{routers}

begin transports

{transports}

begin retry

* * F,1h,1s

begin authenticators

{authenticators}
"""


class Exim:
    """One instance; it takes mail on `port` from anybody on this machine, for whatever the routers know."""

    def __init__(
        self, *, routers: str, transports: str, acl: str = "", port: int = 0, authenticators: str = ""
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mp-exim-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.port = port or free_port()
        # Where the package was unpacked its own user may have no access
        self._program = self.folder / "exim4"
        found = _find_program()
        assert found is not None
        shutil.copyfile(found, self._program)
        self._program.chmod(0o755)
        user = pwd.getpwnam(USER)
        for name in ("spool", "log"):
            (self.folder / name).mkdir()
            os.chown(self.folder / name, user.pw_uid, user.pw_gid)
        self._config = self.folder / "exim4.conf"
        self._config.write_text(
            _CONFIG.format(
                program=self._program,
                folder=self.folder,
                port=self.port,
                acl=acl,
                routers=routers,
                transports=transports,
                authenticators=authenticators,
            )
        )

    def start(self) -> None:
        """Start it; back when it listens."""
        # What was deferred comes again soon
        done = self._run("-bd", "-q5s")
        if done.returncode or not wait_until(self._listens):
            raise RuntimeError(f"Exim did not start: {done.stderr}{self.log()[-2000:]}")

    def stop(self) -> None:
        """Stop it and remove all it had."""
        with contextlib.suppress(OSError, ValueError):
            pid = int((self.folder / "spool" / "exim.pid").read_text())
            os.kill(pid, signal.SIGTERM)
            wait_until(lambda: not _is_alive(pid))
        shutil.rmtree(self.folder, ignore_errors=True)

    def queued(self) -> int:
        """How many mails wait."""
        return int(self._run("-bpc").stdout or 0)

    def log(self) -> str:
        """Its log so far."""
        path = self.folder / "log" / "mainlog"
        return path.read_text(errors="replace") if path.exists() else ""

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._program, "-C", self._config, *arguments], capture_output=True, text=True, timeout=60, cwd="/"
        )

    def _listens(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as client:
                return client.recv(100).startswith(b"220")
        except OSError:
            return False


def find_obstacle() -> str:
    """Why there can be no Exim here; "" when there can."""
    program = _find_program()
    if program is None:
        return (
            "there is no Exim: unpack the packages exim4-base and exim4-daemon-light below ~/.cache/mailproc-test/exim"
            " with dpkg -x"
        )
    if os.geteuid() != 0:
        return "Exim must be started by root"
    try:
        pwd.getpwnam(USER)
    except KeyError:
        return f"there is no user {USER} on this machine: useradd --system {USER}"
    said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60)
    return f"{program} does not run: {said.stderr.strip()}" if said.returncode == 127 else ""


@contextlib.contextmanager
def running(
    *, routers: str, transports: str, acl: str = "", port: int = 0, authenticators: str = ""
) -> Iterator[Exim]:
    """An Exim that runs with these routers and transports. Skips where there can be none."""
    obstacle = find_obstacle()
    if obstacle:
        pytest.skip(obstacle)
    exim = Exim(routers=routers, transports=transports, acl=acl, port=port, authenticators=authenticators)
    try:
        exim.start()
        yield exim
    finally:
        exim.stop()


def _find_program() -> Path | None:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    for name in _NAMES:
        if found := shutil.which(name, path=path):
            return Path(found)
    folders = [os.environ.get("MAILPROC_TEST_EXIM", ""), "~/.cache/mailproc-test/exim"]
    for folder in filter(None, folders):
        for name in _NAMES:
            program = Path(folder).expanduser() / "usr" / "sbin" / name
            if program.is_file():
                return program
    return None


def _is_alive(pid: int) -> bool:
    # Whoever has taken it over may be slow to bury it
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
