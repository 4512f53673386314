"""Files that stand uuencoded in the text of a mail."""

import binascii
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproc.message.parse import parse
from mailproc.message.uuencode import decode_lines, may_hold_files, split_files
from mailproc.records.mail import Defect

DATA = bytes(range(256)) * 2


def lines_of(data: bytes, end: bytes = b"\n") -> bytes:
    lines = [binascii.b2a_uu(data[at : at + 45]).rstrip(b"\n") for at in range(0, len(data), 45)]
    return b"".join([line + end for line in lines])


def encoded(data: bytes, name: bytes = b"report.pdf", tail: bytes = b"`\nend\n") -> bytes:
    return b"begin 644 " + name + b"\n" + lines_of(data) + tail


@pytest.mark.parametrize(
    ("name", "shown", "content_type"),
    [
        (b"report.pdf", "report.pdf", "application/pdf"),
        (b"my long report.txt", "my long report.txt", "text/plain"),
        (b"=?utf-8?q?Rechnung_M=C3=A4rz.pdf?=", "Rechnung März.pdf", "application/pdf"),
        ("Übersicht.doc".encode("cp1252"), "Übersicht.doc", "application/msword"),
        (b"..\\..\\evil.exe", "evil.exe", "application/octet-stream"),
    ],
)
def test_a_file_in_the_text_becomes_an_attachment(name: bytes, shown: str, content_type: str) -> None:
    inbound = parse(b"From: a@b.test\nSubject: x\n\nSee below.\n\n" + encoded(DATA, name) + b"\nBye\n")
    (file,) = inbound.attachments
    assert (file.filename, file.content_type, file.content, file.size) == (shown, content_type, DATA, len(DATA))
    assert inbound.text.split() == ["See", "below.", "Bye"]
    assert inbound.defects == () or inbound.defects[0].code != "uuencode"


def test_several_files_with_words_between_them() -> None:
    text, files = split_files(b"a\n" + encoded(DATA, b"1") + b"b\n" + encoded(b"xyz", b"2") + b"c\n", [])
    assert text == b"a\nb\nc\n"
    assert [(file.name, file.content) for file in files] == [(b"1", DATA), (b"2", b"xyz")]


@pytest.mark.parametrize("tail", [b"", b"`\n", b"\nBest regards\n", b"\n-- \nJane Doe\n+48 22 555 01 23\n"])
def test_a_file_without_an_end_is_kept_and_noted(tail: bytes) -> None:
    defects: list[Defect] = []
    text, files = split_files(b"hello\n" + encoded(DATA, tail=tail), defects)
    assert files[0].content == DATA
    assert text.startswith(b"hello\n") and (b"regards" in text) == (b"regards" in tail)
    assert (b"Jane" in text) == (b"Jane" in tail)
    assert [defect.code for defect in defects] == ["uuencode-cut"]


@pytest.mark.parametrize(
    "text",
    [
        b"begin 644 the migration on Monday\nand tell me\n",
        b"Please begin 644 file.txt\n",
        b"begin 9 file.txt\n" + lines_of(DATA),
        b"begin 644 \n" + lines_of(DATA),
        b"to begin with, nothing works\n",
        b"begin 644 a.txt",
    ],
)
def test_words_that_only_look_like_a_file_stay_text(text: bytes) -> None:
    assert split_files(text, []) == (text, [])


def test_lines_whose_blanks_were_lost_or_that_carry_a_checksum() -> None:
    data = b"\x00\x00\x00abc\x00\x00\x00" * 5
    line = binascii.b2a_uu(data).rstrip(b"\n").replace(b"`", b" ")
    for shape in (line.rstrip(b" "), line + b"A"):
        _, files = split_files(b"begin 644 x\n" + shape + b"\n`\nend\n", [])
        assert files[0].content == data


def test_crlf_and_base64_forms() -> None:
    _, files = split_files(b"begin 644 x\r\n" + lines_of(DATA, b"\r\n") + b"`\r\nend\r\n", [])
    assert files[0].content == DATA
    _, files = split_files(b"begin-base64 644 x\nSGVsbG8gd29y\nbGQ=\n====\nrest\n", [])
    assert files[0].content == b"Hello world"


def test_a_part_that_is_uuencoded_as_a_whole() -> None:
    assert decode_lines(encoded(DATA), []) == DATA
    assert decode_lines(b"\n" + lines_of(DATA), []) == DATA  # without its begin line


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.binary(max_size=40))
def test_any_bytes_are_split_and_nothing_raises(tail: bytes, name: bytes) -> None:
    text = b"x\nbegin 644 " + name + b"\n" + tail
    kept, files = split_files(text, [])
    assert files or kept == text
    decode_lines(text, [])


@pytest.mark.parametrize(
    "unit", [b"begin 644 x\n", b"begin ", b"begin 644 x\n!\n", b"begin 644 x\nM" + b"A" * 60 + b"\n", b"!\n", b"`\n"]
)
def test_t54_texts_are_split_in_linear_time(unit: bytes) -> None:
    spent = []
    for size in (300_000, 600_000):
        text = b"begin 644 a\n#86)C\n" + unit * (size // len(unit))
        started = time.process_time()
        assert may_hold_files(text)
        split_files(text, [])
        spent.append(time.process_time() - started)
    assert spent[1] < 1.0 + spent[0] * 3


def test_a_file_with_a_blank_line_between_its_lines_is_whole() -> None:
    data = bytes(range(256)) * 20
    text = encoded(data).replace(b"\n", b"\n\n")
    assert split_files(text, [])[1][0].content == data


@pytest.mark.parametrize(
    "text",
    [
        (b"begin 644 a\n" + b"\n" * 3_000) * 1_000,
        b"begin 644 a\n" + b"! \n" * 1_000_000,
        b"begin-base64 644 a\n" + b"AAAA\n" * 600_000,
        (b"begin 644 a\n! \nend\n") * 150_000,
    ],
)
def test_t53_texts_of_nothing_but_odd_lines_cost_little(text: bytes) -> None:
    started = time.process_time()
    split_files(text, [])
    decode_lines(text, [])
    assert time.process_time() - started < 2


def test_t53_what_is_unpacked_is_bounded_for_the_whole_mail() -> None:
    part = b"--b\nContent-Type: text/plain\n\n" + b"begin 644 a\n#86)C\n`\nend\n" * 60
    inbound = parse(b"From: a@b.test\nContent-Type: multipart/mixed; boundary=b\n\n" + part * 10 + b"--b--\n")
    assert len([item for item in inbound.attachments if item.content == b"abc"]) == 100
