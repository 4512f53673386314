"""Tests of IMAP on the wire: sets, and what counts as a whole answer."""

import imaplib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailproc.intake.imapwire import Listed, Refused, Wire, parse_set, write_set


class Answers:
    """Stands where imapclient keeps its connection: what came, as imaplib splits it."""

    def __init__(self, *parts: Any) -> None:
        self._imap = self
        self.untagged_responses: dict[str, list[Any]] = {"FETCH": list(parts)}
        self.debug = 0
        self.answer = ("OK", [b"done"])

    def read(self, size: int) -> bytes:
        return b"x" * min(size, 5)

    def readline(self) -> bytes:
        return b"* 1 EXISTS\r\n"

    def _command(self, *_: str) -> bytes:
        return b"A1"

    def _command_complete(self, *_: object) -> Any:
        return self.answer


def fetch(*parts: Any) -> Wire:
    wire = Wire(Answers(*parts), 1000)
    wire.run("FETCH", "1:9", "(UID BODY.PEEK[])")
    return wire


@given(st.sets(st.integers(1, 300)))
def test_a_set_is_what_was_written(uids: set[int]) -> None:
    text = write_set(sorted(uids))
    assert [uid for found in parse_set(text) for uid in found] == sorted(uids)


@pytest.mark.parametrize("text", ["", "x", "1:*", "1,,2", "1:2:3", "-1", "99999999999"])
def test_what_is_no_set_names_nothing(text: str) -> None:
    assert list(parse_set(text)) == []


@pytest.mark.parametrize(
    ("parts", "bodies"),
    [
        ([(b"1 (UID 5 BODY[] {3}", b"abc"), b")"], {5: b"abc"}),
        ([(b"1 (BODY[] {3}", b"abc"), b" UID 5)"], {5: b"abc"}),
        ([(b"1 (UID 5 BODY[] {4}", b"abc"), b")"], {5: None}),
        ([b'1 (UID 5 BODY[] "a\\"b\\\\")'], {5: b'a"b\\'}),
        ([b'1 (UID 5 BODY[] "")'], {5: b""}),
        ([b"1 (UID 5 BODY[] NIL)"], {5: None}),
        ([b"1 (UID 5 FLAGS (\\Seen))"], {}),
        ([(b"1 (BODY[] {3}", b"abc"), b")"], {}),  # whose?
        ([(b"1 (UID 5 BODY[] {9}", b"1 (UID 6 "), b" FLAGS ())"], {5: b"1 (UID 6 "}),
        ([(b"1 (UID 5 BODY[] {3}", b"abc"), b")", (b"1 (UID 6 BODY[] {3}", b"def"), b")"], {5: b"abc", 6: b"def"}),
        ([None], {}),
    ],
)
def test_bytes_belong_to_the_uid_they_came_with(parts: list[Any], bodies: dict[int, bytes | None]) -> None:
    assert fetch(*parts).take_bodies(range(1, 10)) == bodies


def test_sizes_and_dates_are_read() -> None:
    wire = fetch(b'1 (UID 5 RFC822.SIZE 77 INTERNALDATE "17-Nov-2026 10:00:00 +0200")', b"2 (RFC822.SIZE 9 UID 6)",
                 b'3 (UID 7 RFC822.SIZE 9 INTERNALDATE "rubbish")')  # fmt: skip
    listed = wire.take_listed()
    assert listed[5].size == 77 and str(listed[5].stored_at) == "2026-11-17 08:00:00+00:00"
    assert listed[6] == listed[7] == Listed(9, None)


def test_f16_a_short_or_huge_literal_ends_the_connection() -> None:
    answers = Answers()
    Wire(answers, 1000)
    assert answers.read(5) == b"xxxxx"
    for size in (6, 1001):
        with pytest.raises(Exception, match="cut|more than"):
            answers.read(size)


def test_f16_an_answer_without_end_ends_the_connection_before_memory_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailproc.intake.imapwire._SPARE_BYTES", 1000)
    answers = Answers()
    wire = Wire(answers, 1000)  # 3000 bytes may be unfinished, and a line counts for 512
    for _ in range(5):
        answers.readline()
    wire.run("FETCH", "1", "(UID)")
    for _ in range(5):
        answers.readline()
    with pytest.raises(imaplib.IMAP4.abort, match="does not end"):
        answers.readline()


def test_bytes_nobody_asked_for_are_not_kept_but_those_of_the_next_batch_are() -> None:
    answers = Answers((b"1 (UID 5 BODY[] {3}", b"abc"), b")", (b"2 (UID 6 BODY[] {3}", b"def"), b")",
                      (b"3 (UID 7 BODY[] {3}", b"ghi"), b")")  # fmt: skip
    wire = Wire(answers, 1000)
    first, second = (wire.send("FETCH", uid, "(UID BODY.PEEK[])") for uid in "56")
    wire.finish(first)
    assert wire.take_bodies([5]) == {5: b"abc"}
    wire.finish(second)
    assert wire.take_bodies([6]) == {6: b"def"}
    assert wire.take_bodies([7]) == {}


def test_what_came_with_a_no_does_not_count() -> None:
    answers = Answers((b"1 (UID 5 BODY[] {3}", b"abc"), b")")
    answers.answer = ("NO", [b"[OVERQUOTA] full"])
    wire = Wire(answers, 1000)
    with pytest.raises(Refused) as caught:
        wire.run("FETCH", "5", "(UID BODY.PEEK[])")
    assert caught.value.code == "OVERQUOTA"
    answers.answer = ("OK", [b"done"])
    wire.run("FETCH", "5", "(UID BODY.PEEK[])")
    assert wire.take_bodies([5]) == {}


@pytest.mark.parametrize("word", ["1\r\nA2 LOGOUT", "ü", "\0"])
def test_t49c_no_word_can_end_a_command(word: str) -> None:
    with pytest.raises(ValueError, match="not fit"):
        Wire(Answers(), 1000).send("FETCH", word)


def test_found_uids_come_from_both_kinds_of_search() -> None:
    answers = Answers()
    wire = Wire(answers, 1000)
    answers.untagged_responses = {"ESEARCH": [b'(TAG "A5") UID ALL 1:3,9'], "SEARCH": [b"11 12", b""]}
    assert [uid for found in wire.take_found() for uid in found] == [1, 2, 3, 9, 11, 12]
