"""A sentence for an agent that does not know its language yet: which one it is and what is put into it. Dry.

The desk decides before it knows who is told: an agent reads it in their own language, operators and the trace in
English (`str`). What is put in is data and nothing else; no word of a mail is ever a pattern.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mailproc.desk.words.answersayings import ANSWER_SAYINGS
from mailproc.desk.words.broughtsayings import BROUGHT_SAYINGS
from mailproc.desk.words.casesayings import CASE_SAYINGS
from mailproc.desk.words.casewords import CASE_WORDS
from mailproc.desk.words.commandsayings import COMMAND_SAYINGS
from mailproc.desk.words.mailsayings import MAIL_SAYINGS

SAYINGS: dict[str, dict[str, str]] = {
    **COMMAND_SAYINGS, **CASE_SAYINGS, **MAIL_SAYINGS, **ANSWER_SAYINGS, **BROUGHT_SAYINGS, **CASE_WORDS,
}  # fmt: skip
_PLACE = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, slots=True)
class Saying:
    """One sentence: its key in the tables, and what is put in at `{name}`; sayings may stand in sayings."""

    key: str
    values: tuple[tuple[str, "str | Saying"], ...] = ()

    def __str__(self) -> str:
        return put(self, "en")


def saying(key: str, **values: "str | int | Saying") -> Saying:
    """The sentence of that key."""
    return Saying(key, tuple((name, str(v) if isinstance(v, int) else v) for name, v in values.items()))


def put(what: "Saying | str", language: str) -> str:
    """The sentence in that language, English where it has none; a plain text as it is."""
    if isinstance(what, str):
        return what
    words = SAYINGS[what.key]
    phrase = words.get(language) or words.get(language.partition("-")[0]) or words["en"]
    if not what.values:
        return phrase
    values = {name: put(value, language) for name, value in what.values}
    # In one go: a value that holds `{name}` itself stays what it is
    return _PLACE.sub(lambda match: values[match[1]], phrase)


def put_all(sayings: "Iterable[Saying | str]", language: str) -> tuple[str, ...]:
    """Each of them in that language."""
    return tuple(put(what, language) for what in sayings)


def for_operators(sayings: "Iterable[Saying | str]") -> str:
    """All of them in English, for the hold list and the trace."""
    return "; ".join(put_all(sayings, "en"))


def word_for(kind: str, name: str) -> "Saying | str":
    """The word for a state, a priority, an attribute, a verb; the name itself where the tables have none."""
    key = f"{kind}.{name}"
    if key in SAYINGS:
        return Saying(key)
    return f"#{name}" if kind in ("verb", "example") else name
