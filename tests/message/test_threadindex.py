"""Outlook's Thread-Index: read with suspicion, continued by its format."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailproc.errors import Permanent
from mailproc.message.compose import compose
from mailproc.message.threadindex import begin_index, continue_index, conversation_of, read_index
from tests.message.test_compose import BASE

BEGUN = datetime(2026, 1, 13, 9, 0, tzinfo=UTC)
TICKS = 134_127_684_000_000_000  # of 100 ns since 1601
GUID = bytes(range(16))
OUTLOOK = base64.b64encode(TICKS.to_bytes(8, "big")[:6] + GUID).decode()  # 48 bits of the time; the first eight are 1
EXCHANGE = base64.b64encode(b"\1" + TICKS.to_bytes(8, "big")[:5] + GUID).decode()  # the mark, and 40 bits


def read_child(index: str) -> tuple[int, int]:
    """(100 ns since the head, the last byte) of the newest reply, as a mail program reads it."""
    raw = base64.b64decode(index)
    word = int.from_bytes(raw[-5:-1], "big")
    return ((word & 0x7FFF_FFFF) << (23 if word >> 31 else 18)), raw[-1]


@pytest.mark.parametrize(
    ("value", "is_index"),
    [
        (OUTLOOK, True),
        (EXCHANGE, True),
        (f"{EXCHANGE[:20]} {EXCHANGE[20:]}", True),
        (base64.b64encode(base64.b64decode(EXCHANGE) + b"12345" * 3).decode(), True),
        ("", False),
        ("AQ==", False),
        (base64.b64encode(base64.b64decode(EXCHANGE) + b"1234").decode(), False),
        (base64.b64encode(b"\2" + base64.b64decode(EXCHANGE)[1:]).decode(), False),
        ("<script>", False),
        (EXCHANGE + "\r\nBcc: evil@x.test", False),
        ("A" * 5000, False),
        ("=" * 40, False),
    ],
)
def test_read_index_takes_what_is_one(value: str, is_index: bool) -> None:
    assert bool(read_index(value)) is is_index
    if is_index:
        assert read_index(value) == "".join(value.split())


@pytest.mark.parametrize("index", [OUTLOOK, EXCHANGE, begin_index("ACME-100-009", BEGUN)])
@pytest.mark.parametrize("passed", [timedelta(minutes=3), timedelta(days=40), timedelta(days=3000)])
def test_continue_index_adds_one_reply_with_the_time_passed(index: str, passed: timedelta) -> None:
    reply = continue_index(index, BEGUN + passed, 7)
    assert base64.b64decode(reply)[:-5] == base64.b64decode(index)
    ticks, rest = read_child(reply)
    assert timedelta(microseconds=ticks / 10) == pytest.approx(passed, abs=timedelta(seconds=3))
    assert rest == 0x70
    assert read_index(reply) == reply
    assert conversation_of(reply) == conversation_of(index)


def test_begin_index_is_the_same_for_one_seed_only() -> None:
    one, again, other = begin_index("a", BEGUN), begin_index("a", BEGUN), begin_index("b", BEGUN)
    assert one == again != other
    assert len(base64.b64decode(one)) == 22
    assert base64.b64decode(one)[:6] == base64.b64decode(EXCHANGE)[:6]


def test_continue_index_of_a_reply_before_the_beginning_counts_no_time() -> None:
    assert read_child(continue_index(OUTLOOK, BEGUN - timedelta(days=1), 0)) == (0, 0)


def test_continue_index_stays_short() -> None:
    index = OUTLOOK
    for number in range(300):
        index = continue_index(index, BEGUN + timedelta(hours=number), number)
        assert read_index(index) == index and len(index) < 900


def test_a_long_index_goes_out_as_it_is() -> None:
    index = OUTLOOK
    for number in range(50):
        index = continue_index(index, BEGUN + timedelta(hours=number), number)
    assert f"\r\nThread-Index: {index}\r\n".encode() in compose(replace(BASE, headers=(("Thread-Index", index),)))


@pytest.mark.parametrize("value", ["x", EXCHANGE + "\r\nBcc: evil@x.test", f"{EXCHANGE}\x1cBcc: evil@x.test"])
def test_t40_an_index_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(Permanent):
        compose(replace(BASE, headers=(("Thread-Index", value),)))


@given(st.text(max_size=200))
def test_read_index_returns_whatever_comes(value: str) -> None:
    assert read_index(value) in ("", "".join(value.split()))
