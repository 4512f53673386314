"""Files that are not passed on because of what they are, from mail to database."""

import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.desks import Desk, open_desk, words_of
from tests.message.test_archives import make_zip
from tests.message.test_filekinds import EXE

OFFICE_MACRO = make_zip(("word/document.xml", b"<x/>"), ("word/vbaProject.bin", b"x"))


def files(*named: tuple[str, bytes], text: str = "It prints blank pages.") -> dict[str, str]:
    """What `Desk.write` needs for a mail with these files."""
    parts = []
    for name, content in named:
        parts.append(
            f'--b\nContent-Type: application/octet-stream; name="{name}"\nContent-Transfer-Encoding: base64\n'
            f'Content-Disposition: attachment; filename="{name}"\n\n{base64.b64encode(content).decode()}\n'
        )
    head = 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain\n'
    return {"head": head, "text": f"\n{text}\n" + "".join(parts) + "--b--"}


@pytest.fixture
def open_one(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    with ExitStack() as stack:
        yield lambda more="": stack.enter_context(open_desk(tmp_path, f"sqlite:///{tmp_path}/store.db", more=more))


def names_in(desk: Desk, purpose: str) -> list[str]:
    return [part.get_filename() or "" for part in desk.last(purpose).iter_attachments()]


def test_a_program_stays_in_the_mail_that_came_and_everybody_is_told(open_one: Callable[..., Desk]) -> None:
    desk = open_one()
    archive = make_zip(("docs/setup.exe", EXE))
    serial = desk.write(**files(("photo.jpg", EXE), ("scan.pdf", b"%PDF-1.7"), ("docs.zip", archive)))["serial"]
    assert names_in(desk, "forward") == ["scan.pdf"]
    card = words_of(desk.last("forward"))
    assert "photo.jpg (EXE), docs.zip > setup.exe (EXE)" in card and "Not passed on" in card
    assert "can do harm when they are opened" not in card  # what did not come along needs no warning
    assert [purpose for purpose, _ in desk.mails()] == ["forward", "received"]  # one mail says both
    rejected = words_of(desk.last("received"))
    assert "photo.jpg (EXE)" in rejected and "scan.pdf" not in rejected
    assert desk.last("received")["Auto-Submitted"] == "auto-replied"
    case = desk.show(serial)
    assert [file["filename"] for file in case["messages"][0]["attachments"]] == ["photo.jpg", "scan.pdf", "docs.zip"]
    event = next(event for event in case["events"] if event["kind"] == "files-kept-back")
    assert event["data"]["files"] == "photo.jpg (EXE), docs.zip > setup.exe (EXE)"


def test_on_a_case_it_is_the_same(open_one: Callable[..., Desk]) -> None:
    desk = open_one()
    desk.write("It prints blank pages.")
    serial = desk.write(**files(("run.bat", b"del *.*")), subject="Re: [ACME-100-009] Printer")["serial"]
    assert names_in(desk, "followup") == [] and "run.bat (BAT)" in words_of(desk.last("followup"))
    assert "run.bat" in words_of(desk.last("rejected"))
    assert "files-kept-back" in {event["kind"] for event in desk.show(serial)["events"]}


def test_an_unproven_sender_hears_of_it_without_a_letter_of_theirs(open_one: Callable[..., Desk]) -> None:
    desk = open_one()
    desk.write(**files(("pills-now.exe", EXE)), is_proven=False)
    assert [purpose for purpose, _ in desk.mails()] == ["forward", "received"]
    said = desk.last("received")
    assert "not everything that was attached" in words_of(said)
    assert b"pills" not in said.as_bytes() and "pills" not in words_of(said)


def test_machines_are_told_nothing(open_one: Callable[..., Desk]) -> None:
    desk = open_one()
    mail = files(("setup.exe", EXE))
    desk.write(mail["text"], head="Precedence: bulk\n" + mail["head"])
    assert [purpose for purpose, _ in desk.mails()] == ["forward"] and names_in(desk, "forward") == []


@pytest.mark.parametrize(
    ("setting", "carried"),
    [
        ("", ["a.docx", "b.html", "c.zzz"]),
        ("blocked_attachments: []", ["a.docx", "b.html", "c.zzz", "d.exe", "e.js"]),
        ("blocked_attachments: [programs, macros]", ["b.html", "c.zzz", "e.js"]),
        ("blocked_attachments: [pages, .ZZZ]", ["a.docx", "d.exe", "e.js"]),
    ],
)
def test_the_site_says_which(open_one: Callable[..., Desk], setting: str, carried: list[str]) -> None:
    desk = open_one(setting)
    named = [("a.docx", OFFICE_MACRO), ("b.html", b"<html>"), ("c.zzz", b"x"), ("d.exe", EXE), ("e.js", b"x()")]
    desk.write(**files(*named))
    assert names_in(desk, "forward") == carried


def test_who_does_not_want_that_mail_sends_none(open_one: Callable[..., Desk]) -> None:
    desk = open_one("notify_requester: []")
    desk.write(**files(("setup.exe", EXE)))
    desk.write(**files(("setup.exe", EXE)), is_proven=False, sender="Joe <joe@elsewhere.example>", subject="Other")
    assert [purpose for purpose, _ in desk.mails()] == ["forward", "received", "forward", "received"]
    assert "We have received your message" not in words_of(desk.last("received")) or names_in(desk, "forward") == []


def test_what_an_agent_sends_is_their_own_affair(open_one: Callable[..., Desk]) -> None:
    desk = open_one()
    desk.write("It prints blank pages.")
    to = desk.last("forward")["Reply-To"]
    mail = files(("driver.exe", EXE), text="Please install this.")
    desk.write(mail["text"], sender="Ann Kowalska <ann@acme.example>", to=to, head=mail["head"], is_proven=False)
    assert names_in(desk, "answer") == ["driver.exe"]
