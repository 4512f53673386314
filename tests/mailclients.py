"""Answers as the mail programs of the world make them, out of the mail that they answer.

`CLIENTS[name](writer, text, answered)` is a whole mail with that program's own header fields, quote and markup; without
a mail to answer it is a new one. What they quote is the mail that was really received, text and HTML.
"""

import base64
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, parsedate_to_datetime
from html import escape


@dataclass(frozen=True)
class Writer:
    """Whose mail program it is."""

    name: str
    address: str
    signature: str = ""

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


def to_new(writer: Writer, to: str, subject: str) -> EmailMessage:
    """The empty mail that a new one begins with."""
    mail = EmailMessage()
    mail["From"] = f"{writer.name} <{writer.address}>"
    mail["To"], mail["Subject"] = to, subject
    mail["Date"] = format_datetime(datetime.now(UTC))
    return mail


def outlook(writer: Writer, text: str, answered: EmailMessage, to: str = "") -> EmailMessage:
    """Outlook for Windows: Word's HTML, a block of labels under a line, Thread-Index, no mark in front of the quote."""
    mail = _answer(writer, answered, to, "RE: ", f"{secrets.token_hex(16).upper()}@EX01.{writer.domain}")
    mail["Thread-Topic"] = re.sub(r"^(?:RE|FW): ", "", str(mail["Subject"]), flags=re.IGNORECASE)
    mail["Thread-Index"] = _thread_index(answered)
    mail["X-Mailer"] = "Microsoft Outlook 16.0"
    mail["Content-Language"] = "en-us"
    rows = list(zip(("From", "Sent", "To", "Subject"), _labels(answered), strict=True)) if to == "" else []
    lines = [*text.splitlines(), *([""] + writer.signature.splitlines() if writer.signature else [])]
    plain = "\r\n\r\n".join(line or " " for line in lines) + "\r\n"
    word = "".join(
        f"<p class=MsoNormal><span style='mso-fareast-language:EN-US'>{escape(line) or '&nbsp;'}<o:p></o:p></span></p>"
        for line in lines
    )
    if rows:
        plain += "\n \n\n" + "\n".join(f"{label}: {value} " for label, value in rows) + "\n\n" + text_of(answered)
        shown = "<br>".join(f"<b>{label}:</b> {escape(value)}" for label, value in rows)
        word += (
            "<p class=MsoNormal><o:p>&nbsp;</o:p></p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;"
            f"padding:3.0pt 0in 0in 0in'><p class=MsoNormal>{shown}<o:p></o:p></p></div></div>{_inner(answered)}"
        )
    return _with_both(
        mail,
        plain,
        '<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns="http://www.w3.org/TR/REC-html40"><head>'
        "<meta http-equiv=Content-Type content=\"text/html; charset=utf-8\"><meta name=Generator content=\"Microsoft "
        "Word 15 (filtered medium)\"><style><!--p.MsoNormal {margin:0in;font-size:11.0pt;}--></style></head>"
        f"<body lang=EN-US link=\"#0563C1\"><div class=WordSection1>{word}</div></body></html>",
    )


def outlook_web(writer: Writer, text: str, answered: EmailMessage, to: str = "") -> EmailMessage:
    """Outlook on the web (Microsoft 365): divs, a rule, `divRplyFwdMsg`."""
    mail = _answer(writer, answered, to, "Re: ", f"AS8PR01MB{secrets.token_hex(8).upper()}@eurprd01.prod.outlook.com")
    mail["Thread-Topic"] = re.sub(r"^(?:RE|FW): ", "", str(mail["Subject"]), flags=re.IGNORECASE)
    mail["Thread-Index"] = _thread_index(answered)
    mail["Accept-Language"] = "en-US"
    mail["X-MS-Has-Attach"] = ""
    mail["x-ms-exchange-messagesentrepresentingtype"] = "1"
    divs = "".join(
        f'<div class="elementToProof" style="font-family: Aptos, Calibri, sans-serif; font-size: 12pt;">'
        f"{escape(line) or '<br>'}</div>"
        for line in [*text.splitlines(), *writer.signature.splitlines()]
    )
    plain = "\n".join([text, writer.signature, "________________________________"])
    rows = list(zip(("From", "Sent", "To", "Subject"), _labels(answered), strict=True))
    if to:
        return _with_both(mail, text, f"<html><head></head><body dir=\"ltr\">{divs}</body></html>")
    shown = "<br>".join(f"<b>{label}:</b>&nbsp;{escape(value)}" for label, value in rows)
    plain += "\n" + "\n".join(f"{label}: {value}" for label, value in rows) + "\n\n" + text_of(answered)
    return _with_both(
        mail,
        plain,
        f'<html><head></head><body dir="ltr">{divs}<div id="appendonsend"></div>'
        '<hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><font '
        f'face="Calibri, sans-serif" style="font-size:11pt" color="#000000">{shown}</font><div>&nbsp;</div></div>'
        f"{_inner(answered)}</body></html>",
    )


def gmail_web(writer: Writer, text: str, answered: EmailMessage, to: str = "") -> EmailMessage:
    """Gmail in a browser: `gmail_quote`, an attribution that may break in two lines, base64."""
    mail = _answer(writer, answered, to, "Re: ", f"CA+{secrets.token_urlsafe(30)}@mail.gmail.com")
    body = "".join(f"<div>{escape(line) or '<br>'}</div>" for line in text.splitlines())
    if to:
        return _with_both(mail, text + "\n", f'<div dir="ltr">{body}</div>', transfer="base64")
    when = parsedate_to_datetime(str(answered["Date"])).strftime("%a, %b %d, %Y at %I:%M\u202f%p")
    name, address = _sender(answered)
    return _with_both(
        mail,
        f"{text}\n\nOn {when} {name} <\n{address}> wrote:\n\n{_marked(text_of(answered))}\n",
        f'<div dir="ltr">{body}</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" '
        f'class="gmail_attr">On {when} {escape(name)} &lt;<a href="mailto:{address}">{address}</a>&gt; wrote:<br></div>'
        '<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);'
        f'padding-left:1ex">{_inner(answered)}</blockquote></div>',
        transfer="base64",
    )


