"""The daemon as its users meet it: a process of its own, real SMTP, a customer and an agent, on both databases."""

import contextlib
import os
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from mailproc.cli.demo import Sink
from tests.shell import Shell, call

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = """\
version: 1
site:
  name: Acme Support
  prefix: ACME
  addresses: [support@acme.example, billing@acme.example]
  domain: acme.example
  languages: [en, de]
  default_language: en
  timezone: Europe/Berlin
database: {database}
keys_file: data/keys
rules: rules/
intake:
  - {{kind: smtp, listen: "127.0.0.1:{port}"}}
delivery: {{kind: smtp, host: 127.0.0.1, port: {sink_port}, tls: none}}
operator: ops@acme.example
trust: {{trusted_networks: [127.0.0.0/8], agent_trust: network, verify: no}}
max_message_size: 1MB
"""


@dataclass
class Running:
    """A daemon in a process, with the mail server that catches what it sends."""

    folder: Path
    port: int
    sink: Sink
    process: subprocess.Popen[str]

    def run(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """A command in a process of its own."""
        return subprocess.run(
            [sys.executable, str(ROOT / "cli.py"), "--config", str(self.folder / "mailproc.yaml"), *arguments],
            input=stdin,
            capture_output=True,
        )

    def json(self, *arguments: str) -> Any:
        """What a reading command prints, called in this process: that is another one than the daemon's, too."""
        return Shell(self.folder).json(*arguments)

    def send(self, mail: EmailMessage, sender: str, *recipients: str) -> None:
        with smtplib.SMTP("127.0.0.1", self.port, local_hostname="client.example", timeout=10) as client:
            client.sendmail(sender, recipients or (str(mail["To"]),), mail.as_bytes(policy=policy.SMTP))

    def wait_for_mail(self, count: int) -> list[EmailMessage]:
        assert self.sink.wait_for(count, 15), f"{len(self.sink.mails)} of {count} mails came; {self.log()}"
        parsed = [BytesParser(policy=policy.default).parsebytes(mail.raw) for mail in self.sink.mails]
        return [mail for mail in parsed if isinstance(mail, EmailMessage)]

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-2000:]


def start(folder: Path, database: str) -> Running:
    sink = Sink()
    sink_port = sink.listen()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder.mkdir(exist_ok=True)
    text = SETTINGS.format(database=database, port=port, sink_port=sink_port)
    (folder / "mailproc.yaml").write_text(text, encoding="utf-8")
    assert call("init", str(folder), "--yes")[0] == 0
    log = (folder / "log").open("w")
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "cli.py"), "--config", str(folder / "mailproc.yaml"), "run"],
        stdout=log,
        stderr=log,
        text=True,
    )
    running = Running(folder, port, sink, process)
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return running
        except OSError:
            assert process.poll() is None and time.monotonic() < deadline, running.log()
            time.sleep(0.05)


def stop(running: Running) -> int:
    running.process.terminate()
    code = running.process.wait(30)
    running.sink.stop()
    return code


@pytest.fixture
def daemon(tmp_path: Path, store_url: str) -> Iterator[Running]:
    running = start(tmp_path / "site", store_url)
    yield running
    stop(running)


@pytest.fixture
def sqlite_daemon(tmp_path: Path) -> Iterator[Running]:
    running = start(tmp_path / "site", "sqlite:///data/mailproc.db")
    yield running
    stop(running)


