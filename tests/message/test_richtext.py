"""text/enriched, text/richtext and RTF as plain text."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproc.message.parse import parse
from mailproc.message.richtext import read_enriched, read_rtf


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        (
            "<bold>Hi</bold> there\nsame line\n\nnext line\n\n\nnext paragraph",
            "Hi there same line\nnext line\n\nnext paragraph",
        ),
        ("a <<b> c", "a <b> c"),
        ("<color><param>red</param>warm</color>", "warm"),
        ("<nofill>a\nb\n\nc</nofill>\nd", "a\nb\n\nc d"),
        ("5 < 6 and <b", "5 < 6 and <b"),
        ("</param>x</nofill>", "x"),
    ],
)
def test_enriched_text_as_lines(markup: str, text: str) -> None:
    assert read_enriched(markup) == text


def test_richtext_of_the_first_mime_standard() -> None:
    assert read_enriched("one\nline<nl><bold>two</bold><comment>no</comment> <lt>x", is_old=True) == "one line\ntwo <x"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (rb"\f0\fs20 Gr\'fc\'dfe\par next\tab x\line y", "Grüße\nnext\tx\ny"),
        (rb"\u8364?5 and \u-10179?\u-8704?", "€5 and 😀"),
        (rb"\uc2\u252xxb {\*\hidden no} {\b bold}", "üb  bold"),
        (rb"{\info{\title no}}a\{b\}\\c\~d", "a{b}\\c d"),
        (rb"{\pict 0102ab}x {\field{\*\fldinst HYPERLINK}{\fldrslt link}}", "x link"),
        (b"a\r\nb\\\nc", "ab\nc"),
    ],
)
def test_rtf_as_lines(words: bytes, text: str) -> None:
    assert read_rtf(rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}" + words + b"}") == text


def test_the_code_page_of_rtf_counts() -> None:
    assert read_rtf(rb"{\rtf1\ansicpg1250 za\'bf\'f3\'b3\'e6}") == "zażółć"


def test_rtf_stands_in_for_a_text_that_is_missing_and_stays_a_file() -> None:
    rtf = b"{\\rtf1\\ansi The printer is broken.\\par}"
    inbound = parse(b"From: a@b.test\nSubject: x\nContent-Type: text/rtf\n\n" + rtf)
    assert inbound.text == "The printer is broken."
    assert [one.filename for one in inbound.attachments] == ["attachment-1.rtf"]


def test_markdown_is_text() -> None:
    inbound = parse(b"From: a@b.test\nSubject: x\nContent-Type: text/markdown; charset=utf-8\n\n# Hi\n\n*there*\n")
    assert (inbound.text, inbound.attachments) == ("# Hi\n\n*there*", ())


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("<>/nlparmofi \n\\{}u'*0129é"), max_size=120))
def test_anything_is_read_without_an_exception(text: str) -> None:
    for found in (read_enriched(text), read_enriched(text, is_old=True), read_rtf(b"{\\rtf1" + text.encode())):
        assert len(found.encode()) <= 4 * len(text.encode()) + 1_000


@pytest.mark.parametrize(
    "unit", ["<", "<<", "<nofill>", "<b>\n\n", "{", "}", "\\", "\\u1 ", "\\'", "{\\*", "\\par", "\\u-10179?"]
)
def test_t54_marks_are_read_in_linear_time(unit: str) -> None:
    spent = []
    for size in (100_000, 200_000):
        text = unit * (size // len(unit))
        started = time.process_time()
        read_enriched(text)
        read_rtf(b"{\\rtf1" + text.encode())
        spent.append(time.process_time() - started)
    assert spent[1] < 1.0 + spent[0] * 3
