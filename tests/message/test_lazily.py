"""Patterns that are compiled when they are first used."""

import re

import pytest

from mailproc.message.lazily import lazily


def test_pattern_answers_as_a_compiled_one() -> None:
    late, at_once = lazily(r"(?P<day>\d+)\. may", re.IGNORECASE), re.compile(r"(?P<day>\d+)\. may", re.IGNORECASE)
    for text in ("on 3. May", "no day", "3. may and 4. MAY"):
        assert [match["day"] for match in late.finditer(text)] == [match["day"] for match in at_once.finditer(text)]
        assert late.sub("x", text) == at_once.sub("x", text)
        assert late.split(text) == at_once.split(text)
    assert (late.pattern, late.groupindex) == (at_once.pattern, at_once.groupindex)


def test_wrong_pattern_is_told_when_it_is_used() -> None:
    pattern = lazily("(")
    with pytest.raises(re.error):
        pattern.search("x")