def apple_mail(writer: Writer, text: str, answered: EmailMessage, to: str = "") -> EmailMessage:
    """Mail on a Mac: `blockquote type="cite"`, the quote marked with > in the text."""
    mail = _answer(writer, answered, to, "Re: ", f"{secrets.token_hex(16).upper()}@{writer.domain}")
    mail["X-Mailer"] = "Apple Mail (2.3826.300.87.4.3)"
    body = "<br>".join(escape(line) for line in text.splitlines())
    head = '<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"></head>'
    style = 'style="overflow-wrap: break-word; -webkit-nbsp-mode: space; line-break: after-white-space;"'
    if to:
        return _with_both(mail, text + "\n", f"{head}<body {style}>{body}</body></html>")
    name, address = _sender(answered)
    when = parsedate_to_datetime(str(answered["Date"])).strftime("%d %b %Y, at %H:%M")
    said = f"On {when}, {name} <{address}> wrote:"
    return _with_both(
        mail,
        f"{text}\n\n> {said}\n> \n{_marked(text_of(answered))}\n",
        f'{head}<body {style}>{body}<br id="lineBreakAtBeginningOfMessage"><div><br><blockquote type="cite"><div>'
        f'{escape(said)}</div><br class="Apple-interchange-newline"><div>{_inner(answered)}</div></blockquote></div>'
        "<br></body></html>",
    )


def thunderbird(writer: Writer, text: str, answered: EmailMessage, to: str = "") -> EmailMessage:
    """Thunderbird with plain text: format=flowed, the answer above the quote, a signature."""
    mail = _answer(writer, answered, to, "Re: ", f"{secrets.token_hex(18)}@{writer.domain}")
    mail["User-Agent"] = "Mozilla Thunderbird"
    mail["Content-Language"] = "en-US"
    signature = f"\n-- \n{writer.signature}\n" if writer.signature else ""
    quote = ""
    if not to:
        when = parsedate_to_datetime(str(answered["Date"])).strftime("%m/%d/%y %H:%M")
        quote = f"\nOn {when}, {_sender(answered)[0]} wrote:\n{_marked(text_of(answered))}\n"
    mail.set_content(f"{text}\n{signature}{quote}", cte="8bit")
    mail.set_param("format", "flowed")
    return mail


Client = Callable[..., EmailMessage]
CLIENTS: dict[str, Client] = {
    "Outlook": outlook,
    "Outlook on the web": outlook_web,
    "Gmail": gmail_web,
    "Apple Mail": apple_mail,
    "Thunderbird": thunderbird,
}


def text_of(mail: EmailMessage) -> str:
    """The text part."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def html_of(mail: EmailMessage) -> str:
    """The HTML part, "" without one."""
    part = mail.get_body(("html",))
    return str(part.get_content()) if part is not None else ""


def _answer(writer: Writer, answered: EmailMessage, to: str, prefix: str, message_id: str) -> EmailMessage:
    subject = str(answered["Subject"])
    if to:
        mail = to_new(writer, to, subject)
        mail["Message-ID"] = f"<{message_id}>"
        return mail
    if not subject.lower().startswith("re:"):
        subject = prefix + subject
    mail = to_new(writer, str(answered["Reply-To"] or answered["From"]), subject)
    mail["Message-ID"] = f"<{message_id}>"
    mail["In-Reply-To"] = str(answered["Message-ID"])
    mail["References"] = " ".join([*str(answered["References"] or "").split(), str(answered["Message-ID"])])
    return mail


def _with_both(mail: EmailMessage, text: str, html: str, transfer: str = "quoted-printable") -> EmailMessage:
    mail.set_content(text, cte=transfer)
    mail.add_alternative(html, subtype="html", cte=transfer)
    return mail


def _labels(mail: EmailMessage) -> tuple[str, str, str, str]:
    when = str(mail["Date"] or "")
    sent = parsedate_to_datetime(when).strftime("%A, %B %d, %Y %I:%M %p") if when else ""
    return str(mail["From"]), sent, str(mail["To"]), str(mail["Subject"])


def _sender(mail: EmailMessage) -> tuple[str, str]:
    match = re.fullmatch(r'\s*"?(.*?)"?\s*<(.+)>', str(mail["From"]))
    assert match is not None
    return match[1], match[2]


def _marked(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() if not line.startswith(">") else f">{line}" for line in text.splitlines())


def _inner(mail: EmailMessage) -> str:
    """What stands in the body of its HTML."""
    html = html_of(mail) or "".join(f"<p>{escape(line)}</p>" for line in text_of(mail).splitlines())
    match = re.search(r"<body[^>]*>(.*)</body>", html, re.DOTALL)
    return match[1] if match else html


def _thread_index(answered: EmailMessage) -> str:
    """Its own conversation goes on; another begins."""
    given = str(answered["Thread-Index"] or "").replace(" ", "")
    head = base64.b64decode(given) if given else b"\x01\xdb" + secrets.token_bytes(20)
    return base64.b64encode(head + (secrets.token_bytes(5) if given else b"")).decode("ascii")
