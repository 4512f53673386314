"""Agents' mails as real clients write them: ten clients, seven languages, every command, commands in what they quote.

`make_all` gives (name, raw, meant): what the mail's commands mean and the text that is left to send. The quoted mail
holds command lines of its own, of which none may ever be carried out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from html import escape

from mailproc.desk.commands.commandhelp import HELP

LANGUAGES = tuple(HELP)
NAME = "Ann Kowalska"
# In the customer's words, below each mail; none of the generated mails uses these itself
QUOTED = (
    "Hello, please type this:",
    "#spam",
    "#priority low",
    "# Close",
    "/escalate",
    "#merge ACME-482-170",
    "Thanks, Jane",
)
TEXTS = {
    "en": "Hello Jane,\nplease restart the printer.",
    "de": "Guten Tag Frau Doe,\nbitte starten Sie den Drucker neu.",
    "es": "Hola Jane:\npor favor, reinicie la impresora.",
    "fr": "Bonjour Jane,\nmerci de redémarrer l’imprimante.",
    "it": "Buongiorno Jane,\nla prego di riavviare la stampante.",
    "no": "Hei Jane,\nvennligst start skriveren på nytt.",
    "pl": "Dzień dobry,\nproszę ponownie uruchomić drukarkę.",
}
SIGNOFFS = {
    "en": "Best regards",
    "de": "Mit freundlichen Grüßen",
    "es": "Saludos cordiales",
    "fr": "Cordialement",
    "it": "Cordiali saluti",
    "no": "Vennlig hilsen",
    "pl": "Pozdrawiam",
}
PHONES = {
    "en": "Sent from my iPhone",
    "de": "Von meinem iPhone gesendet",
    "es": "Enviado desde mi iPhone",
    "fr": "Envoyé de mon iPhone",
    "it": "Inviato da iPhone",
    "no": "Sendt fra min iPhone",
    "pl": "Wysłane z iPhone'a",
}
OUTLOOKS = {
    "en": "Get Outlook for iOS",
    "de": "Outlook für iOS beziehen",
    "es": "Obtener Outlook para iOS",
    "fr": "Télécharger Outlook pour iOS",
    "it": "Ottieni Outlook per iOS",
    "no": "Skaff deg Outlook for iOS",
    "pl": "Pobierz aplikację Outlook dla systemu iOS",
}
GREETINGS = {"en": "Hi,", "de": "Hallo,", "es": "Hola:", "fr": "Bonjour,", "it": "Ciao,", "no": "Hei,", "pl": "Cześć,"}
_WRITER = "Jane Doe via Acme Support"
_SUPPORT = "support@acme.example"
ATTRIBUTIONS = {
    "en": f"On Tue, 13 Jan 2026 at 10:00, {_WRITER} <{_SUPPORT}> wrote:",
    "de": f"Am 13.01.2026 um 10:00 schrieb {_WRITER} <{_SUPPORT}>:",
    "es": f"El mar, 13 ene 2026 a las 10:00, {_WRITER} (<{_SUPPORT}>) escribió:",
    "fr": f"Le mar. 13 janv. 2026 à 10:00, {_WRITER} <{_SUPPORT}> a écrit :",
    "it": f"Il giorno mar 13 gen 2026 alle ore 10:00 {_WRITER} <{_SUPPORT}> ha scritto:",
    "no": f"tir. 13. jan. 2026 kl. 10:00 skrev {_WRITER} <{_SUPPORT}>:",
    "pl": f"wt., 13 sty 2026 o 10:00 {_WRITER} <{_SUPPORT}> napisał(a):",
}
LABELS = {
    "en": ("From", "Sent", "To", "Subject"),
    "de": ("Von", "Gesendet", "An", "Betreff"),
    "es": ("De", "Enviado", "Para", "Asunto"),
    "fr": ("De", "Envoyé", "À", "Objet"),
    "it": ("Da", "Inviato", "A", "Oggetto"),
    "no": ("Fra", "Sendt", "Til", "Emne"),
    "pl": ("Od", "Wysłano", "Do", "Temat"),
}


@dataclass(frozen=True, slots=True)
class Made:
    """One mail and what it means."""

    name: str
    raw: bytes
    verbs: tuple[str, ...]
    text: str


def make_all() -> Iterator[Made]:
    """Every client in every language, with all commands in turn: above the text, below it, and alone."""
    verbs = [line.partition(" ")[0].lstrip("#") for line in HELP["en"]]
    for language in LANGUAGES:
        lines = list(HELP[language])
        for place, (client, build) in enumerate(CLIENTS.items()):
            for turn in range(3):
                at = (place * 3 + turn * 7) % len(lines)
                picked = list(dict.fromkeys([at, (at + 5) % len(lines)]))
                meant = tuple(verbs[number] for number in picked)
                where = ("top", "bottom", "alone")[turn]
                typed = [lines[number] for number in picked]
                raw = build(language, typed, TEXTS[language], where)
                name = f"{client}-{language}-{where}-{'-'.join(meant)}"
                yield Made(name, raw, meant, "" if where == "alone" else TEXTS[language])


def make_prose() -> Iterator[Made]:
    """Every client in every language with prose alone: of what is quoted below it, nothing is a command."""
    for language in LANGUAGES:
        for client, build in CLIENTS.items():
            raw = build(language, [], TEXTS[language], "top")
            yield Made(f"{client}-{language}-prose", raw, (), TEXTS[language])


def make_greeted() -> Iterator[Made]:
    """A greeting first, then a command: it stands in the letter, where none is carried out."""
    for language, greeting in GREETINGS.items():
        for client, build in CLIENTS.items():
            command = next(iter(HELP[language]))
            raw = build(language, [], f"{greeting}\n{command}\n{TEXTS[language]}", "top")
            yield Made(f"{client}-{language}-greeted", raw, (), command)


def _parts(commands: list[str], text: str, where: str) -> list[str]:
    """The lines an agent typed; an empty string is an empty line."""
    if where == "alone":
        return commands
    if where == "top":
        return [*commands, "", *text.splitlines()]
    return [*text.splitlines(), "", *commands]


def _head(**more: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = f"{NAME} <ann@acme.example>"
    mail["To"] = _SUPPORT
    mail["Subject"] = "Re: [ACME-100-009] Printer"
    mail["Date"] = "Tue, 13 Jan 2026 10:05:00 +0100"
    mail["Message-ID"] = "<a1@acme.example>"
    for name, value in more.items():
        mail[name.replace("_", "-")] = value
    return mail


def _plain(text: str, **more: str) -> bytes:
    mail = _head(**more)
    mail.set_content(text, cte="quoted-printable")
    return mail.as_bytes()


def _html(markup: str, text: str = "", **more: str) -> bytes:
    mail = _head(**more)
    if text:
        mail.set_content(text, cte="base64")
        mail.add_alternative(markup, subtype="html", cte="quoted-printable")
    else:
        mail.set_content(markup, subtype="html", cte="base64")
    return mail.as_bytes()


def _quoted(prefix: str = "> ") -> str:
    return "\n".join(prefix + line for line in QUOTED)


def mutt(language: str, commands: list[str], text: str, where: str) -> bytes:
    body = "\n".join(_parts(commands, text, where))
    return _plain(f"{body}\n\n{ATTRIBUTIONS[language]}\n{_quoted()}\n\n-- \n{NAME}\n", User_Agent="Mutt/2.2.9")


def mutt_bottom(language: str, commands: list[str], text: str, where: str) -> bytes:
    """The quote first, as some people write."""
    body = "\n".join(_parts(commands, text, where))
    return _plain(f"{ATTRIBUTIONS[language]}\n{_quoted()}\n\n{body}\n\n-- \n{NAME}\n", User_Agent="Mutt/2.2.9")


def thunderbird(language: str, commands: list[str], text: str, where: str) -> bytes:
    body = "\n".join(_parts(commands, text, where))
    mail = _head(User_Agent="Mozilla Thunderbird")
    mail.set_content(f"{body}\n\n{ATTRIBUTIONS[language]}\n{_quoted()}\n\n-- \n{NAME}\n")
    mail.set_param("format", "flowed")
    return mail.as_bytes()


def thunderbird_html(language: str, commands: list[str], text: str, where: str) -> bytes:
    body = "<br>\n".join(escape(line) for line in _parts(commands, text, where))
    quote = "<br>\n".join(escape(line) for line in QUOTED)
    return _html(
        f'<!DOCTYPE html><html><head></head><body><p>{body}<br></p><div class="moz-cite-prefix">'
        f'{escape(ATTRIBUTIONS[language])}<br></div><blockquote type="cite" cite="mid:x@y"><p>{quote}</p></blockquote>'
        f'<div class="moz-signature">-- <br>{NAME}</div></body></html>'
    )


def gmail(language: str, commands: list[str], text: str, where: str) -> bytes:
    lines = _parts(commands, text, where)
    body = "".join(f"<div>{escape(line) or '<br>'}</div>" for line in lines)
    quote = "<br>".join(escape(line) for line in QUOTED)
    markup = (
        f'<div dir="ltr">{body}</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" '
        f'class="gmail_attr">{escape(ATTRIBUTIONS[language])}<br></div><blockquote class="gmail_quote" '
        f'style="margin:0px">{quote}</blockquote></div>'
    )
    return _html(markup, "\n".join(lines) + f"\n\n{ATTRIBUTIONS[language]}\n\n{_quoted()}\n")


def gmail_html_only(language: str, commands: list[str], text: str, where: str) -> bytes:
    """Relays drop the text; Gmail writes blanks that do not break, and bold where somebody pressed it."""
    lines = _parts(commands, text, where)
    bold = {line: f"<b>{escape(line).replace(' ', '&nbsp;')}</b>" for line in lines if line.startswith("#")}
    body = "".join(f"<div>{bold.get(line, escape(line)) or '<br>'}</div>" for line in lines)
    quote = "<br>".join(escape(line) for line in QUOTED)
    return _html(
        f'<div dir="ltr">{body}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">'
        f'{escape(ATTRIBUTIONS[language])}<br></div><blockquote class="gmail_quote">{quote}</blockquote></div>'
    )


def outlook(language: str, commands: list[str], text: str, where: str) -> bytes:
    """Word's markup: a paragraph a line, empty ones between, dashes made long, and a head of the quoted mail."""
    lines = _parts([line.replace(" -", " –") for line in commands], text, where)
    body = "".join(f'<p class="MsoNormal">{escape(line) or "<o:p>&nbsp;</o:p>"}<o:p></o:p></p>' for line in lines)
    labels = LABELS[language]
    values = (f"{_WRITER} &lt;{_SUPPORT}&gt;", "13.01.2026 10:00", NAME, "[ACME-100-009] Printer")
    head = "<br>".join(f"<b>{label}:</b> {value}" for label, value in zip(labels, values, strict=True))
    quote = "".join(f'<p class="MsoNormal">{escape(line)}<o:p></o:p></p>' for line in QUOTED)
    return _html(
        '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal {margin:0cm;}</style></head>'
        f'<body lang="DE"><div class="WordSection1">{body}<p class="MsoNormal"><o:p>&nbsp;</o:p></p>'
        f'<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal">{head}'
        f"<o:p></o:p></p></div>{quote}</div></body></html>",
        X_Mailer="Microsoft Outlook 16.0",
    )


