"""The bytes of mails of ours: headers that cannot be forged, bodies that any relay leaves alone, same in, same out."""

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage, Message
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproc.errors import Permanent
from mailproc.message.compose import (
    Outgoing,
    _base64,
    clean_header_text,
    clean_message_ids,
    compose,
)
from mailproc.message.headerfields import ascii_filename, clean_filename, encode_words
from mailproc.records.mail import Attachment

CONTROLS = [chr(n) for n in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)]
BASE = Outgoing(
    message_id="<t.10000.1.abcdefgh@acme.example>",
    from_name="Acme Support",
    from_address="support@acme.example",
    recipient="jane@customer.example",
    reply_to="support+kc10000abc@acme.example",
    subject="[ACME-482-170] Charged twice",
    date=datetime(2026, 11, 3, 14, 5, 9, tzinfo=UTC),
    in_reply_to="<abc@customer.example>",
    references=("<root@acme.example>", "<abc@customer.example>"),
    headers=(("Auto-Submitted", "auto-replied"), ("X-Mailproc-Ticket", "ACME-482-170")),
    text="Hello Jane,\n\nall is well.\n",
    html="<p>Hello Jane, all is well.</p>",
)
NAMES = "From To Reply-To Subject Date Message-ID In-Reply-To References Auto-Submitted X-Mailproc-Ticket MIME-Version"


def read(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def head_lines(raw: bytes) -> list[str]:
    return raw.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")


def raw_field(raw: bytes, name: str) -> str:
    head = raw.partition(b"\r\n\r\n")[0].decode("ascii") + "\r\n"
    found = re.search(rf"(?ms)^{name}: ?(.*?)\r\n(?! )", head)
    assert found
    return found[1]


def all_names(raw: bytes) -> list[list[str]]:
    """The header names as both parsers of the standard library see them."""
    return [
        [name for name, _ in email.message_from_bytes(raw, policy=policy).items()]  # type: ignore[arg-type]
        for policy in (email.policy.default, email.policy.compat32)
    ]


def test_headers_when_all_is_given() -> None:
    raw = compose(BASE)
    assert all_names(raw) == [[*NAMES.split(), "Content-Type"]] * 2
    assert raw_field(raw, "From") == "Acme Support <support@acme.example>"
    assert raw_field(raw, "To") == "jane@customer.example"
    assert raw_field(raw, "Date") == "Tue, 03 Nov 2026 14:05:09 +0000"
    assert raw_field(raw, "Subject") == "[ACME-482-170] Charged twice"


def test_headers_when_only_text_is_given() -> None:
    raw = compose(replace(BASE, html="", reply_to="", in_reply_to="", references=(), headers=()))
    names = ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"]
    assert all_names(raw) == [names] * 2
    assert raw.endswith(b"\r\n\r\nHello Jane,\r\n\r\nall is well.\r\n")


def test_date_when_in_another_zone() -> None:
    at = datetime(2026, 11, 3, 16, 5, 9, tzinfo=timezone(timedelta(hours=2)))
    assert compose(replace(BASE, date=at)) == compose(BASE)
    with pytest.raises(Permanent, match="Date"):
        compose(replace(BASE, date=datetime(2026, 11, 3)))


def test_bytes_when_composed_again() -> None:
    attachment = Attachment("a.pdf", "application/pdf", 5, content=b"12345")
    outgoing = replace(BASE, attachments=(attachment,), subject="Größe")
    assert compose(outgoing) == compose(replace(outgoing))


@pytest.mark.parametrize(
    "subject",
    [
        "plain words",
        "[ACME-482-170] Größe",
        "[ACME-482-170] Re: Drucker druckt nicht mehr – Größe überprüfen bitte, und zwar heute noch, sonst geht nichts",
        "[ACME-482-170] 请问我的订单什么时候发货？我已经等了很久了，请尽快回复，谢谢您的帮助和支持，祝您工作顺利",
        "[ACME-482-170] שלום לכולם",
        "a " * 200,
        "x" * 300,
        "[ACME-482-170] https://shop.example/" + "path/" * 60,
        "looks like =?utf-8?q?a_word?= in here",
        "=?",
        "emoji 👩‍👩‍👧‍👦 " * 20,
        "",
        "  double  blanks  ",
        "ü" * 400,
        "tail ü then plain words that go on and on and on until the line must be folded somewhere",
    ],
)
def test_subject_when_read_back(subject: str) -> None:
    raw = compose(replace(BASE, subject=subject))
    assert read(raw)["Subject"] == " ".join(subject.split())
    for line in head_lines(raw):
        assert len(line) <= 78
        assert "=?" not in line or len(line) <= 76
    for word in re.findall(r"=\?utf-8\?[qb]\?[^?]*\?=", raw_field(raw, "Subject")):
        assert len(word) <= 75
        alone = email.header.decode_header(word)[0][0]  # every word is whole characters
        assert isinstance(alone, bytes)
        alone.decode("utf-8")
    if subject.startswith("[ACME-482-170] "):
        assert raw_field(raw, "Subject").startswith("[ACME-482-170]")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Jane Doe via Acme Support", "Jane Doe via Acme Support <support@acme.example>"),
        ("", "support@acme.example"),
        ("J. Doe, Acme", '"J. Doe, Acme" <support@acme.example>'),
        ('a "b" \\c', '"a \\"b\\" \\\\c" <support@acme.example>'),
        ("Jürgen", "=?utf-8?q?J=C3=BCrgen?= <support@acme.example>"),
        ("=?utf-8?q?evil?=", "=?utf-8?b?PT91dGYtOD9xP2V2aWw/PQ==?= <support@acme.example>"),
    ],
)
def test_from_when_name_needs_care(name: str, shown: str) -> None:
    raw = compose(replace(BASE, from_name=name))
    assert " ".join(raw_field(raw, "From").split()) == shown
    mailboxes = read(raw)["From"].addresses
    assert [(box.display_name, box.addr_spec) for box in mailboxes] == [(name, "support@acme.example")]


