"""Mail by the rules of RFC 5322 and MIME, each rule broken now and then: headers, parts, files, reports, calendars.

Makes bytes from a random generator that is given; must not read or write a file.
"""

import base64
import binascii
import random
from collections.abc import Callable

from bench.conversations import Writer

CHARSETS = (
    "utf-8", "us-ascii", "iso-8859-1", "iso-8859-2", "windows-1252", "iso-2022-jp", "gb2312", "utf-16", "utf-7",
    "cp65001", "rot13", "zlib", "hex", "idna", "punycode", "unicode_escape", "undefined", "x-user-defined", "utf-8\0",
    "", "a" * 300, "ISO-2022-KR", "unknown-8bit", "../../etc",
)  # fmt: skip
ENCODINGS = (
    "7bit", "8bit", "binary", "quoted-printable", "base64", "BASE64 ", "x-uuencode", "uuencode", "x-yenc",
    "quoted-printable; x", "", "=?utf-8?q?base64?=",
)  # fmt: skip
TYPES = (
    "text/plain", "text/html", "text/calendar", "text/x-amp-html", "text/rfc822-headers", "message/rfc822",
    "message/delivery-status", "message/disposition-notification", "message/partial", "message/external-body",
    "message/global", "multipart/mixed", "multipart/alternative", "multipart/related", "multipart/report",
    "multipart/signed", "multipart/digest", "multipart/x", "application/ms-tnef", "application/octet-stream",
    "image/png", "text", "/", "multipart", "text/plain/x", "", "\0/\0",
)  # fmt: skip
ATOMS = (
    "a", "bob", "support@acme.example", "x@y.example", "ü", "\u202e", "\0", "\x7f", "\xa0", "\ud800", "=?utf-8?q?=",
    "?=", "=?utf-8?b?", "=?x?q?a?=", "<", ">", "<<", "@", "@@", '"', "\\", "(", ")", ",", ";", ":", "[", "]", "[x@y]",
    ".", "..", " ", "\t", "\r\n ", "\r\n\t", "\r", "\n", "%s", "{}", "undisclosed-recipients:;", "xn--", "xn--a",
    "[1.2.3.4]", "[ACME-482-170]", "Re: ", "AW: ", "Fwd: ", "<t.1.2.abc@acme.example>", "=", "+", "-", "_", "'", "*",
    "#close",
)  # fmt: skip
NAMES = (
    "From", "To", "Cc", "Reply-To", "Sender", "Subject", "Date", "Message-ID", "In-Reply-To", "References",
    "Received", "Return-Path", "Delivered-To", "Authentication-Results", "DKIM-Signature", "Auto-Submitted",
    "Precedence", "List-Id", "List-Unsubscribe", "X-Failed-Recipients", "X-Autoreply", "X-Auto-Response-Suppress",
    "X-Spam-Score", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID", "MIME-Version",
    "Content-Language", "Thread-Topic", "X-Mailproc-Loop", "Resent-From", "Received-SPF",
)  # fmt: skip
STRANGE_NAMES = ("", " ", "From ", "Fröm", "From\0", "a" * 2000, "From:From", ">From", "\t")
DATES = (
    "Mon, 02 Mar 2026 08:00:00 +0000", "Mon, 99 Mar 2026 99:99:99 +9999", "1 Jan 0000 00:00:00 -0000",
    "1 Jan 99999999999 00:00 +0000", "Thu, 1 Jan 1970 00:00:00 -2400", "yesterday", "32", "2026-03-02", "",
    "Mon, 2 Mar 2026 08:00:00 +99999999999999", "²³, ²³ Mar ²³²³ ²³:²³:²³ +²³²³",
)  # fmt: skip
LINES = (
    "Hello,", "", "> quoted", "> > deeper", "-- ", "On Tue, Mar 3, 2026 at 10:14 AM Acme <a@b.example> wrote:",
    "Am 03.03.2026 um 10:14 schrieb Acme:", "-----Original Message-----", "________________________________",
    "From: x@y.example", "Sent: Monday", "Subject: x", "Begin forwarded message:", "#close", "#", "#assign",
    "begin 644 x", "Sent from my iPhone", "--", "=====", "\ufeff", "\u2028", "\0", "a" * 1200, "..", ".", "From me",
    "\x1b$B", "\x1b$B8!",
)  # fmt: skip
TAGS = (
    "div", "p", "table", "tr", "td", "blockquote", "span", "b", "style", "script", "title", "textarea", "svg", "math",
    "template", "noscript", "plaintext", "xmp", "a", "img", "br", "li", "ol", "pre", "select", "frameset", "body",
    "html",
)  # fmt: skip
STATUS_FIELDS = (
    "Reporting-MTA: dns; mx.example", "Final-Recipient: rfc822; x@y.example", "Final-Recipient: ;", "Action: failed",
    "Action: \0", "Status: 5.1.1", "Status: 9.9.9.9", "Status:", "Diagnostic-Code: smtp; 550 no", "",
    "Original-Recipient: rfc822;" + "a" * 500, "Remote-MTA: dns;",
)  # fmt: skip
DISPLAY_NAMES = ("", "Ann", '"Ann, B"', '"x@evil.example"', "=?utf-8?q?Ann?=", "(c(o(m)))")
LOCALS = ("a", '"a b"', '"a\\"b"', "a.b", ".a", "a..b", "ü", '"\r\n"', "a+b", "", "a" * 300)
DOMAINS = (
    "y.example", "[1.2.3.4]", "ümlaut.example", "xn--mlaut-jva.example", "xn--\0", "y..example", "", "y.example.",
    "Y.EXAMPLE", "a." * 200 + "b", "[x@y]", "-a.example",
)  # fmt: skip
IDS = ("<t.10000.3.abcdefgh@acme.example>", "<[x@y]>", "<>", "<a b@c>", "x@y", "<a@b", "(c)<a@b>")
PARAMETERS = (
    '; {n}="{v}"', "; {n}={v}", ";\r\n {n}*=utf-8''{v}", "; {n}*0={v}; {n}*1={v}", "; {n}*0*=x'y'{v}%zz; {n}*2={v}",
    "; {n}*99999999999={v}", '; {n}="{v}', "; {n}*={c}'{v}", "; {n}", "; {n}=;;",
)  # fmt: skip
FILENAMES = (
    "../../x", "C:\\x\\y.exe", "a\0b.txt", "=?utf-8?q?a.pdf?=", "ü.pdf", "", ".", "con", "a" * 5000, "\u202efdp.exe",
)  # fmt: skip
EXPLANATIONS = (
    "I'm sorry to have to inform you that your message could not be delivered.\r\n<x@y.example>: 550 no such user",
    "Hi. This is the qmail-send program at y.example.\r\n<x@y.example>:\r\nSorry, no mailbox here by that name.",
    "Delivery has failed to these recipients:\r\nx@y.example", "A message that you sent could not be delivered", "",
)  # fmt: skip
CALENDAR_LINES = (
    "SUMMARY:Fitting the lamp", "DTSTART:20260302T090000Z", "DTSTART;TZID=Europe/Berlin:20260302T090000",
    "DTSTART;VALUE=DATE:20260399", "DTEND:99999999T999999Z",
    "ATTENDEE;PARTSTAT=ACCEPTED;CN=\"Ann; B\":mailto:a@b.example",
    "ATTENDEE;PARTSTAT=DECLINED:a@b.example", "ORGANIZER:mailto:support@acme.example",
    "LOCATION:Berlin\\, 2nd floor\\n",
    "DESCRIPTION:" + "x" * 3000, "UID:1", "RRULE:FREQ=DAILY;COUNT=99999999", "BEGIN:VEVENT", "END:VEVENT",
    "BEGIN:VALARM",
    ":", ";", "X", "SUMMARY", "SUMMARY;LANGUAGE=de;X=\":y", "\t folded", "", "STATUS:CANCELLED", "DURATION:PT1H",
)  # fmt: skip
MARKUP = ("<!--", "-->", "&nbsp;", "&#0;", "&#x110000;", "<![CDATA[", "<!doctype", "<?xml")


