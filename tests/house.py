"""A site that an operator runs: made by `mailproc init`, changed as a document says, served by `mailproc run`.

Its customers and departments are a mail server of the tests that keeps what comes.
"""

import contextlib
import os
import re
import shutil
import smtplib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import formatdate
from pathlib import Path

from click.testing import CliRunner

from mailproc.cli.demo import Sink
from mailproc.cli.init import init
from mailproc.store import inbox
from mailproc.store.database import open_store
from tests import postfix
from tests.handbook import SITE, replace_settings
from tests.shell import Shell

ROOT = Path(__file__).resolve().parents[1]
JANE = "jane@customer.example"
TEAM = "frontdesk@acme.example"
PATIENCE_SECONDS = 60.0


class House:
    """A site as `mailproc init` makes it, its daemon, and whoever its mail goes to: customers, departments."""

    def __init__(self, provider: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mp-house-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.site = self.folder / "site"
        self.team = TEAM  # where the department's mail ends up
        self.sink = Sink()
        self.sink_port = self.sink.listen()
        self._process: subprocess.Popen[bytes] | None = None
        options = ["--yes", "--provider", provider, "--address", "support@acme.example"]
        made = CliRunner().invoke(init, [str(self.site), *options, "--address", "billing@acme.example"])
        assert made.exit_code == 0, made.output

    def configure(self, block: str) -> None:
        """Put what a document shows into mailproc.yaml."""
        path = self.site / SITE
        path.write_text(replace_settings(path.read_text("utf-8"), block), "utf-8")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`mailproc ...` on this site, in this process: that is another one than the daemon's, too."""
        return subprocess.CompletedProcess(arguments, *Shell(self.site)(*arguments))

    def start(self) -> None:
        """`mailproc run`; back when it is ready."""
        command = [sys.executable, str(ROOT / "cli.py"), "--config", str(self.site / SITE), "run"]
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        process = self._process
        assert postfix.wait_until(lambda: "daemon_started" in self.log() or process.poll() is not None)
        assert process.poll() is None, self.log()

    def close(self) -> None:
        """End the daemon and remove everything."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE_SECONDS)
        self.sink.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def raw_of_first(self) -> bytes:
        """The bytes of the first mail that came in."""
        with open_store(f"sqlite:///{self.site}/data/mailproc.db") as store, store.read() as tx:
            row = tx.execute("SELECT min(id) FROM inbox").fetchone()
            return inbox.raw_of(tx, row[0]) or b""

    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_for_mail(self, what: Callable[[str, EmailMessage], bool], server_log: Callable[[], str]) -> EmailMessage:
        """The first mail that went to (recipient, with these words), as soon as it is there."""
        found: list[EmailMessage] = []

        def came() -> bool:
            for mail in list(self.sink.mails):
                parsed = BytesParser(policy=policy.default).parsebytes(mail.raw)
                if isinstance(parsed, EmailMessage) and what(mail.recipient, parsed):
                    found.append(parsed)
                    return True
            return False

        assert postfix.wait_until(came, PATIENCE_SECONDS), (
            f"only {[mail.recipient for mail in self.sink.mails]} came\n{self.log()[-3000:]}\n{server_log()[-4000:]}"
        )
        return found[0]


@contextlib.contextmanager
def opened(provider: str = "generic") -> Iterator[House]:
    house = House(provider)
    try:
        yield house
    finally:
        house.close()


def substitute(text: str, table: dict[str, object]) -> str:
    """The text with what the table names in place of its words."""
    for word, ours in table.items():
        text = text.replace(word, str(ours))
    return text


def send(port: int, to: str, subject: str, text: str, **headers: str) -> None:
    """A mail of a customer, in a real SMTP conversation."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"Jane Doe <{JANE}>", to, subject
    mail["Date"], mail["Message-ID"] = formatdate(), f"<{time.monotonic_ns()}@customer.example>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    with smtplib.SMTP("127.0.0.1", port, local_hostname="client.customer.example", timeout=PATIENCE_SECONDS) as client:
        client.sendmail(JANE, [to], mail.as_bytes(policy=policy.SMTP))


def converse(house: House, port: int, log: Callable[[], str], through: str, **headers: str) -> None:
    """A case by mail through that server: the acknowledgement comes back by it, and its address leads to the case."""
    send(port, "support@acme.example", "Blank pages", "It prints blank pages.", **headers)
    received = house.wait_for_mail(lambda to, mail: to == JANE, log)
    assert any(through in str(value) for value in received.get_all("Received", [])), received
    first = house.wait_for_mail(lambda to, mail: to == house.team, log)
    reply_address = str(received["Reply-To"]).strip("<>")
    assert re.fullmatch(r"support\+[a-z2-7]c[0-9]{5,}[a-z2-7]{16}@acme\.example", reply_address), reply_address
    # Neither tag nor In-Reply-To: only the address says where it belongs
    send(port, reply_address, "One more thing", "It is the one on the second floor.")
    second = house.wait_for_mail(lambda to, mail: to == house.team and "second floor" in mail.as_string(), log)
    assert second["X-Mailproc-Ticket"] == first["X-Mailproc-Ticket"] is not None
    assert house.run("hold", "list").stdout.strip() in ("", "nothing is held"), house.run("hold", "list").stdout


def in_shell(commands: str, table: dict[str, object]) -> None:
    """Run commands of a document."""
    done = subprocess.run(
        ["bash", "-euc", substitute(commands, table)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        env={**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"},
    )
    assert done.returncode == 0, done.stderr