def outlook_text(language: str, commands: list[str], text: str, where: str) -> bytes:
    labels = LABELS[language]
    values = (f"{_WRITER} <{_SUPPORT}>", "13.01.2026 10:00", f"{NAME} <ann@acme.example>", "[ACME-100-009] Printer")
    head = "\n".join(f"{label}: {value}" for label, value in zip(labels, values, strict=True))
    body = "\n".join(_parts(commands, text, where))
    quote = "\n".join(QUOTED)
    rule = "_" * 32
    return _plain(f"{body}\n\n{rule}\n{head}\n\n{quote}\n", X_Mailer="Microsoft Outlook 16.0")


def apple(language: str, commands: list[str], text: str, where: str) -> bytes:
    lines = _parts(commands, text, where)
    body = "".join(f"<div>{escape(line) or '<br>'}</div>" for line in lines)
    quote = "".join(f"<div>{escape(line)}</div>" for line in QUOTED)
    markup = (
        f'<html><head></head><body style="overflow-wrap: break-word;">{body}<div><br><blockquote type="cite"><div>'
        f'{escape(ATTRIBUTIONS[language])}</div><br class="Apple-interchange-newline"><div>{quote}</div></blockquote>'
        "</div></body></html>"
    )
    return _html(markup, "\n".join(lines) + f"\n\n> {ATTRIBUTIONS[language]}\n> \n{_quoted()}\n", X_Mailer="Apple Mail")


