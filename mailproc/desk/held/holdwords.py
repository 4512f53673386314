"""What an answer to a mail about held mail says: one word on its first line, or a line a mail for a digest. Dry.

The buttons write English words; people write them in their own language, with or without a full stop.
"""

import re
import unicodedata
from dataclasses import dataclass

from mailproc.desk.commands.folding import plain_line

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
_LEAD = re.compile(r"[#/!*\s\"'„“”«»(\[-]{0,12}")
_NUMBERS = re.compile(r"(?P<word>[^0-9#]{2,40}?)\s{0,4}(?P<numbers>(?:#?[0-9]{1,9}[\s,;.]{0,4}){1,200})")
_MOST_LINES = 60
_LONGEST_LINE = 2_500


@dataclass(frozen=True, slots=True)
class HoldAnswer:
    """One wish: `verb` is one of the words above, `numbers` the mails of a digest it is about (none: the one asked)."""

    verb: str
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class DigestAnswer:
    """What an answer to a digest says: its wishes, and (number, text) of each line that is none."""

    wishes: tuple[HoldAnswer, ...]
    unclear: tuple[tuple[int, str], ...]

    @property
    def disputed(self) -> tuple[int, ...]:
        """The mails about which it says two different things."""
        said: dict[int, set[str]] = {}
        for wish in self.wishes:
            for number in wish.numbers:
                said.setdefault(number, set()).add(wish.verb)
        return tuple(number for number, verbs in said.items() if len(verbs) > 1)


def read_answer(text: str) -> HoldAnswer | None:
    """What the first line with anything on it says; None for anything else than one of the known words."""
    # A line that is quoted is somebody else's word: of the very mail that is asked about, it may be
    lines = [line for line in text[:_LONGEST_LINE].splitlines() if line.strip() and not _is_quoted(line)]
    verb = _WORDS.get(_fold(lines[0])) if lines else None
    # "ok", and right below it "discard": nobody knows what was meant
    block = text[text.find(lines[0]) :].split("\n\n", 1)[0].splitlines() if lines else []
    is_disputed = any(_WORDS.get(_fold(line), verb) != verb for line in block)
    return HoldAnswer(verb) if verb and not is_disputed else None


def read_answers(text: str) -> DigestAnswer:
    """The wishes about numbered mails up to an empty line, `release 17` each, and the lines that are none."""
    found: list[HoldAnswer] = []
    unclear: list[tuple[int, str]] = []
    lines = text.splitlines()
    first = next((at for at, line in enumerate(lines) if line.strip()), 0)
    for at, line in enumerate(lines[first : first + _MOST_LINES], first + 1):
        bare = plain_line(line)
        if not bare:
            break
        match = _NUMBERS.fullmatch(bare[:_LONGEST_LINE])
        verb = _WORDS.get(_fold(match["word"])) if match else None
        if _is_quoted(bare):
            continue
        if match is None or verb is None:
            unclear.append((at, bare[:60]))
            continue
        numbers = tuple(dict.fromkeys(int(number) for number in re.findall("[0-9]+", match["numbers"])))
        found.append(HoldAnswer(verb, numbers))
    return DigestAnswer(tuple(found), tuple(unclear))


def _is_quoted(line: str) -> bool:
    return line.lstrip(" \t\xa0\ufeff").startswith(">")


def _fold(line: str) -> str:
    """Lower case, without accents, marks of a quote or command, and the punctuation at the end."""
    low = unicodedata.normalize("NFKD", line.strip()[:80].casefold().translate(_STROKES))
    low = "".join(char for char in low if not unicodedata.combining(char))
    low = _LEAD.sub("", low, count=1).rstrip(" .!,;:)]\"'“”»")
    return " ".join(low.replace(",", " ").split())
