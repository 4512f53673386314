"""How mail clients quote the mail that is answered: twenty styles and more, the words in ten languages.

`STYLES[name](answer, quoted, language)` makes the body parts of a reply: (plain text or None, HTML or None).
"""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Quoted:
    """The mail that is answered, as the client has it."""

    text: str
    html: str
    sender: str  # as From shows it
    name: str
    address: str
    date: str
    to: str
    subject: str


@dataclass(frozen=True)
class Words:
    """What clients say in one language."""

    wrote: str  # the attribution, with {date} and {who}
    labels: tuple[str, str, str, str]  # From, Sent, To, Subject
    original: str
    phone: str
    answers: tuple[str, ...]  # what an agent says, paragraph by paragraph


WORDS = {
    "en": Words(
        "On {date}, {who} wrote:", ("From", "Sent", "To", "Subject"), "Original Message", "Sent from my iPhone",
        ("Please switch the printer off for a minute and on again.",
         "If it still prints blank pages, change the drum."),
    ),
    "de": Words(
        "Am {date} schrieb {who}:", ("Von", "Gesendet", "An", "Betreff"), "Ursprüngliche Nachricht",
        "Von meinem iPhone gesendet",
        ("Bitte schalten Sie den Drucker eine Minute aus.", "Hilft das nicht, tauschen Sie bitte die Trommel."),
    ),
    "es": Words(
        "El {date}, {who} escribió:", ("De", "Enviado", "Para", "Asunto"), "Mensaje original",
        "Enviado desde mi iPhone",
        ("Apague la impresora durante un minuto, por favor.", "Si no ayuda, cambie el tambor."),
    ),
    "fr": Words(
        "Le {date}, {who} a écrit :", ("De", "Envoyé", "À", "Objet"), "Message d'origine", "Envoyé de mon iPhone",
        ("Veuillez éteindre l'imprimante pendant une minute.", "Si rien ne change, remplacez le tambour."),
    ),
    "it": Words(
        "Il giorno {date} {who} ha scritto:", ("Da", "Inviato", "A", "Oggetto"), "Messaggio originale",
        "Inviato da iPhone",
        ("Spenga la stampante per un minuto, per favore.", "Se non basta, sostituisca il tamburo."),
    ),
    "no": Words(
        "{date} skrev {who}:", ("Fra", "Sendt", "Til", "Emne"), "Opprinnelig melding", "Sendt fra min iPhone",
        ("Slå av skriveren i ett minutt, er du snill.", "Hjelper ikke det, må trommelen byttes."),
    ),
    "pl": Words(
        "W dniu {date} {who} napisał(a):", ("Od", "Wysłano", "Do", "Temat"), "Wiadomość oryginalna",
        "Wysłane z iPhone'a",
        ("Proszę wyłączyć drukarkę na minutę.", "Jeśli to nie pomoże, proszę wymienić bęben."),
    ),
    "nl": Words(
        "Op {date} schreef {who}:", ("Van", "Verzonden", "Aan", "Onderwerp"), "Oorspronkelijk bericht",
        "Verstuurd vanaf mijn iPhone",
        ("Zet de printer een minuut uit, alstublieft.", "Helpt dat niet, vervang dan de drum."),
    ),
    "pt": Words(
        "Em {date}, {who} escreveu:", ("De", "Enviado", "Para", "Assunto"), "Mensagem original",
        "Enviado do meu iPhone",
        ("Desligue a impressora por um minuto, por favor.", "Se não resolver, troque o cilindro."),
    ),
    "ja": Words(
        "{date} {who} のメール:", ("差出人", "送信日時", "宛先", "件名"), "元のメッセージ", "iPhoneから送信",
        ("プリンターの電源を一分間切ってください。", "それでも直らない場合はドラムを交換してください。"),
    ),
}  # fmt: skip

Parts = tuple[str | None, str | None]


def _marked(text: str, mark: str = "> ") -> str:
    return "\n".join((mark + line).rstrip() for line in text.splitlines())


def _attribution(quoted: Quoted, words: Words) -> str:
    return words.wrote.format(date=quoted.date, who=f"{quoted.name} <{quoted.address}>")


def _block(quoted: Quoted, words: Words) -> list[tuple[str, str]]:
    return list(zip(words.labels, (quoted.sender, quoted.date, quoted.to, quoted.subject), strict=True))


def _paragraphs(answer: list[str]) -> str:
    return "".join(f"<p>{escape(part)}</p>" for part in answer)


def _plain(answer: list[str]) -> str:
    return "\n\n".join(answer)


def _top(answer: list[str], quoted: Quoted, words: Words) -> str:
    return f"{_plain(answer)}\n\n{_attribution(quoted, words)}\n{_marked(quoted.text)}\n"


def _gmail_html(answer: list[str], quoted: Quoted, words: Words) -> str:
    return (
        f'<div dir="ltr">{_paragraphs(answer)}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">'
        f"{escape(_attribution(quoted, words))}<br></div><blockquote class=\"gmail_quote\" style=\"margin:0 0 0 .8ex;"
        f'border-left:1px solid #ccc;padding-left:1ex">{quoted.html}</blockquote></div>'
    )