def iphone(language: str, commands: list[str], text: str, where: str) -> bytes:
    """A phone writes the first letter large, blanks where none belong, and its own signature."""
    typed = []
    for place, line in enumerate(commands):
        word, blank, rest = line.partition(" ")
        word = f"#{word[1:2].upper()}{word[2:]}"
        typed.append((f"# {word[1:]}" if place % 2 else word) + (f"\u00a0{rest}" if blank else "\u200b ") + " ")
    body = "\n".join(_parts(typed, text, where))
    below = f"{PHONES[language]}\n\n> {ATTRIBUTIONS[language]}\n> \n{_quoted()}\n"
    return _plain(f"{body}\n\n{below}", X_Mailer="iPhone Mail (22A3354)")


def android(language: str, commands: list[str], text: str, where: str) -> bytes:
    """A keyboard that knows full-width signs, and a signature without a delimiter below the commands."""
    typed = [line.replace("#", "\uff03", 1).replace(" ", "\u3000", 1) for line in commands]
    body = "\n".join(_parts(typed, text, where))
    closing = f"\n\n{SIGNOFFS[language]}\n{NAME}" if where == "alone" else ""
    return _plain(f"{body}{closing}\n\n{ATTRIBUTIONS[language]}\n\n{_quoted()}\n", X_Mailer="K-9 Mail for Android")


