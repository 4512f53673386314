"""What an answer to a mail about held mail says: one word on its first line, or a line a mail for a digest. Dry.

The buttons write English words; people write them in their own language, with or without a full stop.
"""

import re
import unicodedata
from dataclasses import dataclass

RELEASE, AS_CUSTOMER, DISCARD, TRUST, OK = "release", "release as customer", "discard", "trust", "ok"

_WORDS: dict[str, str] = {
    # English
    "release": RELEASE, "release it": RELEASE, "let it in": RELEASE, "release as customer": AS_CUSTOMER,
    "as customer": AS_CUSTOMER, "customer": AS_CUSTOMER, "discard": DISCARD, "discard it": DISCARD, "delete": DISCARD,
    "trust": TRUST, "trust this sender": TRUST, "trust sender": TRUST, "ok": OK, "okay": OK, "yes": OK,
    "yes i wrote this": OK, "send": OK, "send it": OK,
    # German
    "freigeben": RELEASE, "freigabe": RELEASE, "als kunde freigeben": AS_CUSTOMER, "freigeben als kunde": AS_CUSTOMER,
    "als kunde": AS_CUSTOMER, "verwerfen": DISCARD, "loschen": DISCARD, "vertrauen": TRUST,
    "diesem absender vertrauen": TRUST, "absender vertrauen": TRUST, "ja": OK, "senden": OK, "in ordnung": OK,
    # French
    "liberer": RELEASE, "accepter": RELEASE, "liberer comme client": AS_CUSTOMER, "comme client": AS_CUSTOMER,
    "ecarter": DISCARD, "supprimer": DISCARD, "rejeter": DISCARD, "faire confiance": TRUST,
    "faire confiance a cet expediteur": TRUST, "oui": OK, "d'accord": OK, "envoyer": OK,
    # Spanish
    "liberar": RELEASE, "aceptar": RELEASE, "liberar como cliente": AS_CUSTOMER, "como cliente": AS_CUSTOMER,
    "descartar": DISCARD, "borrar": DISCARD, "confiar": TRUST, "confiar en este remitente": TRUST, "si": OK,
    "vale": OK, "enviar": OK,
    # Italian
    "rilasciare": RELEASE, "rilascia": RELEASE, "accetta": RELEASE, "rilascia come cliente": AS_CUSTOMER,
    "come cliente": AS_CUSTOMER, "scartare": DISCARD, "scarta": DISCARD, "elimina": DISCARD, "fidati": TRUST,
    "fidati di questo mittente": TRUST, "invia": OK, "va bene": OK,
    # Norwegian
    "slipp inn": RELEASE, "frigi": RELEASE, "frigi som kunde": AS_CUSTOMER, "som kunde": AS_CUSTOMER,
    "forkast": DISCARD, "slett": DISCARD, "stol pa": TRUST, "stol pa avsenderen": TRUST, "greit": OK,
    # Polish
    "zwolnij": RELEASE, "przyjmij": RELEASE, "zwolnij jako klient": AS_CUSTOMER, "jako klient": AS_CUSTOMER,
    "odrzuc": DISCARD, "usun": DISCARD, "zaufaj": TRUST, "zaufaj nadawcy": TRUST, "tak": OK, "wyslij": OK,
}  # fmt: skip
_STROKES = str.maketrans({"ł": "l", "ø": "o", "ß": "ss", "’": "'", "`": "'"})
_LEAD = re.compile(r"[#/!>*\s\"'„“”«»(\[-]{0,12}")
_NUMBERS = re.compile(r"(?P<word>[^0-9#]{2,40}?)\s{0,4}(?P<numbers>(?:#?[0-9]{1,9}[\s,;.]{0,4}){1,200})")
_MOST_LINES = 60
_LONGEST_LINE = 2_500


@dataclass(frozen=True, slots=True)
class HoldAnswer:
    """One wish: `verb` is one of the words above, `numbers` the mails of a digest it is about (none: the one asked)."""

    verb: str
    numbers: tuple[int, ...] = ()


def read_answer(text: str) -> HoldAnswer | None:
    """What the first line with anything on it says; None for anything else than one of the known words."""
    line = next((line for line in text[:_LONGEST_LINE].splitlines() if line.strip()), "")
    verb = _WORDS.get(_fold(line))
    return HoldAnswer(verb) if verb else None


def read_answers(text: str) -> tuple[HoldAnswer, ...]:
    """The wishes about numbered mails: `release 17`; () unless every line up to an empty one is such a wish."""
    found: list[HoldAnswer] = []
    for line in text.strip().splitlines()[:_MOST_LINES]:
        if not line.strip():
            break
        match = _NUMBERS.fullmatch(line.strip()[:_LONGEST_LINE])
        verb = _WORDS.get(_fold(match["word"])) if match else None
        if match is None or verb is None:
            return ()
        numbers = tuple(dict.fromkeys(int(number) for number in re.findall("[0-9]+", match["numbers"])))
        found.append(HoldAnswer(verb, numbers))
    return tuple(found)


def _fold(line: str) -> str:
    """Lower case, without accents, marks of a quote or command, and the punctuation at the end."""
    low = unicodedata.normalize("NFKD", line.strip()[:80].casefold().translate(_STROKES))
    low = "".join(char for char in low if not unicodedata.combining(char))
    low = _LEAD.sub("", low, count=1).rstrip(" .!,;:)]\"'“”»")
    return " ".join(low.replace(",", " ").split())
