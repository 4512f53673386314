"""Reading mail from files, folders, Maildirs and mboxes."""

import mailbox
from pathlib import Path

import pytest

from mailproc.errors import UsageError
from mailproc.intake.files import count_mails, iter_mails

LF = b"Subject: lf\nFrom: a@c.test\n\nbody\n"
CRLF = b"Subject: crlf\r\nFrom: a@c.test\r\n\r\nbody\r\n"


def read(*paths: Path) -> list[tuple[str, bytes]]:
    mails = list(iter_mails(paths))
    assert count_mails(paths) == len(mails)
    return mails


def test_single_files_keep_their_bytes(tmp_path: Path) -> None:
    for name, raw in (
        ("a.eml", CRLF),
        ("b.txt", LF),
        ("c.eml", b"From x Sun Nov 22 12:00:00 2026\n" + LF + b"\nFrom me\n"),
    ):
        (tmp_path / name).write_bytes(raw)
    mails = read(tmp_path / "b.txt", tmp_path / "a.eml", tmp_path / "c.eml")
    assert mails == [
        (str(tmp_path / "b.txt"), LF),
        (str(tmp_path / "a.eml"), CRLF),
        (str(tmp_path / "c.eml"), LF + b"\nFrom me\n"),
    ]


def test_folder_is_read_in_name_order_without_what_is_no_mail(tmp_path: Path) -> None:
    files = {
        "02.eml": CRLF,
        "01": LF,
        "sub/03.eml": LF,
        "sub/notes.txt": b"call Jane\n",
        "expected.yaml": b"subject: x\n",
        ".hidden.eml": LF,
        "zz.mbox": b"From a Sun Nov 22 12:00:00 2026\n" + LF + b"\nFrom b Sun Nov 22 12:00:00 2026\n" + LF + b"\n",
    }
    for name, raw in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(raw)
    names = [name.removeprefix(f"{tmp_path}/") for name, _ in read(tmp_path)]
    assert names == ["01", "02.eml", "sub/03.eml", "zz.mbox:1", "zz.mbox:2"]


def test_maildir_is_read_in_name_order_over_cur_and_new(tmp_path: Path) -> None:
    for folder in ("cur", "new", "tmp"):
        (tmp_path / "box" / folder).mkdir(parents=True)
    for name in ("cur/2.host:2,S", "new/1.host", "new/3.host", "tmp/0.host", "new/.ignored"):
        (tmp_path / "box" / name).write_bytes(b"X: " + name.encode() + b"\n\n")
    expected = ["new/1.host", "cur/2.host:2,S", "new/3.host"]
    assert [raw[3:-2].decode() for _, raw in read(tmp_path / "box")] == expected
    assert [raw[3:-2].decode() for _, raw in read(tmp_path)] == expected


def test_mbox_of_the_standard_library_comes_back_as_it_was(tmp_path: Path) -> None:
    bodies = [
        b"one\n",
        b"From here on\nit is different.\n\nFrom a distance too\n",
        b"\n\n",
        b">From quoted\n",
        b"no newline",
    ]
    box = mailbox.mbox(tmp_path / "box")
    for body in bodies:
        box.add(b"Subject: x\n\n" + body)
    box.close()
    # Python writes mboxo: what was `>From ` before cannot be told from what was quoted.
    expected = [b"Subject: x\n\n" + body.replace(b">From", b"From") for body in bodies]
    mails = [raw for _, raw in iter_mails([tmp_path / "box"])]
    assert [raw.rstrip(b"\n") for raw in mails] == [raw.rstrip(b"\n") for raw in expected]
    assert mails[0] == expected[0]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_mbox_is_split_at_separators_only(tmp_path: Path, newline: bytes) -> None:
    lines = [
        b"From MAILER-DAEMON Fri Jul  8 12:08:34 2011",
        b"Subject: one",
        b"",
        b"From my side nothing new.",
        b"",
        b"From 10:00 to 12:00 in 2024 we were closed.",
        b"From a@b.test Fri Jul  8 12:08:34 2011",
        b">From quoted",
        b">>From quoted twice",
        b"> From not quoted",
        b"",
        b"From b@c.test Fri Jul  8 12:08:34 2011 +0200",
        b"Subject: two",
        b"",
        b"From - Mon Jan 01 00:00:00 2024",
        b"X-Mozilla-Status: 0001",
        b"",
        b"end",
    ]
    (tmp_path / "box").write_bytes(newline.join(lines) + newline)
    mails = [raw for _, raw in iter_mails([tmp_path / "box"])]
    first = [*lines[1:7], b"From quoted", b">From quoted twice", b"> From not quoted"]
    assert mails == [
        newline.join(first) + newline,
        b"Subject: two" + newline,
        newline.join([b"X-Mozilla-Status: 0001", b"", b"end"]) + newline,
    ]


def test_large_mbox_is_counted_from_its_beginning(tmp_path: Path) -> None:
    one = b"From a Sun Nov 22 12:00:00 2026\nSubject: x\n\n" + b"x" * 9_954 + b"\n\n"
    (tmp_path / "box").write_bytes(one * 2_000)
    assert abs(count_mails([tmp_path / "box"]) - 2_000) < 20


def test_empty_files_hold_no_mail(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(b"")
    assert list(iter_mails([tmp_path / "a.eml"])) == []


def test_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere: there is no such file or folder"):
        list(iter_mails([tmp_path / "nowhere"]))


def test_reading_an_mbox_is_linear_whatever_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(b"From " + b"1:11 " * 100_000 + b"\n" + b"\nFrom 1:11 1:11 1:11" * 20_000)
    assert len(list(iter_mails([tmp_path / "box"]))) == 1
