"""Regexes that admins write: compiled, probed at load, searched under a time limit. Dry: no I/O.

`regex`, not `re` (no time limit) and not RE2 (its \\w and \\b are ASCII: `\\bpilną\\b` silently never matches).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import regex

from mailproc.rulebook.folding import MAX_SEARCHED as MAX_INPUT
from mailproc.rulebook.requirements import Words, find_leads, find_needs

TIMEOUT_SECONDS = 0.1  # of one search
SHARED_SECONDS = 0.25  # of all searches of one mail
_PROBE_LENGTH = 600  # what grows with the square passes, what grows faster does not
_PROBE_SEEDS = ("a", "0", " ", "a ", "a1", "-", "a-", "a.", ".a", "/", "ą", "x@", ",", "\t ")

_LITERAL = re.compile(r"(?<![\\<\w])\w{3,40}")
_LETTER = re.compile(r"(?<![\\<\w])\w(?!\w)|\w(?=[+*])")
_LOOP = re.compile(r"[*+]|\{\d*,\}")
_BOUNDED = re.compile(r"\{\d*,(\d+)\}")
# Something quantified that holds more than one atom, something that refers back or recurses
_COMPLEX = re.compile(r"\)[*+{]|\\[1-9gkpL]|\(\?(?:R|&|\(|\d|P[=>])")
_MARKUP = re.compile(r"\\.|[^\w\s:;,@#/=-]")
_MOST_STEPS = 65_536  # some tens of microseconds: as long as what the clock costs, for some hundred rules together
_LEAST_SAFE = 32  # characters; a pattern that is slow on less is slow from every place
_PROBED_STEPS = 1_000_000  # some milliseconds: what cannot take more on a probe text needs no probe
# A search gets a little time, and when that was not enough it starts again with four times as much. What it may take
# is what it is charged, so that no clock has to be read: a quick one costs the mail's budget next to nothing.
_TRIES = (0.0001, 0.0004, 0.0016, 0.0064, 0.0256, TIMEOUT_SECONDS)

Find = Callable[..., "regex.Match[str] | None"]


class Budget:
    """The time that all regexes of one mail share."""

    __slots__ = ("left",)

    def __init__(self, seconds: float = SHARED_SECONDS) -> None:
        self.left = seconds

    def run(self, find: Find, text: str) -> "regex.Match[str] | None":
        """What `find` finds in the text; raises TimeoutError past 100 ms, or when the mail's time is used up."""
        for allowed in _TRIES:
            allowed = min(allowed, self.left)
            if allowed < _TRIES[0]:
                break
            self.left -= allowed
            try:
                return find(text, timeout=allowed)
            except TimeoutError:
                continue
        raise TimeoutError("out of time")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regex of an admin; ignores case, is searched and not anchored."""

    source: str
    compiled: "regex.Pattern[str]" = field(compare=False, repr=False)
    groups: frozenset[str]
    safe_length: int  # characters of a text that it cannot take long on: spared the cost of the clock
    words: Words = ()  # of which every match holds one
    digits: int = 0  # that stand one after the other in every match
    leads: Words = ()  # with one of which every match begins, and from there it is quick

    def search(self, text: str, budget: Budget) -> "regex.Match[str] | None":
        """The first match in the text's first 64 KiB; raises TimeoutError past 100 ms or at the end of the budget."""
        if len(text) <= self.safe_length:
            return self.compiled.search(text)
        if len(text) > MAX_INPUT:
            text = text[:MAX_INPUT]
        return budget.run(self.compiled.search, text)

    def is_whole(self, text: str, budget: Budget) -> bool:
        """True when the pattern matches the whole text; raises TimeoutError as `search` does."""
        if len(text) <= self.safe_length:
            return self.compiled.fullmatch(text) is not None
        return budget.run(self.compiled.fullmatch, text[:MAX_INPUT]) is not None


def compile_pattern(source: str) -> Pattern:
    """The pattern; raises ValueError with the reason in words."""
    if len(source) > 10_000:
        raise ValueError("it is longer than 10 000 characters")
    try:
        compiled = regex.compile(source, regex.IGNORECASE)
    except regex.error as error:
        raise ValueError(str(error)) from error
    except (RecursionError, OverflowError, MemoryError, KeyError, IndexError, TypeError, AttributeError) as error:
        # the compiler of `regex` on nonsense such as (?<!(?P<a>...
        raise ValueError("it is too complicated") from error
    words, digits = find_needs(source)
    leads, rest = find_leads(source)
    # Without a loop what follows a word has an end, however long the text is
    if _LOOP.search(rest) or _COMPLEX.search(source) or _find_safe_length(rest) < _LEAST_SAFE:
        leads = ()
    safe_length = _find_safe_length(source)
    return Pattern(source, compiled, frozenset(compiled.groupindex), safe_length, words, digits, leads)


@lru_cache(maxsize=4096)
def is_slow(pattern: Pattern) -> bool:
    """True when a probe text of some hundred characters takes the pattern past its 100 ms."""
    if _find_safe_length(pattern.source, _PROBED_STEPS) >= _PROBE_LENGTH:
        return False
    literal = next(iter(_LITERAL.findall(pattern.source)), "")
    seeds = dict.fromkeys((*_PROBE_SEEDS, literal, f"{literal} ", *_LETTER.findall(pattern.source)[:8]))
    seeds.pop("", None)
    # `regex` gives up at once on a text without a character that every match needs: these stand near the end
    end = "\x01" + _MARKUP.sub("", pattern.source)[:200] + "\x01"
    for seed in seeds:
        for start in dict.fromkeys(("", literal, f"{literal} " if literal else "")):
            try:
                pattern.compiled.search(start + seed * (_PROBE_LENGTH // len(seed)) + end, timeout=TIMEOUT_SECONDS)
            except TimeoutError:
                return True
    return False


def compile_glob(source: str) -> Pattern:
    """The pattern of a glob: `*` any text, `?` one character, all else itself; the whole text must fit."""
    body = re.sub(r"\*+", "*", source)
    first, *rest = ["".join("." if char == "?" else regex.escape(char) for char in part) for part in body.split("*")]
    # The first place a piece fits is as good as any later one, so each is found once and never tried again
    middle = "".join(f"(?>.*?{part})" for part in rest[:-1])
    last = f".*{rest[-1]}" if rest else ""
    compiled = regex.compile(rf"(?s:\A{first}{middle}{last}\Z)", regex.IGNORECASE)
    return Pattern(source, compiled, frozenset(), _find_safe_length("*" * min(body.count("*"), 1)))


def _find_safe_length(source: str, steps: int = _MOST_STEPS) -> int:
    """How long a text may be for the pattern to be quick whatever the text; 0 when that cannot be said.

    Backtracking visits at most length ** (loops + 1) places, times what bounded repeats and branches add.
    """
    if _COMPLEX.search(source):
        return 0
    branches = source.count("|")
    factor = branches + 1 if source.count("(") < 2 else 2 ** min(branches, 40)
    factor *= 2 ** min(source.count("?"), 40)
    for most in _BOUNDED.findall(source):
        factor *= int(most[:6]) + 1
    return min(int(float(steps / factor) ** (1 / (len(_LOOP.findall(source)) + 1))), MAX_INPUT)
