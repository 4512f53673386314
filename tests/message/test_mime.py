"""The MIME tree: parts, transfer encodings, and the limits on both."""

import pytest

from mailproc.message.headers import read_head
from mailproc.message.limits import DEPTH, HEADER_BLOCK, HEADER_LINE, PARTS, RECEIVED
from mailproc.message.mime import TreeReader
from mailproc.message.parse import parse
from mailproc.message.parts import Part
from mailproc.records.mail import Defect

FROM = b"From: jane@customer.test\r\nSubject: kept\r\nMessage-ID: <a@b.test>\r\n"


def parts_of(raw: bytes) -> tuple[list[Part], list[Defect]]:
    defects: list[Defect] = []
    reader = TreeReader(raw, defects)
    head = read_head(raw, 0, len(raw))
    reader.read(head.headers, head.body_at, len(raw))
    return reader.parts, defects


def multipart(*parts: bytes, boundary: bytes = b"b", kind: bytes = b"mixed", end: bytes = b"\n") -> bytes:
    lines = b"".join([b"--" + boundary + end + part + end for part in parts])
    return (
        b"Content-Type: multipart/"
        + kind
        + b"; boundary="
        + boundary
        + end
        + end
        + lines
        + b"--"
        + boundary
        + b"--"
        + end
    )


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_parts_are_cut_at_the_boundary(end: bytes) -> None:
    raw = multipart(b"" + end + b"one" + end, b"Content-Type: text/html" + end + end + b"<p>two", end=end)
    parts, defects = parts_of(raw)
    assert [(part.content_type, part.content) for part in parts] == [
        ("text/plain", b"one" + end),
        ("text/html", b"<p>two"),
    ]
    assert defects == []
    assert all(part.parent_type == "multipart/mixed" and part.depth == 1 for part in parts)


@pytest.mark.parametrize(
    ("raw", "contents", "code"),
    [
        (
            b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo",
            [b"one", b"two"],
            "multipart-not-closed",
        ),
        (b"Content-Type: multipart/mixed; boundary=x\n\n--b\n\none\n--b--\n", [b"one"], "boundary-guessed"),
        (b"Content-Type: multipart/mixed\n\n--b\n\none\n--b--\n", [b"one"], "boundary-guessed"),
        (b"Content-Type: multipart/mixed\n\njust text", [b"just text"], "no-boundary"),
        (b"Content-Type: multipart/mixed; boundary=b\n\n \n", [], ""),
        (b"Content-Type: multipart/mixed;\nboundary=b\n\n--b\n\none\n--b--\n", [b"one"], ""),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b  \t\n\none\n--b-- \n", [b"one"], ""),
        (
            b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\none --b\n--bx\nx--b\n--b--\n",
            [b"one --b\n--bx\nx--b"],
            "",
        ),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\n--b\n\n--b--\n", [b"", b""], ""),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b--\n", [], ""),
        (b'Content-Type: multipart/mixed; boundary="a b:(c)"\n\n--a b:(c)\n\none\n--a b:(c)--\n', [b"one"], ""),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\ntext at once\n--b--\n", [b"text at once"], ""),
    ],
)
def test_parts_when_boundaries_are_odd(raw: bytes, contents: list[bytes], code: str) -> None:
    parts, defects = parts_of(raw)
    assert [part.content for part in parts] == contents
    assert [defect.code for defect in defects] == ([code] if code else [])


def test_parts_when_an_inner_multipart_has_no_end() -> None:
    inner = b"Content-Type: multipart/alternative; boundary=i\n\n--i\n\nplain\n--i\nContent-Type: text/html\n\n<p>rich"
    parts, _ = parts_of(multipart(inner, b"Content-Type: application/pdf\n\nfile"))
    assert [part.content for part in parts] == [b"plain", b"<p>rich", b"file"]
    assert [part.depth for part in parts] == [2, 2, 1]


@pytest.mark.parametrize(
    ("encoding", "body", "content"),
    [
        (b"base64", b"aGVsbG8=", b"hello"),
        (b"BASE64 ", b"aGVs\r\nbG8=\r\n", b"hello"),
        (b"base64", b"aGVsbG8", b"hello"),
        (b"base64", b"aGVsb", b"hel"),
        (b"base64", b"aGVs!bG8=", b"hello"),
        (b"base64", b"aGVsbG8=\nd29ybGQ=\n", b"helloworld"),
        (b"base64", b"aGVsbG8=\n\n____\nSent from a list with words\n", b"hello"),
        (b"base64", b"", b""),
        (b"base64", b"====", b""),
        (b"quoted-printable", b"caf=E9 =\nau lait=20", b"caf\xe9 au lait "),
        (b"quoted-printable", b"=ZZ=", b"=ZZ"),
        (b"7bit", b"as is", b"as is"),
        (b"8bit; x=y", b"as \xe9s", b"as \xe9s"),
        (b"nonsense", b"as is", b"as is"),
        (b"x-uuencode", b"begin 644 a.txt\n%:&5L;&\\\n`\nend\n", b"hello"),
        (b"x-uuencode", b"", b""),
    ],
)
def test_transfer_encodings_are_decoded_as_far_as_they_can(encoding: bytes, body: bytes, content: bytes) -> None:
    parts, _ = parts_of(b"Content-Transfer-Encoding: " + encoding + b"\n\n" + body)
    assert parts[0].content == content


