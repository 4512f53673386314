"""Tests what is read off a regex: never more than every match really holds."""

import unicodedata

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproc.rulebook.folding import Text
from mailproc.rulebook.patterns import Budget, compile_pattern
from mailproc.rulebook.requirements import find_leads, find_needs, find_words, may_match
from mailproc.rulebook.view import View


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (r"\b(?:order|bestellung)\W{0,3}(?P<order>\d{6,8})\b", ("order", "bestellung")),
        (r"contract", ("contract",)),
        (r"CONTRACT Nr", ("contract",)),
        (r"Störung", ("störung",)),
        (r"invoice|refund", ("invoice", "refund")),
        (r"invoice|\d+", ()),
        (r"colou?r", ("colo",)),
        (r"colou+rs", ("colou",)),
        (r"abc*d", ()),
        (r"abcd*", ("abc",)),
        (r"(abc)?defg", ("defg",)),
        (r"(?:abc){0,2}", ()),
        (r"(?:abc|defgh){2}", ("abc", "defgh")),
        (r"(?:abc|d)x", ()),
        (r"(?=abcd)x", ()),
        (r"(?!abcd)xyz", ("xyz",)),
        (r"abc\dxyzw", ("xyzw",)),
        (r"[abc]def", ("def",)),
        (r"[]abc]{3}", ()),
        (r"\bno\b", ()),
        (r"Straße", ("stra",)),
        (r"(?x)a b c d", ()),
        (r"(?i)abc", ()),
        (r"(?:order){e<=2}", ()),
        (r"(?(1)abc)", ()),
        (r"\p{Lu}abc", ("abc",)),
        (r"abc)", ()),
        (r"(abc", ()),
        (r"", ()),
    ],
)
def test_words_when_every_match_holds_one(source: str, words: tuple[str, ...]) -> None:
    assert find_words(source) == words


@pytest.mark.parametrize(
    ("text", "expected"),
    [("An ORDER", True), ("nothing", False), ("nıchts", True), ("İ", True), ("Łódź", False)],
)
def test_text_when_it_cannot_match_is_not_searched(text: str, expected: bool) -> None:
    assert may_match(("order",), text.casefold()) is expected
    assert may_match((), text.casefold())


def test_letters_when_a_regex_takes_them_for_another_have_the_same_lower_case() -> None:
    """What the look for words rests on: ignoring case, `regex` never goes further than `casefold`, but for Turkish."""
    for letter in "abcdefghijklmnopqrstuvwxyz0189äöüéèñçøåæąćęłńóśźżßκσя":
        taken = regex.compile(letter, regex.IGNORECASE).findall("".join(map(chr, range(32, 0x2FFFF))))
        further = {other for other in taken if other.casefold() != letter.casefold()}
        # `regex` may know letters that the Unicode tables of this Python do not
        assert {other for other in further if unicodedata.category(other) != "Cn"} <= {"\u0131", "\u0130"}


ATOMS = st.sampled_from(
    ["abc", "Abc", "c", "bca", "[ab]", r"\w", ".", "[^a]", r"\b", r"\\", r"\.", "(?=a)", "^", "|", "I"]
)
COUNTS = st.sampled_from(["", "", "", "+", "*", "?", "{2}", "{1,3}", "{,2}", "{2,}", "+?", "{2}?", "{e<=1}"])
PATTERNS = st.recursive(
    st.tuples(ATOMS, COUNTS).map("".join),
    lambda inner: st.tuples(
        st.sampled_from(["(?:", "(", "(?P<n>", "(?=", "(?!", "(?>", "(?i:"]), st.lists(inner, max_size=3).map("".join),
        st.just(")"), COUNTS,
    ).map("".join) | st.lists(inner, min_size=1, max_size=3).map("".join),
    max_leaves=8,
)  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(PATTERNS, st.text(alphabet="aAbBcCiİı-. ", max_size=14))
def test_words_when_something_matches_are_there(source: str, text: str) -> None:
    try:
        found = regex.compile(source, regex.IGNORECASE).search(text, timeout=0.1)
    except (regex.error, TimeoutError):
        return
    assert found is None or may_match(find_words(source), text.casefold())


