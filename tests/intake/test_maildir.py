"""A watched Maildir on a real store: what is taken, what is left, and that nothing is taken twice or lost."""

import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mailproc.errors import StoreUnavailable, Temporary
from mailproc.intake.base import IntakeStatus
from mailproc.intake.inotify import FolderWatch
from mailproc.intake.maildir import MaildirIntake
from mailproc.intake.maildirfiles import MaildirFile, _give, folder_of, make_folder, unique_of
from mailproc.records.mail import Envelope
from mailproc.settings.records import IntakeSettings
from mailproc.store import inbox
from mailproc.store.database import Store
from mailproc.store.maildirs import StoredNotes
from tests import servers

RAW = b"From: jane@c.test\nTo: support@our.test\nSubject: printer %d\nMessage-ID: <%d@c.test>\n\nIt does not print.\n"
WAIT_SECONDS = 60.0
MAX_SIZE = 100_000


@dataclass
class House:
    """A Maildir, a store, and intakes between them."""

    path: Path
    store: Store
    reports: list[IntakeStatus] = field(default_factory=list)
    intakes: list[MaildirIntake] = field(default_factory=list)
    has_room: bool = True
    trouble: Exception | None = None

    def deposit(self, raw: bytes, envelope: Envelope) -> "Future[int]":
        if self.trouble is not None:
            future: Future[int] = Future()
            future.set_exception(self.trouble)
            return future
        return self.store.submit(lambda tx: inbox.put(tx, raw, envelope), urgent=True)

    def intake(self, *, start: str = "all", after: str = "cur", name: str = "box", **more: Any) -> MaildirIntake:
        """A new intake on this Maildir, as after a restart."""
        settings = IntakeSettings("maildir", name, path=str(self.path), start=start, after=after, poll_seconds=1)
        known: dict[str, Any] = {"settle_seconds": 0.0, "shortest_pause": 0.05, "max_message_size": MAX_SIZE}
        made = MaildirIntake(
            settings,
            deposit=self.deposit,
            has_room=lambda: self.has_room,
            notes=StoredNotes(self.store, name),
            addresses=("support@our.test",),
            report=self.reports.append,
            **(known | more),
        )
        self.intakes.append(made)
        return made

    def put(self, number: int, *, folder: str = "new", name: str = "", raw: bytes = b"") -> Path:
        """Deliver a mail as an MTA does: written in tmp, then moved."""
        name = name or f"{1_700_000_000 + number}.M{number}.host"
        draft = self.path / "tmp" / name
        draft.write_bytes(raw or RAW % (number, number))
        return draft.rename(self.path / folder / name)

    def files(self, *folders: str) -> list[str]:
        """What lies where, as `folder/name`."""
        return sorted(f"{f}/{n}" for f in folders or ("new", "cur") for n in os.listdir(self.path / f))

    def stored(self) -> list[tuple[str, str]]:
        """(identity, subject line) of every mail in the store."""
        with self.store.read() as tx:
            rows = tx.execute("SELECT id, identity FROM inbox ORDER BY id").fetchall()
            raws = [inbox.raw_of(tx, row[0]) or b"" for row in rows]
        return [(row[1], raw.splitlines()[2].decode()) for row, raw in zip(rows, raws, strict=True)]

    def count(self) -> int:
        with self.store.read() as tx:
            return int(tx.execute("SELECT count(*) FROM inbox").fetchone()[0])

    def last(self) -> IntakeStatus:
        return self.reports[-1]


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    from mailproc.store.database import open_store

    path = tmp_path / "box"
    for folder in ("new", "cur", "tmp"):
        (path / folder).mkdir(parents=True)
    with open_store(f"sqlite:///{tmp_path}/store.db", busy_seconds=1) as store:
        made = House(path, store)
        yield made
        for intake in made.intakes:
            intake.stop()


def test_mail_is_stored_and_then_moved_with_the_seen_flag(house: House) -> None:
    house.put(2), house.put(1)
    assert house.intake().poll_once() == 2
    assert [subject for _, subject in house.stored()] == ["Subject: printer 1", "Subject: printer 2"]
    assert house.files() == ["cur/1700000001.M1.host:2,S", "cur/1700000002.M2.host:2,S"]
    status = house.last()
    assert (status.kind, status.taken, status.problem, status.failing_since) == ("maildir", 2, "", None)
    assert status.last_success is not None and status.last_mail is not None


