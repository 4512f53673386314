"""Finds the notes that mail clients send about a mail: reactions, recalls, answers to invitations. Dry: no I/O.

What a person writes about them is no such note: only the note's own form counts, and words only where they answer a
mail and nothing follows them.
"""

import re

from mailproc.message.charsets import clean_text
from mailproc.message.lazily import lazily
from mailproc.message.parts import Part, first
from mailproc.records.mail import MailClass

_MAX_VALUE = 300
_MAX_NOTE = 600  # characters: a longer text is no reaction and no recall
_MAX_CALENDAR = 20_000
_CALENDAR_ANSWERS = frozenset(("reply", "cancel", "counter", "declinecounter", "refresh"))  # RFC 5546

_REACTION = lazily(
    r"\b(?:reacted to your (?:message|email|mail)|reacted via gmail|hat (?:auf ihre nachricht|auf deine nachricht|"
    r"über gmail) reagiert|"
    r"a réagi à votre (?:message|e-mail)|ha reaccionado a tu (?:mensaje|correo)|reaccionó a tu mensaje|"
    r"ha reagito al tuo (?:messaggio|email)|reagiu à sua mensagem|heeft (?:op je bericht )?gereageerd op (?:je|"
    r"uw) bericht|"
    r"zareagowa(?:ł|ła|ł\(a\)) na (?:twoją )?wiadomość|reagerte på meldingen|reagerede på din meddelelse|"
    r"reagerade på ditt meddelande|"
    r"(?:liked|loved|reacted (?:to|with .{1,12} to)) your (?:message|e-?mail|reply)|gefällt (?:ihre|deine) nachricht|"
    r"hat (?:ihre|deine) nachricht mit .{1,20} markiert|a aimé (?:votre|ton) message|(?:le gustó|"
    r"le ha gustado) (?:tu|su) (?:mensaje|"
    r"correo)|ha messo .{0,3}mi piace.{0,3} al (?:tuo|suo) messaggio|curtiu (?:a )?sua mensagem|vindt (?:je|"
    r"uw) bericht leuk|"
    r"(?:likte|liker|liket) meldingen din|polubił(?:a|\(a\))? (?:twoją|państwa) wiadomość|gillade ditt meddelande)\b"
)
# One of these is in everything that the pattern matches
_REACTION_WORDS = ("rea", "réa", "your", "nachricht", "message", "gust", "piace", "curtiu", "bericht", "melding",
                   "wiadomość", "meddelande")  # fmt: skip
# Apple's Tapback: Liked “Thanks for the parcel”
_TAPBACK = lazily(
    r"(?:[^\W\d_][\w.'-]{0,30} ){0,3}(?:liked|loved|disliked|laughed at|emphasi[sz]ed|questioned|gefällt|gefiel|"
    r"hat gemocht|a aimé|"
    r"a adoré|le gustó|le encantó|ha apprezzato|ha messo mi piace a|likte|elsket|polubi(?:ł|ła)|reacted .{1,8} to|"
    r"reagierte mit .{1,8} auf|a réagi avec .{1,8} à)\s?[“\"„«‘'].{1,500}[”\"“»’']\s{0,3}",
    re.DOTALL,
)
_CLOSING_QUOTES = frozenset("”\"“»’'")
_RECALL = lazily(
    r"would like to recall the message|möchte die nachricht.{0,200}zurückrufen|(?:souhaite|"
    r"voudrait) rappeler le message|"
    r"(?:desea|quiere) recuperar el mensaje|(?:desidera|vorrebbe) richiamare il messaggio|gostaria de (?:recuperar|"
    r"cancelar) a mensagem|"
    r"wil het bericht.{0,200}intrekken|chce (?:odwołać|wycofać) wiadomość|(?:ønsker|vil gjerne) å? ?(?:tilbakekalle|"
    r"kalle tilbake)|"
    r"vill återkalla|ønsker at tilbagekalde",
    re.DOTALL,
)
_RECALLED = lazily(r"[\"“”„«»'].{0,400}[\"“”„«»'].{0,30}$", re.DOTALL)
# One of these is in everything that the pattern matches
_RECALL_WORDS = ("recall", "rückruf", "rappel", "recuperar", "richiamare", "cancelar", "intrekken", "wiadomość",
                 "tilbakekalle", "kalle tilbake", "återkalla", "tilbagekalde")
