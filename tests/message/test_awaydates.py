"""Tests that the day of return is read from absence notes, and only where it is named for sure."""

import time
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproc.message.awaydates import find_return
from mailproc.message.awaywords import MONTHS, WEEKDAYS

WRITTEN = date(2026, 5, 5)  # a Tuesday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I am out of the office until Tuesday 12 May.", date(2026, 5, 12)),
        ("I am out of the office until Monday, May 11th.", date(2026, 5, 11)),
        ("I'll be back on 2026-11-30.", date(2026, 11, 30)),
        ("I will be out of the office starting 05/01/2026 and will not return until 05/26/2026.", date(2026, 5, 26)),
        ("I am away from 1 May to 12 May 2026 with limited access to e-mail.", date(2026, 5, 12)),
        ("I will return on June 3, 2026", date(2026, 6, 3)),
        ("Back in the office on the 21st of May", date(2026, 5, 21)),
        ("I am on leave through 15 May", date(2026, 5, 16)),
        ("I'm out until Thursday.", date(2026, 5, 7)),
        ("Returning to the office tomorrow", date(2026, 5, 6)),
        ("Ich bin bis einschließlich 30.11. nicht im Büro.", date(2026, 12, 1)),
        ("Ich bin bis zum 12.05.2026 im Urlaub.", date(2026, 5, 12)),
        ("Vom 1. bis 12. Mai bin ich nicht erreichbar.", date(2026, 5, 12)),
        ("Ich bin vom 01.05. bis 10.05. abwesend und ab dem 11.05. wieder erreichbar.", date(2026, 5, 11)),
        ("Am Montag, den 11. Mai 2026 bin ich wieder für Sie da.", date(2026, 5, 11)),
        ("Ich bin wieder im Büro ab 18.5.26", date(2026, 5, 18)),
        ("Ich bin ab Montag wieder im Büro", date(2026, 5, 11)),
        ("Je suis absent, de retour le 3 janvier.", date(2027, 1, 3)),
        ("Absente du bureau jusqu'au 15 mai inclus.", date(2026, 5, 16)),
        ("Je suis en congés du 1er au 18 mai 2026.", date(2026, 5, 18)),
        ("Je serai de retour au bureau le lundi 11/05/2026", date(2026, 5, 11)),
        ("Estaré fuera de la oficina hasta el 20 de mayo.", date(2026, 5, 20)),
        ("Vuelvo a la oficina el lunes 11 de mayo de 2026", date(2026, 5, 11)),
        ("Sono in ferie fino al 22 maggio compreso", date(2026, 5, 23)),
        ("Rientrerò in ufficio il 25/05/2026.", date(2026, 5, 25)),
        ("Estou de férias até 15 de maio. Regresso a 18 de maio.", date(2026, 5, 18)),
        ("Ik ben afwezig t/m 15 mei", date(2026, 5, 16)),
        ("Op maandag 18 mei ben ik terug op kantoor op 18 mei", date(2026, 5, 18)),
        ("Jeg er på ferie til og med 15. mai", date(2026, 5, 16)),
        ("Jeg er tilbake på kontoret mandag 18. mai.", date(2026, 5, 18)),
        ("Jag är tillbaka den 18 maj", date(2026, 5, 18)),
        ("Jeg er tilbage igen den 18. maj", date(2026, 5, 18)),
        ("Jestem na urlopie, wracam 5 czerwca.", date(2026, 6, 5)),
        ("Wracam 5 maja", date(2026, 5, 5)),
        ("Przebywam na urlopie do 15 maja włącznie", date(2026, 5, 16)),
        ("Będę dostępna od 18.05.2026", date(2026, 5, 18)),
        ("Palaan 18.5.2026", date(2026, 5, 18)),
        ("Budu zpět 18. května 2026", date(2026, 5, 18)),
        ("Вернусь 18 мая", date(2026, 5, 18)),
        ("Away until 12 May / abwesend bis 12. Mai", date(2026, 5, 12)),
    ],
)
def test_day_of_return_is_read(text: str, expected: date) -> None:
    assert find_return("Automatic reply: Case", text, WRITTEN) == expected


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("AUTO: Jane Doe is out of the office (returning 26/05/2026)", date(2026, 5, 26)),
        ("Abwesend bis 12.05.", date(2026, 5, 12)),
        ("Out of office until May 12", date(2026, 5, 12)),
    ],
)
def test_day_of_return_is_read_from_the_subject(subject: str, expected: date) -> None:
    assert find_return(subject, "", WRITTEN) == expected


@pytest.mark.parametrize(
    "text",
    [
        "I am out of the office.",
        "I will be back next week.",
        "I am out until further notice.",
        "Back on 06/07/2026",  # June or July
        "I was away until 2 May",  # behind us
        "I was away until 2 May 2025",
        "Back on Monday 12 May",  # a Tuesday
        "Until 12 May ask Bob, until 18 May ask Ann",
        "Back on 31 February",
        "Ich bin bis auf Weiteres nicht da",
        "Call me on 12 May",
        "Order 12.05.2026 arrived",
        "open from 9 to 17",
        "until 17:30",
        "bis 17.30 Uhr",
        "back to back on 5-12",
        "",
    ],
)
def test_nothing_is_said_when_it_is_not_sure(text: str) -> None:
    assert find_return("Automatic reply", text, WRITTEN) is None


def test_without_a_date_of_its_own_a_note_needs_a_year() -> None:
    assert find_return("", "Back on 12 May 2026", None) == date(2026, 5, 12)
    assert find_return("", "Back on 12 May", None) is None
    assert find_return("", "Back on Monday", None) is None
    assert find_return("", "Back on Monday", date.max) is None


def test_each_name_is_of_one_month_or_weekday() -> None:
    assert set(MONTHS.values()) == set(range(1, 13))
    assert set(WEEKDAYS.values()) == set(range(7))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from("until |back on |bis |12|31|.|/|may|monday|2026| |,|ab |wieder|99".split("|"))
        | st.text(max_size=5),
        max_size=20,
    ),
    st.none() | st.dates(),
)
def test_any_text_gets_an_answer(pieces: list[str], written: date | None) -> None:
    found = find_return("", "".join(pieces), written)
    assert found is None or written is None or found >= written


@pytest.mark.parametrize(
    "unit",
    ["until ", "from 1 ", "du 1 ", "bis zum ", "the ", "1/", "1.", "back on monday ", "ab 1.1. ", "a", "montag "],
)
def test_t58_time_stays_flat_when_a_note_is_long(unit: str) -> None:
    for length in (5_000, 1_000_000):
        started = time.process_time()
        find_return(unit * 50, unit * (length // len(unit)), WRITTEN)
        assert time.process_time() - started < 0.5