def test_from_when_name_is_long() -> None:
    name = "Übergrößenträger " * 12
    raw = compose(replace(BASE, from_name=name))
    # not by policy.default: Python 3.11 puts a blank between the folded encoded words of a phrase
    pieces = email.header.decode_header(raw_field(raw, "From").replace("\r\n", ""))
    assert pieces == [(name.strip().encode(), "utf-8"), (b" <support@acme.example>", None)]
    assert max(map(len, head_lines(raw))) <= 78


def test_references_when_long_stay_ids() -> None:
    ids = tuple(f"<{'x' * length}.{length}@host.example>" for length in (5, 60, 100, 300, 8, 850))
    raw = compose(replace(BASE, references=ids, in_reply_to=ids[3]))
    field = raw_field(raw, "References")
    assert "=?" not in field
    assert tuple(field.split()) == ids
    assert raw_field(raw, "In-Reply-To") == ids[3]
    assert all(" " not in line.strip() or len(line) <= 78 for line in field.split("\r\n"))


def test_clean_message_ids_when_foreign() -> None:
    ids = ("<a@b>", "<[x@y]>", "<a b@c>", "<é@c>", "no@brackets", "<a\r\nBcc: x@y>", f"<{'x' * 990}@b>", "<<a@b>>")
    assert clean_message_ids(ids) == ("<a@b>", "<[x@y]>")
    with pytest.raises(Permanent, match="References"):
        compose(replace(BASE, references=("<a b@c>",)))


