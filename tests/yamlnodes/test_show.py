"""Problems as lines for a terminal, and the guess what was meant."""

import pytest

from mailproc.yamlnodes import Problem, did_you_mean, find_nearest, format_problem

SOURCE = "version: 1\nroute:\n  - do: {department: biling}\n\tx: ü\n"


@pytest.mark.parametrize(
    "problem, expected",
    [
        (
            Problem("rules/routing.yaml", 3, 23, "R101", 'unknown department "biling": did you mean "billing"?'),
            'rules/routing.yaml:3:23 R101 unknown department "biling": did you mean "billing"?\n'
            "      - do: {department: biling}\n"
            "                          ^",
        ),
        (
            Problem("r.yaml", 4, 5, "R014", "odd", "Quote it.", is_warning=True),
            "r.yaml:4:5 R014 warning: odd\n    \tx: ü\n    \t   ^\n    Quote it.",
        ),
        (
            Problem("r.yaml", 0, 0, "R004", "too large", "Split it.\nOr not."),
            "r.yaml R004 too large\n    Split it.\n    Or not.",
        ),
        (Problem("r.yaml", 99, 1, "R001", "past the end"), "r.yaml:99:1 R001 past the end"),
        (Problem("r.yaml", 5, 1, "R001", "an empty line"), "r.yaml:5:1 R001 an empty line"),
        (
            Problem("r.yaml", 1, 500, "R001", "past the line"),
            "r.yaml:1:500 R001 past the line\n    version: 1\n              ^",
        ),
    ],
)
def test_a_problem_shows_its_line_and_a_caret(problem: Problem, expected: str) -> None:
    assert format_problem(problem, SOURCE) == expected


def test_a_long_line_is_cut_around_the_place() -> None:
    shown = format_problem(Problem("r", 1, 901, "R001", "x"), "a" * 900 + "B" + "c" * 900).splitlines()
    assert len(shown[1]) <= 130 and shown[1][len(shown[2]) - 1] == "B"


def test_nothing_that_moves_the_cursor_is_shown() -> None:
    shown = format_problem(Problem("r", 1, 1, "R001", "a\x1b[2J\nb", "c\x07"), "x\x1b[31m\u202ey")
    assert shown == "r:1:1 R001 a?[2J b\n    x?[31m?y\n    ^\n    c?"


@pytest.mark.parametrize(
    "word, expected",
    [
        ("biling", "billing"),
        ("BILLING", "billing"),
        ("oncal", "on-call"),
        ("on_call", "on-call"),
        ("on call", "on-call"),
        ("zebra", ""),
        ("", ""),
        ("x" * 10_000, ""),
    ],
)
def test_the_nearest_word_is_found(word: str, expected: str) -> None:
    assert find_nearest(word, ["billing", "on-call", "frontdesk"]) == expected
    assert did_you_mean(word, ["billing", "on-call", "frontdesk"]) == (
        f'did you mean "{expected}"?' if expected else ""
    )
