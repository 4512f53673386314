"""The names of files, and what is said of them."""

import time

import pytest

from mailproc.message.filenames import guess_type
from mailproc.message.parse import parse

HEAD = b"From: a@b.test\nSubject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\n--b\n"


@pytest.mark.parametrize(
    ("part", "name"),
    [
        (b"Content-Type: message/rfc822\n\nSubject: Re: Offer 7/8\n\nx\n", "Re_ Offer 7-8.eml"),
        (b"Content-Type: message/rfc822\n\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nFrom: c@d.test\n\nx\n", "Grüße.eml"),
        (b"Content-Type: message/rfc822\n\nSubject: =?utf-8?q?a=0D=0Ab=00?=\n\nx\n", "a b.eml"),
        (b"Content-Type: message/rfc822; name=mail.eml\n\nSubject: other\n\nx\n", "mail.eml"),
        (b"Content-Type: message/rfc822\n\nFrom: c@d.test\n\nx\n", "message.eml"),
        (
            b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogcGFja2VkCgp4Cg==\n",
            "packed.eml",
        ),
        (b"Content-Type: application/pdf\n\nx\n", "attachment-1.pdf"),
        (b"Content-Type: text/calendar\n\nx\n", "appointment.ics"),
        (b"Content-Type: application/pdf; name==?utf-8?q?M=C3=A4rz.pdf?=\n\nx\n", "März.pdf"),
        (b"Content-Type: application/pdf; name*0*=utf-8''M%C3; name*1*=%A4rz.pdf\n\nx\n", "März.pdf"),
        (b"Content-Disposition: attachment; filename*=utf-8''M%C3%A4rz%20x.pdf; filename=no.pdf\n\nx\n", "März x.pdf"),
        (b"Content-Disposition: attachment; filename*=M%C3%A4rz.pdf\n\nx\n", "März.pdf"),
        (b"Content-Disposition: attachment; filename=My report 2026.pdf\n\nx\n", "My report 2026.pdf"),
        (b'Content-Disposition: attachment; filename="M\xc3\xa4rz.pdf"\n\nx\n', "März.pdf"),
        (b'Content-Disposition: attachment; filename="M\xe4rz.pdf"\n\nx\n', "März.pdf"),
        (b'Content-Disposition: attachment; filename="cut.pdf\n\nx\n', "cut.pdf"),
        (b"Content-Disposition: filename=a.txt\n\nx\n", "a.txt"),
    ],
)
def test_a_part_has_the_name_it_came_with_or_one_that_tells(part: bytes, name: str) -> None:
    (file,) = parse(HEAD + part + b"--b--\n").attachments
    assert file.filename == name


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.PDF", "application/pdf"),
        ("b.jpeg", "image/jpeg"),
        ("c.log", "text/plain"),
        ("d", "application/octet-stream"),
        ("e.xyz", "application/octet-stream"),
        ("f.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ],
)
def test_a_type_is_guessed_by_the_extension(name: str, content_type: str) -> None:
    assert guess_type(name) == content_type


@pytest.mark.parametrize(
    "part",
    [
        b"Content-Type: text/calendar; name=a.ics\nContent-Disposition: attachment\n\nBEGIN:VCALENDAR\n"
        + b"SUMMARY;CN=a:x\n" * 5_000,
        b"Content-Type: application/rtf\n\n{\\rtf1 " + b"\\*" * 60_000 + b"}\n",
        b"Content-Type: message/rfc822\n\nSubject: " + b"=?utf-8?q?a?= " * 1_100 + b"\n\nx\n",
    ],
    ids=["appointments", "rich text", "mails"],
)
def test_t53_hundreds_of_parts_that_are_looked_into_cost_little(part: bytes) -> None:
    raw = b"From: a@b.test\nContent-Type: multipart/mixed; boundary=b\n\n" + (b"--b\n" + part) * 200 + b"--b--\n"
    parse(raw[:2_000])
    started = time.process_time()
    assert len(parse(raw).attachments) == 200
    assert time.process_time() - started < 1.5
