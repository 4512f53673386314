"""Header blocks to fields, RFC 2047 words to text, and the guard around code that raises."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproc.message.headers import _read_odd_head, decode, decode_value, guarded, header_values, read_head
from mailproc.message.parse import parse
from mailproc.records.mail import Defect


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        ("", ""),
        ("=?utf-8?q?caf=C3=A9?=", "café"),
        ("=?UTF-8?B?Y2Fmw6k=?=", "café"),
        ("=?iso-8859-1?Q?caf=E9?= au lait", "café au lait"),
        ("Re: =?utf-8?q?caf=C3=A9?=", "Re: café"),
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?=\t=?iso-8859-1?q?=E9?=", "aé"),
        ("=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
        ("=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
        ("x=?utf-8?q?a?=y", "xay"),
        # characters cut in two by the sender
        ("=?utf-8?q?caf=C3?= =?utf-8?q?=A9?=", "café"),
        ("=?utf-8?b?Y2Fmww==?= =?utf-8?b?qQ==?=", "café"),
        ("=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "日本"),
        ("=?gb2312?b?1tDOxA==?=", "中文"),
        ("=?koi8-r?b?8NLJ18XU?=", "Привет"),
        ("=?windows-1251?q?=CF=F0=E8=E2=E5=F2?=", "Привет"),
        ("=?ks_c_5601-1987?b?x9GxuQ==?=", "한국"),
        ("=?utf-8*en?q?caf=C3=A9?=", "café"),
        ("=?utf-8?q?a_b=20c?=", "a b c"),
        ("=?utf-8?q?a b?=", "a b"),
        ("=?utf-8?b?Y2Fm w6k=?=", "café"),
        ("=?utf-8?b?Y2Fmw6k?=", "café"),
        ("=?utf-8?q??=", ""),
        ("=?utf-8?q?=3F=3D?=", "?="),
        # wrong labels
        ("=?us-ascii?q?caf=C3=A9?=", "café"),
        ("=?utf-8?q?caf=E9?=", "café"),
        ("=?iso-8859-1?q?caf=C3=A9?=", "café"),
        # no words
        ("=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        ("=?utf-8?q?abc", "=?utf-8?q?abc"),
        ("=?utf-8?b?!!!!?=", ""),
        ("=??q?abc?=", "=??q?abc?="),
        ("=?", "=?"),
        ("?=", "?="),
        # raw bytes above 127
        ("caf\udcc3\udca9", "café"),
        ("caf\udce9", "café"),
        ("\x1b$B$3$s$K$A$O\x1b(B", "こんにちは"),
        # one line, no controls
        ("a\tb\x00c\x7fd\x85e\u2028f", "a b c d e f"),
        ("=?utf-8?q?hi=0D=0ABcc=3A_evil=40x.test?=", "hi Bcc: evil@x.test"),
        ("=?utf-8?q?a=E2=80=A8b?=", "a b"),
    ],
)
def test_decode_gives_one_readable_line(value: str, expected: str) -> None:
    assert decode(value) == expected


@pytest.mark.parametrize("label", ["utf-7", "idna", "undefined", "rot13", "hex", "punycode", "unicode_escape", "x"])
def test_t56_words_in_refused_charsets_stay_what_they_are(label: str) -> None:
    defects: list[Defect] = []
    assert decode_value(f"=?{label}?q?+2AA-abc?=", defects) == "+2AA-abc"
    assert [defect.code for defect in defects] == ["charset-refused"]


@pytest.mark.parametrize(
    "unit",
    ["=?utf-8?q?a?= ", "=?utf-8?q?a", "=?", "=?a?q?", "=?utf-8?b?", "=?a?q??=", "?=", "=?\udce9?q?a?=", "\udce9", "\t"],
)
def test_t54_values_are_decoded_in_linear_time(unit: str) -> None:
    started = time.process_time()
    decode(unit * (1_000_000 // len(unit)))
    assert time.process_time() - started < 0.3


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["=?", "?=", "?", "utf-8", "q", "b", "iso-2022-jp", "=C3", "w6k=", " ", "a", "\udcc3", "\x00", "_"]
        ),
        max_size=30,
    )
)
def test_decode_never_raises(pieces: list[str]) -> None:
    text = decode("".join(pieces))
    text.encode("utf-8")
    assert "\n" not in text and "\x00" not in text


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_read_head_never_raises_and_loses_no_byte_behind_it(raw: bytes) -> None:
    head = read_head(raw, 0, len(raw))
    assert 0 <= head.body_at <= len(raw)
    for name, value in head.headers:
        assert name == name.lower() and "\n" not in value


@pytest.mark.parametrize(
    ("raw", "headers", "body"),
    [
        (b"A: 1\nB: 2\n\nbody", (("a", "1"), ("b", "2")), b"body"),
        (b"A: 1\r\nB: 2\r\n\r\nbody", (("a", "1"), ("b", "2")), b"body"),
        (b"A: 1\r\n 2\r\n\t3\r\n\r\n", (("a", "1 2\t3"),), b""),
        (b"A: 1\n \n\nbody", (("a", "1"),), b"body"),
        (b"\nbody", (), b"body"),
        (b"\r\nbody", (), b"body"),
        (b"A:1", (("a", "1"),), b""),
        (b"A : 1\nTo : x\n\n", (("to", "x"),), b""),
        (b"A: 1\njust text\nmore\n", (("a", "1"),), b"just text\nmore\n"),
        (b"A: 1\r\nB: 2\r\njust text\r\n\r\nmore", (("a", "1"), ("b", "2")), b"just text\r\n\r\nmore"),
        (b"A: 1\nstray\nB: 2\n\nbody", (("a", "1"), ("b", "2")), b"body"),
        (b">From a@b Mon\nA: 1\n\nbody", (("a", "1"),), b"body"),
        (b"A: x;\nb=1\nC: 2\n\nbody", (("a", "x; b=1"), ("c", "2")), b"body"),
        (b"only text\n", (), b"only text\n"),
        (b"A: \xff\n\n", (("a", "\udcff"),), b""),
    ],
)
def test_read_head_finds_fields_and_body(raw: bytes, headers: tuple[tuple[str, str], ...], body: bytes) -> None:
    head = read_head(raw, 0, len(raw))
    assert head.headers == headers
    assert raw[head.body_at :] == body


def test_header_values_are_decoded_top_first() -> None:
    inbound = parse(b"X-A: =?utf-8?q?=C3=A9?=\nx-a: 2\nX-B: 3\n\n")
    assert header_values(inbound, "X-a") == ("é", "2")
    assert header_values(inbound, "x-c") == ()


def test_guarded_turns_any_exception_into_the_default() -> None:
    def recurse() -> int:
        return recurse()

    assert guarded(lambda: 1, 0) == (1, "")
    assert guarded(lambda: 1 // 0, 7) == (7, "ZeroDivisionError")
    assert guarded(recurse, 7) == (7, "RecursionError")


_LINES = st.sampled_from(
    ["From: a@b.test", "Subject:x \t", "To :x", "\tfold", " ", "X-Y:", "no field", "A:b:c", "\x00", "a\rb:"]
)


@given(st.lists(_LINES, max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_quick_and_slow_reading_of_a_block_agree(lines: list[str], end: str) -> None:
    block = "\n".join(lines).rstrip("\n")
    raw = (end.join(block.split("\n")) + end * 2 + "body").encode("ascii", "replace")
    block = block.encode("ascii", "replace").decode("ascii")
    quick = read_head(raw, 0, len(raw))
    if block:
        assert quick == _read_odd_head(raw, 0, block, raw.index((end * 2).encode()) + 2 * len(end))
