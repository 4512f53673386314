"""Tests that the language is guessed among the site's languages only, and not at all without words."""

import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproc.message.commonwords import LETTERS, NEIGHBOURS, SIGN_OF, WORDS
from mailproc.message.language import detect, find_by_words
from mailproc.message.languagemodel import DEPTH, load

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


def test_nothing_is_said_when_the_letters_are_of_no_language_of_the_site() -> None:
    assert detect("Принтер печатает только пустые страницы, помогите", SHIPPED) == ("", 0.0)
    assert detect("Принтер печатает только пустые страницы, помогите", ("en", "ru"))[0] == "ru"


def test_answer_stays_inside_the_list_when_the_language_is_another() -> None:
    assert detect("Bestillingen er ikke kommet frem, og jeg venter", ("en", "nl"))[0] in ("en", "nl")


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


SENTENCES = (
    ("en", "The printer that I received from you yesterday does not work any more, can you please help me with this?"),
    ("en", "Since the update we cannot see our invoices. When would they be there again? Thanks for your help."),
    ("de", "Die Rechnung, die ich gestern erhalten habe, ist leider nicht richtig. Könnten Sie mir bitte helfen?"),
    ("de", "Seit dem Update können wir uns nicht mehr anmelden, aber das Passwort wurde nicht geändert. Vielen Dank."),
    ("es", "El pedido que hice ayer todavía no ha llegado. ¿Pueden decirme por favor cuándo está listo? Gracias"),
    ("fr", "Je n'ai pas reçu la commande et vous avez compté la facture deux fois. Pourriez-vous vérifier pour nous ?"),
    ("it", "Non ho ancora ricevuto la fattura della settimana scorsa, potete inviarla anche a questo indirizzo?"),
    ("no", "Jeg har ikke fått svar på det siste brevet, og nå virker skriveren ikke igjen. Kan dere hjelpe meg?"),
    ("pl", "Nie mogę się zalogować od wczoraj, proszę o pomoc. Czy moje zamówienie jest już gotowe?"),
    ("", "Ik heb de bestelling van vorige week nog steeds niet ontvangen, kunt u mij zeggen waar deze nu is?"),
    ("", "Jag har inte fått min order ännu och undrar när den kommer, kan ni hjälpa mig med detta?"),
    ("", "先週注文した商品がまだ届いていません。ご確認をお願いいたします。"),
    ("", "Принтер печатает только пустые страницы, помогите пожалуйста"),
    ("", "ACME P40 X200 SN 4711-0815 REV B2"),
)


@pytest.mark.parametrize(("expected", "text"), SENTENCES)
def test_small_words_say_what_the_model_says_or_nothing(expected: str, text: str) -> None:
    found = find_by_words(text, SHIPPED)
    if expected:
        assert found == expected == load(SHIPPED).weigh(text)[0]
    else:
        assert found in ("", load(SHIPPED).weigh(text)[0])


def test_small_words_say_nothing_when_two_languages_are_mixed() -> None:
    assert find_by_words(f"{SENTENCES[0][1][:90]} {SENTENCES[2][1][:90]}", SHIPPED) == ""


def test_small_words_say_nothing_when_the_site_has_not_their_language_or_one_they_do_not_know() -> None:
    assert find_by_words(SENTENCES[0][1], ("de", "fr")) == ""
    assert find_by_words(SENTENCES[7][1], ("no", "da")) == ""


def test_each_small_word_stands_in_one_list() -> None:
    words = [word for text in (*WORDS.values(), *NEIGHBOURS.values()) for word in text.split()]
    assert sorted(words) == sorted(set(words))
    assert set(WORDS) == set(SHIPPED)


def test_each_sign_is_a_letter_of_its_language() -> None:
    assert set(LETTERS) == {*WORDS, *NEIGHBOURS}
    for letter, language in SIGN_OF.items():
        assert letter in LETTERS[language]
    for language in SHIPPED:
        for word in WORDS[language].split():
            assert {letter for letter in word if not letter.isascii()} <= set(LETTERS[language]), word


@pytest.mark.parametrize("languages", [SHIPPED, ("en", "de"), ("sr", "ru", "hr")])
@settings(max_examples=25, deadline=None)
@given(text=st.text(max_size=300) | st.lists(st.sampled_from(SENTENCES)).map(lambda some: " ".join(t for _, t in some)))
def test_long_texts_are_scored_as_the_library_scores_them(languages: tuple[str, ...], text: str) -> None:
    model = load(languages)
    data = model._identifier._encode(text + "A printer.")
    assert np.allclose(model.score_long(data), model._identifier._raw_score(data), rtol=1e-4, atol=1e-2)


def test_long_and_short_way_agree_on_the_share() -> None:
    text = " ".join(text for _, text in SENTENCES[9:12]) * 4
    model = load(("sr", "hr", "en"))
    ranked = dict(model._identifier.rank(text))
    language, share = model.weigh(text)
    weights = {name: sum(ranked[code] for code in ranked if model.names[code] == name) for name in ("sr", "hr", "en")}
    assert language == max(weights, key=weights.__getitem__)
    assert share == pytest.approx(weights[language], abs=1e-3)


def test_automaton_of_the_model_is_as_deep_as_we_say() -> None:
    model = load(("en", "de"))
    seen, states, depth = {0}, np.zeros(1, dtype=np.int64), 0
    while len(states):
        following = np.unique(model._next[model._rows[states][:, None] + np.arange(256)])
        states = np.array([state for state in following.tolist() if state not in seen], dtype=np.int64)
        seen.update(states.tolist())
        depth += len(states) > 0
    assert depth == DEPTH
    assert model._next[0] == 0  # zeros lead nowhere


def test_model_is_not_loaded_where_small_words_are_enough() -> None:
    code = (
        "import sys\nfrom mailproc.message.language import detect\n"
        "for text, language in (('Danke!', 'de'), ('Still broken', 'en'), ('Takk', 'no'), ('Nadal nie działa', 'pl'),\n"
        "        ('Seit gestern druckt mein Drucker nicht mehr.', 'de')):\n"
        f"    assert detect(text, {SHIPPED!r})[0] == language\n"
        "assert 'py3langid' not in sys.modules and 'numpy' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("unit", ["a", "@", "x@", "'", '"a', "„", "www.", "ł", "the ", "ü ", "先", "¿", "- "])
def test_t58_no_text_takes_long(unit: str) -> None:
    load(SHIPPED)
    for length in (1_500, 3_000_000):
        started = time.process_time()
        detect(unit * (length // len(unit)), SHIPPED)
        assert time.process_time() - started < 1