def test_envelope_says_what_is_known_of_a_mail(house: House) -> None:
    path = house.put(7, name="1700000007.M7.host,S=99,W=101")
    os.utime(path, (1_700_000_007, 1_700_000_007))
    house.intake().poll_once()
    with house.store.read() as tx:
        row = inbox.get(tx, 1)
    assert row is not None
    envelope = row.envelope
    assert (envelope.kind, envelope.sender, envelope.recipients) == ("maildir", None, ("support@our.test",))
    assert envelope.stored_at == datetime.fromtimestamp(1_700_000_007, UTC)
    assert envelope.identity.startswith("maildir:box:1700000007.M7.host:")


@pytest.mark.parametrize(
    ("after", "left"),
    [
        ("cur", ["cur/a:2,S", "cur/b:2,F"]),
        ("keep", ["cur/b:2,F", "new/a"]),
        ("delete", []),
        ("move:Done", [".Done/cur/a:2,S", ".Done/cur/b:2,FS"]),
        ("move:Done/2026", [".Done.2026/cur/a:2,S", ".Done.2026/cur/b:2,FS"]),
        ("move:Zrobione ść", [".Zrobione &AVsBBw-/cur/a:2,S", ".Zrobione &AVsBBw-/cur/b:2,FS"]),
    ],
)
def test_after_says_what_becomes_of_the_file(house: House, after: str, left: list[str]) -> None:
    house.put(1, name="a"), house.put(2, folder="cur", name="b:2,F")
    intake = house.intake(after=after)
    assert intake.poll_once() == 2
    folders = [str(p.relative_to(house.path)) for p in house.path.glob("**/cur")]
    assert house.files("new", *folders) == left
    assert intake.poll_once() == 0 and house.intake(after=after).poll_once() == 0
    assert house.count() == 2


def test_what_is_no_finished_mail_is_not_touched(house: House) -> None:
    (house.path / "tmp" / "half").write_bytes(b"From: ja")
    (house.path / ".Sub" / "new").mkdir(parents=True)
    (house.path / ".Sub" / "new" / "x").write_bytes(RAW % (1, 1))
    (house.path / "new" / ".hidden").write_bytes(b"x")
    (house.path / "new" / "folder").mkdir()
    assert house.intake().poll_once() == 0
    assert house.last().problem == "" and house.count() == 0


def test_files_that_cannot_be_taken_stay_and_are_reported(house: House, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"From: root@x\n\nshadow\n")
    (house.path / "new" / "1.link").symlink_to(secret)
    (house.path / "new" / "2.dangling").symlink_to(tmp_path / "nowhere")
    os.mkfifo(house.path / "new" / "3.fifo")
    house.put(4, name="4.large", raw=b"x" * (MAX_SIZE + 1))
    (house.path / "new" / "5.empty").touch()
    house.put(6, name="6.good")
    intake = house.intake()
    assert intake.poll_once() == 1
    problem = house.last().problem
    assert "5 files stay where they are" in problem and "(and 2 more)" in problem
    assert "new/1.link: it is no regular file" in problem and house.last().failing_since is None
    assert house.files("cur") == ["cur/6.good:2,S"] and len(house.files("new")) == 5
    # Nothing is forgotten: what an operator mends is taken
    house.put(4, name="4.large", raw=RAW % (4, 4))
    assert intake.poll_once() == 1
    for name in ("1.link", "2.dangling", "3.fifo", "5.empty"):
        (house.path / "new" / name).unlink()
    assert intake.poll_once() == 0 and house.last().problem == ""