def inject(char: str) -> list[tuple[str, Outgoing]]:
    """The field that must be named, and a mail with the character in it."""
    evil = f"x{char}Bcc: evil@x.example"
    return [
        ("From", replace(BASE, from_name=evil)),
        ("From", replace(BASE, from_address=f"support@acme.example{char}")),
        ("To", replace(BASE, recipient=f"jane@customer.example{char}")),
        ("To", replace(BASE, recipient=f'"x{char}RCPT TO:<evil@x.example>"@e.example')),
        ("Reply-To", replace(BASE, reply_to=f"a{char}@acme.example")),
        ("Subject", replace(BASE, subject=evil)),
        ("Message-ID", replace(BASE, message_id=f"<a{char}b@c>")),
        ("In-Reply-To", replace(BASE, in_reply_to=f"<a{char}b@c>")),
        ("References", replace(BASE, references=("<a@b>", f"<a@b>{char}Bcc: evil@x.example"))),
        ("List-Id", replace(BASE, headers=(("List-Id", evil),))),
        ("X-Mailproc-Rule", replace(BASE, headers=(("X-Mailproc-Rule", f"{char}x"),))),
        ("no header name", replace(BASE, headers=((f"X-A{char}", "x"),))),
    ]


@pytest.mark.parametrize("char", CONTROLS, ids=lambda char: f"U+{ord(char):04X}")
def test_t40_control_character_in_any_field_is_refused(char: str) -> None:
    for name, outgoing in inject(char):
        with pytest.raises(Permanent, match=name):
            compose(outgoing)


@pytest.mark.parametrize("char", CONTROLS, ids=lambda char: f"U+{ord(char):04X}")
def test_t41_cleaned_user_text_makes_no_header(char: str) -> None:
    evil = clean_header_text(f"BEFORE{char}Bcc: evil@x.example{char}{char}\r\nTo: evil@x.example")
    raw = compose(
        replace(
            BASE,
            from_name=evil,
            subject=evil,
            headers=(("List-Id", evil), ("X-Mailproc-Rule", evil)),
            attachments=(Attachment(f"a{char}X: y{char}.txt", f"text/plain{char}X: y", 1, content=b"x"),),
        )
    )
    names = [*NAMES.replace("Auto-Submitted X-Mailproc-Ticket", "List-Id X-Mailproc-Rule").split(), "Content-Type"]
    assert all_names(raw) == [names] * 2
    assert read(raw)["Subject"] == "BEFORE Bcc: evil@x.example To: evil@x.example"
    part = list(read(raw).iter_attachments())[0]
    assert set(part.keys()) == {"Content-Type", "Content-Disposition", "Content-Transfer-Encoding"}


def test_t40_encoded_line_end_when_decoded_is_refused() -> None:
    decoded = "hi\r\nBcc: evil@x.example"  # what =?utf-8?q?hi=0D=0ABcc=3A_evil=40x.example?= says
    with pytest.raises(Permanent, match=r"Subject: .*U\+000D at position 3"):
        compose(replace(BASE, subject=decoded))


@pytest.mark.parametrize(
    "name",
    [
        "Bcc",
        "cc",
        "To",
        "FROM",
        "Received",
        "Content-Type",
        "Resent-To",
        "Disposition-Notification-To",
        "X-A: b",
        "",
        "Ü",
    ],
)
def test_t47_header_that_leaks_or_reroutes_is_refused(name: str) -> None:
    with pytest.raises(Permanent):
        compose(replace(BASE, headers=((name, "x"),)))


def test_header_when_named_twice_is_refused() -> None:
    with pytest.raises(Permanent, match="x-a"):
        compose(replace(BASE, headers=(("X-A", "1"), ("x-a", "2"))))


@pytest.mark.parametrize(
    "addr",
    ["", "jane", "jane@", "a b@c.example", "<jane@c.example>", "jan\u202eé@c.example", "a@b.example, c@d.example"],
)
def test_recipient_when_no_plain_address_is_refused(addr: str) -> None:
    with pytest.raises(Permanent, match="To"):
        compose(replace(BASE, recipient=addr))


def test_recipient_with_letters_beyond_ascii_stands_in_utf8() -> None:
    raw = compose(replace(BASE, recipient="jané@c.example"))
    assert "\r\nTo: jané@c.example\r\n".encode() in raw
    assert raw.replace("jané".encode(), b"").isascii()