class Grammar:
    """Writes one mail; nothing it writes is sure to be right."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.budget = 400  # parts and headers; nesting shall end

    def mail(self) -> bytes:
        rng = self.rng
        head = b"From x@y.example Mon Mar  2 08:00:00 2026\r\n" if rng.random() < 0.03 else b""
        for name in ("From", "To", "Subject", "Date", "Message-ID"):
            if rng.random() < 0.9:
                head += self.header(name)
        for _ in range(rng.choice((0, 1, 3, 8, 40))):
            head += self.header(rng.choice(NAMES if rng.random() < 0.95 else STRANGE_NAMES))
        if rng.random() < 0.04:
            depth = rng.choice((30, 100, 500))
            level = b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n'
            return head + b"".join(level % (number, number) for number in range(depth))
        return head + self.part(rng.choice((0, 1, 2, 4)))

    def header(self, name: str) -> bytes:
        rng = self.rng
        self.budget -= 1
        makers: dict[str, Callable[[], str]] = {
            "Date": lambda: rng.choice(DATES),
            "Subject": self.words,
            "Content-Type": self.content_type,
            "Content-Disposition": self.disposition,
            "Content-Transfer-Encoding": lambda: rng.choice(ENCODINGS),
            "Message-ID": self.ids,
            "References": self.ids,
            "In-Reply-To": self.ids,
            "Received": lambda: f"from {self.words()} by {self.words()} with ESMTP id 1; {rng.choice(DATES)}",
            "Authentication-Results": lambda: f"mx.acme.example; dmarc={self.words()} header.from={self.words()}",
            "Auto-Submitted": lambda: rng.choice(("no", "auto-replied", "auto-generated; x=(", self.words())),
        }
        value = makers.get(name, self.addresses)() if rng.random() < 0.85 else self.noise()
        colon = rng.choices((": ", ":", " : ", "", ":\r\n "), (90, 4, 2, 1, 3))[0]
        end = rng.choices(("\r\n", "\n", "\r", ""), (94, 3, 2, 1))[0]
        charset = rng.choices(("utf-8", "utf-16-le"), (99, 1))[0]
        return f"{name}{colon}{value}{end}".encode(charset, "surrogatepass")

    def noise(self) -> str:
        return "".join(self.rng.choices(ATOMS, k=self.rng.choice((0, 1, 3, 10, 60, 400))))

    def words(self) -> str:
        rng, found = self.rng, []
        for _ in range(rng.choice((1, 2, 5, 30))):
            payload = rng.choice(ATOMS).encode("utf-8", "replace")
            form = rng.choice("bqBQx")
            text = base64.b64encode(payload).decode() if form in "bB" else payload.decode("latin-1").replace(" ", "_")
            text = text[:-1] if rng.random() < 0.2 else text
            found.append(f"=?{rng.choice(CHARSETS)}{rng.choice(('', '*en'))}?{form}?{text}?=" if rng.random() < 0.6
                         else rng.choice(ATOMS))
        return rng.choice((" ", "", "\r\n ")).join(found)

    def addresses(self) -> str:
        rng, found = self.rng, []
        for _ in range(rng.choices((1, 2, 20, 600), (60, 20, 18, 2))[0]):
            name = rng.choice(DISPLAY_NAMES) if rng.random() < 0.9 else self.words()
            address = f"{rng.choice(LOCALS)}@{rng.choice(DOMAINS)}"
            form = rng.choice(("{n} <{a}>", "{a}", "{a} ({n})", "<@h:{a}>", "group: {a};", "{n} <{a}", "{n} {a}>"))
            found.append(form.format(n=name, a=address))
        return rng.choice((", ", ",", ";", " ")).join(found)

    def ids(self) -> str:
        rng = self.rng
        found = [f"<{rng.getrandbits(40):x}@y.example>" if rng.random() < 0.3 else rng.choice(rng.choice((IDS, ATOMS)))
                 for _ in range(rng.choices((1, 2, 30, 2000), (60, 20, 18, 2))[0])]  # fmt: skip
        return rng.choice((" ", "", "\r\n ", ",")).join(found)

    def parameter(self, name: str, value: str) -> str:
        form = self.rng.choice(PARAMETERS)
        return form.format(n=name, v=value, c=self.rng.choice(CHARSETS))

    def content_type(self) -> str:
        value = self.rng.choice(TYPES)
        boundaries = ("b", "", " ", "--", "b" * 300, "(.*)+")
        for name, choices in (("charset", CHARSETS), ("boundary", boundaries), ("name", ATOMS)):
            if self.rng.random() < 0.4:
                value += self.parameter(name, self.rng.choice(choices))
        return value

    def disposition(self) -> str:
        kind = self.rng.choice(("attachment", "inline", "form-data", "", "=", "attachment attachment"))
        return kind + self.parameter("filename", self.rng.choice(FILENAMES))

    def part(self, depth: int) -> bytes:
        rng = self.rng
        self.budget -= 1
        if depth <= 0 or self.budget <= 0:
            return self.leaf()
        boundary = b"b%d" % rng.randrange(3)  # few names: nested parts shall meet boundaries of others
        subtype = rng.choice((b"mixed", b"alternative", b"related", b"report", b"signed"))
        written = b'Content-Type: multipart/%s; boundary="%s"\r\n\r\n' % (subtype, boundary)
        written += rng.choice((b"", b"preamble\r\n"))
        for _ in range(rng.choice((0, 1, 2, 3))):
            written += b"--%s%s\r\n" % (boundary, rng.choice((b"", b"", b"", b" ", b"x")))
            written += self.part(depth - 1) + b"\r\n"
        return written + rng.choice((b"--%s--\r\n" % boundary, b"", b"--%s--\r\nepilogue" % boundary))

    def leaf(self) -> bytes:
        rng = self.rng
        kind = rng.choice(("text", "text", "html", "html", "rfc822", "status", "calendar", "tnef", "uuencode", "noise"))
        if kind == "rfc822" and self.budget > 0:
            return b"Content-Type: message/rfc822\r\n\r\n" + self.mail()
        if kind == "status":
            return b"Content-Type: message/delivery-status\r\n\r\n" + "\r\n".join(
                rng.choices(STATUS_FIELDS, k=rng.choice((2, 8, 200)))).encode()
        if kind == "tnef":
            head = b"Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            return head + base64.encodebytes(self.tnef())
        if kind == "uuencode":
            return b"Content-Type: text/plain\r\n\r\n" + self.uuencoded()
        if kind == "calendar" and rng.random() < 0.7:
            return b"Content-Type: text/calendar; method=REPLY\r\n\r\n" + self.calendar()
        body = {"html": self.html, "text": self.text}.get(kind, self.noise)().encode("utf-8", "surrogatepass")
        encoding = rng.choice(ENCODINGS)
        if encoding == "base64":
            body = base64.encodebytes(body)
            body = body[:-rng.choice((1, 2, 3))] if rng.random() < 0.3 else body
        label = {"html": "text/html", "text": "text/plain", "calendar": "text/calendar"}.get(kind) or rng.choice(TYPES)
        lines = [f"Content-Type: {label}; charset={rng.choice(CHARSETS)}", f"Content-Transfer-Encoding: {encoding}"]
        if rng.random() < 0.3:
            lines.append(f"Content-Disposition: {self.disposition()}")
        return "\r\n".join(lines).encode("utf-8", "surrogatepass") + b"\r\n\r\n" + body

    def report(self) -> bytes:
        """A delivery report (RFC 3464) of a server that may not know the rules."""
        rng = self.rng
        fields = "\r\n".join(rng.choices(STATUS_FIELDS, k=rng.choice((3, 6, 12)))).encode()
        returned = Writer(rng).write() if rng.random() < 0.7 else self.header("Message-ID")
        label = rng.choice((b"message/rfc822", b"text/rfc822-headers", b"message/global", b"text/plain"))
        report_type = rng.choice((b"delivery-status", b"disposition-notification", b"feedback-report", b""))
        parts = (b"\r\n" + rng.choice(EXPLANATIONS).encode(), b"Content-Type: message/delivery-status\r\n\r\n"
                 b"Reporting-MTA: dns; mx.example\r\n\r\n" + fields, b"Content-Type: " + label + b"\r\n\r\n" + returned)
        head = rng.choice((b"Return-Path: <>\r\n", b"", b"Auto-Submitted: auto-replied\r\n"))
        return (head + b"From: MAILER-DAEMON@mx.example\r\nTo: support@acme.example\r\nSubject: Undelivered\r\n"
                b'Content-Type: multipart/report; report-type=%s; boundary="r"\r\n\r\n' % report_type
                + b"".join(b"--r\r\n" + part + b"\r\n" for part in parts) + b"--r--\r\n")  # fmt: skip

    def tnef(self) -> bytes:
        """A winmail.dat: signature, key, then attributes of level, id, length, data and checksum (MS-OXTNEF)."""
        rng = self.rng
        written = b"\x78\x9f\x3e\x22" + rng.randbytes(2)
        for _ in range(rng.choice((0, 1, 3, 12))):
            data = rng.choice((b"a.pdf\0", rng.randbytes(rng.choice((0, 4, 300))), b"hello\0" * 20))
            claimed = rng.choice((len(data),) * 6 + (0, 2**31 - 1, 2**32 - 1))
            kind = rng.choice((0x00069007, 0x00018010, 0x0006800F, 0x00069005, 0x00069003, 0x00069002, 0x0002800C,
                               rng.getrandbits(32)))  # fmt: skip
            written += bytes((rng.choice((1, 2, 2, 2, 9)),)) + kind.to_bytes(4, "little") + claimed.to_bytes(4,
            "little")
            written += data + (sum(data) & 0xFFFF).to_bytes(2, "little")
        return written

    def uuencoded(self) -> bytes:
        """A file in the text, as mail was sent before MIME."""
        rng, written = self.rng, self.text().encode("utf-8", "replace")
        for _ in range(rng.choice((1, 2, 30))):
            name = rng.choice(FILENAMES)[:200].encode()
            lines = [binascii.b2a_uu(rng.randbytes(rng.choice((45, 45, 7)))) for _ in range(rng.choice((0, 1, 20)))]
            written += b"\r\nbegin %s %s\r\n" % (rng.choice((b"644", b"0644", b"9", b"")), name)
            written += b"".join(lines).replace(b"\n", b"\r\n") + rng.choice((b"`\r\nend\r\n", b"end\r\n", b""))
        return written

    def calendar(self) -> bytes:
        """An appointment (RFC 5545), folded and unfolded, with what programs write into it."""
        rng = self.rng
        lines = rng.choices(CALENDAR_LINES, k=rng.choice((3, 12, 60)))
        whole = ["BEGIN:VCALENDAR", "METHOD:REPLY", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR"]
        return rng.choice(("\r\n", "\n", "\r\n ")).join(whole).encode("utf-8", "replace")

    def text(self) -> str:
        return self.rng.choice(("\r\n", "\n")).join(self.rng.choices(LINES, k=self.rng.choice((1, 5, 30, 300))))

    def html(self) -> str:
        rng, found = self.rng, []
        for _ in range(rng.choices((1, 10, 100, 2000), (30, 40, 27, 3))[0]):
            tag = rng.choice(TAGS)
            attribute = f"<{tag} {rng.choice(ATOMS)}=>"
            unclosed = f'<{tag} class="gmail_quote" style="x:y'
            found.append(rng.choice((f"<{tag}>", f"<{tag}>", f"</{tag}>", unclosed, attribute, rng.choice(LINES),
                                     rng.choice(MARKUP))))  # fmt: skip
        return "".join(found)