def test_a_file_that_may_not_be_read_is_told_apart() -> None:
    """As a user without rights, in a process of its own: root reads everything."""
    code = """if True:
        import os, sys
        from pathlib import Path
        sys.path.insert(0, sys.argv[1])
        from mailproc.intake.maildirfiles import Left, read_mail
        if os.geteuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        closed, opened = (read_mail(Path(name), 1000, settle_seconds=0, now=0) for name in sys.argv[2:])
        assert closed is Left.UNREADABLE and opened.raw == b"x", (closed, opened)
    """
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # pytest's own folders are closed to others
        closed, opened = Path(folder, "closed"), Path(folder, "opened")
        for path, mode in ((closed, 0), (opened, 0o644)):
            path.write_bytes(b"x")
            path.chmod(mode)
        root = Path(__file__).resolve().parents[2]
        command = [sys.executable, "-c", code, str(root), str(closed), str(opened)]
        done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "unique"),
    [
        ("1700.M1P2.host", "1700.M1P2.host"),
        ("1700.M1P2.host:2,", "1700.M1P2.host"),
        ("1700.M1P2.host,S=12,W=13:2,RS", "1700.M1P2.host"),
        ("1700.host,U=5,FMD5=ab:2,S", "1700.host"),
        ("letter, first.eml", "letter, first.eml"),
        (":2,S", ":2,S"),
        ("a\udcff", "a\\xff"),
    ],
)
def test_unique_part_of_a_name_survives_flags_and_sizes(name: str, unique: str) -> None:
    assert unique_of(name) == unique


@pytest.mark.parametrize("name", ["", "/", "..", "a\0b"])
def test_a_folder_to_move_to_has_a_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(Temporary, match="names no folder"):
        folder_of(tmp_path, name)
    assert folder_of(tmp_path, "../../etc") == tmp_path / ".etc"


def test_a_link_in_place_of_the_folder_to_move_to_changes_nothing_where_it_leads(tmp_path: Path) -> None:
    maildir, precious = tmp_path / "Maildir", tmp_path / "precious"
    for folder in (maildir, precious):
        folder.mkdir()
        folder.chmod(0o750)
    precious.chmod(0o700)
    link = maildir / ".Done"
    link.symlink_to(precious)
    with pytest.raises(OSError, match=r"symbolic links|Not a directory"):
        _give(link, maildir.stat())
    link.unlink()
    assert precious.stat().st_mode & 0o777 == 0o700
    made = make_folder(maildir, "Done")
    assert made.stat().st_mode & 0o777 == 0o750 and (made / "maildirfolder").is_file()


@pytest.mark.parametrize("after", ["cur", "delete", "move:Done"])
def test_f05_a_crash_between_commit_and_move_doubles_nothing(house: House, after: str) -> None:
    for number in range(5):
        path = house.put(number)
        raw = path.read_bytes()
        # The mail is stored, and the process dies before anything else happens
        lost = house.intake(after=after)
        lost._hand_over(MaildirFile(raw, datetime.now(UTC)), unique_of(path.name)).result()
        house.intake(after=after).poll_once()
    assert house.count() == 5 and house.files("new") == []


def test_f05_a_mail_another_program_takes_to_cur_is_taken_once(house: House) -> None:
    intake = house.intake()
    house.put(1).rename(house.path / "cur" / "1700000001.M1.host:2,S")  # opened, and marked as read, before we came
    house.put(2)
    assert intake.poll_once() == 2
    (house.path / "cur" / "1700000001.M1.host:2,S").rename(house.path / "cur" / "1700000001.M1.host:2,RS")
    (house.path / "cur" / "1700000002.M2.host:2,S").rename(house.path / "cur" / "1700000002.M2.host,S=9:2,")
    assert intake.poll_once() == 0 and house.intake().poll_once() == 0
    assert house.count() == 2


def test_a_name_that_is_used_again_loses_no_mail(house: House) -> None:
    intake = house.intake()
    for number, taking in ((1, intake), (2, intake), (3, house.intake())):
        house.put(number, name="mail.eml")
        assert taking.poll_once() == 1
    assert house.count() == 3 and house.intake().poll_once() == 0
    assert len(house.files("cur")) == 3 and house.files("new") == []


def test_start_now_leaves_alone_what_is_there_for_ever(house: House) -> None:
    house.put(1), house.put(2, folder="cur")
    assert house.intake(start="now").poll_once() == 0
    house.put(3)  # while nobody watches
    (house.path / "cur" / "1700000002.M2.host").rename(house.path / "cur" / "1700000002.M2.host:2,F")
    (house.path / "new" / "1700000001.M1.host").rename(house.path / "cur" / "1700000001.M1.host:2,S")
    assert house.intake(start="now").poll_once() == 1
    assert [subject for _, subject in house.stored()] == ["Subject: printer 3"]


