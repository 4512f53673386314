"""The DATA reader: any bytes in any pieces."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproc.intake.smtpdata import BareNewlines, DataReader, Fault


def read(
    wire: bytes, *, piece: int = 10_000, size: int = 10_000, line: int = 1_000, mode: str = "refuse"
) -> DataReader:
    reader = DataReader(size, line, BareNewlines(mode))
    for start in range(0, len(wire), piece):
        if reader.is_complete:
            reader.trailing = b"x"
            break
        reader.feed(wire[start : start + piece])
    return reader


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 10_000])
@pytest.mark.parametrize(
    ("wire", "mail"),
    [
        (b".\r\n", b""),
        (b"\r\n.\r\n", b"\r\n"),
        (b"a\r\n.\r\n", b"a\r\n"),
        (b"..\r\n.\r\n", b".\r\n"),
        (b"...a\r\n.\r\n", b"..a\r\n"),
        (b".a\r\n.\r\n", b"a\r\n"),
        (b"a\r\n..\r\n..b\r\n\r\n.\r\n", b"a\r\n.\r\n.b\r\n\r\n"),
        (b"a\0b\xff\r\n.\r\n", b"a\0b\xff\r\n"),
        (b"\xe2\x80\xa8.\xe2\x80\xa8\r\n.\r\n", b"\xe2\x80\xa8.\xe2\x80\xa8\r\n"),
    ],
)
def test_mail_is_exact_when_dots_are_removed(wire: bytes, mail: bytes, piece: int) -> None:
    reader = read(wire, piece=piece)
    assert (reader.is_complete, reader.fault, reader.trailing) == (True, None, b"")
    assert reader.received == len(wire)
    assert reader.mail() == mail


@pytest.mark.parametrize("piece", [1, 2, 3, 10_000])
@pytest.mark.parametrize(
    ("body", "normalised"),
    [
        (b"a\nb\r\n", b"a\r\nb\r\n"),
        (b"a\rb\r\n", b"a b\r\n"),
        (b"a\r\r\n", b"a \r\n"),
        (b"a\n\r\n", b"a\r\n\r\n"),
        (b"\nb\r\n", b"\r\nb\r\n"),
        (b"a\r", b"a \r\n"),
    ],
)
def test_bare_newline_is_refused_or_normalised_as_asked(body: bytes, normalised: bytes, piece: int) -> None:
    wire = body + (b"" if body.endswith(b"\r\n") else b"\r\n") + b".\r\n"
    assert read(wire, piece=piece).fault is Fault.BARE_NEWLINE
    kept = read(wire, piece=piece, mode="normalise")
    assert (kept.is_complete, kept.fault, kept.mail()) == (True, None, normalised)


@pytest.mark.parametrize("piece", [1, 7, 10_000])
@pytest.mark.parametrize(("length", "fault"), [(98, None), (99, Fault.LONG_LINE), (500, Fault.LONG_LINE)])
def test_line_is_refused_when_longer_than_the_limit(length: int, fault: Fault | None, piece: int) -> None:
    wire = b"short\r\n" * 30 + b"x" * length + b"\r\nshort\r\n.\r\n"
    assert read(wire, piece=piece, line=100).fault is fault


@pytest.mark.parametrize("piece", [1, 3, 64, 10_000])
@pytest.mark.parametrize(("size", "fault"), [(999, None), (1000, None), (1001, Fault.TOO_BIG), (3000, Fault.TOO_BIG)])
def test_mail_is_refused_when_bigger_than_the_limit(size: int, fault: Fault | None, piece: int) -> None:
    wire = b"x" * (size - 2) + b"\r\n.\r\n"
    reader = read(wire, piece=piece, size=1000, line=5000)
    assert (reader.is_complete, reader.fault) == (True, fault)


def test_transparency_dots_do_not_count_when_the_size_is_judged() -> None:
    wire = b"..\r\n" * 100 + b".\r\n"
    reader = read(wire, size=300)
    assert (reader.fault, len(reader.mail())) == (None, 300)


def test_t57_memory_stays_small_when_the_mail_is_too_big() -> None:
    reader = DataReader(10_000, 1_000)
    for _ in range(1_000):
        reader.feed(b"x" * 70 + b"\r\n")
        assert reader.held_bytes <= 10_000 + 100
    assert reader.fault is Fault.TOO_BIG
    assert reader.held_bytes < 10
    assert not reader.is_hopeless
    reader.feed(b"x" * 2_000_000)
    assert reader.is_hopeless
    reader.feed(b"\r\n.\r\n")
    assert reader.is_complete


def test_trailing_bytes_are_seen_when_the_client_did_not_wait() -> None:
    reader = read(b"a\r\n.\r\nQUIT\r\n")
    assert (reader.is_complete, reader.trailing, reader.mail()) == (True, b"QUIT\r\n", b"a\r\n")


def reference(wire: bytes, size: int, line: int) -> tuple[Fault | None, bytes]:
    """The same by the letter of RFC 5321, line by line and slowly."""
    end = (b"\r\n" + wire).index(b"\r\n.\r\n")
    body = wire[:end]
    lines = body.split(b"\r\n")
    if any(b"\r" in one or b"\n" in one for one in lines):
        return Fault.BARE_NEWLINE, b""
    if any(len(one) + 2 > line for one in lines[:-1]):
        return Fault.LONG_LINE, b""
    mail = b"\r\n".join(one[1:] if one.startswith(b".") else one for one in lines)
    return (Fault.TOO_BIG, b"") if len(mail) > size else (None, mail)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from([b"\r\n", b"\r\n", b".", b"\r", b"\n", b"a", b"bcd", b"\0", b"x" * 19]), max_size=30),
    st.integers(1, 9),
)
def test_reader_agrees_with_the_letter_of_the_rfc_whatever_the_bytes(words: list[bytes], piece: int) -> None:
    wire = b"".join(words) + b"\r\n.\r\n"
    wire = wire[: (b"\r\n" + wire).index(b"\r\n.\r\n") + 3]
    fault, mail = reference(wire, 150, 20)
    reader = read(wire, piece=piece, size=150, line=20)
    assert reader.is_complete
    if fault is None:
        assert (reader.fault, reader.mail()) == (None, mail)
    else:
        assert reader.fault is not None
