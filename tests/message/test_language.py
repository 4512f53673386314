"""Tests that the language is guessed among the site's languages only, and not at all without words."""

import subprocess
import sys

import pytest

from mailproc.message.language import detect

SHIPPED = ("en", "de", "es", "fr", "it", "no", "pl")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("My printer prints only blank pages since yesterday. Can you please help me?", "en"),
        ("Seit gestern druckt mein Drucker nur noch leere Seiten. Können Sie mir helfen?", "de"),
        ("Desde ayer mi impresora solo imprime páginas en blanco. ¿Me pueden ayudar?", "es"),
        ("Depuis hier mon imprimante ne sort que des pages blanches. Pouvez-vous m'aider ?", "fr"),
        ("Da ieri la mia stampante stampa solo pagine bianche. Potete aiutarmi?", "it"),
        ("Siden i går skriver skriveren min bare ut blanke sider. Kan dere hjelpe meg?", "no"),
        ("Skrivaren min skriv berre ut blanke sider sidan i går. Kan de hjelpe meg med dette?", "no"),
        ("Od wczoraj moja drukarka drukuje tylko puste strony. Czy mogą mi Państwo pomóc?", "pl"),
    ],
)
def test_language_is_found_among_the_shipped_ones(text: str, language: str) -> None:
    found, confidence = detect(text, SHIPPED)
    assert found == language
    assert 0.8 < confidence <= 1.0


@pytest.mark.parametrize(
    "text", ["", "   ", "42", "ok", "12345 67890 --- !!!", "Hi Jo 42", "👍👍👍👍👍👍👍👍👍👍👍👍👍👍"]
)
def test_nothing_is_said_when_there_are_hardly_any_letters(text: str) -> None:
    assert detect(text, SHIPPED) == ("", 0.0)


def test_answer_stays_inside_the_list_when_the_language_is_another() -> None:
    assert detect("Принтер печатает только пустые страницы, помогите", SHIPPED)[0] in SHIPPED


def test_code_that_the_model_does_not_know_is_left_out() -> None:
    assert detect("My printer prints only blank pages since yesterday.", ("en", "tlh"))[0] == "en"


def test_nothing_is_said_when_no_language_is_asked_for() -> None:
    assert detect("My printer prints only blank pages since yesterday.", ()) == ("", 0.0)


def test_later_words_count_when_the_first_ones_say_little() -> None:
    serials = "ACME P40 X200 SN 4711-0815 " * 12
    text = f"{serials}Seit gestern druckt mein Drucker nur noch leere Seiten, bitte helfen Sie mir."
    assert detect(text, SHIPPED)[0] == "de"


@pytest.mark.parametrize(
    "text", ["\ud800\udfff bad surrogates here", "a" * 100_000, "\x00" * 50 + "letters and letters"]
)
def test_odd_text_is_no_problem(text: str) -> None:
    assert detect(text, SHIPPED)[0] in ("", *SHIPPED)


def test_model_is_not_loaded_when_the_site_has_one_language() -> None:
    code = (
        "import sys\nfrom mailproc.message.language import detect\n"
        "assert detect('Seit gestern druckt er nicht mehr.', ('de',)) == ('de', 1.0)\n"
        "assert 'py3langid' not in sys.modules and 'numpy' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
