"""Tests that stored mail comes back byte for byte."""

import base64
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailproc.store.packing import DEFLATED, PLAIN, pack, unpack

_NOISE = random.Random(1).randbytes(200_000)


@pytest.mark.parametrize(
    ("raw", "codec"),
    [
        (b"", PLAIN),
        (b"short", PLAIN),
        (b"the same line\r\n" * 100, DEFLATED),
        (b"the same line\r\n" * 10_000, DEFLATED),
        (_NOISE[:5_000], PLAIN),
        (base64.encodebytes(_NOISE), PLAIN),
    ],
)
def test_mail_is_packed_where_it_helps(raw: bytes, codec: int) -> None:
    packed = pack(raw)
    assert packed.codec == codec and packed.size == len(raw) and len(packed.data) <= len(raw)
    assert unpack(packed.codec, packed.data) == raw


@given(st.binary(max_size=3_000), st.integers(1, 40))
def test_every_byte_comes_back(raw: bytes, times: int) -> None:
    packed = pack(raw * times)
    assert unpack(packed.codec, packed.data) == raw * times


def test_damaged_mail_is_noticed() -> None:
    packed = pack(b"the same line\r\n" * 100)
    with pytest.raises(ValueError, match="restore it from a backup"):
        unpack(packed.codec, packed.data[:-2] + b"xx")