_RECALL_SUBJECT = lazily(
    r"(?:recall|message recall|rückruf|nachrichtenrückruf|rappel|recuperar|recuperación|richiama|richiamo|"
    r"recolher|cancelar|intrekken|"
    r"tilbakekall|tilbakekalling|tilbagekald|tilbagekaldelse|återkalla|återkallande|wycofaj|wycofanie|odwołanie)\s?:",
    re.IGNORECASE,
)


def find_note(
    subject: str, text: str, parts: tuple[Part, ...], content_class: str, *, answers: bool
) -> tuple[MailClass, str] | None:
    """(REACTION, RECALL or CALENDAR, what shows it), None for all other mail; `answers`: it refers to another mail."""
    for part in parts:
        if part.content_type == "text/vnd.google.email-reaction+json":
            return MailClass.REACTION, f"part {part.content_type}"
    is_recall_subject = _RECALL_SUBJECT.match(subject) is not None
    note = text[: _MAX_NOTE + 100].strip() if answers or is_recall_subject else ""
    if 0 < len(note) <= _MAX_NOTE:
        low = note[:_MAX_VALUE].casefold()
        for words in (subject[:_MAX_VALUE].casefold(), note.partition("\n")[0][:200].casefold()):
            # "rea" is in all forms of the verb. Nothing but a colon or an emoji may follow: a person's sentence goes on
            match = _REACTION.search(words) if any(word in words for word in _REACTION_WORDS) else None
            if match is None or _asks(note):
                continue
            if not any(letter.isalnum() for letter in words[match.end() :]):
                return MailClass.REACTION, f'"{match.group()}"'
        if note[-1] in _CLOSING_QUOTES and _TAPBACK.fullmatch(note.casefold()) is not None:
            return MailClass.REACTION, f'"{_one_line(note[:40])}"'
        match = _RECALL.search(low) if any(word in low for word in _RECALL_WORDS) else None
        # Exchange names the mail in quotation marks and says no more
        if match is not None and _RECALLED.search(note) is not None:
            return MailClass.RECALL, f'"{_one_line(match.group())}"'
    for part in parts:
        if part.content_type in ("text/calendar", "application/ics"):
            method = _read_method(part)
            # An invitation is one only where it is the mail itself, not a file that somebody attached
            if method in _CALENDAR_ANSWERS or (method == "request" and not part.is_attachment):
                return MailClass.CALENDAR, f"text/calendar; method={method.upper()}"
    if content_class[:100].strip().lower() == "urn:content-classes:calendarmessage":
        return MailClass.CALENDAR, "Content-Class: urn:content-classes:calendarmessage"
    return None


_METHOD_PARAMETER = lazily(r";[ \t]{0,5}method[ \t]{0,5}=[ \t]{0,5}\"?([A-Za-z]{1,20})", re.IGNORECASE)
_METHOD_LINE = re.compile(rb"(?:^|[\r\n])METHOD[^:\r\n]{0,40}:[ \t]{0,5}([A-Za-z]{1,20})", re.IGNORECASE)


def _read_method(part: Part) -> str:
    """The iTIP method (RFC 5546): in the object itself, else as the parameter of RFC 2445 section 2.4."""
    inside = _METHOD_LINE.search(part.content[:_MAX_CALENDAR])
    if inside is not None:
        return inside.group(1).decode("ascii").lower()
    match = _METHOD_PARAMETER.search(first(part.headers, "content-type")[:2000])
    return match.group(1).lower() if match is not None else ""


def _asks(note: str) -> bool:
    return any("?" in line and not line.startswith(">") for line in note.splitlines())


def _one_line(value: str) -> str:
    return " ".join(clean_text(value[:_MAX_VALUE]).split())
