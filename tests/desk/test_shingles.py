"""What counts as a piece of a note."""

import pytest

from mailproc.desk.mails.shingles import repeats_a_note, shingles

LONG = "Careful with this customer: twice already they sent goods back damaged and asked for the whole sum."
JAPANESE = "この顧客は以前にも二回クレームを出しており、返金には必ず課長の承認が必要です。"


@pytest.mark.parametrize(
    ("text", "note", "repeats"),
    [
        ("As noted: CAREFUL, with this customer; twice already they\n> sent goods.", LONG, True),
        ("Careful with this customer, they complained.", LONG, False),
        ("twice already\nthey sent\ngoods back\ndamaged", LONG, False),  # seven words
        ("twice already they sent goods back damaged and", LONG, True),
        ("ご連絡ありがとう。この顧客は以前にも二回クレームを出しており、よろしく。", JAPANESE, True),
        ("ご連絡ありがとうございます。返金の手続きを始めました。", JAPANESE, False),
        ("We do not refund more than this.", "do not refund more than", True),  # five words are the whole note
        ("We do not refund more.", "Do not refund!", False),
        ("", LONG, False),
        (LONG, "", False),
    ],
)
def test_a_piece_of_a_note_is_found(text: str, note: str, repeats: bool) -> None:
    assert repeats_a_note(text, (note,), set) is repeats


def test_what_customers_have_read_anyway_is_no_secret() -> None:
    assert not repeats_a_note(LONG, (LONG,), lambda: set(shingles(LONG)))
    words = "please restart the old red router at home now"
    assert not repeats_a_note(words, ("restart the old red router",), lambda: set(shingles(words)))


def test_time_is_linear() -> None:
    text = "word " * 60_000
    assert not repeats_a_note(text, ("other words that are in no way in this text at all",) * 300, set)
