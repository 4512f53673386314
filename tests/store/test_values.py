"""Tests of how values become columns and come back."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailproc.store.values import from_json, from_time, to_hash, to_json, to_key, to_text, to_time


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("plain", "plain"),
        ("a\0b", "a\ufffdb"),
        ("x\ud800y", "x\ufffdy"),
        ("\udcff\0ż", "\ufffd\ufffdż"),
        ("\U0001f600", "\U0001f600"),
        ("", ""),
    ],
)
def test_t49d_text_loses_nul_and_lone_surrogates(text: str, stored: str) -> None:
    assert to_text(text) == stored


@given(st.text(alphabet=st.characters(codec=None)))
def test_text_can_always_be_encoded(text: str) -> None:
    stored = to_text(text)
    assert "\0" not in stored and len(stored) == len(text)
    stored.encode("utf-8")


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ({"a\0": ["x\ud800", 1, None, True]}, {"a\ufffd": ["x\ufffd", 1, None, True]}),
        ([], []),
        ({}, {}),
        (("a", "ż\U0001f600"), ["a", "ż\U0001f600"]),
        ("\\u0000 as words", "\\u0000 as words"),
    ],
)
def test_json_comes_back_without_what_columns_refuse(value: object, read: object) -> None:
    text = to_json(value)
    assert text.encode() and "\\u0000" not in text.replace("\\\\u0000", "") and from_json(text) == read


@pytest.mark.parametrize("text", ["<a@b>", "x" * 998, "ż" * 499])
def test_key_is_the_text_when_short_enough(text: str) -> None:
    assert to_key(text) == text


@pytest.mark.parametrize("text", ["x" * 999, "ż" * 500, "\0" * 2000])
def test_key_is_a_hash_when_longer_than_any_line(text: str) -> None:
    assert to_key(text).startswith("sha256:") and len(to_key(text)) < 998
    assert to_key(text) != to_key(text + "y")


def test_time_is_utc_and_comes_back_whatever_its_zone() -> None:
    at = datetime(2026, 11, 1, 14, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    assert to_time(at) == "2026-11-01T12:00:00.000005Z"
    assert from_time(to_time(at)) == at and from_time(to_time(at)).tzinfo is UTC


def test_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        to_time(datetime(2026, 11, 1))


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_times_sort_as_text(one: datetime, other: datetime) -> None:
    assert (to_time(one) < to_time(other)) == (one < other)


def test_hash_is_the_same_everywhere_and_fits_a_column() -> None:
    assert to_hash("a", "b") == to_hash("a", "b") != to_hash("ab")
    assert all(-(2**63) <= to_hash(str(n), "\ud800") < 2**63 for n in range(200))
