"""The short form of `python -m bench.rules --full`: starter rules cut short or changed never serve as a wrong book."""

import pytest

from bench.rulefaults import change, cut, judge_changed, judge_cut
from bench.rules import SITE, make_rules, read_starter, time_loading
from mailproc.rulebook.book import load, read_book

FILES = read_starter()
PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
def test_starter_rules_when_cut_short_never_serve_in_part(part: int) -> None:
    whole = load(FILES, SITE)
    for broken in list(cut(FILES, 160))[part::PARTS]:
        assert judge_cut(broken, whole, SITE) == ""


@pytest.mark.parametrize("part", range(PARTS))
def test_starter_rules_when_changed_serve_as_they_say_or_not_at_all(part: int) -> None:
    for broken in change(FILES, 80, seed=part):
        assert judge_changed(broken, SITE) == ""


def test_many_rules_when_read_grow_in_line() -> None:
    few, many = time_loading(300, tries=2), time_loading(1200, tries=2)
    assert many < 12 * few + 0.5  # four times as many; quadratic would be sixteen
    assert {problem.code for problem in read_book((("r", make_rules(50, on_body=5)),), SITE)[1]} == {"R207"}