def test_start_since_takes_mail_from_that_day_on(house: House) -> None:
    for number, day in ((1, 9), (2, 10), (3, 11)):
        path, at = house.put(number), datetime(2026, 1, day, 12, tzinfo=UTC).timestamp()
        os.utime(path, (at, at))
    survey = house.intake(start="2026-01-10").survey()
    assert (survey.count, survey.left_alone, survey.will_acknowledge) == (2, 1, 0)
    assert survey.oldest == datetime(2026, 1, 10, 12, tzinfo=UTC) and house.count() == 0
    assert house.intake(start="2026-01-10").poll_once() == 2
    assert house.intake(start="2026-01-10").poll_once() == 0


def test_survey_counts_and_changes_nothing(house: House) -> None:
    house.put(1), house.put(2), house.put(3, raw=b"x" * (MAX_SIZE + 1))
    os.utime(house.path / "new" / "1700000001.M1.host", (1_700_000_001, 1_700_000_001))
    survey = house.intake().survey()
    assert (survey.count, survey.will_acknowledge, survey.too_large) == (2, 1, 1)
    assert survey.oldest == datetime.fromtimestamp(1_700_000_001, UTC)
    assert house.intake(start="now").survey().left_alone == 3
    assert house.files("cur") == [] and house.intake().poll_once() == 2
    assert house.intake().survey().count == 0


def test_a_maildir_that_is_not_there_yet_gives_its_first_mail(house: House) -> None:
    """Postfix makes it with the first delivery; `start: now` must not take that mail for an old one."""
    for folder in ("new", "cur", "tmp"):
        (house.path / folder).rmdir()
    intake = house.intake(start="now")
    intake.start()
    wait_until(lambda: bool(house.reports) and house.last().failing_since is not None, "missing Maildir not reported")
    assert "there is no Maildir" in house.last().problem
    for folder in ("tmp", "new", "cur"):
        (house.path / folder).mkdir()
    house.put(1)
    wait_until(lambda: house.count() == 1, "first mail not taken")
    wait_until(lambda: house.last().problem == "", "recovery not reported")


def test_another_maildir_under_the_same_name_starts_anew(house: House) -> None:
    house.put(1)
    assert house.intake(start="now").poll_once() == 0
    other = house.path.parent / "other"
    for folder in ("tmp", "new", "cur"):
        (other / folder).mkdir(parents=True)
    house.path = other
    house.put(50)
    assert house.intake(start="now").poll_once() == 0
    house.put(51)
    moved = other.rename(house.path.parent / "moved")
    house.path = moved
    house.put(52)  # the same Maildir elsewhere: what came meanwhile is new
    assert house.intake(start="now").poll_once() == 2


@pytest.mark.parametrize("use_inotify", [True, False])
def test_new_mail_is_taken_as_it_comes(house: House, use_inotify: bool) -> None:
    intake = house.intake(use_inotify=use_inotify)
    intake.start()
    total = 20 if use_inotify else 3
    for number in range(total):
        house.put(number)
        wait_until(lambda count=number + 1: house.count() == count, "mail not taken")  # type: ignore[misc]
    wait_until(lambda: len(house.files("cur")) == total, "mail not moved")
    intake.stop()
    intake.stop()
    house.put(99)
    intake.start()
    wait_until(lambda: house.count() == total + 1, "mail not taken after another start")
    assert house.count() == total + 1


def test_mail_written_straight_into_new_is_taken_when_its_writer_is_done(house: House) -> None:
    intake = house.intake(settle_seconds=30.0)
    intake.start()
    wait_until(lambda: bool(house.reports), "no first look")
    raw = RAW % (1, 1)
    with open(house.path / "new" / "1", "wb", buffering=0) as file:
        for at in range(0, len(raw), 20):
            file.write(raw[at : at + 20])
            time.sleep(0.005)
        assert house.count() == 0
    wait_until(lambda: house.count() == 1, "mail not taken")
    with house.store.read() as tx:
        assert inbox.raw_of(tx, 1) == raw


