"""A real Dovecot for the tests: one server for each pytest worker, any number of users on it.

May skip a test: when Dovecot's programs are not installed. Its folders lie in a temporary folder of their own.
"""

import atexit
import contextlib
import grp
import imaplib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

PASSWORD = "secret"
_START_SECONDS = 60.0
_CONFIG = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap {lmtp}
listen = 127.0.0.1
ssl = {ssl}
disable_plaintext_auth = no
auth_failure_delay = 0
auth_mechanisms = plain login xoauth2
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {group}
mail_location = maildir:{folder}/mail/%u
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 0
mailbox_idle_check_interval = 1 secs
mail_max_userip_connections = 200
default_process_limit = 200
default_client_limit = 2000
{passdb}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = {tls_listens}
  }}
}}
service anvil {{
  chroot =
  client_limit = 4000
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  client_limit = 4000
}}
service stats {{
  chroot =
}}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
}}
{extra}
"""


class Dovecot:
    """A running server on 127.0.0.1; every user name exists, all with the same password."""

    def __init__(
        self,
        *,
        separator: str = "/",
        prefix: str = "",
        extra: str = "",
        passdb: str = "",
        certificate: tuple[Path, Path] | None = None,
        lmtp: bool = False,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mailproc-dovecot-"))
        self.separator = separator
        self.prefix = prefix
        self.port = free_port()
        self.tls_port = free_port() if certificate else 0
        self._program = find_dovecot()
        self._process: subprocess.Popen[bytes] | None = None
        self._user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        entry = pwd.getpwnam(self._user)
        self._ids = (entry.pw_uid, entry.pw_gid)
        group = _group_name(entry.pw_gid)
        ssl = "no"
        if certificate:
            ssl = f"yes\nssl_cert = <{certificate[0]}\nssl_key = <{certificate[1]}"
        text = _CONFIG.format(
            folder=self.folder,
            lmtp="lmtp" if lmtp else "",
            ssl=ssl,
            user=self._user,
            group=group,
            passdb=passdb or f"passdb {{\n  driver = static\n  args = password={PASSWORD}\n}}",
            port=self.port,
            tls_port=self.tls_port,
            tls_listens="yes" if certificate else "no",
            separator=separator,
            prefix=prefix,
            extra=extra,
        )
        for name in ("mail", "state"):
            (self.folder / name).mkdir()
            os.chown(self.folder / name, *self._ids)
        self.folder.chmod(0o755)
        (self.folder / "dovecot.conf").write_text(text)

    def start(self) -> None:
        """Back when it answers; after `stop` or `kill` on the same port again."""
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [self._program, "-c", self.folder / "dovecot.conf", "-F"],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                cwd=self.folder,
            )
        deadline = time.monotonic() + _START_SECONDS
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5) as probe:
                probe.settimeout(5)
                if probe.recv(4) == b"* OK":
                    return
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Dovecot did not start: {self.log()[-2000:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        """SIGTERM; sessions get a BYE."""
        if self._process is not None:
            sessions = _descendants(self._process.pid)
            self._process.terminate()
            self._process.wait(30)
            self._process = None
            for pid in sessions:  # one in IDLE would notice the end of its master only at its next heartbeat
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)

    def kill(self) -> None:
        """kill -9 of the server and all its sessions: no BYE, sockets just close."""
        if self._process is None:
            return
        pids = [self._process.pid, *_descendants(self._process.pid)]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(30)
        self._process = None
        shutil.rmtree(self.folder / "run", ignore_errors=True)

    def kick(self, user: str) -> None:
        """End that user's sessions as a crash of their processes would: the sockets close without a BYE."""
        assert self._process is not None
        for pid in _descendants(self._process.pid):
            with contextlib.suppress(OSError):
                if f"[{user} " in Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode():
                    os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """Stop it and remove everything it kept."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """What it logged, and what it printed."""
        texts = [self.folder / "dovecot.log", self.folder / "output"]
        return "".join(path.read_text(errors="replace") for path in texts if path.exists())

    # ---- mailboxes

    def new_user(self) -> str:
        """A user nobody else uses, with an empty mailbox."""
        return f"u{uuid.uuid4().hex[:12]}"

    def connect(self, user: str) -> imaplib.IMAP4:
        """Another client of that mailbox, as an agent's."""
        client = imaplib.IMAP4("127.0.0.1", self.port, 30)
        client.login(user, PASSWORD)
        return client

    def append(self, user: str, *mails: bytes, folder: str = "INBOX", date: str | None = None) -> None:
        """APPEND the mails; `date` is their INTERNALDATE as IMAP writes it."""
        with self.connect(user) as client:
            for raw in mails:
                answer, data = client.append(folder, None, f'"{date}"' if date else None, raw)
                if answer != "OK":
                    raise RuntimeError(f"APPEND: {data!r}")

    def fill(self, user: str, mails: Iterator[bytes] | list[bytes], *, folder: str = "") -> int:
        """Put mails into a Maildir without the server, for many; how many."""
        maildir = self.maildir(user, folder)
        self._make_maildir(maildir)
        count = 0
        for raw in mails:
            count += 1
            path = maildir / "new" / f"{1_700_000_000 + count}.M{count}P1.test,S={len(raw)}"
            path.write_bytes(raw)
            os.chown(path, *self._ids)
        return count

    def maildir(self, user: str, folder: str = "") -> Path:
        """Where a folder lies; "" is INBOX."""
        root = self.folder / "mail" / user
        return root / ("." + folder.replace(self.separator, ".")) if folder else root

    def contents(self, user: str, folder: str = "") -> list[bytes]:
        """The mails of a folder, flagged or not, in order of their names."""
        root = self.maildir(user, folder)
        while True:
            files = [path for sub in ("cur", "new") if (root / sub).is_dir() for path in (root / sub).iterdir()]
            # The server may rename or move a file between our two looks
            with contextlib.suppress(FileNotFoundError):
                return [path.read_bytes() for path in sorted(files, key=lambda path: path.name)]

    def forget_index(self, user: str, folder: str = "") -> None:
        """Delete index and UID list: the folder gets another UIDVALIDITY, and all its mails new UIDs."""
        self.kick(user)
        maildir = self.maildir(user, folder)
        self.next_second()
        for path in maildir.glob("dovecot*"):
            if path.is_file():
                path.unlink(missing_ok=True)

    def next_second(self) -> None:
        """Back in a new second: UIDVALIDITY is a time, and a folder made again within one may get the same."""
        time.sleep(1.02 - time.time() % 1)

    def _make_maildir(self, maildir: Path) -> None:
        for path in (maildir.parent, maildir, *(maildir / sub for sub in ("cur", "new", "tmp"))):
            if not path.exists():
                path.mkdir()
                os.chown(path, *self._ids)


def find_dovecot() -> Path:
    """The server's program; skips the test where there is none."""
    found = shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if found is None or not Path("/usr/lib/dovecot/imap").exists():
        pytest.skip("Dovecot is not installed: apt-get install dovecot-imapd")
    return Path(found)


_shared: list["Dovecot"] = []


def shared() -> Dovecot:
    """The server all tests of this process use, each with a user of its own; it ends with the process."""
    if not _shared:
        server = Dovecot()
        atexit.register(server.close)
        server.start()
        _shared.append(server)
    return _shared[0]


@contextlib.contextmanager
def running(**options: object) -> Iterator[Dovecot]:
    """A server for the length of the block."""
    server = Dovecot(**options)  # type: ignore[arg-type]
    try:
        server.start()
        yield server
    finally:
        server.close()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            number, _, rest = stat.read_text().partition(" ")
            children.setdefault(int(rest.rpartition(")")[2].split()[1]), []).append(int(number))
    found, waiting = [], [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def _group_name(gid: int) -> str:
    return grp.getgrgid(gid).gr_name