def write(sender: str, to: str, subject: str, text: str, **headers: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Date"], mail["Message-ID"] = formatdate(), f"<{time.monotonic_ns()}@{sender.rpartition('@')[2].strip('>')}>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


def test_customer_and_agent_settle_a_case_by_mail(daemon: Running) -> None:
    """The purpose of it all, on SQLite and on PostgreSQL."""
    request = write("Jane Doe <jane@customer.example>", "support@acme.example", "Blank pages", "It prints blank pages.")
    request.add_attachment(b"a,b\n1,2\n", maintype="text", subtype="csv", filename="log.csv")
    daemon.send(request, "jane@customer.example")
    mails = daemon.wait_for_mail(2)
    forward = next(mail for mail in mails if mail["To"] == "frontdesk@acme.example")
    received = next(mail for mail in mails if mail["To"] == "jane@customer.example")
    number = daemon.json("ticket", "list")[0]["number"]
    assert f"[{number}]" in forward["Subject"] and f"[{number}]" in received["Subject"]
    assert [part.get_filename() for part in forward.iter_attachments()] == ["log.csv"]
    assert forward["X-Mailproc-Ticket"] == number
    assert received["Auto-Submitted"] == "auto-replied"
    body = received.get_body(("plain",))
    assert body is not None and number in body.get_content()

    answer = write(
        "Ann Kowalska <ann@acme.example>",
        str(forward["Reply-To"]),
        f"Re: {forward['Subject']}",
        "Please clean the rollers.\n\n> It prints blank pages.\n",
        In_Reply_To=str(forward["Message-ID"]),
    )
    daemon.send(answer, "ann@acme.example")
    mails = daemon.wait_for_mail(4)
    to_jane = next(mail for mail in mails[2:] if mail["To"] == "jane@customer.example")
    text = to_jane.get_body(("plain",))
    assert text is not None and "clean the rollers" in text.get_content()
    assert "ann@acme.example" not in to_jane.as_string()
    assert to_jane["Auto-Submitted"] is None
    assert to_jane["References"].split()[0] == received["References"].split()[0]  # the ticket's constant root
    assert daemon.json("ticket", "show", number)["state"] == "open"

    more = write(
        "Jane Doe <jane@customer.example>",
        str(to_jane["Reply-To"]),
        f"Re: {to_jane['Subject']}",
        "That did not help.",
        In_Reply_To=str(to_jane["Message-ID"]),
    )
    daemon.send(more, "jane@customer.example")
    mails = daemon.wait_for_mail(5)
    followup = mails[4]
    assert followup["To"] == "frontdesk@acme.example"

    done = write(
        "Ann Kowalska <ann@acme.example>",
        str(followup["Reply-To"]),
        f"Re: {followup['Subject']}",
        "#resolve\nWe sent a new one.",
    )
    daemon.send(done, "ann@acme.example")
    mails = daemon.wait_for_mail(7)
    resolved = next(mail for mail in mails[5:] if mail["To"] == "jane@customer.example")
    text = resolved.get_body(("plain",))
    assert text is not None
    assert "We sent a new one." in text.get_content() and "It prints blank pages." in text.get_content()

    shown = daemon.json("ticket", "show", number)
    assert shown["state"] == "resolved"
    expected = ["request", "received", "answer", "answer", "followup", "answer", "resolved"]
    assert [message["purpose"] for message in shown["messages"]] == expected
    assert set(shown) >= {
        "number", "subject", "state", "priority", "department", "assignee", "requester", "language", "tags", "fields",
        "channel", "created_at", "due", "messages", "events", "links",
    }  # fmt: skip
    assert all(row["state"] == "sent" for row in daemon.json("outbox", "list"))


def test_the_listener_refuses_in_its_own_protocol(sqlite_daemon: Running) -> None:
    with smtplib.SMTP("127.0.0.1", sqlite_daemon.port, timeout=10) as client:
        client.ehlo("client.example")
        assert client.mail("a@customer.example")[0] == 250
        assert client.rcpt("nobody@acme.example")[0] == 550
        assert client.rcpt("support+anything@acme.example")[0] == 250
        client.rset()
        assert client.docmd("MAIL", "FROM:<a@customer.example> SIZE=5000000")[0] == 552
    big = write("a@customer.example", "support@acme.example", "big", "x\n" * 600_000)
    with pytest.raises(smtplib.SMTPException):
        sqlite_daemon.send(big, "a@customer.example")
    assert sqlite_daemon.json("ticket", "list") == []


def test_f28_a_second_daemon_on_the_same_site_exits_75(sqlite_daemon: Running) -> None:
    done = sqlite_daemon.run("run")
    assert done.returncode == 75
    assert b"another mailproc daemon" in done.stderr


def test_sigterm_drains_and_what_was_accepted_is_done(tmp_path: Path) -> None:
    running = start(tmp_path / "site", "sqlite:///data/mailproc.db")
    for number in range(20):
        sender = f"c{number}@customer{number}.example"
        running.send(write(sender, "support@acme.example", f"Request {number}", "Please help me with this."), sender)
    assert stop(running) == 0
    assert len(running.sink.mails) == 40
    assert len(running.json("ticket", "list")) == 20


def test_sighup_takes_up_good_rules_and_keeps_the_last_good_ones(sqlite_daemon: Running) -> None:
    rules = sqlite_daemon.folder / "rules" / "routing.yaml"
    good = rules.read_text(encoding="utf-8")
    rules.write_text(good.replace("route:", "rout:"), encoding="utf-8")
    os.kill(sqlite_daemon.process.pid, signal.SIGHUP)
    _wait_for_log(sqlite_daemon, "rules_kept")
    sender = "a@customer.example"
    sqlite_daemon.send(write(sender, "billing@acme.example", "Invoice", "Please send the invoice again."), sender)
    sqlite_daemon.wait_for_mail(2)
    assert sqlite_daemon.json("ticket", "list")[0]["department"] == "billing"
    rules.write_text(good, encoding="utf-8")
    os.kill(sqlite_daemon.process.pid, signal.SIGHUP)
    _wait_for_log(sqlite_daemon, "rules_loaded")
    # A restart with broken rules serves with the last good ones and says so
    rules.write_text("route: [", encoding="utf-8")
    done = sqlite_daemon.run("ticket", "list", "--json")
    assert done.returncode == 0


def test_a_poison_mail_does_not_stop_the_next(sqlite_daemon: Running) -> None:
    """I4: junk of every kind, then a good mail within seconds."""
    junk = [
        b"\x00" * 500,
        b"From: " + b"(" * 3000 + b"\r\n\r\n",
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"--a\r\n" * 800,
        b"From: a@b.example\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n+2AA-",
        b"Subject: =?utf-8?q?" + b"a?= =?utf-8?q?" * 500 + b"\r\n\r\nx",
    ]
    for raw in junk:
        # Refused at the door is as good
        with (
            contextlib.suppress(smtplib.SMTPException),
            smtplib.SMTP("127.0.0.1", sqlite_daemon.port, timeout=10) as client,
        ):
            client.sendmail("junk@junk.example", ["support@acme.example"], raw)
    started = time.monotonic()
    sender = "good@customer.example"
    sqlite_daemon.send(write(sender, "support@acme.example", "Good", "This is a good mail."), sender)
    while not any(row["requester"] == sender for row in sqlite_daemon.json("ticket", "list")):
        assert time.monotonic() - started < 10, sqlite_daemon.log()
        time.sleep(0.1)


def test_short_lived_commands_write_while_the_daemon_runs(sqlite_daemon: Running) -> None:
    raw = write("pipe@customer.example", "support@acme.example", "By pipe", "I came through a pipe.").as_bytes(
        policy=policy.SMTP
    )
    done = sqlite_daemon.run(
        "deliver", "--sender", "pipe@customer.example", "--recipient", "support@acme.example", stdin=raw
    )
    assert done.returncode == 0, done.stderr
    mails = sqlite_daemon.wait_for_mail(2)
    assert {mail["To"] for mail in mails} == {"frontdesk@acme.example", "pipe@customer.example"}
    number = sqlite_daemon.json("ticket", "list")[0]["number"]
    assert sqlite_daemon.run("ticket", "reply", number, "--text", "Here you are.", "--resolve").returncode == 0
    mails = sqlite_daemon.wait_for_mail(4)
    assert sqlite_daemon.json("ticket", "show", number)["state"] == "resolved"
    assert sqlite_daemon.run("ticket", "close", number).returncode == 0
    assert sqlite_daemon.run("ticket", "close", number).returncode == 0
    assert sqlite_daemon.json("ticket", "show", number)["state"] == "closed"


def _wait_for_log(running: Running, word: str) -> None:
    deadline = time.monotonic() + 10
    while word not in running.log():
        assert time.monotonic() < deadline, running.log()
        time.sleep(0.05)