@pytest.mark.parametrize(
    ("source", "digits"),
    [
        (r"\b(?:order|bestellung)\W{0,3}(?P<order>\d{6,8})\b", 6),
        (r"[0-9]{4}-?[0-9]{3}", 4),
        (r"\d\d", 1),
        (r"(?:\d{3}|\d{5})x", 3),
        (r"(?:\d{3}|x)", 0),
        (r"\d*", 0),
        (r"(?:\d{4})?", 0),
        (r"(?:\d{4})+", 4),
        (r"(?=\d{4})x", 0),
        (r"[0-9a]{4}", 0),
        (r"[^0-9]{4}", 0),
        (r"\D{4}", 0),
        (r"\\d{4}", 0),
    ],
)
def test_digits_when_every_match_holds_so_many_in_a_row(source: str, digits: int) -> None:
    assert find_needs(source)[1] == digits


@pytest.mark.parametrize(
    ("source", "leads"),
    [
        (r"\b(?:order|Zamówienie)\W{0,3}\d", ("order", "zamówienie")),
        (r"(?P<what>order no|bill)x", ("order no", "bill")),
        (r"contract[ -]?\d", ("contrac",)),
        (r"orders?", ("order",)),
        (r"order{2}", ("orde",)),
        (r"(?:or|order)x", ()),
        (r"(?:order|bill)?x", ()),
        (r"(?:order|bill){e<2}", ()),
        (r"order|bill", ()),
        (r"(?:order|bill)|x", ()),
        (r"(?:order|)x", ()),
        (r"(?:Straße|bill)x", ()),
        (r"(?i:order)x", ()),
        (r"\w+order", ()),
        (r"^order", ()),
    ],
)
def test_leads_when_every_match_begins_with_one(source: str, leads: tuple[str, ...]) -> None:
    assert find_leads(source)[0] == leads


LEADS = ["order", "ordre", "zamówienie", "bill", "iii"]
TAILS = [r"\W{1,3}(?P<no>\d{2,4})\b", r" ?(?P<no>[ab]|\d)", r"(?!x)(?P<no>.)", r"s?\b", r"(?<=r)(?P<no>x)"]


@settings(deadline=None, max_examples=120)
@given(
    st.lists(st.sampled_from(LEADS), min_size=1, max_size=3),
    st.sampled_from(TAILS),
    st.booleans(),
    st.lists(st.sampled_from([*LEADS, "ORDER", "Bİll", "bıll", "ß", " ", "  12", "#123", "x", "s", "a1"]), max_size=12),
)
def test_a_pattern_with_leads_finds_what_a_search_finds(
    leads: list[str], tail: str, has_boundary: bool, pieces: list[str]
) -> None:
    boundary = r"\b" if has_boundary else ""
    pattern = compile_pattern(f"{boundary}(?:{'|'.join(leads)}){tail}")
    text = Text("".join(pieces))
    view = View(None, None, None, Budget())  # type: ignore[arg-type]
    assert pattern.leads
    found = pattern.compiled.search(text.searched)
    assert view.search_in(pattern, text) is (found is not None)
    expected = {name: value for name, value in found.groupdict().items() if value is not None} if found else {}
    assert view.groups == {name: value.strip() for name, value in expected.items()}


@settings(deadline=None, max_examples=150)
@given(PATTERNS, st.text(alphabet="aAbBcC019. ", max_size=14))
def test_digits_when_something_matches_are_there(source: str, text: str) -> None:
    for inner in (source, source.replace("c", r"\d"), source.replace("abc", "[0-9]")):
        try:
            found = regex.compile(inner, regex.IGNORECASE).search(text, timeout=0.1)
        except (regex.error, TimeoutError):
            continue
        assert found is None or find_needs(inner)[1] <= Text(text).most_digits
