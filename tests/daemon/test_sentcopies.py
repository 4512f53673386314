"""Copies of what customers were sent, in the Sent folder of a mailbox on a real Dovecot."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailproc import keys
from mailproc.daemon.outlet import Outlet
from mailproc.daemon.status import StatusBoard
from mailproc.oauth import Sources
from mailproc.opening import OpenSite, open_site
from mailproc.records.mail import Envelope
from mailproc.stock import rules_dir
from tests.builders import make_mail
from tests.delivery.conftest import Host
from tests.dovecot import PASSWORD, Dovecot, shared
from tests.test_way_out import SETTINGS

START = datetime(2026, 1, 13, 9, 0, tzinfo=UTC)


class Desk:
    """A site whose mails go to a peer that takes them, with copies in a mailbox."""

    def __init__(self, folder: Path, imap_port: int, user: str) -> None:
        self.clock = [START]
        self.peer = Host((lambda peer: peer.serve(),))
        box = f"host: 127.0.0.1, port: {imap_port}, tls: none, user: {user}, password: {PASSWORD}"
        box = f"  - {{kind: imap, name: box, {box}}}"
        text = SETTINGS.format(port=1, out=self.peer.port, extension="plus").replace("\ndelivery", f"\n{box}\ndelivery")
        text = text.replace("tls: none}\noperator", "tls: none, sent_copy: {intake: box}}\noperator")
        text = text.replace("rules: rules/", f"rules: {rules_dir()}")
        (folder / "data").mkdir(mode=0o700)
        keys.create(folder / "data" / "keys")
        (folder / "mailproc.yaml").write_text(text)
        self.site: OpenSite = open_site(folder / "mailproc.yaml", clock=lambda: self.clock[0])
        self.board = StatusBoard(self.site.settings, self.site.store, clock=self.site.engine.clock)
        self.outlet = Outlet(self.site, Sources(()), self.board)

    def ask(self, number: int) -> None:
        sender = f"c{number}@customer{number}.example"
        raw = make_mail(sender, message_id=f"<m{number}@c.example>")
        envelope = Envelope("smtp", self.clock[0], sender, ("support@acme.example",), "127.0.0.1")
        self.site.engine.receive(raw, envelope).result()
        self.site.engine.work()
        while self.outlet.step():
            pass

    def due(self) -> int:
        with self.site.store.read() as tx:
            return int(tx.execute("SELECT count(*) FROM sent_copy").fetchone()[0])

    def close(self) -> None:
        self.outlet.drain(5)
        self.site.close()
        self.peer.close()


@pytest.fixture
def dovecot() -> Dovecot:
    return shared()


@pytest.fixture
def desk(tmp_path: Path, dovecot: Dovecot) -> Iterator[tuple[Desk, str]]:
    user = dovecot.new_user()
    made = Desk(tmp_path, dovecot.port, user)
    yield made, user
    made.close()


def kept(dovecot: Dovecot, user: str) -> list[bytes]:
    return dovecot.contents(user, "Sent")


def test_what_customers_got_is_kept_once(desk: tuple[Desk, str], dovecot: Dovecot) -> None:
    place, user = desk
    for number in (1, 2):
        place.ask(number)
    assert place.due() == 2  # the acknowledgements; departments have their own mail
    place.outlet.copy_once()
    copies = kept(dovecot, user)
    assert len(copies) == 2 and all(b"To: c" in raw for raw in copies) and place.due() == 0
    # A crash between the copy and its being struck out
    place.site.store.run(
        lambda tx: tx.execute(
            "INSERT INTO sent_copy (outbox_id, added_at, next_at)"
            " SELECT id, created_at, created_at FROM outbox WHERE role = 'customer'"
        )
    )
    place.outlet.copy_once()
    assert kept(dovecot, user) == copies and place.due() == 0


def test_a_mailbox_that_is_away_costs_no_mail_and_gets_its_copies_later(tmp_path: Path, dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    place = Desk(tmp_path, 1, user)
    try:
        place.ask(1)
        place.outlet.copy_once()
        assert place.due() == 1
        assert [item.key for item in place.board.difficulties()] == ["sent copies"]
        wire = [line for line in place.peer.log if line == "DATA"]
        assert len(wire) == 2
        place.outlet._copies._server = place.outlet._copies._server.__class__(  # type: ignore[union-attr]
            "127.0.0.1", dovecot.port, "none", user, PASSWORD
        )
        place.outlet.copy_once()
        assert kept(dovecot, user) == []  # not before its time
        place.clock[0] += timedelta(minutes=2)
        place.outlet.copy_once()
        assert len(kept(dovecot, user)) == 1 and place.due() == 0 and place.board.difficulties() == ()
        assert [line for line in place.peer.log if line == "DATA"] == wire  # and nothing went twice
    finally:
        place.close()
