"""`deliver` behind a real Postfix: its pipe(8) transport as documented, and a pipe in an alias as in a .forward."""

import contextlib
import shutil
import smtplib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailproc.store import inbox
from mailproc.store.database import open_store
from mailproc.store.inbox import InboxRow
from tests import messenger, postfix
from tests.builders import make_mail
from tests.shell import call


@dataclass
class Relay:
    """A Postfix that hands mail for acme.example to a site of nobody's."""

    server: postfix.Postfix
    folder: Path

    def send(self, raw: bytes, *recipients: str, sender: str = "jane@customer.example") -> None:
        with smtplib.SMTP("127.0.0.1", self.server.port, local_hostname="client.example", timeout=60) as client:
            client.sendmail(sender, recipients, raw)

    def rows(self) -> list[InboxRow]:
        with open_store(f"sqlite:///{self.folder}/data/mailproc.db") as store, store.read() as tx:
            ids = [row[0] for row in tx.execute("SELECT id FROM inbox ORDER BY id").fetchall()]
            return [row for row in (inbox.get(tx, inbox_id) for inbox_id in ids) if row is not None]

    def wait_for_log(self, text: str) -> None:
        assert postfix.wait_until(lambda: text in self.server.log()), self.server.log()[-3000:]

    def flush_until(self, condition: Callable[[], bool]) -> None:
        assert self.server.flush_until(condition), self.server.log()[-3000:]

    def wait_for_rows(self, count: int) -> list[InboxRow]:
        # The shell of a command, its end and the queue file's removal: the queue is empty after all of it
        empty = postfix.wait_until(lambda: not self.server.queued() and len(self.rows()) >= count)
        assert empty, self.server.log()[-3000:]
        return self.rows()


@pytest.fixture(scope="module")
def relay() -> Iterator[Relay]:
    obstacle = postfix.find_obstacle()
    if obstacle:
        pytest.skip(obstacle)
    folder = Path(tempfile.mkdtemp(prefix="mp-site-", dir="/tmp"))
    server = None
    called = contextlib.ExitStack()
    try:
        assert call("init", str(folder), "--yes")[0] == 0
        settings = folder / "mailproc.yaml"
        settings.write_text(settings.read_text().replace("max_message_size: 30MB", "max_message_size: 1MB"))
        server = postfix.Postfix(
            {"acme.example": "mailproc:", "words.acme.example": "twowords:", "local.example": "local:"},
            default_privs=messenger.USER,
            alias_maps=f"texthash:{folder}/table",
        )
        program = f"{called.enter_context(messenger.standing_in(server.folder))} --config {settings} deliver"
        (folder / "table").write_text(f'billing "|{program}"\n')
        with (server.folder / "etc" / "master.cf").open("a") as master:
            master.write(
                f"mailproc unix - n n - 4 pipe flags=Rhu user={messenger.USER}\n"
                f"  argv={program} --sender=${{sender}} --recipient=${{original_recipient}}\n"
                f"twowords unix - n n - 4 pipe flags=Rhu user={messenger.USER}\n"
                f"  argv={program} --sender ${{sender}} --recipient ${{recipient}}\n"
                "local unix - n n - - local\n"
            )
        server.start()
        yield Relay(server, folder)
    finally:
        if server is not None:
            server.stop()
        called.close()
        shutil.rmtree(folder, ignore_errors=True)


def test_postfix_hands_mail_over_with_its_envelope_and_keeps_what_is_not_taken(relay: Relay) -> None:
    raw = make_mail(to="support@acme.example, billing@acme.example")
    relay.send(raw, "support+x2c10000@acme.example", "Billing@acme.example")
    (row,) = relay.wait_for_rows(1)
    assert row.envelope.kind == "pipe" and row.envelope.sender == "jane@customer.example"
    assert set(row.envelope.recipients) == {"support+x2c10000@acme.example", "billing@acme.example"}
    # An entry with two words for an option: all recipients but the first stand alone
    relay.send(make_mail(message_id="<t@customer.example>"), "a@words.acme.example", "b@words.acme.example")
    assert set(relay.wait_for_rows(2)[-1].envelope.recipients) == {"a@words.acme.example", "b@words.acme.example"}
    # A bounce has no sender
    relay.send(make_mail(message_id="<b@customer.example>"), "support@acme.example", sender="")
    assert relay.wait_for_rows(3)[-1].envelope.sender == ""
    # 69: the sender hears why, at once
    relay.send(make_mail(text="x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 20_000), "support@acme.example")
    relay.wait_for_log("dsn=5.3.4, status=bounced")
    # 78: the mail waits, whatever the exit code means to Postfix
    settings = relay.folder / "mailproc.yaml"
    settings.rename(relay.folder / "away.yaml")
    relay.send(make_mail(message_id="<w@customer.example>"), "support@acme.example")
    relay.wait_for_log("dsn=4.3.5, status=deferred")
    (relay.folder / "away.yaml").rename(settings)
    # 75: the database is out of reach
    data = relay.folder / "data"
    data.rename(relay.folder / "gone")
    data.write_text("no folder")
    relay.flush_until(lambda: "dsn=4.3.0, status=deferred" in relay.server.log())
    data.unlink()
    (relay.folder / "gone").rename(data)
    relay.flush_until(lambda: len(relay.rows()) >= 4)
    assert len(relay.wait_for_rows(4)) == 4


def test_a_pipe_in_an_alias_or_forward_file_finds_its_envelope(relay: Relay) -> None:
    before = len(relay.rows())
    relay.send(make_mail(message_id="<f@customer.example>"), "billing@local.example", sender="ann@customer.example")
    row = relay.wait_for_rows(before + 1)[-1]
    assert row.envelope.sender == "ann@customer.example"
    assert row.envelope.recipients == ("support@acme.example",)  # of To: the alias's own address is none of ours
    with open_store(f"sqlite:///{relay.folder}/data/mailproc.db") as store, store.read() as tx:
        raw = inbox.raw_of(tx, row.id) or b""
    assert raw.startswith(b"Return-Path: <ann@customer.example>\n") and b"X-Original-To: billing@local.example" in raw
