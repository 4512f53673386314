"""The board of a daemon: what it keeps, explains and writes to the store."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from mailproc.daemon.status import StatusBoard, find_host, find_intake_name
from mailproc.errors import StoreUnavailable
from mailproc.intake.base import IntakeStatus
from mailproc.opening import OpenSite
from mailproc.store import vitals
from mailproc.store.vitals import Heartbeat, IntakeNote
from tests.daemon.conftest import START, Clock

MakeBoard = Callable[..., StatusBoard]


def read(site: OpenSite) -> tuple[tuple[Heartbeat, ...], dict[str, IntakeNote]]:
    with site.store.read() as tx:
        return vitals.read_heartbeats(tx), {note.name: note for note in vitals.read_intakes(tx)}


def test_board_when_it_starts_notes_that_it_lives(site: OpenSite, make_board: MakeBoard) -> None:
    make_board(site)
    (beat,), notes = read(site)
    assert (beat.host, beat.at, beat.started_at, beat.is_stopped) == ("mail1", START, START, False)
    assert not notes


def test_report_when_a_server_refuses_says_it_in_plain_words(site: OpenSite, make_board: MakeBoard) -> None:
    board = make_board(site)
    site_host = replace(site.settings.intakes[0], host="imap.gmail.com")
    board.settings = replace(board.settings, intakes=(site_host,))
    said = "[ALERT] Application-specific password required: https://support.google.com/x (Failure)"
    board.report(IntakeStatus("support", "imap", failing_since=START, problem=said))
    (status,) = board.statuses()
    assert "app password" in status.problem and said in status.problem
    board.report(status)
    assert board.statuses()[0].problem == status.problem, "it is explained once"


def test_report_of_words_that_no_terminal_or_database_takes(site: OpenSite, make_board: MakeBoard) -> None:
    board = make_board(site)
    hostile = "new/\udcff\x1b[2J\nfake: " + "x" * 1_000_000
    board.report(IntakeStatus("support", "maildir", failing_since=START, problem=hostile))
    board.suffer("delivery", f"no mail goes out: {hostile}")
    board.beat(is_forced=True)
    (beat,), notes = read(site)
    assert notes["support"].problem.startswith("new/  [2J fake: xxx") and len(notes["support"].problem) < 1_100
    assert all(letter.isprintable() or letter == "\n" for letter in beat.troubles[0]) and len(beat.troubles[0]) < 1_200


def test_beat_when_nothing_changes_writes_every_ten_seconds(
    site: OpenSite, make_board: MakeBoard, clock: Clock
) -> None:
    board = make_board(site)
    written = []
    for _ in range(25):
        clock.pass_time(seconds=1)
        board.beat()
        written.append(read(site)[0][0].at)
    assert len(set(written)) == 3  # that of the start, and two more


def test_beat_when_an_intake_fails_writes_within_a_second(site: OpenSite, make_board: MakeBoard, clock: Clock) -> None:
    board = make_board(site)
    board.report(IntakeStatus("support", "imap", last_success=START))
    clock.pass_time(seconds=1)
    board.beat()
    clock.pass_time(seconds=1)
    board.report(IntakeStatus("support", "imap", last_success=START, failing_since=clock(), problem="timed out"))
    board.beat()
    note = read(site)[1]["support"]
    assert note.failing_since == clock() and "timed out" in note.problem


def test_beat_when_only_counts_change_waits(site: OpenSite, make_board: MakeBoard, clock: Clock) -> None:
    board = make_board(site)
    clock.pass_time(seconds=2)
    board.report(IntakeStatus("support", "imap", last_success=clock()))
    board.beat()
    clock.pass_time(seconds=2)
    board.report(IntakeStatus("support", "imap", last_success=clock(), taken=7))
    board.beat()
    assert read(site)[1]["support"].taken == 0
    clock.pass_time(seconds=10)
    board.beat()
    assert read(site)[1]["support"].taken == 7


def test_beat_when_something_is_wrong_carries_it(site: OpenSite, make_board: MakeBoard, clock: Clock) -> None:
    board = make_board(site)
    board.suffer("delivery", "nothing goes out", is_urgent=True)
    clock.pass_time(seconds=1)
    board.beat()
    assert read(site)[0][0].troubles == ("delivery: nothing goes out",)
    assert not board.is_well("delivery")
    board.suffer("delivery", "")
    clock.pass_time(seconds=1)
    board.beat()
    assert read(site)[0][0].troubles == ()
    assert board.is_well("delivery") and not board.is_well("rules")


def test_suffer_when_it_goes_on_keeps_since_when(site: OpenSite, make_board: MakeBoard, clock: Clock) -> None:
    board = make_board(site)
    board.suffer("delivery", "refused")
    clock.pass_time(minutes=5)
    board.suffer("delivery", "refused again")
    (item,) = board.difficulties()
    assert (item.text, item.since) == ("refused again", START)


def test_board_after_a_restart_knows_the_last_mail_and_nothing_else(
    site: OpenSite, make_board: MakeBoard, clock: Clock
) -> None:
    former = make_board(site)
    former.report(IntakeStatus("support", "imap", last_mail=START, failing_since=START, problem="timed out", taken=3))
    former.report(IntakeStatus("gone", "imap", last_mail=START))
    clock.pass_time(seconds=1)
    former.beat()
    board = make_board(site)
    notes = read(site)[1]
    assert set(notes) == {"support"} and notes["support"].last_mail == START and not notes["support"].problem
    board.report(IntakeStatus("support", "imap", last_success=clock()))
    assert board.statuses()[0].last_mail == START


def test_board_of_another_host_leaves_this_ones_notes(site: OpenSite, make_board: MakeBoard, clock: Clock) -> None:
    board = make_board(site)
    board.report(IntakeStatus("support", "imap", last_success=clock()))
    clock.pass_time(seconds=1)
    board.beat()
    make_board(site, host="mail2")
    beats, notes = read(site)
    assert {beat.host for beat in beats} == {"mail1", "mail2"} and set(notes) == {"support"}


def test_stop_notes_that_the_daemon_ended_as_it_should(site: OpenSite, make_board: MakeBoard) -> None:
    board = make_board(site)
    assert board.is_alive()
    board.stop()
    assert read(site)[0][0].is_stopped and not board.is_alive() and board.is_stopped


def test_is_alive_when_the_watch_hangs(site: OpenSite, make_board: MakeBoard, clock: Clock) -> None:
    board = make_board(site)
    clock.pass_time(seconds=29)
    assert board.is_alive()
    clock.pass_time(seconds=2)
    assert not board.is_alive()
    board.beat()
    assert board.is_alive()


def test_beat_when_the_store_is_closed_says_so_and_asks_no_more_often(
    site: OpenSite, make_board: MakeBoard, clock: Clock
) -> None:
    board = make_board(site)
    site.store.close()
    clock.pass_time(seconds=11)
    with pytest.raises(StoreUnavailable):
        board.beat()
    assert board.store_problem and board.is_alive()
    board.beat()  # too early for another try: raises nothing


@pytest.mark.parametrize(
    ("reported", "name"),
    [("support", "support"), ("support/Old", "support"), ("supporters", "supporters"), ("support:Old", "support")],
)
def test_find_intake_name_of_a_folder(site: OpenSite, reported: str, name: str) -> None:
    assert find_intake_name(site.settings, reported) == name
    assert bool(find_host(site.settings, reported)) is (name == "support")
