"""What every match of a regex must hold, read off its source: one of some words, so many digits. Dry: no I/O.

Most rules look for words and numbers that most mails do not hold; to look for these first costs a tenth of a search.
In doubt nothing is required.
"""

import re
from dataclasses import dataclass, field

_SHORTEST, _MOST = 3, 24  # letters of a word, words
_COUNT = re.compile(r"\{(\d*)(?:,\d*)?\}")
_PLAIN_GROUP = re.compile(r"\?:|\?P?<(?![=!])\w+>")
_NAMED_CLASS = re.compile(r"[pPN]\{[^}]*\}|[gkL]<[^>]*>")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\\\]])*\]")

# A group of plain words, or letters of which the last is not counted: a quantifier may stand behind it
_LEAD = re.compile(
    r"(?:\\b)?(?:\((?:\?:|\?P?<\w+>)?((?:[^\W_]| (?=\w))+(?:\|(?:[^\W_]| (?=\w))+)*)\)|([^\W_]+)(?=[^\W_]))"
)
_GROUPS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\\\]])*\]|\([^()]*\)")
_DIGIT_CLASSES = frozenset({"[0-9]", r"[\d]"})

Words = tuple[str, ...]  # in lower case; one of them must be there. () for none


@dataclass(slots=True)
class _Group:
    """A group that has not ended; the whole pattern is one."""

    looks_around: bool = False  # what it sees is not of the match
    branches: list[Words] = field(default_factory=list)  # those before the last |
    best: Words = ()  # of the branch that goes on
    run: str = ""  # letters that stand one after the other right now
    digits: list[int] = field(default_factory=list)  # of the branches before the last |
    most_digits: int = 0  # that stand one after the other in the branch that goes on

    def end_run(self) -> None:
        if len(self.run) >= _SHORTEST:
            self.take((self.run,))
        self.run = ""

    def take(self, words: Words) -> None:
        """Remembers the words if they are worth more than those known: nothing rare is short."""
        if words and (not self.best or min(map(len, words)) > min(map(len, self.best))):
            self.best = words

    def end_branch(self) -> None:
        self.end_run()
        self.branches.append(self.best)
        self.digits.append(self.most_digits)
        self.best, self.most_digits = (), 0

    def sum_up(self) -> tuple[Words, int]:
        """What every match of the group holds: one of these words, and so many digits in a row."""
        self.end_branch()
        if self.looks_around:
            return (), 0
        words = tuple(dict.fromkeys(word for branch in self.branches for word in branch)) if all(self.branches) else ()
        return words if len(words) <= _MOST else (), min(self.digits)


def find_words(source: str) -> Words:
    """Words of which one is in the lower-cased text wherever the regex matches; () when that cannot be said."""
    return find_needs(source)[0]


def find_needs(source: str) -> tuple[Words, int]:
    """(`find_words`, how many digits stand one after the other in every match); (), 0 when that cannot be said."""
    groups = [_Group()]
    at = 0
    while at < len(source):
        char, group = source[at], groups[-1]
        at += 1
        letter, inner, digits, is_digit = "", Words(), 0, False
        if char == "\\":
            named = _NAMED_CLASS.match(source, at)
            is_digit = source[at : at + 1] == "d"
            at = named.end() if named else at + 1
        elif char == "[":
            found = _CLASS.match(source, at - 1)
            if found is None or "[[" in found[0] or "[:" in found[0]:
                return (), 0
            is_digit = found[0] in _DIGIT_CLASSES
            at = found.end()
        elif char == "(":
            plain = _PLAIN_GROUP.match(source, at)
            looks_around = source.startswith(("?=", "?!", "?<=", "?<!"), at)
            if plain is None and not looks_around and source[at : at + 1] in ("?", "*"):
                return (), 0  # flags, comments, conditions, calls
            at = plain.end() if plain else at
            group.end_run()
            groups.append(_Group(looks_around))
            continue
        elif char == "|":
            group.end_branch()
            continue
        elif char == ")":
            if len(groups) == 1:
                return (), 0
            inner, digits = groups.pop().sum_up()
            group = groups[-1]
        elif char.isalnum():
            letter = char.casefold()
        least, end = _read_count(source, at)
        if least is None:
            return (), 0
        if letter and least:
            group.run += letter if len(letter) == 1 else ""
        if not letter or len(letter) > 1 or end > at:
            group.end_run()
        if inner and least:
            group.take(inner)
        group.most_digits = max(group.most_digits, least if is_digit else digits if least else 0)
        at = end
    return groups[0].sum_up() if len(groups) == 1 else ((), 0)


def find_leads(source: str) -> tuple[Words, str]:
    """(words with one of which every match begins, in lower case, and the pattern behind them); (), "" when in doubt.

    Taken from `word...` and `(?:word|other word)...`, with or without a \\b in front.
    """
    found = _LEAD.match(source)
    if found is None or "|" in _GROUPS.sub("", source[found.end() :]):
        return (), ""
    words = tuple(word.casefold() for word in (found[1] or found[2]).split("|"))
    if found[2] is None and source[found.end() : found.end() + 1] in ("*", "+", "?", "{"):
        return (), ""  # of the group
    is_plain = min(map(len, words)) >= _SHORTEST and sum(map(len, words)) + len(words) - 1 == len(found[1] or found[2])
    return (words, source[found.end() :]) if is_plain and len(words) <= _MOST else ((), "")


def may_match(words: Words, lowered: str) -> bool:
    """False when a regex that requires one of the words cannot match the text, here in lower case."""
    for word in words:
        if word in lowered:
            return True
    # to a regex the Turkish i without its dot, and I with it, are an i too
    return not words or not (lowered.isascii() or ("\u0131" not in lowered and "\u0307" not in lowered))


def _read_count(source: str, at: int) -> tuple[int | None, int]:
    """(how often what stands before must be there, where the pattern goes on); None for what is not understood."""
    char = source[at : at + 1]
    least = 1
    if char in ("*", "?"):
        least, at = 0, at + 1
    elif char == "+":
        at += 1
    elif char == "{":
        found = _COUNT.match(source, at)
        if found is None:
            return None, at
        least, at = int(found[1] or 0), found.end()
    else:
        return 1, at
    if source[at : at + 1] in ("?", "+"):  # lazy, possessive
        at += 1
    return (None, at) if source[at : at + 1] in ("*", "+", "?", "{") else (least, at)
