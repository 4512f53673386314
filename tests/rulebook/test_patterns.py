"""Tests regexes of admins: what is refused, what is slow, when the clock may be spared."""

import time

import pytest

from mailproc.rulebook.folding import Text, fold, split_words
from mailproc.rulebook.patterns import MAX_INPUT, Budget, compile_glob, compile_pattern, is_slow

SLOW = r"^(?:(?:qz)+(?:qz)+)+y$"  # quadratic: accepted at load, too slow for a long text


@pytest.mark.parametrize(
    "source", ["(", "[", "*a", "(?P<n>a)(?P<n", "(?<", r"\p{Nonsense}", "a{2,1}", "(" * 500, "x" * 10_001]
)
def test_regex_when_it_cannot_be_read_is_a_value_error(source: str) -> None:
    with pytest.raises(ValueError, match="."):
        compile_pattern(source)


@pytest.mark.parametrize(
    "source",
    [r"(\w+\s*)+$", "(a+)+$", "(x+x+)+y", "^(([a-z])+.)+[A-Z]([a-z])+$", r"(\s*\w+\s*)+:", "(.*)(.*)(.*)x$"],
)
def test_t58_regex_when_it_backtracks_without_end_is_slow(source: str) -> None:
    assert is_slow(compile_pattern(source))


@pytest.mark.parametrize(
    "source",
    [
        r"\b(?:order|bestellung|zamówienie)\W{0,3}(?P<order>\d{6,8})\b",
        r"^[12]\b",
        r"\bre:\s*\[(\w+)-(\d+)\]",
        r"https?://\S+/(\w+/)*\w+\.exe",
        r"^(?:re|fwd?|aw|wg):\s*(?:\[.*?\]\s*)*urgent",
        r"\b(\w+)@(\w+\.)+com\b",
        ".*foo.*bar.*",
    ],
)
def test_regex_when_ordinary_is_not_slow(source: str) -> None:
    assert not is_slow(compile_pattern(source))


@pytest.mark.parametrize(
    ("source", "least", "most"),
    [
        (r"^[12]\b", MAX_INPUT, MAX_INPUT),
        (r"order \d+", 200, 260),
        (r"\w+-\w+", 30, 40),
        (r"(\w+)+", 0, 0),
        (r"(a|b)*c", 0, 0),
        (r"(\w)\1", 0, 0),
        (r"(?:abc){e<=2}", 0, 0),
        (r"\w{0,99}\w{0,99}\w{0,99}x", 0, 2),
        (r"(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)b", 0, 20),
    ],
)
def test_safe_length_when_a_regex_can_repeat(source: str, least: int, most: int) -> None:
    assert least <= compile_pattern(source).safe_length <= most


def test_t58_regex_when_out_of_time_raises() -> None:
    with pytest.raises(TimeoutError):
        compile_pattern(SLOW).search("qz" * 8000 + "y!", Budget())


def test_t58_regexes_when_they_share_a_budget_end_with_it() -> None:
    budget, text, started = Budget(), "qz" * 6000 + "y!", time.perf_counter()
    for end in range(20):
        with pytest.raises(TimeoutError):
            compile_pattern(f"{SLOW[:-2]}{end}$").search(f"{text}{end}!", budget)
    assert budget.left < 0.001
    assert time.perf_counter() - started < 3  # 250 ms, and what compiling and a busy machine take


def test_budget_when_searches_are_quick_lasts() -> None:
    budget, pattern = Budget(), compile_pattern(r"\b(?:order|bestellung)\W{0,3}(?P<no>\d{6,8})\b")
    text = "Lorem ipsum dolor sit amet. " * 200
    for _ in range(100):
        assert pattern.search(text, budget) is None
    assert budget.left > 0.1
    assert compile_pattern("x+y").search("x" * 40 + "y", Budget(0)) is not None  # safe: asks for no time


def test_regex_when_the_text_is_long_sees_64_kib() -> None:
    pattern = compile_pattern("end")
    assert pattern.search("x" * (MAX_INPUT - 3) + "end", Budget()) is not None
    assert pattern.search("x" * MAX_INPUT + "end", Budget()) is None


@pytest.mark.parametrize(
    ("glob", "text", "expected"),
    [
        ("*", "", True),
        ("a*c", "abbbC", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("*.pdf", "x.pdf.exe", False),
        ("[a]", "a", False),
        ("[a]", "[A]", True),
        ("a.c", "abc", False),
        ("a*", "a\nb", True),
    ],
)
def test_glob_when_matched(glob: str, text: str, expected: bool) -> None:
    assert (compile_glob(glob).search(text, Budget()) is not None) is expected


def test_glob_when_it_is_all_stars_is_quick() -> None:
    pattern = compile_glob("*" * 50 + "a" + "*" * 50 + "b")
    assert pattern.search("a" * 5000, Budget()) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Störung", "storung"),
        ("ＦＵＬＬ ｗｉｄｔｈ", "full width"),
        ("Łódź ø Đ", "lodz o d"),
        ("STRASSE Straße", "strasse strasse"),
        ("İstanbul", "istanbul"),
        ("out\u00adage \u200bnow", "outage now"),
        ("Ψυχή", "ψυχη"),
        ("e\u0301", "e"),
    ],
)
def test_fold_when_accented(text: str, expected: str) -> None:
    assert fold(text) == expected


def test_words_when_split() -> None:
    assert split_words(fold("Don't_panic: e-mail №5, ok?")) == ["don", "t", "panic", "e", "mail", "no5", "ok"]


def test_text_when_decomposed_is_composed_for_regexes() -> None:
    assert Text("Sto\u0308rung").raw == "Störung"
