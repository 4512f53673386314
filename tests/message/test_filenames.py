"""Names of attachments are labels: no path, no control, no trick, never empty, never long."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailproc.message.filenames import LONGEST, clean_filename, default_filename
from mailproc.message.parse import parse


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("report.pdf", "report.pdf"),
        ("Rechnung März.pdf", "Rechnung März.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\Users\\x\\a.doc", "a.doc"),
        ("/etc/passwd", "passwd"),
        ("/", ""),
        ("..", ""),
        (".", ""),
        ("...", ""),
        ("", ""),
        (" ", ""),
        ("a.txt\r\nX: y", "a.txt X_ y"),
        ("a\x00b.txt", "ab.txt"),
        ("\x1b[31ma.txt", "[31ma.txt"),
        ("\u202efdp.exe", "fdp.exe"),
        ("\u200e\u200fa\u200b\ufeff.txt", "a.txt"),
        (".htaccess", "htaccess"),
        ("a.txt.", "a.txt"),
        ("a.txt ", "a.txt"),
        ("a:b|c?d*e.txt", "a_b_c_d_e.txt"),
        ("<script>.html", "_script_.html"),
        ('a"b.txt', "a_b.txt"),
        ("$(reboot).sh", "_(reboot).sh"),
        ("`id`.sh", "_id_.sh"),
        ("a;rm -rf.sh", "a_rm -rf.sh"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("lpt1.pdf", "_lpt1.pdf"),
        ("console.txt", "console.txt"),
        ("\ud800a.txt", "a.txt"),
        ("a\u2028b.txt", "ab.txt"),
        ("e\u0301.txt", "é.txt"),
        ("\ue000.txt", "txt"),
        ("a\tb\u00a0c.txt", "a b c.txt"),
        ("-rf", "-rf"),
        ("___", ""),
        ("x" * 300 + ".pdf", "x" * 96 + ".pdf"),
        ("x" * 300, "x" * 100),
        ("日本語.docx", "日本語.docx"),
    ],
)
def test_t49_names_are_cleaned(name: str, expected: str) -> None:
    assert clean_filename(name) == expected


@given(st.text(max_size=150))
def test_t49_any_name_is_safe_and_stays_as_it_is_once_clean(name: str) -> None:
    clean = clean_filename(name)
    assert len(clean) <= LONGEST
    assert os.path.basename(clean) == clean
    assert not clean.startswith(".") and clean.isprintable() or clean == ""
    assert not set(clean) & set('<>:"|?*`$;\\/')
    assert clean_filename(clean) == clean


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/pdf", "attachment-3.pdf"),
        ("image/jpeg", "attachment-3.jpg"),
        ("image/x", "attachment-3.x"),
        ("image/../../x", "attachment-3.bin"),
        ("text/unheard-of", "attachment-3.txt"),
        ("application/unheard-of", "attachment-3.bin"),
        ("message/rfc822", "message.eml"),
        ("message/delivery-status", "delivery-status.txt"),
        ("", "attachment-3.bin"),
    ],
)
def test_default_filename_follows_the_type(content_type: str, expected: str) -> None:
    assert default_filename(content_type, 3) == expected
    assert clean_filename(expected) == expected


def test_t49_attachments_have_safe_names_in_the_record() -> None:
    part = b"--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=%s\n\nx\n"
    names = [b'"../../x"', b'"\xe2\x80\xaefdp.exe"', b'""', b'".."', b'"a\x00b"', b"", b'"a\\"b.pdf"']
    body = b"".join([part % name for name in names])
    inbound = parse(b"From: a@b.test\nContent-Type: multipart/mixed; boundary=b\n\n" + body + b"--b--\n")
    found = [attachment.filename for attachment in inbound.attachments]
    assert found == ["x", "fdp.exe", "attachment-3.pdf", "attachment-4.pdf", "a b", "attachment-6.pdf", "a_b.pdf"]