def test_a_hard_linked_delivery_is_taken_when_it_has_settled(house: House) -> None:
    intake = house.intake(settle_seconds=0.2)
    intake.start()
    wait_until(lambda: bool(house.reports), "no first look")
    draft = house.path / "tmp" / "1"
    draft.write_bytes(RAW % (1, 1))
    os.link(draft, house.path / "new" / "1")  # as qmail and Postfix's virtual(8) may
    draft.unlink()
    wait_until(lambda: house.count() == 1, "mail not taken")
    assert house.count() == 1


def test_a_replaced_maildir_is_watched_again(house: House) -> None:
    intake = house.intake()
    intake.start()
    house.put(1)
    wait_until(lambda: house.count() == 1 and house.files("new") == [], "mail not taken")
    house.path.rename(house.path.parent / "old")
    for folder in ("tmp", "new", "cur"):
        (house.path / folder).mkdir(parents=True)
    house.put(2)
    wait_until(lambda: house.count() == 2, "mail of the new Maildir not taken")
    assert house.count() == 2


def test_store_unavailable_leaves_mail_where_it_is_and_comes_again(house: House) -> None:
    house.trouble = StoreUnavailable("database is locked by another process")
    house.put(1)
    intake = house.intake()
    with pytest.raises(Temporary, match="locked"):
        intake.poll_once()
    assert len(house.files("new")) == 1
    intake.start()
    wait_until(lambda: len(house.reports) > 3, "no retries")
    assert house.last().failing_since is not None and "locked" in house.last().problem
    since = house.last().failing_since
    assert all(report.failing_since == since for report in house.reports[1:])
    house.trouble = None
    wait_until(lambda: house.files() == ["cur/1700000001.M1.host:2,S"], "not taken after recovery")
    wait_until(lambda: house.last().failing_since is None, "recovery not reported")