def _outlook_html(answer: list[str], quoted: Quoted, words: Words) -> str:
    rows = "<br>".join(f"<b>{escape(label)}:</b> {escape(value)}" for label, value in _block(quoted, words))
    return (
        f'<div class="WordSection1">{_paragraphs(answer)}<p>&nbsp;</p><div><div style="border:none;border-top:solid '
        f'#E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in"><p class="MsoNormal">{rows}</p></div></div>{quoted.html}</div>'
    )


def _owa_html(answer: list[str], quoted: Quoted, words: Words) -> str:
    rows = "<br>".join(f"<b>{escape(label)}:</b> {escape(value)}" for label, value in _block(quoted, words))
    return (
        f'<div>{_paragraphs(answer)}</div><div id="appendonsend"></div><hr style="display:inline-block;width:98%">'
        f'<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri">{rows}</font></div>{quoted.html}'
    )


def _outlook_text(answer: list[str], quoted: Quoted, words: Words) -> str:
    rows = "\n".join(f"{label}: {value}" for label, value in _block(quoted, words))
    return f"{_plain(answer)}\n\n-----{words.original}-----\n{rows}\n\n{quoted.text}\n"


def _block_text(answer: list[str], quoted: Quoted, words: Words) -> str:
    rows = "\n".join(f"{label}: {value}" for label, value in _block(quoted, words))
    return f"{_plain(answer)}\n\n{rows}\n\n{quoted.text}\n"


def _apple_html(answer: list[str], quoted: Quoted, words: Words) -> str:
    return (
        f"<html><body>{_paragraphs(answer)}<div><br><blockquote type=\"cite\"><div>"
        f"{escape(_attribution(quoted, words))}</div><br><div>{quoted.html}</div></blockquote></div></body></html>"
    )


def _yahoo_html(answer: list[str], quoted: Quoted, words: Words) -> str:
    return (
        f'<div class="yahoo-style-wrap">{_paragraphs(answer)}</div><div id="yahoo_quoted_1" class="yahoo_quoted"><div>'
        f"{escape(_attribution(quoted, words))}</div><div>{quoted.html}</div></div>"
    )


def _gmx_html(answer: list[str], quoted: Quoted, words: Words) -> str:
    rows = "<br>".join(f"<b>{escape(label)}:</b> {escape(value)}" for label, value in _block(quoted, words))
    return (
        f"<div>{_paragraphs(answer)}<div name=\"quote\" style=\"margin:10px 5px;padding:10px 0 10px 10px;"
        f'border-left:2px solid #C3D9E5"><div>{rows}</div><div name="quoted-content">{quoted.html}</div></div></div>'
    )


def _bottom(answer: list[str], quoted: Quoted, words: Words) -> str:
    return f"{_attribution(quoted, words)}\n{_marked(quoted.text)}\n\n{_plain(answer)}\n"


