"""Tests of the IMAP intake against a real Dovecot, with a real store and engine behind it."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailproc.errors import Permanent, StoreUnavailable, Temporary
from mailproc.intake.imap import ImapIntake
from mailproc.records.mail import Envelope
from mailproc.store import inbox, mailboxes
from tests.dovecot import Dovecot, running, shared
from tests.intake.imaphouse import House, numbered, open_house, wait_for


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture
def dovecot() -> Dovecot:
    return shared()


@pytest.fixture
def user(dovecot: Dovecot) -> str:
    return dovecot.new_user()


def imap_date(at: datetime) -> str:
    return at.strftime("%d-%b-%Y %H:%M:%S +0000")


# ---- what is taken, and what becomes of it


def test_mail_becomes_tickets_with_its_exact_bytes(house: House, dovecot: Dovecot, user: str) -> None:
    mails = [numbered(n) for n in range(3)]
    dovecot.append(user, *mails)
    assert house.open(dovecot.port, user).poll_once() == 3
    house.work()
    assert house.raws() == mails
    assert (house.tickets(), house.acknowledgements()) == (3, 3)
    with house.site.store.read() as tx:
        row = inbox.get(tx, 1)
    assert row is not None
    kind, name, folder, uidvalidity, uid = row.envelope.identity.split(":")
    assert (kind, name, folder, uid) == ("imap", "support", "INBOX", "1") and int(uidvalidity) > 0
    assert row.envelope.stored_at is not None and row.envelope.kind == "imap" and row.envelope.sender is None
    assert row.envelope.recipients == ("support@acme.example",)


@pytest.mark.parametrize(
    ("after", "here", "processed"),
    [("keep", 2, 0), ("seen", 2, 0), ("delete", 0, 0), ("move:Processed", 0, 2), ("move:Archive/Żółć & more", 0, 2)],
)
def test_after_the_commit_mail_is_where_the_settings_say(
    house: House, dovecot: Dovecot, user: str, after: str, here: int, processed: int
) -> None:
    dovecot.append(user, numbered(1), numbered(2))
    intake = house.open(dovecot.port, user, after=after)
    assert intake.poll_once() == 2
    assert intake.poll_once() == 0  # whatever stayed is known
    assert len(dovecot.contents(user)) == here
    client = dovecot.connect(user)
    _, (seen,) = (client.select("INBOX"), client.search(None, "SEEN"))[1]
    assert len(seen.split()) == (2 if after == "seen" else 0)
    if processed:
        moved = [path for path in dovecot.maildir(user).glob(".*") if path.is_dir()]
        assert sum(len(list(path.glob("*/*:2,*")) + list(path.glob("new/*"))) for path in moved) == processed


def test_f18_mail_that_others_marked_as_seen_is_taken(house: House, dovecot: Dovecot, user: str) -> None:
    dovecot.append(user, *(numbered(n) for n in range(5)))
    client = dovecot.connect(user)
    client.select("INBOX")
    client.store("1:*", "+FLAGS", "(\\Seen \\Answered)")
    assert house.open(dovecot.port, user, after="keep").poll_once() == 5
    client.noop()
    assert len(client.search(None, "SEEN")[1][0].split()) == 5


def test_fetching_leaves_flags_alone(house: House, dovecot: Dovecot, user: str) -> None:
    dovecot.append(user, numbered(1))
    house.open(dovecot.port, user, after="keep").poll_once()
    client = dovecot.connect(user)
    client.select("INBOX", readonly=True)
    assert client.search(None, "UNSEEN")[1] == [b"1"]


# ---- from where on


def test_start_now_leaves_alone_what_was_there(house: House, dovecot: Dovecot, user: str) -> None:
    dovecot.append(user, *(numbered(n) for n in range(4)))
    intake = house.open(dovecot.port, user, start="now")
    survey = intake.survey()
    assert (survey.count, survey.left_alone) == (0, 4)
    assert intake.poll_once() == 0
    dovecot.append(user, numbered(9))
    assert intake.survey().count == 1
    assert intake.poll_once() == 1
    assert len(dovecot.contents(user)) == 4


def test_start_since_a_date_takes_mail_that_arrived_from_then_on(house: House, dovecot: Dovecot, user: str) -> None:
    now = house.clock[0]
    for days in (40, 20, 3, 0):
        dovecot.append(user, numbered(days), date=imap_date(now - timedelta(days=days)))
    intake = house.open(dovecot.port, user, start=(now - timedelta(days=21)).date().isoformat())
    survey = intake.survey()
    assert (survey.count, survey.will_acknowledge, survey.left_alone) == (3, 1, 1)
    assert survey.oldest is not None and survey.newest is not None and survey.oldest < survey.newest
    assert house.stored() == 0 and len(dovecot.contents(user)) == 4
    assert intake.poll_once() == 3
    house.work()
    # Only what is younger than a day is acknowledged
    assert (house.tickets(), house.acknowledgements()) == (3, 1)
    dovecot.append(user, numbered(77), date=imap_date(now - timedelta(days=300)))
    assert intake.poll_once() == 1  # moved here later by somebody: new to us
    assert len(dovecot.contents(user)) == 1


# ---- crashes and other clients


def test_f05_mail_that_is_stored_and_not_moved_is_moved_and_not_taken_again(
    house: House, dovecot: Dovecot, user: str
) -> None:
    dovecot.append(user, *(numbered(n) for n in range(3)))
    intake = house.open(dovecot.port, user, after="keep")
    intake.poll_once()
    # As after a crash between the commit and the move: the bytes are there, the folder was never settled
    house.site.store.run(lambda tx: tx.execute("UPDATE mailbox SET done_uid = 0"))
    again = house.open(dovecot.port, user)
    assert again.poll_once() == 0
    assert (house.stored(), dovecot.contents(user)) == (3, [])
    assert len(dovecot.contents(user, "Processed")) == 3


def test_f14_a_folder_with_new_uids_brings_nothing_twice(house: House, dovecot: Dovecot, user: str) -> None:
    dovecot.append(user, *(numbered(n, message_id=bool(n % 2)) for n in range(6)))
    intake = house.open(dovecot.port, user, after="keep")
    intake.poll_once()
    house.work()
    house.clock[0] += timedelta(hours=2)
    dovecot.forget_index(user)
    dovecot.append(user, numbered(50))
    assert intake.poll_once() == 1
    house.work()
    assert (house.stored(), house.tickets(), house.acknowledgements()) == (7, 7, 7)
    assert [key for key, _ in house.told if key.startswith("renumbered")] != []
    dovecot.append(user, numbered(51))
    assert intake.poll_once() == 1 and len(house.told) == 1


def test_f14_mail_that_start_now_left_alone_stays_alone_with_new_uids(
    house: House, dovecot: Dovecot, user: str
) -> None:
    old = house.clock[0] - timedelta(minutes=5)
    dovecot.append(user, *(numbered(n) for n in range(4)), date=imap_date(old))
    intake = house.open(dovecot.port, user, start="now")
    intake.poll_once()
    dovecot.forget_index(user)
    dovecot.append(user, numbered(50), date=imap_date(house.clock[0] + timedelta(minutes=1)))
    assert intake.poll_once() == 1
    again = house.open(dovecot.port, user, start="now")
    assert again.poll_once() == 0
    assert len(dovecot.contents(user)) == 4


def test_f14_uids_that_are_given_again_under_the_same_uidvalidity_are_noticed(
    house: House, dovecot: Dovecot, user: str
) -> None:
    intake = house.open(dovecot.port, user)
    dovecot.append(user, numbered(1), numbered(2))
    intake.poll_once()
    client = dovecot.connect(user)
    client.select("INBOX")
    uidlist = dovecot.maildir(user) / "dovecot-uidlist"
    validity = next(word for word in uidlist.read_text().split() if word.startswith("V"))
    dovecot.forget_index(user)
    uidlist.write_text(f"3 {validity} N1\n")  # as a backup may bring it back
    uidlist.chmod(0o666)
    dovecot.append(user, *(numbered(n) for n in range(3, 6)))
    assert intake.poll_once() == 3
    assert house.stored() == 5


def test_f14_old_mail_of_a_restored_mailbox_is_not_acknowledged(house: House, dovecot: Dovecot, user: str) -> None:
    dovecot.append(user, numbered(1))
    intake = house.open(dovecot.port, user, after="keep")
    intake.poll_once()
    house.work()
    dovecot.append(user, numbered(2, days_old=700))
    dovecot.forget_index(user)
    assert intake.poll_once() == 1
    house.work()
    assert (house.tickets(), house.acknowledgements()) == (2, 1)


def test_f17_mail_that_another_client_removes_is_passed_over(house: House, dovecot: Dovecot, user: str) -> None:
    count = 60
    dovecot.append(user, *(numbered(n) for n in range(count)))
    client = dovecot.connect(user)
    client.select("INBOX")
    stored: list[bytes] = []

    def remove_some(raw: bytes) -> None:
        stored.append(raw)
        if len(stored) % 10 == 1:
            client.uid("STORE", "15:25,55:58", "+FLAGS.SILENT", "(\\Deleted)")
            client.expunge()

    house.on_deposit = remove_some
    intake = house.open(dovecot.port, user, batch=5)
    intake.poll_once()
    assert len(set(stored)) == len(stored) == house.stored() < count
    assert dovecot.contents(user) == []
    assert len(dovecot.contents(user, "Processed")) <= len(stored)
    dovecot.append(user, numbered(99))
    assert intake.poll_once() == 1


# ---- what is too much


def test_t57_mail_that_is_too_large_stays_and_is_told_of_once(house: House, dovecot: Dovecot, user: str) -> None:
    dovecot.append(user, numbered(1), numbered(2, text="x" * 50_000), numbered(3))
    intake = house.open(dovecot.port, user, max_message_size=20_000)
    assert intake.survey().too_large == 1
    assert intake.poll_once() == 2
    assert len(dovecot.contents(user)) == 1
    assert len(house.told) == 1 and "20000" in house.told[0][1]
    assert house.open(dovecot.port, user, max_message_size=20_000).poll_once() == 0
    assert len(house.told) == 1
    assert house.open(dovecot.port, user).poll_once() == 1  # the limit was raised
    assert (house.stored(), dovecot.contents(user)) == (3, [])


def test_f10_a_full_disk_keeps_mail_in_the_mailbox(house: House, dovecot: Dovecot, user: str) -> None:
    dovecot.append(user, numbered(1))
    intake = house.open(dovecot.port, user, idle=False, poll_seconds=1)
    house.rooms[0] = False
    intake.start()
    wait_for(lambda: "disk" in intake.status.problem)
    assert house.stored() == 0 and len(dovecot.contents(user)) == 1
    house.rooms[0] = True
    wait_for(lambda: house.stored() == 1)
    wait_for(lambda: intake.status.problem == "")


def test_a_store_that_is_away_costs_no_mail(house: House, dovecot: Dovecot, user: str) -> None:
    dovecot.append(user, *(numbered(n) for n in range(3)))
    troubles = [StoreUnavailable("the database is locked")] * 2
    real = house.deposit

    def deposit(raw: bytes, envelope: Envelope) -> Any:
        if troubles:
            raise troubles.pop()
        return real(raw, envelope)

    intake = house.open(dovecot.port, user, deposit=deposit)
    with pytest.raises(StoreUnavailable):
        intake.poll_once()
    assert intake.status.failing_since is not None
    intake.start()
    wait_for(lambda: not dovecot.contents(user))
    assert house.stored() == 3
    wait_for(lambda: intake.status.failing_since is None)


# ---- waiting


def test_mail_comes_at_once_under_idle_and_stopping_is_quick(house: House, dovecot: Dovecot, user: str) -> None:
    intake = house.open(dovecot.port, user)
    intake.start()
    wait_for(lambda: intake.status.last_success)
    for number in range(3):
        dovecot.append(user, numbered(number))
        wait_for(lambda wanted=number + 1: house.stored() == wanted)  # type: ignore[misc]
    wait_for(lambda: not dovecot.contents(user))
    wait_for(lambda: intake.status.taken == 3)
    began = time.monotonic()
    intake.stop()
    intake.stop()
    assert time.monotonic() - began < 15  # not the 5 minutes of an IDLE
    dovecot.append(user, numbered(9))
    assert house.stored() == 3


def test_without_idle_the_mailbox_is_polled(house: House, dovecot: Dovecot, user: str) -> None:
    intake = house.open(dovecot.port, user, idle=False, poll_seconds=1)
    intake.start()
    wait_for(lambda: intake.status.last_success)
    dovecot.append(user, numbered(1))
    wait_for(lambda: house.stored() == 1)
    assert house.stored() == 1 and not intake.status.problem


def test_f15_a_killed_server_is_found_again(house: House) -> None:
    with running() as dovecot:
        user = dovecot.new_user()
        intake = house.open(dovecot.port, user)
        intake.start()
        wait_for(lambda: intake.status.last_success)
        dovecot.kill()
        wait_for(lambda: intake.status.failing_since)
        assert "127.0.0.1" in intake.status.problem
        dovecot.start()
        dovecot.append(user, numbered(1))
        wait_for(lambda: house.stored() == 1)
        wait_for(lambda: intake.status.failing_since is None)
        dovecot.stop()  # this time with a BYE
        wait_for(lambda: intake.status.failing_since)
        dovecot.start()
        dovecot.append(user, numbered(2))
        wait_for(lambda: house.stored() == 2)


# ---- folders


def test_a_folder_that_is_removed_and_back_is_taken_again(house: House, dovecot: Dovecot, user: str) -> None:
    client = dovecot.connect(user)
    client.create("Orders")
    dovecot.append(user, numbered(1), folder="Orders")
    intake = house.open(dovecot.port, user, "Orders", after="keep")
    intake.start()
    wait_for(lambda: house.stored() == 1)
    client.delete("Orders")
    dovecot.kick(user)
    wait_for(lambda: "Orders cannot be opened" in intake.status.problem)
    dovecot.next_second()
    client = dovecot.connect(user)
    client.create("Orders")
    dovecot.append(user, numbered(2), folder="Orders")
    wait_for(lambda: house.stored() == 2)
    assert house.stored() == 2


@pytest.mark.parametrize("after", ["move:Processed", "move:INBOX/Processed", "move:INBOX.Processed"])
def test_folders_are_found_below_a_prefix_with_another_separator(house: House, tmp_path: Path, after: str) -> None:
    with running(separator=".", prefix="INBOX.") as dovecot:
        user = dovecot.new_user()
        client = dovecot.connect(user)
        if after == "move:INBOX/Processed":
            client.create("INBOX.Processed")
        dovecot.append(user, numbered(1))
        assert house.open(dovecot.port, user, after=after).poll_once() == 1
        assert len(dovecot.contents(user, "Processed")) == 1
        assert [line for line in client.list()[1] if b"Processed" in line][0].endswith(b" INBOX.Processed")


def test_several_folders_of_one_mailbox_are_apart(house: House, dovecot: Dovecot, user: str) -> None:
    dovecot.connect(user).create("Orders")
    dovecot.append(user, numbered(1))
    dovecot.append(user, numbered(2), folder="Orders")
    for folder in ("INBOX", "Orders"):
        assert house.open(dovecot.port, user, folder, folders=("INBOX", "Orders")).poll_once() == 1
    assert house.stored() == 2 and house.reports[-1].name == "support/Orders"


def test_moving_to_a_folder_that_is_polled_is_refused(house: House, dovecot: Dovecot, user: str) -> None:
    intake = house.open(dovecot.port, user, folders=("INBOX", "Done"), after="move:Done")
    with pytest.raises(Permanent, match="itself polled"):
        intake.start()
    with pytest.raises(Permanent, match="folder name"):
        house.open(dovecot.port, user, after="move:x\r\nA1 DELETE INBOX").start()


def test_a_mailbox_over_quota_loses_nothing_and_is_told_of_once(house: House) -> None:
    # Moving inside one user's quota always works; a folder nobody may write to refuses it as a full one would
    with running(extra="plugin {\n  acl = vfile\n}\nprotocol imap {\n  mail_plugins = acl\n}\n") as dovecot:
        user = dovecot.new_user()
        dovecot.connect(user).create("Processed")
        rights = dovecot.maildir(user, "Processed") / "dovecot-acl"
        rights.write_text("owner lr\n")
        dovecot.append(user, *(numbered(n) for n in range(3)))
        intake = house.open(dovecot.port, user)
        assert intake.poll_once() == 3
        assert "refuses move:Processed" in intake.status.problem and intake.status.failing_since is None
        assert intake.poll_once() == 0 and len(house.told) == 1
        rights.unlink()
        assert intake.poll_once() == 0
        assert (intake.status.problem, house.stored()) == ("", 3)
        assert len(dovecot.contents(user, "Processed")) == 3 and dovecot.contents(user) == []


# ---- one mailbox, one daemon


def test_two_daemons_never_poll_the_same_folder(house: House, dovecot: Dovecot, user: str) -> None:
    dovecot.append(user, numbered(1))
    first, second = house.open(dovecot.port, user), house.open(dovecot.port, user)
    first.start()
    wait_for(lambda: house.stored() == 1)
    with pytest.raises(Temporary, match="another daemon"):
        second.poll_once()
    second.start()
    wait_for(lambda: "another daemon" in second.status.problem)
    assert second.status.failing_since is None
    first.stop()
    dovecot.append(user, numbered(2))
    wait_for(lambda: house.stored() == 2)
    second.stop()
    house.site.store.run(lambda tx: mailboxes.take_lease(tx, "support", "INBOX", "dead", house.clock[0], 9e9))
    with pytest.raises(Temporary):
        house.open(dovecot.port, user).poll_once()
    house.site.store.run(mailboxes.release_leases)
    house.open(dovecot.port, user).poll_once()


def test_one_mailbox_in_trouble_leaves_the_others_alone(house: House, dovecot: Dovecot, user: str) -> None:
    broken = house.open(dovecot.port, dovecot.new_user(), password="wrong", name="broken")
    well = house.open(dovecot.port, user)
    for intake in (broken, well):
        intake.start()
    wait_for(lambda: "refuses the login" in broken.status.problem)
    dovecot.append(user, numbered(1))
    wait_for(lambda: house.stored() == 1)
    assert well.status.problem == "" and "wrong" not in broken.status.problem


def test_a_surprise_in_one_poll_is_not_the_end(house: House, dovecot: Dovecot, user: str) -> None:
    surprises = [RuntimeError("a defect")]
    has_met = threading.Event()

    def deposit(raw: bytes, envelope: Envelope) -> Any:
        if surprises:
            has_met.set()
            raise surprises.pop()
        return house.deposit(raw, envelope)

    dovecot.append(user, numbered(1))
    intake: ImapIntake = house.open(dovecot.port, user, deposit=deposit)
    intake.start()
    wait_for(has_met.is_set)
    wait_for(lambda: house.stored() == 1)
    assert house.stored() == 1 and not surprises


def test_the_age_of_mail_is_that_of_its_arrival_in_the_mailbox(house: House, dovecot: Dovecot, user: str) -> None:
    dovecot.append(user, numbered(1), date=imap_date(datetime.now(UTC) - timedelta(days=2)))
    dovecot.append(user, numbered(2), date=imap_date(datetime.now(UTC) - timedelta(hours=2)))
    assert house.open(dovecot.port, user).poll_once() == 2
    house.work()
    assert (house.tickets(), house.acknowledgements()) == (2, 1)