@pytest.mark.parametrize(
    ("headers", "content_type", "is_attachment", "filename"),
    [
        (b"", "text/plain", False, ""),
        (b"Content-Type: TEXT/HTML; charset=x\n", "text/html", False, ""),
        (b"Content-Type: text\n", "text/plain", False, ""),
        (b"Content-Type: text; name=a.bin\n", "application/octet-stream", True, "a.bin"),
        (b"Content-Type: text/plain; name=note.txt\n", "text/plain", False, "note.txt"),
        (b"Content-Disposition: attachment\n", "text/plain", True, ""),
        (b"Content-Type: text/calendar\n", "text/calendar", True, ""),
        (b"Content-Type: message/rfc822\n", "message/rfc822", True, ""),
        (b"Content-Type: image/png\nContent-Disposition: inline; filename=a.png\n", "image/png", True, "a.png"),
        (b"Content-Type: application/pdf; name*=utf-8''M%C3%A4rz.pdf\n", "application/pdf", True, "März.pdf"),
        (
            b"Content-Type: application/pdf;\n name*0*=utf-8''M%C3;\n name*1*=%A4rz;\n name*2=.pdf\n",
            "application/pdf",
            True,
            "März.pdf",
        ),
        (b'Content-Type: application/pdf; name="=?utf-8?q?M=C3=A4rz.pdf?="\n', "application/pdf", True, "März.pdf"),
        (b"Content-Type: application/pdf (comment); name=x.pdf\n", "application/pdf", True, "x.pdf"),
        (b"Content-Disposition: attachment; filename=my file.pdf\n", "text/plain", True, "my file.pdf"),
        (b'Content-Disposition: attachment; filename="a;b.pdf"\n', "text/plain", True, "a_b.pdf"),
        (b"Content-Type: image/png; name=M\xc3\xa4rz.png\n", "image/png", True, "März.png"),
    ],
)
def test_leaves_are_described(headers: bytes, content_type: str, is_attachment: bool, filename: str) -> None:
    (part,), _ = parts_of(headers + b"\ntext")
    assert (part.content_type, part.is_attachment, part.filename) == (content_type, is_attachment, filename)


def test_a_forwarded_mail_is_one_attachment_with_its_bytes() -> None:
    inner = b"From: a@b.test\r\nSubject: in\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--"
    raw = FROM + multipart(
        b"\r\nsee below", b"Content-Type: message/rfc822\r\n\r\n" + inner, boundary=b"o", end=b"\r\n"
    )
    inbound = parse(raw)
    assert inbound.text == "see below"
    (attachment,) = inbound.attachments
    assert attachment.filename == "in.eml"
    assert attachment.content == inner
    assert attachment.size == len(inner)


def nested(depth: int) -> bytes:
    raw = b"Content-Type: text/plain\r\n\r\ndeep\r\n"
    for n in range(depth):
        raw = multipart(raw, boundary=b"b%d" % n, end=b"\r\n")
    return FROM + raw


def many_parts(count: int) -> bytes:
    return FROM + multipart(*[b"\r\nx"] * count, end=b"\r\n")


def long_block(size: int) -> bytes:
    """A mail whose header block has that many bytes, counted with LF line ends and without the last one."""
    lines, rest = divmod(size + 1 - len(FROM.replace(b"\r\n", b"\n")), 1_000)
    block = b"X: " + b"a" * 996 + b"\r\n"
    raw = FROM + block * (lines - 1) + b"X: " + b"a" * (996 + rest) + b"\r\n"
    return raw + b"\r\ntext"


def long_line(size: int) -> bytes:
    return FROM + b"X: " + b"a" * (size - 3) + b"\r\n\r\ntext"


def many_hops(count: int) -> bytes:
    return b"Received: from a by b; Mon, 5 Oct 2026 10:00:00 +0000\r\n" * count + FROM + b"\r\ntext"


@pytest.mark.parametrize(
    ("make", "limit", "code"),
    [
        (nested, DEPTH, "limit-depth"),
        (many_parts, PARTS, "limit-parts"),
        (long_line, HEADER_LINE, "limit-line"),
        (many_hops, RECEIVED, "limit-received"),
        (long_block, HEADER_BLOCK, "limit-header-block"),
    ],
)
def test_t53_each_limit_at_its_edge(make, limit: int, code: str) -> None:  # type: ignore[no-untyped-def]
    for size in (limit - 1, limit):
        inbound = parse(make(size))
        assert not inbound.is_unparsable, inbound.defects
        assert inbound.text.rstrip().endswith(("deep", "x", "text"))
    beyond = parse(make(limit + 1))
    assert beyond.is_unparsable
    assert code in [defect.code for defect in beyond.defects]
    # What names the mail is read all the same, for the person who looks at the hold
    assert beyond.subject == "kept"
    assert beyond.message_id == "<a@b.test>"
    assert beyond.from_ is not None and beyond.from_.addr == "jane@customer.test"
    assert not beyond.from_ok
    assert beyond.fingerprint == parse(make(limit + 1).replace(b"\r\n", b"\n")).fingerprint


def test_long_body_lines_are_no_reason_to_hold_a_mail() -> None:
    inbound = parse(FROM + b"\r\n" + b"a" * 100_000)
    assert not inbound.is_unparsable
    assert len(inbound.text) == 100_000


def test_soft_break_is_one_when_a_relay_padded_it() -> None:
    head = b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
    assert parse(head + b"Gr=C3=BC= \t\n=C3=9Fe = 5\n").text.strip() == "Grüße = 5"
