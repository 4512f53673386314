"""What kind of file an attachment is: by name, label, first bytes, and what it holds."""

import base64
import gzip
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproc.message.filekinds import ending_of, find_kinds
from mailproc.records.mail import Attachment
from tests.message.test_archives import make_tar, make_zip, rar5
from tests.message.test_winmail import HEAD, file

EXE = b"MZ\x90\0\x03\0\0\0" + b"\0" * 52 + b"\x80\0\0\0" + b"This program cannot be run in DOS mode."
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 900
DEEP = make_zip(("b.zip", make_zip(("c.zip", make_zip(("setup.exe", EXE))))))
MAIL = (
    b"From: a@b.test\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhi\r\n--b\r\n"
    b'Content-Type: application/octet-stream; name="setup.exe"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    + base64.b64encode(EXE) + b"\r\n--b--\r\n"
)  # fmt: skip


def kinds(name: str, content: bytes = b"", content_type: str = "application/octet-stream") -> set[str]:
    item = Attachment(name, content_type, len(content), content=content)
    return {found.kind for found in find_kinds(item)}


@pytest.mark.parametrize(
    ("name", "content", "content_type", "kind"),
    [
        ("invoice.pdf.exe", b"", "application/pdf", "exe"),
        ("SETUP.EXE", b"", "", "exe"),
        ("setup.exe. .", b"", "", "exe"),  # Windows drops what stands behind
        ("photo.jpg", EXE, "image/jpeg", "exe"),
        ("photo.jpg", b"", "application/x-msdownload", "exe"),
        ("photo.jpg", b"\x7fELF\x02\x01\x01", "image/jpeg", "elf"),
        ("photo.jpg", b"\xcf\xfa\xed\xfe\x07\0\0\x01", "image/jpeg", "app"),
        ("notes.txt", b"#!/bin/sh\nrm -rf ~\n", "text/plain", "sh"),
        ("report", b"#!/usr/bin/env python3\n", "text/plain", "sh"),
        ("folder", b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F", "", "lnk"),
        ("help.txt", b"ITSF\x03\0\0\0", "text/plain", "chm"),
        ("a.doc", OLE + b"\x84\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0F", "", "msi"),
        ("a.doc", OLE + "_VBA_PROJECT".encode("utf-16-le"), "", "docm"),
        ("disk.bin", b"\0" * 32_769 + b"CD001", "", "iso"),
        ("a.txt.{3050F4D8-98B5-11CF-BB82-00AA00BDCE0B}", b"", "", "clsid"),
        ("page.txt", b"\xef\xbb\xbf <!DOCTYPE html><p>", "text/plain", "html"),
        ("logo.png", b"<?xml version='1.0'?><svg onload='x()'>", "image/png", "svg"),
        ("a.docx", make_zip(("word/vbaProject.bin", b"x")), "", "docm"),
        ("a.zip", make_zip(("docs/setup.exe", EXE)), "application/zip", "exe"),
        ("a.pdf", make_zip(("setup.exe", EXE)), "application/pdf", "exe"),
        ("a.zip", DEEP, "application/zip", "exe"),
        ("a.tar.gz", gzip.compress(make_tar(("setup.exe", EXE)), mtime=0), "application/gzip", "exe"),
        ("a.tgz", gzip.compress(make_tar(("setup.exe", EXE)), mtime=0), "application/gzip", "exe"),
        ("picture.gz", gzip.compress(EXE, mtime=0), "application/gzip", "exe"),
        ("a.rar", rar5("setup.exe"), "", "exe"),
        ("a.eml", MAIL, "message/rfc822", "exe"),
        ("winmail.dat", HEAD + file("setup.exe", EXE), "application/ms-tnef", "exe"),
        ("a.zip", make_zip(*((f"{n}.txt", b"") for n in range(20_001))), "", "archive-too-large"),
    ],
)  # fmt: skip
def test_what_is_found(name: str, content: bytes, content_type: str, kind: str) -> None:
    assert kind in kinds(name, content, content_type)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.txt", b"MZ stands for Mark Zbikowski, who wrote " + b"more " * 20),
        ("report.pdf", b"%PDF-1.7\n" + bytes(range(256)) * 20),
        ("www.acme.com.pdf", b"%PDF-1.7"),
        ("data.xlsx", make_zip(("xl/workbook.xml", b"<x/>"), ("[Content_Types].xml", b"<x/>"))),
        ("data.odt", make_zip(("META-INF/manifest.xml", b"<x/>"), ("content.xml", b"<x/>"))),
        ("photos.zip", make_zip(("a.jpg", b"\xff\xd8\xff"), ("b.heic", b"x"))),
        ("log.gz", gzip.compress(b"Jan 13 all is well\n" * 500, mtime=0)),
        ("a.eml", b"From: a@b.test\r\nSubject: setup.exe is not attached\r\n\r\nhi\r\n"),
        ("photo.jpg", b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40),
        ("", b""),
    ],
)
def test_ordinary_files_are_no_programs(name: str, content: bytes) -> None:
    from mailproc.records.filegroups import expand_groups

    assert not kinds(name, content) & expand_groups(("programs", "scripts", "macros", "pages"))


@pytest.mark.parametrize(("name", "ending"), [("a", ""), ("a.", ""), ("a.B", "b"), ("a.b c", ""), ("a.tar.GZ", "gz")])
def test_the_ending_is_what_stands_behind_the_last_dot(name: str, ending: str) -> None:
    assert ending_of(name) == ending


def test_where_it_stands_is_told() -> None:
    item = Attachment("a.zip", "application/zip", 1, content=DEEP)
    assert next(found.inside for found in find_kinds(item) if found.kind == "exe") == "b.zip > c.zip > setup.exe"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40), st.binary(max_size=600), st.sampled_from(["", "message/rfc822", "text/plain"]))
def test_any_file_is_looked_at_without_a_fault(name: str, content: bytes, content_type: str) -> None:
    assert all(kind == kind.lower() for kind in kinds(name, content, content_type))


def test_looking_at_a_large_file_costs_little() -> None:
    began = time.process_time()
    kinds("film.mp4", b"\0\0\0\x18ftypmp42" + b"\0" * 20_000_000)
    kinds("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 20_000_000)
    kinds("a.zip", b"PK\x03\x04" + b"\0" * 20_000_000)
    assert time.process_time() - began < 1
