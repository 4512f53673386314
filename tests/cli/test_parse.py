"""`mailproc parse`: JSON as commands.md promises it, every message answered, attachments saved safely."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

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
    "language language_confidence attachments class class_evidence intent away protection bounce forwarded from_ok "
    "trust defects".split()
)


def run(*arguments: object, stdin: bytes = b"", config: Path | None = None) -> Result:
    words = [str(argument) for argument in arguments]
    return CliRunner().invoke(parse, words, input=stdin, catch_exceptions=False, obj=config)


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


FORWARD = (
    b"From: Jane <jane@c.test>\r\nTo: support@our.test\r\nSubject: Fwd: Broken lamp\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\nPlease see below.\r\n\r\n"
    b"---------- Forwarded message ---------\r\nFrom: Max Frei <max@d.test>\r\nDate: Mon, 2 Feb 2026 at 10:00\r\n"
    b"Subject: Broken lamp\r\nTo: Jane <jane@c.test>\r\nCc: <bo@d.test>\r\n\r\nThe lamp is broken.\r\n"
)
BOUNCE = (
    b"Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.test\r\nTo: support@our.test\r\nSubject: Undelivered Mail\r\n"
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nNo.\r\n--b\r\n"
    b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.test\r\n\r\n"
    b"Final-Recipient: rfc822; gus@gone.test\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    b"Diagnostic-Code: smtp; 550 5.1.1 User unknown\r\n--b--\r\n"
)
AWAY = (
    b"From: Pia <pia@c.test>\r\nTo: support@our.test\r\nSubject: Automatic reply: Your order\r\n"
    b"Date: Mon, 5 Jan 2026 10:00:00 +0000\r\nAuto-Submitted: auto-replied\r\n\r\n"
    b"I am out of the office until 20 January 2026.\r\n"
)


def read(raw: bytes, **options: Path) -> dict[str, Any]:
    found = json.loads(run("-", "--json", stdin=raw, **options).stdout)
    assert isinstance(found, dict)
    return found


def test_json_of_a_forwarded_mail_names_its_people_and_text() -> None:
    forwarded = read(FORWARD)["forwarded"]
    assert forwarded["from"] == "max@d.test" and forwarded["from_name"] == "Max Frei"
    assert forwarded["to"] == ["jane@c.test"] and forwarded["cc"] == ["bo@d.test"]
    assert forwarded["subject"] == "Broken lamp" and forwarded["text"].strip() == "The lamp is broken."
    shown = run("-", stdin=FORWARD).stdout
    assert "forwards     a mail of Max Frei <max@d.test>" in shown and "- to: Jane <jane@c.test>" in shown


def test_json_of_a_bounce_explains_it() -> None:
    found = read(BOUNCE)
    assert found["class"] == "bounce" and found["class_evidence"]
    assert found["bounce"]["recipients"] == ["gus@gone.test"] and found["bounce"]["permanent"] is True
    assert "User unknown" in found["bounce"]["explanation"]
    shown = run("-", stdin=BOUNCE).stdout
    assert "bounced      gus@gone.test for good 5.1.1" in shown and "User unknown" in shown


def test_json_of_an_absence_note_says_until_when() -> None:
    found = read(AWAY)
    assert found["class"] == "auto" and found["away"] == {"until": "2026-01-20"}
    assert "back on 2026-01-20" in run("-", stdin=AWAY).stdout
    undated = read(AWAY.replace(b" until 20 January 2026", b""))
    assert undated["away"] == {"until": None}
    assert read(MAIL)["away"] is None


@pytest.mark.parametrize(
    ("text", "intent", "words"),
    [(b"Thank you very much!", "thanks", "says thanks"), (b"The lamp is green.", "", "")],
)
def test_intent_is_named_when_there_is_one(text: bytes, intent: str, words: str) -> None:
    raw = b"From: a@c.test\r\nTo: b@our.test\r\nSubject: Re: x\r\nIn-Reply-To: <1@our.test>\r\n\r\n" + text + b"\r\n"
    assert read(raw)["intent"] == intent
    assert words in run("-", stdin=raw).stdout


def test_protection_and_appointments_are_shown() -> None:
    raw = (
        b"From: a@c.test\r\nTo: b@our.test\r\nSubject: secret\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\nMIIBIjANBgkq\r\n"
    )
    assert read(raw)["protection"] == "smime-encrypted"
    assert "encrypted (S/MIME)" in run("-", stdin=raw).stdout
    invited = (
        b"From: a@c.test\r\nTo: b@our.test\r\nSubject: Meeting\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\n\r\nPlease come.\r\n--b\r\nContent-Type: text/calendar; method=REQUEST; name=invite.ics\r\n\r\n"
        b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Fitting the lamp\r\n"
        b"DTSTART:20260302T090000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n--b--\r\n"
    )
    summaries = [item.get("summary", "") for item in read(invited)["attachments"]]
    assert any("Fitting the lamp" in summary for summary in summaries)
    assert "Fitting the lamp" in run("-", stdin=invited).stdout


PROVEN = (
    b"Authentication-Results: mx.our.test; dmarc=pass header.from=c.test; dkim=pass header.d=c.test\r\n"
    b"Received: from out.c.test by mx.our.test; Mon, 5 Oct 2026 08:00:00 +0000\r\n"
)
SETTINGS = """\
version: 1
site: {name: Acme, prefix: ACME, addresses: [support@our.test], domain: our.test, languages: [de], default_language: de}
keys_file: keys
rules: rules/
delivery: {kind: maildir, path: sent}
trust: {trusted_authserv_ids: [mx.our.test]}
"""


def test_trust_is_that_of_the_site_when_settings_are_named(tmp_path: Path) -> None:
    config = tmp_path / "mailproc.yaml"
    config.write_text(SETTINGS)
    trust = read(PROVEN + MAIL, config=config)["trust"]
    assert trust["level"] == "A3" and trust["source"] == "authentication-results"
    assert any("dmarc=pass" in line for line in trust["evidence"])
    assert "A3, the From address is proven" in run("-", stdin=PROVEN + MAIL, config=config).stdout


def test_trust_is_nobodys_word_when_no_settings_are_named_or_they_are_wrong(tmp_path: Path) -> None:
    assert read(PROVEN + MAIL)["trust"]["level"] == "A1"
    assert read(b"From: a@our.test <evil@x.test>\r\n" + MAIL)["trust"]["level"] == "A0"
    result = run("-", "--json", stdin=PROVEN + MAIL, config=tmp_path / "none.yaml")
    assert result.exit_code == 0 and json.loads(result.stdout)["trust"]["level"] == "A1"
    assert "none.yaml" in result.stderr and "without a site" in result.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """More mails than are read in one process, a broken link and a folder that cannot be read among them."""
    top = tmp_path / "mails"
    for name in ("", "b", "b/cur", "b/new", "b/tmp"):
        (top / name).mkdir()
    for number in range(30):
        (top / f"{number:03}.eml").write_bytes(b"Subject: %d\r\n" % number + MAIL)
    (top / "b" / "cur" / "x").write_bytes(MAIL)
    (top / "b" / "tmp" / "y").write_bytes(MAIL)
    (top / "b.mbox").write_bytes(b"From jane@c.test Mon Oct  5 10:00:00 2026\n" + MAIL.replace(b"\r\n", b"\n"))
    return top


@pytest.mark.parametrize("jobs", [(), ("--jobs", 1), ("--jobs", 3)])
def test_a_folder_gives_the_same_lines_whoever_reads_it(folder: Path, jobs: tuple[object, ...]) -> None:
    result = run(folder, "--json", *jobs)
    assert result.exit_code == 0 and result.stderr == ""
    names = [Path(json.loads(line)["file"]).relative_to(folder).as_posix() for line in result.stdout.splitlines()]
    assert names == [*(f"{number:03}.eml" for number in range(30)), "b.mbox:1", "b/cur/x"]


@pytest.mark.parametrize("jobs", [(), ("--jobs", 2)])
def test_a_file_that_cannot_be_read_is_reported_and_the_rest_goes_on(
    folder: Path, tmp_path: Path, jobs: tuple[object, ...]
) -> None:
    loop = tmp_path / "loop.eml"
    loop.write_bytes(MAIL)
    gone = tmp_path / "gone.mbox"
    gone.mkdir()  # a folder by name of an mbox is a folder
    (folder / "000.eml").unlink()
    (folder / "000.eml").symlink_to("/proc/self/mem")  # opens and cannot be read
    result = run(folder, loop, gone, "--json", *jobs)
    assert result.exit_code == 1
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert set(rows[0]) == {"file", "error"} and "cannot be read" in rows[0]["error"]
    assert len(rows) == 33 and not any("error" in row for row in rows[1:])
    assert "000.eml: cannot be read" in result.stderr


def test_t49_extract_keeps_the_order_of_the_mails_when_there_are_many(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(folder, "--json", "--extract", out).exit_code == 0
    found = {path.name: path.read_bytes() for path in out.iterdir()}
    assert len(found) == 64
    assert found["a.pdf"] == b"first" and found["a-2.pdf"] == b"second" and found["a-3.pdf"] == b"first"


def test_extract_of_very_many_files_of_one_name_takes_linear_time(tmp_path: Path) -> None:
    part = b'--b\nContent-Disposition: attachment; filename="image001.png"\n\nx\n'
    mail = b"From: a@b.test\nContent-Type: multipart/mixed; boundary=b\n\n" + part * 400 + b"--b--\n"
    for number in range(10):
        (tmp_path / f"{number}.eml").write_bytes(mail)
    out = tmp_path / "out"
    before = os.times()
    assert run(*sorted(tmp_path.glob("*.eml")), "--json", "--extract", out, "--jobs", "1").exit_code == 0
    assert len(list(out.iterdir())) == 4_000 and (out / "image001-4000.png").exists()
    used = sum(os.times()[:4]) - sum(before[:4])  # CPU of this process and its children: a busy machine costs none
    assert used < 20  # trying every number from 1 on takes a minute


def test_usage_is_wrong_when(mail: Path) -> None:
    for words in ((), (mail, "--jobs", "0"), (mail, "--jobs", "many"), (mail, "--nonsense")):
        assert run(*words).exit_code == 2


def test_help_shows_examples() -> None:
    shown = run("--help").stdout
    assert "mailproc parse --json inbox/ > inbox.jsonl" in shown and "--jobs" in shown


def test_a_bar_moves_on_a_terminal_while_the_lines_go_elsewhere(folder: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from mailproc.cli import main; main()", "parse", "--json", str(folder)]
    try:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs) as process:
            assert process.stdout is not None
            assert len(process.stdout.read().splitlines()) == 32
        assert process.returncode == 0
        shown = os.read(ours, 100_000).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert "reading" in shown and "100%" in shown