def _inline(answer: list[str], quoted: Quoted, words: Words) -> str:
    lines = quoted.text.splitlines()
    at = max(len(lines) // 2, 1)
    first, *rest = answer
    return (
        f"{_attribution(quoted, words)}\n{_marked(chr(10).join(lines[:at]))}\n\n{first}\n\n"
        f"{_marked(chr(10).join(lines[at:]))}\n\n{_plain(rest)}\n"
    )


def _mutt(answer: list[str], quoted: Quoted, words: Words) -> str:
    return f"{_attribution(quoted, words)}\n\n{_marked(quoted.text)}\n\n{_plain(answer)}\n\n-- \nAnn\n"


def _phone(answer: list[str], quoted: Quoted, words: Words) -> str:
    quote = f"{_attribution(quoted, words)}\n\n{_marked(quoted.text)}"
    return f"{_plain(answer)}\n\n{words.phone}\n\n> {quote}\n"


def _samsung(answer: list[str], quoted: Quoted, words: Words) -> str:
    rows = "\n".join(f"{label}: {value}" for label, value in _block(quoted, words))
    return f"{_plain(answer)}\n\n-------- {words.original} --------\n{rows}\n\n{quoted.text}\n"


def _proton(answer: list[str], quoted: Quoted, words: Words) -> str:
    return f"{_plain(answer)}\n\n------- {words.original} -------\n{_top([], quoted, words).lstrip()}"


def _unmarked_below(answer: list[str], quoted: Quoted, words: Words) -> str:
    return f"{_plain(answer)}\n\n{_attribution(quoted, words)}\n\n{quoted.text}\n"


def _bare_below(answer: list[str], quoted: Quoted, words: Words) -> str:
    del words
    return f"{_plain(answer)}\n\n{quoted.text}\n"


def _bare_above(answer: list[str], quoted: Quoted, words: Words) -> str:
    del words
    return f"{quoted.text}\n\n{_plain(answer)}\n"


def _bare_inline(answer: list[str], quoted: Quoted, words: Words) -> str:
    del words
    lines = quoted.text.splitlines()
    at = max(len(lines) // 2, 1)
    return "\n".join([*lines[:at], "", answer[0], "", *lines[at:], "", *answer[1:], ""])


def _barred(answer: list[str], quoted: Quoted, words: Words) -> str:
    return f"{_plain(answer)}\n\n{_attribution(quoted, words)}\n{_marked(quoted.text, '| ')}\n"


def _tabbed(answer: list[str], quoted: Quoted, words: Words) -> str:
    return f"{_plain(answer)}\n\n{_attribution(quoted, words)}\n{_marked(quoted.text, chr(9))}\n"


def _wrapped(answer: list[str], quoted: Quoted, words: Words) -> str:
    """Each line broken again at 40 columns, as careless clients do; only the first piece keeps its mark."""
    broken = []
    for line in quoted.text.splitlines():
        row = "> " + line
        while len(row) > 40 and " " in row[2:40]:
            at = row.rindex(" ", 2, 40)
            broken.append(row[:at])
            row = row[at + 1 :]
        broken.append(row)
    return f"{_plain(answer)}\n\n{_attribution(quoted, words)}\n" + "\n".join(broken) + "\n"


def _joined(answer: list[str], quoted: Quoted, words: Words) -> str:
    """All on one line, as some web forms and phones make of it."""
    return f"{_plain(answer)}\n\n{_attribution(quoted, words)} {' '.join(quoted.text.split())}\n"


def _bare_html(answer: list[str], quoted: Quoted, words: Words) -> str:
    attribution = escape(_attribution(quoted, words))
    return f"<html><body>{_paragraphs(answer)}<hr><p>{attribution}</p>{quoted.html}</body></html>"


def _bare_html_above(answer: list[str], quoted: Quoted, words: Words) -> str:
    del words
    return f"<html><body>{quoted.html}{_paragraphs(answer)}</body></html>"


def _notes_html(answer: list[str], quoted: Quoted, words: Words) -> str:
    rows = "".join(
        f"<tr><td><font color=#5f5f5f>{escape(label)}:</font></td><td>{escape(value)}</td></tr>"
        for label, value in _block(quoted, words)
    )
    return f"<font face=sans-serif>{_paragraphs(answer)}</font><br><br><table>{rows}</table><hr noshade>{quoted.html}"


STYLES: dict[str, Callable[[list[str], Quoted, Words], Parts]] = {
    "gmail, both": lambda a, q, w: (_top(a, q, w), _gmail_html(a, q, w)),
    "gmail, html only": lambda a, q, w: (None, _gmail_html(a, q, w)),
    "outlook, both": lambda a, q, w: (_block_text(a, q, w), _outlook_html(a, q, w)),
    "outlook, html only": lambda a, q, w: (None, _outlook_html(a, q, w)),
    "outlook, original message": lambda a, q, w: (_outlook_text(a, q, w), None),
    "outlook, block without a line": lambda a, q, w: (_block_text(a, q, w), None),
    "outlook on the web": lambda a, q, w: (None, _owa_html(a, q, w)),
    "apple mail, both": lambda a, q, w: (_top(a, q, w), _apple_html(a, q, w)),
    "apple mail, html only": lambda a, q, w: (None, _apple_html(a, q, w)),
    "yahoo": lambda a, q, w: (None, _yahoo_html(a, q, w)),
    "gmx, html only": lambda a, q, w: (None, _gmx_html(a, q, w)),
    "notes, html only": lambda a, q, w: (None, _notes_html(a, q, w)),
    "no container, html only": lambda a, q, w: (None, _bare_html(a, q, w)),
    "below the quote, html only": lambda a, q, w: (None, _bare_html_above(a, q, w)),
    "thunderbird, above": lambda a, q, w: (_top(a, q, w), None),
    "thunderbird, below": lambda a, q, w: (_bottom(a, q, w), None),
    "inline": lambda a, q, w: (_inline(a, q, w), None),
    "mutt": lambda a, q, w: (_mutt(a, q, w), None),
    "iphone": lambda a, q, w: (_phone(a, q, w), None),
    "samsung": lambda a, q, w: (_samsung(a, q, w), None),
    "proton": lambda a, q, w: (_proton(a, q, w), None),
    "attribution, no marks": lambda a, q, w: (_unmarked_below(a, q, w), None),
    "no marks, above": lambda a, q, w: (_bare_below(a, q, w), None),
    "no marks, below": lambda a, q, w: (_bare_above(a, q, w), None),
    "no marks, inline": lambda a, q, w: (_bare_inline(a, q, w), None),
    "bars": lambda a, q, w: (_barred(a, q, w), None),
    "tabs": lambda a, q, w: (_tabbed(a, q, w), None),
    "wrapped again": lambda a, q, w: (_wrapped(a, q, w), None),
    "all on one line": lambda a, q, w: (_joined(a, q, w), None),
}
