"""Dates, counts and sizes as readers of seven languages write them."""

import pytest

from mailproc.render import VARIABLES, Renderer, build_context
from mailproc.render.localising import format_count, format_day, format_moment, format_number, format_size

MOMENT = "2026-11-01T17:05:00+00:00"
WRITTEN = {
    "en": ("1 November 2026", " at 18:05", "12,345", "23 MB"),
    "de": ("1. November 2026", " um 18:05 Uhr", "12.345", "23 MB"),
    "es": ("1 de noviembre de 2026", " a las 18:05", "12.345", "23 MB"),
    "fr": ("1er novembre 2026", " à 18:05", "12 345", "23 Mo"),
    "it": ("1º novembre 2026", " alle ore 18:05", "12.345", "23 MB"),
    "no": ("1. november 2026", " kl. 18:05", "12 345", "23 MB"),
    "pl": ("1 listopada 2026", " o godz. 18:05", "12 345", "23 MB"),
}
STOCK = Renderer(None)


@pytest.mark.parametrize("language", WRITTEN)
def test_moment_number_and_size_when_written(language: str) -> None:
    day, time, number, size = WRITTEN[language]
    assert format_moment(MOMENT, language, "Europe/Berlin") == day + time
    assert format_day(MOMENT, language, "Europe/Berlin") == day
    assert " ".join(format_number(12345, language).split()) == number
    assert " ".join(format_size(23_000_000, language).split()) == size


@pytest.mark.parametrize("value", ["", "tomorrow", "2026-11-1", "20261101", "2026-11-01T17:05:00",
                                   "2026-13-01T17:05:00+00:00", "x" * 500, "3 November 2026, 17:00"])  # fmt: skip
def test_text_that_is_no_moment_stays(value: str) -> None:
    assert format_moment(value, "de") == format_day(value, "de") == value


@pytest.mark.parametrize(
    ("zone", "clock"), [("UTC", "17:05"), ("America/New_York", "12:05"), ("No/Where", "17:05"), ("", "17:05")]
)
def test_moment_in_the_sites_zone(zone: str, clock: str) -> None:
    assert format_moment(MOMENT, "en", zone).endswith(clock)


def test_moment_in_a_language_that_nobody_knows() -> None:
    assert format_moment(MOMENT, "tlh") == "1 November 2026 at 17:05"
    assert format_moment(MOMENT, "../etc") == "1 November 2026 at 17:05"
    assert "2026" in format_moment(MOMENT, "pt-br")
    assert format_moment(MOMENT, "sv") == "1 november 2026, 17:05"  # a language without templates of ours


def test_day_without_a_time() -> None:
    assert format_day("2026-11-16", "de", "America/New_York") == "16. November 2026"
    assert format_moment("2026-11-16", "de") == "2026-11-16"
    assert "zurück am 16. November 2026" in STOCK.render("forward", "de", VARIABLES["forward"]).text


@pytest.mark.parametrize(("hour", "words"), [("01", "a la 1:05"), ("02", "a las 2:05"), ("13", "a las 13:05")])
def test_spanish_hours(hour: str, words: str) -> None:
    assert format_moment(f"2026-11-11T{hour}:05:00+00:00", "es") == f"11 de noviembre de 2026 {words}"


DAYS = {"one": "# dzień", "few": "# dni (few)", "many": "# dni (many)", "other": "# dnia"}


@pytest.mark.parametrize(
    ("count", "form"),
    [
        (0, "many"),
        (1, "dzień"),
        (2, "few"),
        (4, "few"),
        (5, "many"),
        (12, "many"),
        (21, "many"),
        (22, "few"),
        (112, "many"),
    ],
)
def test_polish_count(count: int, form: str) -> None:
    assert form in format_count(count, "pl", DAYS)


def test_count_when_a_form_is_not_given() -> None:
    assert format_count(5, "pl", {"one": "#", "other": "# x"}) == "5 x"
    assert format_count(2, "ja", {"one": "# y"}) == "2 y"
    with pytest.raises(TypeError, match="counted"):
        format_count(1, "en", {})


@pytest.mark.parametrize("language", WRITTEN)
@pytest.mark.parametrize("days", [1, 2, 5, 22])
def test_days_in_the_closing_mail(language: str, days: int) -> None:
    text = STOCK.render("closed", language, {**VARIABLES["closed"], "waiting_days": days}).text
    word = {"en": ("day", "days"), "de": ("Tag", "Tagen"), "es": ("día", "días"), "fr": ("jour", "jours"),
            "it": ("giorno", "giorni"), "no": ("dag", "dager"), "pl": ("dnia", "dni")}[language]  # fmt: skip
    assert f"{days} {word[days != 1]}" in " ".join(text.split())


@pytest.mark.parametrize(("count", "words"), [
    (1, "1 wiadomość została wstrzymana jako prawdopodobny spam i czeka na decyzję"),
    (3, "3 wiadomości zostały wstrzymane jako prawdopodobny spam i czekają na decyzję"),
    (5, "5 wiadomości zostało wstrzymanych jako prawdopodobny spam i czeka na decyzję"),
])  # fmt: skip
def test_polish_verbs_go_with_the_count(count: int, words: str) -> None:
    text = STOCK.render("held", "pl", {**VARIABLES["held"], "count": count}).text
    assert words in " ".join(text.split())


def test_dates_in_a_mail_have_the_language_of_its_words() -> None:
    text = STOCK.render("forward", "sv", VARIABLES["forward"], "Europe/Berlin").text  # there is no Swedish one
    assert "3 November 2026 at 18:00" in text
    history = STOCK.render("answer", "pl", VARIABLES["answer"], "Europe/Warsaw").text
    assert "2 listopada 2026 o godz. 10:12" in history


def test_context_from_flat_text_with_counts() -> None:
    context = build_context("status", (("age_days", "3"), ("opened_at", MOMENT), ("state", "open")))
    assert context["age_days"] == 3
    assert build_context("status", (("age_days", "many"),))["age_days"] == 0
    assert build_context("status", ())["age_days"] == 0
