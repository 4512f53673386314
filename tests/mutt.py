"""A real mutt (or neomutt) for tests, at work on an IMAP mailbox and sending by SMTP, driven by its own key functions.

Skips the test, with the reason, where neither is installed. It runs under a terminal of its own, as a person's would.
"""

import contextlib
import os
import pty
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.dovecot import PASSWORD

_PATIENCE_SECONDS = 60.0
# What a person does in the editor: the text goes on top, above whatever the mail program put there
_EDITOR = """\
#!/bin/sh
cat "$1" > "{folder}/edited"
cat "{folder}/typed" "{folder}/edited" > "$1.new" && cat "$1.new" > "$1" && rm "$1.new"
"""
# Which fields are shown, and forwarded, is as on Debian
_SETTINGS = """\
ignore *
unignore from: subject to cc date x-mailer x-url user-agent
hdr_order date: from: to: cc: subject:
set from = "{address}"
set realname = "{name}"
set use_from = yes
set folder = "imap://{mailbox_url}@127.0.0.1:{imap_port}/"
set imap_user = "{mailbox}"
set imap_pass = "{password}"
set smtp_url = "smtp://{login_url}@127.0.0.1:{smtp_port}/"
set smtp_pass = "{password}"
set smtp_authenticators = "plain"
set ssl_starttls = no
set ssl_force_tls = no
set editor = "{folder}/editor"
set spoolfile = "imap://{mailbox_url}@127.0.0.1:{imap_port}/INBOX"
set header_cache = ""
set message_cachedir = ""
set tmpdir = "{folder}"
set signature = "{folder}/signature"
set copy = no
set record = ""
set fast_reply = yes
set include = yes
set reply_to = yes
set forward_quote = no
set mime_forward = no
set edit_headers = no
set abort_unmodified = no
set abort_nosubject = no
set abort_noattach = no
set recall = no
set confirmappend = no
set wait_key = no
set quit = yes
set move = no
set delete = yes
set bounce = yes
set postponed = "{folder}/postponed"
set mbox = ""
set hostname = "laptop.acme.example"
set send_charset = "us-ascii:utf-8"
set timeout = 15
set sleep_time = 0
set help = no
set beep = no
"""


class Mutt:
    """One person's mail program: whose mailbox it shows, and as whom it writes."""

    def __init__(
        self, name: str, address: str, *, imap_port: int, smtp_port: int, mailbox: str = "", signature: str = ""
    ) -> None:
        self.program = find_mutt()
        self.folder = Path(tempfile.mkdtemp(prefix="mp-mutt-"))
        mailbox = mailbox or address
        settings = _SETTINGS.format(
            folder=self.folder,
            address=address,
            name=name,
            login_url=address.replace("@", "%40"),
            mailbox=mailbox,
            mailbox_url=mailbox.replace("@", "%40"),
            password=PASSWORD,
            imap_port=imap_port,
            smtp_port=smtp_port,
        )
        (self.folder / "rc").write_text(settings)
        (self.folder / "signature").write_text(signature)
        (self.folder / "editor").write_text(_EDITOR.format(folder=self.folder))
        (self.folder / "editor").chmod(0o755)

    def reply(self, pattern: str, text: str) -> None:
        """`r`: answer the newest mail that fits the pattern of mutt's."""
        self._work(f"<limit>{pattern}<enter><last-entry><reply><send-message><quit>", text)

    def group_reply(self, pattern: str, text: str) -> None:
        """`g`: answer everybody."""
        self._work(f"<limit>{pattern}<enter><last-entry><group-reply><send-message><quit>", text)

    def forward(self, pattern: str, to: str, text: str) -> None:
        """`f`: forward it in the text."""
        # It asks for To and Subject, though fast_reply is on
        self._work(f"<limit>{pattern}<enter><last-entry><forward-message>{to}<enter><send-message><quit>", text)

    def bounce(self, pattern: str, to: str) -> None:
        """`b`: pass it on as it is, with Resent fields."""
        self._work(f"<limit>{pattern}<enter><last-entry><bounce-message>{to}<enter><quit>", "")

    def press(self, link: str, text: str = "") -> None:
        """What a click on a mailto: link does: the mail that it prepares is sent, with this text on top."""
        # Keys that are pushed are for mailboxes only; mutt shows To once more, neomutt does not
        asks = () if "neomutt" in self.program else ((b"To: ", b"\r"),)
        self._work("", text, link, typed=(*asks, (b"Compose", b"y")))

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _work(self, keys: str, text: str, *arguments: str, typed: Sequence[tuple[bytes, bytes]] = ()) -> None:
        """Run it with these keys, or type each once its prompt is there; back when it has ended by itself."""
        (self.folder / "typed").write_text(text, "utf-8")
        push = keys.replace("\\", "\\\\").replace('"', '\\"')
        pushed = ["-e", f'push "{push}"'] if push else []
        command = [self.program, "-n", "-F", str(self.folder / "rc"), *pushed, *arguments]
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("LC_")},
            "TERM": "xterm",
            "LANG": "C.UTF-8",
            "HOME": str(self.folder),
            "LINES": "40",
            "COLUMNS": "120",
        }
        ours, theirs = pty.openpty()
        screen = bytearray()
        waiting = list(typed)
        process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
            cwd=self.folder,
        )
        os.close(theirs)
        reader = threading.Thread(target=_sit_before, args=(ours, screen, waiting), daemon=True)
        reader.start()
        try:
            code = process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise AssertionError(f"{self.program} did not end: {bytes(screen[-3000:])!r}") from None
        finally:
            reader.join(5)
            os.close(ours)
        assert code == 0, (code, bytes(screen[-3000:]))


def _sit_before(terminal: int, screen: bytearray, typed: list[tuple[bytes, bytes]]) -> None:
    """Read what it draws, or it would stop drawing, and type what is due."""
    seen = 0
    deadline = time.monotonic() + _PATIENCE_SECONDS + 5
    while time.monotonic() < deadline:
        ready, _, _ = select.select([terminal], [], [], 0.2)
        if not ready:
            continue
        try:
            screen += os.read(terminal, 65_536)
        except OSError:  # the other end is closed
            return
        if typed and (at := screen.find(typed[0][0], seen)) >= 0:
            seen = at + len(typed[0][0])
            os.write(terminal, typed.pop(0)[1])


def find_mutt() -> str:
    """The program; skips the test where there is none."""
    for name in ("mutt", "neomutt"):
        if found := shutil.which(name):
            return found
    pytest.skip("mutt is not installed: apt-get install mutt")


@contextlib.contextmanager
def opened(name: str, address: str, **options: object) -> Iterator[Mutt]:
    mutt = Mutt(name, address, **options)  # type: ignore[arg-type]
    try:
        yield mutt
    finally:
        mutt.close()