SMUGGLED = [
    f"a{end}.{end}MAIL FROM:<evil@x.example>{end}b"
    for end in ("\n", "\r", "\r\n", "\n\r", "\r\r\n", "\x00\r\n", "\x0b", "\x0c", "\x85", "\u2028", " \r", "\t\n")
]


@pytest.mark.parametrize("text", SMUGGLED)
def test_t43_no_bare_line_ends_and_no_lone_dot(text: str) -> None:
    attachment = Attachment("a.eml", "message/rfc822", 9, content=text.encode())
    for raw in (
        compose(replace(BASE, text=text, html=text, attachments=(attachment,))),
        compose(replace(BASE, text=text, html="")),
    ):
        assert not re.search(rb"\r(?!\n)|(?<!\r)\n", raw)
        assert not re.search(rb"(?m)^\.\r?$", raw)
        assert max(map(len, raw.split(b"\r\n"))) <= 998


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("short ASCII\nlines\n", "7bit"),
        ("x" * 76, "7bit"),
        ("x" * 77, "quoted-printable"),
        ("Grüße", "quoted-printable"),
        ("-- \nJane", "quoted-printable"),
        ("From here on", "quoted-printable"),
        ("a\nFrom here on", "quoted-printable"),
        ("tab\tand\x00nul", "quoted-printable"),
        ("", "7bit"),
        ("lone \ud800 surrogate", "quoted-printable"),
        ("é " * 2000 + "\nFrom x " * 3 + "From " * 100, "quoted-printable"),
    ],
)
def test_text_when_read_back(text: str, encoding: str) -> None:
    raw = compose(replace(BASE, text=text, html=""))
    message = read(raw)
    assert message["Content-Transfer-Encoding"] == encoding
    content = message.get_content().replace("\r\n", "\n")
    assert content.removesuffix("\n") == text.removesuffix("\n").replace("\ud800", "?")
    body = raw.partition(b"\r\n\r\n")[2]
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert not re.search(rb"(?m)^From ", body)


IMAGE = Attachment("chart.png", "image/png", 4, is_inline=True, content_id="chart@acme", content=b"\x89PNG")
FILE = Attachment("a.pdf", "application/pdf", 4, content=b"%PDF")


def shape(message: Message) -> object:
    if message.is_multipart():
        return (message.get_content_subtype(), [shape(part) for part in message.get_payload()])  # type: ignore[union-attr, arg-type]
    return message.get_content_type()


@pytest.mark.parametrize(
    ("html", "attachments", "expected"),
    [
        ("", (), "text/plain"),
        ("<p>", (), ("alternative", ["text/plain", "text/html"])),
        ("", (FILE,), ("mixed", ["text/plain", "application/pdf"])),
        ("<p>", (FILE,), ("mixed", [("alternative", ["text/plain", "text/html"]), "application/pdf"])),
        (
            '<img src="cid:chart@acme">',
            (IMAGE, FILE),
            (
                "mixed",
                [("alternative", ["text/plain", ("related", ["text/html", "image/png"])]), "application/pdf"],
            ),
        ),
        ("<p>not shown", (IMAGE,), ("mixed", [("alternative", ["text/plain", "text/html"]), "image/png"])),
        ("", (IMAGE,), ("mixed", ["text/plain", "image/png"])),
    ],
)
def test_structure(html: str, attachments: tuple[Attachment, ...], expected: object) -> None:
    raw = compose(replace(BASE, html=html, attachments=attachments))
    message = read(raw)
    assert shape(message) == expected
    assert not [part for part in message.walk() if part.defects]
    for attachment in attachments:
        part = next(part for part in message.walk() if part.get_filename() == attachment.filename)
        assert part.get_payload(decode=True) == attachment.content


def test_inline_image_when_shown_has_its_id() -> None:
    message = read(compose(replace(BASE, html='<img src="cid:chart@acme">', attachments=(IMAGE,))))
    part = next(part for part in message.walk() if part.get_content_type() == "image/png")
    assert part["Content-ID"] == "<chart@acme>"
    assert part.get_content_disposition() == "inline"


