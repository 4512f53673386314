"""Files and text inside winmail.dat."""

import base64
import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproc.message.parse import parse
from mailproc.message.winmail import is_winmail, read_winmail

HEAD = struct.pack("<IH", 0x223E9F78, 1)


def attribute(level: int, name: int, data: bytes) -> bytes:
    return struct.pack("<BII", level, name, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def prop(tag: int, kind: int, data: bytes) -> bytes:
    return struct.pack("<HHII", kind, tag, 1, len(data)) + data + b"\0" * (-len(data) % 4)


def properties(*packed: bytes) -> bytes:
    return struct.pack("<I", len(packed)) + b"".join(packed)


def file(name: str, data: bytes, *more: bytes) -> bytes:
    named = properties(
        struct.pack("<HHI", 0x0003, 0x3705, 1),  # a number comes first
        struct.pack("<HH16sIIHH", 0x0003, 0x8001, b"g" * 16, 0, 7, 5, 0),  # a named property
        prop(0x3707, 0x001F, name.encode("utf-16-le") + b"\0\0"),
        *more,
    )
    return (
        attribute(2, 0x00069002, b"\0" * 14)
        + attribute(2, 0x00018010, b"SHORT~1.DAT\0")
        + attribute(2, 0x0006800F, data)
        + attribute(2, 0x00069005, named)
    )


WINMAIL = (
    HEAD
    + attribute(1, 0x00069007, struct.pack("<II", 1252, 0))
    + attribute(1, 0x0002800C, "Grüße aus Köln\r\nJane\0".encode("cp1252"))
    + file("Rechnung März.pdf", b"%PDF-1.4 one")
    + file("photo.png", b"\x89PNG two", prop(0x370E, 0x001E, b"image/png\0"), prop(0x3712, 0x001E, b"<cid1@x>\0"))
)


def mail(winmail: bytes, text: str = "see the file\n") -> bytes:
    head = b"From: a@b.test\nSubject: x\nContent-Type: multipart/mixed; boundary=b\n\n"
    words = f"--b\nContent-Type: text/plain\n\n{text}".encode()
    wrapped = b"--b\nContent-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n"
    return head + words + wrapped + base64.encodebytes(winmail) + b"--b--\n"


def test_files_inside_are_listed_behind_the_wrapping() -> None:
    inbound = parse(mail(WINMAIL))
    assert [(one.filename, one.content_type, one.size) for one in inbound.attachments] == [
        ("winmail.dat", "application/ms-tnef", len(WINMAIL)),
        ("Rechnung März.pdf", "application/pdf", 12),
        ("photo.png", "image/png", 8),
    ]
    assert inbound.attachments[1].content == b"%PDF-1.4 one"
    assert inbound.attachments[2].content_id == "cid1@x"
    assert "2 files" in inbound.attachments[0].summary
    assert inbound.text == "see the file"


def test_the_text_inside_stands_in_for_a_text_that_is_missing() -> None:
    assert parse(mail(WINMAIL, "")).text == "Grüße aus Köln\nJane"


def test_a_file_has_its_short_name_and_its_bytes_where_only_properties_hold_them() -> None:
    packed = attribute(2, 0x00069002, b"") + attribute(
        2, 0x00069005, properties(prop(0x3704, 0x001E, b"a.txt\0"), prop(0x3701, 0x0102, b"bytes"))
    )
    (found,) = read_winmail(HEAD + packed).files
    assert (found.name, found.content) == ("a.txt", b"bytes")


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\r\nX: y.txt", "\u202egpj.exe", "", "\x00"])
def test_t49_names_inside_are_cleaned(name: str) -> None:
    found = parse(mail(HEAD + file(name, b"x"))).attachments[1]
    assert found.filename and not set(found.filename) & set("/\\\r\n\u202e\x00")


def test_every_cut_end_is_read_as_far_as_it_goes() -> None:
    for end in range(len(WINMAIL)):
        read_winmail(WINMAIL[:end])
    assert [one.name for one in read_winmail(WINMAIL[:-40]).files][0] == "Rechnung März.pdf"


@pytest.mark.parametrize("content", [b"", b"\x78\x9f\x3e", b"PK\x03\x04 no", HEAD[:4]])
def test_what_is_no_winmail_holds_nothing(content: bytes) -> None:
    assert read_winmail(content).files == ()
    assert is_winmail(content) == (content == HEAD[:4])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.integers(6, len(WINMAIL) - 1))
def test_any_bytes_are_read_without_an_exception(noise: bytes, at: int) -> None:
    for raw in (HEAD + noise, WINMAIL[:at] + noise + WINMAIL[at:]):
        assert len(repr(read_winmail(raw))) <= 100 * len(raw) + 1_000


@pytest.mark.parametrize(
    "unit",
    [
        attribute(1, 0x0002800C, b"text"),
        attribute(2, 0x00069002, b""),
        attribute(2, 0x00069005, struct.pack("<I", 0xFFFFFFFF) + prop(0x3707, 0x001E, b"a")),
        struct.pack("<HHI", 0x1102, 0x3707, 0xFFFFFFF) + b"\0" * 40,
    ],
)
def test_t53_streams_are_read_in_linear_time(unit: bytes) -> None:
    spent = []
    for count in (40_000, 80_000):
        body = unit * count
        big = attribute(2, 0x00069005, struct.pack("<I", 0xFFFFFFFF) + body)
        started = time.process_time()
        read_winmail(HEAD + body)
        read_winmail(HEAD + big)
        spent.append(time.process_time() - started)
    assert spent[1] < 1.0 + spent[0] * 3


def test_t53_a_stream_of_nothing_but_values_costs_little() -> None:
    values = struct.pack("<HHI", 0x101E, 0x3707, 5_000) + b"\1\0\0\0AAAA" * 5_000
    many = attribute(2, 0x00069005, struct.pack("<I", 5_000) + values * 100)
    started = time.process_time()
    read_winmail(HEAD + many)
    assert time.process_time() - started < 0.5


def test_t53_hundreds_of_streams_in_one_mail_are_kept_but_not_all_opened() -> None:
    one = b"--b\nContent-Type: application/ms-tnef\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(WINMAIL)
    inbound = parse(b"From: a@b.test\nContent-Type: multipart/mixed; boundary=b\n\n" + one * 40 + b"--b--\n")
    names = [attachment.filename for attachment in inbound.attachments]
    assert names.count("photo.png") == 10 and len(names) == 60
