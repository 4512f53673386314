"""`mailproc parse`: JSON as commands.md promises it, every message answered, attachments saved safely."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailproc.cli.parse import parse

MAIL = (
    b"From: =?utf-8?q?J=C3=A4ne?= <jane@c.test>\r\nTo: Support <support@our.test>, b@our.test\r\nCc: c@c.test\r\n"
    b"Reply-To: Other <other@c.test>\r\nSubject: Re: printer\r\nMessage-ID: <two@c.test>\r\n"
    b"In-Reply-To: <one@our.test>\r\n"
    b"References: <zero@c.test> <one@our.test>\r\nDate: Mon, 5 Oct 2026 10:00:00 +0200\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    b"The printer is broken again.\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nfirst\r\n"
    b"--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nsecond\r\n--b--\r\n"
)
KEYS = set(
    "from from_name reply_to to cc subject message_id in_reply_to references date text new_text cut_text html_present "
    "language attachments class bounce forwarded from_ok defects".split()
)


def run(*arguments: object, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(parse, [str(argument) for argument in arguments], input=stdin, catch_exceptions=False)


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    path = tmp_path / "mail.eml"
    path.write_bytes(MAIL)
    return path


def test_json_of_one_file_is_one_object(mail: Path) -> None:
    result = run(mail, "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert set(found) == KEYS
    assert found["from"] == "jane@c.test" and found["from_name"] == "Jäne" and found["from_ok"] is True
    assert found["to"] == ["support@our.test", "b@our.test"] and found["cc"] == ["c@c.test"]
    assert found["reply_to"] == "other@c.test"
    assert found["message_id"] == "<two@c.test>" and found["in_reply_to"] == "<one@our.test>"
    assert found["references"] == ["<zero@c.test>", "<one@our.test>"]
    assert found["date"] == "2026-10-05T08:00:00+00:00"
    assert found["text"] == found["new_text"] == "The printer is broken again."
    assert found["attachments"][0] == {"filename": "a.pdf", "content_type": "application/pdf", "size": 5}
    assert found["class"] == "human" and found["bounce"] is None and found["forwarded"] is None
    assert found["html_present"] is False and found["defects"] == []


def test_json_of_standard_input_is_the_same(mail: Path) -> None:
    assert json.loads(run("-", "--json", stdin=MAIL).stdout) == json.loads(run(mail, "--json").stdout)


def test_json_of_a_folder_is_a_line_a_message_in_order_of_names(tmp_path: Path) -> None:
    bodies = {
        "b.eml": MAIL,
        "a.eml": b"",
        "c": b"\x00\xff" * 50,
        "d.eml": b"Received: x\n" * 200 + MAIL,
        ".hidden": MAIL,
    }
    for name, raw in bodies.items():
        (tmp_path / name).write_bytes(raw)
    result = run(tmp_path, "--json")
    assert result.exit_code == 0
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [Path(row["file"]).name for row in rows] == ["a.eml", "b.eml", "c", "d.eml"]
    assert all(set(row) == KEYS | {"file"} for row in rows)
    assert "limit-received" in [defect["code"] for defect in rows[3]["defects"]]


def test_json_of_several_files_is_a_line_each(mail: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.eml"
    other.write_bytes(MAIL.replace(b"printer", b"scanner\xe2\x80\xa8x"))
    lines = run(mail, other, "--json").stdout.splitlines()
    assert [json.loads(line)["file"] for line in lines] == [str(mail), str(other)]


def test_a_file_that_cannot_be_read_stops_nothing(mail: Path, tmp_path: Path) -> None:
    (tmp_path / "link.eml").symlink_to(tmp_path / "nowhere")
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "mail.eml").write_bytes(MAIL)
    assert len(run(tmp_path, "--json").stdout.splitlines()) == 2
    assert run(tmp_path / "nowhere", "--json").exit_code == 2


def test_mbox_gives_a_message_each(tmp_path: Path) -> None:
    box = tmp_path / "box.mbox"
    line = b"From jane@c.test Mon Oct  5 10:00:00 2026\n"
    box.write_bytes((line + MAIL.replace(b"\r\n", b"\n") + b"\n") * 2)
    rows = [json.loads(line) for line in run(box, "--json").stdout.splitlines()]
    assert [row["subject"] for row in rows] == ["Re: printer", "Re: printer"]


def test_text_for_people_shows_no_terminal_orders(tmp_path: Path) -> None:
    path = tmp_path / "mail.eml"
    path.write_bytes(
        b"From: a@c.test <b@c.test>\nSubject: \x1b]0;x\x07 =?utf-8?q?=1B[31m?=\n\nhello \x1b[2J\x9b31m there\n"
    )
    result = run(path)
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout and "\x9b" not in result.stdout and "\x07" not in result.stdout
    assert "cannot be relied on" in result.stdout and "hello" in result.stdout


def test_text_for_people_names_what_was_found(mail: Path) -> None:
    shown = run(mail).stdout
    for piece in ("Jäne <jane@c.test>", "Re: printer", "a.pdf", "The printer is broken again."):
        assert piece in shown


def test_t49_extract_writes_inside_its_folder_and_over_nothing(mail: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out" / "files"
    for _ in range(2):
        assert run(mail, "--json", "--extract", folder).exit_code == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "a.pdf": b"first",
        "a-2.pdf": b"second",
        "a-3.pdf": b"first",
        "a-4.pdf": b"second",
    }


@pytest.mark.parametrize(
    "name",
    [
        "../../x.txt",
        "/etc/x.txt",
        "..\\x.txt",
        "x\x00.txt",
        "\u202etxt.x",
        "日" * 100 + ".txt",
        ".x.txt",
        "-x",
        "~/x",
        ".",
    ],
)
def test_t49_extract_when_names_are_hostile(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "out"
    folder.mkdir(parents=True)
    (folder / "x.txt").symlink_to(tmp_path / "target")
    part = b'--b\nContent-Type: text/csv\nContent-Disposition: attachment; filename="' + name.encode() + b'"\n\ndata\n'
    path = tmp_path / "mail.eml"
    path.write_bytes(b"From: a@c.test\nContent-Type: multipart/mixed; boundary=b\n\n" + part + b"--b--\n")
    assert run(path, "--extract", folder).exit_code == 0
    assert not (tmp_path / "target").exists()
    written = [file for file in tmp_path.rglob("*") if file.is_file() and file != path]
    assert [file.parent for file in written] == [folder]
    assert written[0].read_bytes() == b"data"