@pytest.mark.parametrize("size", [0, 1, 56, 57, 58, 57 * 64 - 1, 57 * 64, 57 * 64 + 1, 57 * 128, 100_001])
def test_base64_when_cut_in_lines(size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    raw = compose(replace(BASE, attachments=(replace(FILE, content=content[:size]),)))
    part = list(read(raw).iter_attachments())[0]
    assert part.get_payload(decode=True) == content[:size]
    payload = raw.rpartition(b"base64\r\n\r\n")[2].split(b"\r\n--=_")[0]
    assert all(len(line) == 76 for line in payload.split(b"\r\n")[:-2])
    assert max(map(len, payload.split(b"\r\n"))) <= 76


@given(st.binary(max_size=20_000))
@settings(max_examples=100, deadline=None)
def test_t43_base64_has_no_bare_line_end_whatever_is_encoded(content: bytes) -> None:
    encoded = _base64(content)
    assert re.fullmatch(rb"(?:[A-Za-z0-9+/=]{1,76}\r\n)*", encoded)
    assert encoded.count(b"\r\n") == encoded.count(b"\r") == encoded.count(b"\n")


LINE = st.lists(st.sampled_from(["a", " ", ".", "=", "==", "\t", "é", "From ", "x" * 20, "y" * 70, "\x00", "\ud800"]))


def test_text_when_long_is_encoded_at_once() -> None:
    text = "Grüße = viele\n" * 3000
    assert read(compose(replace(BASE, text=text, html=""))).get_content().replace("\r\n", "\n") == text


@pytest.mark.parametrize(
    ("content_type", "filename", "expected", "name"),
    [
        ("message/rfc822", "original", "application/octet-stream", "original.eml"),
        ("message/rfc822", "mail.EML", "application/octet-stream", "mail.EML"),
        ("message/delivery-status", "x.txt", "application/octet-stream", "x.txt"),
        ("multipart/mixed", "x", "application/octet-stream", "x"),
        ("nonsense", "x", "application/octet-stream", "x"),
        ('text/plain"; x=y', "x", "application/octet-stream", "x"),
        ("IMAGE/PNG", "x.png", "image/png", "x.png"),
    ],
)
def test_attachment_type_when_awkward(content_type: str, filename: str, expected: str, name: str) -> None:
    attachment = Attachment(filename, content_type, 3, content=b"--x\r\nSubject: y\r\n\r\n")
    part = list(read(compose(replace(BASE, attachments=(attachment,)))).iter_attachments())[0]
    assert (part.get_content_type(), part.get_filename()) == (expected, name)
    assert part["Content-Transfer-Encoding"] == "base64"
    assert part.get_payload(decode=True) == attachment.content


@pytest.mark.parametrize(("content", "charset"), [("ü".encode(), "utf-8"), (b"\xfc", None), (b"u", None)])
def test_text_attachment_when_utf8_says_so(content: bytes, charset: str | None) -> None:
    attachment = Attachment("a.csv", "text/csv", 1, content=content)
    part = list(read(compose(replace(BASE, attachments=(attachment,)))).iter_attachments())[0]
    assert part.get_content_charset() == charset


@pytest.mark.parametrize(
    ("filename", "cleaned", "fallback"),
    [
        ("report.pdf", "report.pdf", "report.pdf"),
        ("Größe.pdf", "Größe.pdf", "Groe.pdf"),
        ("请求.pdf", "请求.pdf", "attachment.pdf"),
        ("请求", "请求", "attachment"),
        ("../../etc/passwd", "passwd", "passwd"),
        ("C:\\temp\\a.txt", "a.txt", "a.txt"),
        (".htaccess", "htaccess", "htaccess"),
        ("a\u202egpj.exe", "a_gpj.exe", "a_gpj.exe"),
        ("a\x00b\r\nX: y.txt", "a_b__X: y.txt", "a_b__X: y.txt"),
        ('quo"te.txt', 'quo"te.txt', "quo_te.txt"),
        ("..", "attachment", "attachment"),
        ("", "attachment", "attachment"),
        ("é" * 300 + ".docx", "é" * 95 + ".docx", "e" * 95 + ".docx"),
        ("\ud800.txt", "_.txt", "_.txt"),
    ],
)
def test_t49_file_name_is_a_harmless_label(filename: str, cleaned: str, fallback: str) -> None:
    assert clean_filename(filename) == cleaned
    assert ascii_filename(clean_filename(filename)) == fallback
    raw = compose(replace(BASE, attachments=(replace(FILE, filename=filename),)))
    part = list(read(raw).iter_attachments())[0]
    assert part.get_filename() == (cleaned if cleaned != 'quo"te.txt' else "quo_te.txt")
    assert f'filename="{fallback}"'.encode() in raw
    assert b"=?" not in raw.partition(b"\r\n\r\n")[2]


def test_boundary_when_text_holds_it() -> None:
    raw = compose(BASE)
    boundary = read(raw).get_boundary()
    assert boundary
    other = compose(replace(BASE, text=f"--{boundary}\n\nSubject: x\n"))
    assert read(other).get_boundary() != boundary
    assert shape(read(other)) == ("alternative", ["text/plain", "text/html"])
    assert compose(replace(BASE, message_id="<other@acme.example>")) != raw


def test_clean_header_text() -> None:
    assert clean_header_text("  a\r\n\tb\x00\u2028 c\x7f ") == "a b c"
    assert clean_header_text("a\ud800b") == "a\ufffdb"
    assert clean_header_text("word " * 400, limit=20) == "word word word word…"
    assert clean_header_text("a\u00a0b") == "a\u00a0b"


@given(st.text(max_size=400), st.text(max_size=80), st.text(max_size=2000), st.text(max_size=60))
@settings(max_examples=40, deadline=None)
def test_any_cleaned_text_is_carried_whole(subject: str, name: str, text: str, filename: str) -> None:
    subject, name = clean_header_text(subject), clean_header_text(name)
    outgoing = replace(
        BASE, subject=subject, from_name=name, text=text, html=text, attachments=(replace(FILE, filename=filename),)
    )
    raw = compose(outgoing)
    assert all_names(raw) == [[*NAMES.split(), "Content-Type"]] * 2
    decoded = "".join(
        piece.decode(charset or "ascii") if isinstance(piece, bytes) else piece
        for piece, charset in email.header.decode_header(raw_field(raw, "Subject").replace("\r\n", ""))
    )
    assert decoded.strip(" ") == subject
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", raw)


@given(st.text(min_size=1, max_size=300).filter(lambda text: max(text) < "\ud800"), st.integers(32, 75))
@settings(max_examples=150, deadline=None)
def test_encode_words_when_joined_give_the_text(text: str, room: int) -> None:
    words = encode_words(text, room)
    assert len(words[0]) <= room
    assert max(map(len, words)) <= 75
    pieces = [email.header.decode_header(word)[0][0] for word in words]
    assert "".join(piece.decode("utf-8") for piece in pieces if isinstance(piece, bytes)) == text


@pytest.mark.parametrize(
    ("html", "encoding"),
    [
        ("<p>" + "Grüße, 注文 – 😀\n" * 20 + "</p>", "7bit"),
        ("<style>p::before { content: '→' }</style><p>Grüße</p>", "quoted-printable"),
        ("<p>" + "ü" * 400 + "</p>", "quoted-printable"),  # as references the line would be too long for SMTP
        ("<p>\n.ü</p>", "quoted-printable"),  # a line that begins with a dot
    ],
)
def test_markup_is_read_as_it_was_meant_when_it_is_not_ascii(html: str, encoding: str) -> None:
    part = read(compose(replace(BASE, html=html))).get_body(("html",))
    assert part is not None and part["Content-Transfer-Encoding"] == encoding
    assert unescape(part.get_content()).replace("\r\n", "\n").rstrip("\n") == html