def outlook_phone(language: str, commands: list[str], text: str, where: str) -> bytes:
    """Outlook on a phone: a division a line, a link as a signature, a rule above the quoted head."""
    lines = _parts([f"{line[:1]}{line[1:2].upper()}{line[2:]}" for line in commands], text, where)
    body = "".join(f'<div dir="ltr">{escape(line) or "<br>"}</div>' for line in lines)
    labels = LABELS[language]
    values = (f"{_WRITER} &lt;{_SUPPORT}&gt;", "13.01.2026 10:00", NAME, "[ACME-100-009] Printer")
    head = "<br>".join(f"<b>{label}:</b> {value}" for label, value in zip(labels, values, strict=True))
    quote = "".join(f"<div>{escape(line)}</div>" for line in QUOTED)
    return _html(
        f'<html><head></head><body>{body}<div id="ms-outlook-mobile-signature"><div><br></div><div>'
        f'<a href="https://aka.ms/o0ukef">{OUTLOOKS[language]}</a></div></div><hr style="width:98%">'
        f'<div id="divRplyFwdMsg" dir="ltr">{head}</div>{quote}</body></html>'
    )


def gmail_phone(language: str, commands: list[str], text: str, where: str) -> bytes:
    """Gmail on Android: an automatic capital, a blank line above what was typed, dashes and quotes made pretty."""
    typed = [f"#{line[1:2].upper()}{line[2:]}".replace("--", "—").replace("'", "’") for line in commands]
    lines = ["", *_parts(typed, text, where)]
    body = "<br>".join(escape(line) for line in lines)
    quote = "<br>".join(escape(line) for line in QUOTED)
    markup = (
        f'<div dir="auto">{body}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">'
        f'{escape(ATTRIBUTIONS[language])}<br></div><blockquote class="gmail_quote">{quote}</blockquote></div>'
    )
    return _html(markup, "\n".join(lines) + f"\n\n{ATTRIBUTIONS[language]}\n\n{_quoted()}\n")


def flowed(language: str, commands: list[str], text: str, where: str) -> bytes:
    """RFC 3676: a blank at the end of a line says that it goes on; long commands are wrapped like that."""
    wrapped = [line.replace(" -", " \n-", 1) if len(line) > 30 else line for line in commands]
    body = "\n".join(_parts(wrapped, text, where))
    mail = _head(User_Agent="Mozilla Thunderbird")
    mail.set_content(f"{body}\n\n{ATTRIBUTIONS[language]}\n{_quoted()}\n\n-- \n{NAME}\n")
    mail.set_param("format", "flowed")
    return mail.as_bytes()


def apple_pasted(language: str, commands: list[str], text: str, where: str) -> bytes:
    """What was pasted from a note: zero-width characters, a byte order mark, bullets' no-break blanks, HTML alone."""
    typed = [f"\ufeff#\u200b{line[1:]}".replace(" ", "\u00a0") + "\u200d" for line in commands]
    body = "".join(f"<div>{escape(line) or '<br>'}</div>" for line in _parts(typed, text, where))
    quote = "".join(f"<div>{escape(line)}</div>" for line in QUOTED)
    return _html(
        f'<html><body>{body}<br><blockquote type="cite"><div>{escape(ATTRIBUTIONS[language])}</div><br>'
        f"<div>{quote}</div></blockquote></body></html>",
        X_Mailer="Apple Mail",
    )


CLIENTS: dict[str, Callable[[str, list[str], str, str], bytes]] = {
    "mutt": mutt,
    "mutt-bottom": mutt_bottom,
    "thunderbird": thunderbird,
    "thunderbird-html": thunderbird_html,
    "gmail": gmail,
    "gmail-html-only": gmail_html_only,
    "outlook": outlook,
    "outlook-text": outlook_text,
    "apple": apple,
    "iphone": iphone,
    "android": android,
    "outlook-phone": outlook_phone,
    "gmail-phone": gmail_phone,
    "flowed": flowed,
    "apple-pasted": apple_pasted,
}
