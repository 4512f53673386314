"""One round of a site without a daemon."""

from pathlib import Path

from mailproc.daemon import run_once
from mailproc.opening import OpenSite
from mailproc.settings import IntakeSettings
from tests.daemon.conftest import with_settings

MAIL = b"From: c@c.test\r\nTo: support@acme.example\r\nMessage-ID: <1@c.test>\r\nSubject: Printer\r\n\r\nIt burns.\r\n"


def test_run_once_when_one_mailbox_needs_a_person_takes_the_mail_of_the_others(site: OpenSite, tmp_path: Path) -> None:
    maildir = tmp_path / "Maildir"
    for name in ("new", "cur", "tmp"):
        (maildir / name).mkdir(parents=True)
    (maildir / "new" / "1.mail").write_bytes(MAIL)
    broken = IntakeSettings("imap", "broken", "127.0.0.1", 9, user="x@acme.example", password="x", after="move:INBOX")
    dead = IntakeSettings("imap", "dead", "127.0.0.1", 9, user="x@acme.example", password="x")
    live = IntakeSettings("maildir", "live", path=str(maildir), start="all", after="delete")
    assert run_once(with_settings(site, intakes=(broken, dead, live))) is False
    assert not list((maildir / "new").iterdir())
    with site.store.read() as tx:
        assert tx.execute("SELECT count(*) FROM inbox WHERE kind = 'maildir'").fetchone()[0] == 1