def test_start_now_knows_what_came_while_the_store_was_away(house: House) -> None:
    import sqlite3

    house.put(1)
    other = sqlite3.connect(house.path.parent / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    intake = house.intake(start="now")
    intake.start()
    wait_until(lambda: bool(house.reports), "no first look")
    house.put(2)
    other.execute("ROLLBACK")
    other.close()
    wait_until(lambda: house.count() == 1, "mail that came meanwhile was left alone")
    assert [subject for _, subject in house.stored()] == ["Subject: printer 2"]


def test_one_mail_the_store_refuses_does_not_keep_the_others(house: House) -> None:
    whole = house.deposit

    def refuse_second(raw: bytes, envelope: Envelope) -> "Future[int]":
        if b"printer 2" in raw:
            future: Future[int] = Future()
            future.set_exception(RuntimeError("a surprise"))
            return future
        return whole(raw, envelope)

    house.deposit = refuse_second  # type: ignore[method-assign]
    for number in (1, 2, 3):
        house.put(number)
    intake = house.intake()
    intake.start()
    wait_until(lambda: house.files("new") == ["new/1700000002.M2.host"], "the others were kept")
    wait_until(lambda: "a surprise" in house.last().problem, "not reported")
    assert house.count() == 2


def test_f10_nothing_is_taken_below_the_disk_floor(house: House) -> None:
    house.has_room = False
    house.put(1)
    intake = house.intake()
    intake.start()
    wait_until(lambda: bool(house.reports) and "no room" in house.last().problem, "not reported")
    assert house.count() == 0 and len(house.files("new")) == 1
    house.has_room = True
    wait_until(lambda: house.count() == 1, "not taken after recovery")


def test_f11_a_locked_database_is_waited_for(house: House) -> None:
    import sqlite3

    other = sqlite3.connect(house.path.parent / "store.db", isolation_level=None)
    house.put(1)
    intake = house.intake()
    other.execute("BEGIN IMMEDIATE")
    intake.start()
    wait_until(lambda: bool(house.reports) and "locked" in house.last().problem, "not reported")
    other.execute("ROLLBACK")
    other.close()
    wait_until(lambda: house.files() == ["cur/1700000001.M1.host:2,S"], "not taken after recovery")
    assert house.count() == 1


def test_a_mail_that_cannot_be_put_away_is_worked_on_all_the_same(house: House) -> None:
    house.put(1)
    (house.path / "cur").rmdir()
    (house.path / "cur").write_text("somebody's mistake")
    watched = house.intake(after="move:Done")
    (house.path / ".Done").write_text("no folder")
    (house.path / "cur").unlink()
    (house.path / "cur").mkdir()
    assert watched.poll_once() == 1
    assert "cannot be put away" in house.last().problem and house.count() == 1
    assert watched.poll_once() == 0 and house.count() == 1
    (house.path / ".Done").unlink()
    assert watched.poll_once() == 0
    assert house.last().problem == "" and house.files("new", ".Done/cur") == [".Done/cur/1700000001.M1.host:2,S"]


def test_another_program_moves_files_all_the_time(house: House) -> None:
    total, stopping = 300, threading.Event()

    def meddle() -> None:
        """A mail program: everything in new goes to cur, and flags change."""
        turn = 0
        while not stopping.is_set():
            turn += 1
            for folder in ("new", "cur"):
                for name in os.listdir(house.path / folder):
                    base = name.partition(":")[0]
                    with contextlib.suppress(FileNotFoundError):
                        (house.path / folder / name).rename(house.path / "cur" / f"{base}:2,{'FS'[: turn % 3]}")

    meddler = threading.Thread(target=meddle)
    intake = house.intake()
    intake.start()
    meddler.start()
    try:
        for number in range(total):
            house.put(number)
        wait_until(lambda: house.count() >= total, "mail lost")
    finally:
        stopping.set()
        meddler.join()
    intake.stop()
    assert house.intake().poll_once() == 0
    assert house.count() == total and len({subject for _, subject in house.stored()}) == total


def test_two_daemons_on_one_maildir_store_each_mail_once(house: House, postgres: servers.Cluster) -> None:
    from mailproc.store.database import open_store

    url = servers.fresh_database(postgres)
    with open_store(url) as one, open_store(url) as two:
        first, second = House(house.path, one), House(house.path, two)
        for number in range(100):
            house.put(number)
        intakes = [first.intake(), second.intake()]
        for intake in intakes:
            intake.start()
        for number in range(100, 150):
            house.put(number)
        wait_until(lambda: first.count() >= 150 and not first.files("new"), "mail lost")
        for intake in intakes:
            intake.stop()
        assert first.count() == 150
        assert first.intake().poll_once() == 0


def test_knowledge_outlives_pruned_rows(house: House) -> None:
    """A mail that lies in cur for years is not taken again when its row has long been pruned."""
    house.put(1), house.put(2)
    intake = house.intake(after="keep")
    intake.start()
    wait_until(lambda: house.count() == 2, "mail not taken")
    intake.stop()

    def prune(tx: Any) -> None:
        tx.execute("DELETE FROM inbox_raw")
        tx.execute("DELETE FROM inbox")

    house.store.run(prune)
    assert house.intake(after="keep").poll_once() == 0


def test_f32_a_backlog_is_taken_with_bounded_memory(house: House) -> None:
    for number in range(2_000):
        (house.path / "new" / f"{number:06}.host").write_bytes(RAW % (number, number) + b"x" * 10_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert house.intake().poll_once() == 2_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000  # KiB; the backlog has 20 MB
    assert house.count() == 2_000 and len(house.files("cur")) == 2_000
    assert [subject for _, subject in house.stored()[:3]] == [f"Subject: printer {n}" for n in range(3)]


def test_watch_wakes_for_files_and_for_us(tmp_path: Path) -> None:
    watch = FolderWatch([tmp_path])
    try:
        if not watch.is_watching:
            pytest.skip(f"no inotify here: {watch.problem}")
        assert watch.wait(0).arrived == ()
        (tmp_path / "a").write_bytes(b"x")
        assert watch.wait(WAIT_SECONDS).arrived == ((tmp_path, "a", True),)
        threading.Timer(0.05, watch.wake).start()
        assert watch.wait(WAIT_SECONDS).arrived == ()
        tmp_path.rmdir() if not any(tmp_path.iterdir()) else (tmp_path / "a").unlink()
        tmp_path.rmdir()
        changes = watch.wait(WAIT_SECONDS)
        while not changes.is_all_open:
            changes = watch.wait(WAIT_SECONDS)
        assert not watch.is_watching
    finally:
        watch.close()
        watch.close()
