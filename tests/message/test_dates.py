"""Dates right and wrong."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailproc.message.dates import parse_date, received_date

NOON = datetime(2026, 10, 5, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Mon, 5 Oct 2026 12:00:00 +0000", NOON),
        ("Mon, 05 Oct 2026 14:00:00 +0200 (CEST)", NOON),
        ("5 Oct 2026 07:00 -0500", NOON),
        ("Mon, 5 Oct 2026 12:00:00 GMT", NOON),
        ("Mon, 5 Oct 2026 12:00:00 UT", NOON),
        ("Mon, 5 Oct 2026 08:00:00 EDT", NOON),
        ("mon, 5 OCT 2026 12:00:00 Z", NOON),
        ("Mon,  5 Oct 26 12:00:00 +0000", NOON),
        ("Mon Oct  5 12:00:00 2026", NOON),
        ("Mon, 5 Oct 2026 12:00:00", NOON),
        ("Mon, 5 Oct 2026 11:59:60 +0000", datetime(2026, 10, 5, 11, 59, 59, tzinfo=UTC)),
        ("", None),
        ("yesterday", None),
        ("Mon, 5 Foo 2026 12:00:00 +0000", None),
        ("Mon, 35 Oct 2026 12:00:00 +0000", None),
        ("Mon, 5 Oct 2026 25:61:00 +0000", None),
        ("Mon, 1 Jan 99999999999 00:00:00 +0000", None),
        ("Mon, 1 Jan 2024 00:00:00 +999999999999999999", None),
        ("Mon, 1 Jan 0001 00:00:00 +0100", None),
        ("Mon, 31 Dec 9999 23:00:00 -0200", None),
    ],
)
def test_parse_date_reads_what_clients_send(value: str, expected: datetime | None) -> None:
    assert parse_date(value) == expected


def test_received_date_stands_behind_the_last_semicolon() -> None:
    assert received_date("from a (b; c) by d; Mon, 5 Oct 2026 12:00:00 +0000") == NOON
    assert received_date("from a by d") is None
    assert received_date("") is None


@given(
    st.one_of(
        st.text(max_size=60), st.from_regex(r"[A-Z][a-z]{2}, \d{1,3} [A-Z][a-z]{2} \d{1,12} \d+:\d+:\d+ [+-]\d{1,20}")
    )
)
def test_parse_date_never_raises(value: str) -> None:
    found = parse_date(value)
    assert found is None or found.tzinfo is UTC
