"""The words of seven languages: one skeleton, the quotes and blanks of each, buttons whose words we understand."""

import re

import pytest

from mailproc.message.intents import find_intent
from mailproc.records.mail import Intent
from mailproc.render import VARIABLES, Renderer
from mailproc.render.variables import TO_CUSTOMERS, sample_contexts
from mailproc.stock import templates_dir

LANGUAGES = ("de", "es", "fr", "it", "no", "pl")
MAILS = [(name, language) for name in VARIABLES for language in LANGUAGES]
STOCK = Renderer(None)
QUOTES = {"en": "“”", "de": "„“", "es": "«»", "fr": "«»", "it": "«»", "no": "«»", "pl": "„”"}
NUMBER = {"en": "case number", "de": "vorgangsnummer", "es": "número de caso", "fr": "numéro de dossier",
          "it": "numero della (?:sua )?pratica", "no": "saksnummer", "pl": "numer zgłoszenia"}  # fmt: skip


def skeleton(name: str, language: str) -> list[str]:
    """The conditions, loops, variables and marks of a template, without its words."""
    source = (templates_dir() / language / f"{name}.txt.j2").read_text("utf-8").partition("\n")[2]
    tags = re.findall(r"\{%.*?%\}|\{\{\s*\w+|^- |^!! |^---+$|\|quoted", source, re.MULTILINE)
    return sorted(set(tags) - {"{{ author_name", "{{ requester_name", "{{ writer_name", "{{ date", "{{ author"})


@pytest.mark.parametrize(("name", "language"), MAILS)
def test_mail_has_the_skeleton_of_the_english_one(name: str, language: str) -> None:
    assert skeleton(name, language) == skeleton(name, "en")


@pytest.mark.parametrize(("name", "language"), MAILS)
def test_mail_says_nothing_in_english(name: str, language: str) -> None:
    for context, english in zip(sample_contexts(name), sample_contexts(name), strict=True):
        words = {line.strip("* ") for line in STOCK.render(name, "en", english).text.splitlines() if len(line) > 25}
        values = "\n".join(str(value) for value in context.values())
        said = [line for line in STOCK.render(name, language, context).text.splitlines() if line in words]
        assert [line for line in said if line.strip("- >!") not in values.replace("\\n", "\n")] == []


@pytest.mark.parametrize("language", QUOTES)
def test_quotes_apostrophes_and_blanks_are_those_of_the_language(language: str) -> None:
    for path in sorted((templates_dir() / language).glob("*.txt.j2")) + [templates_dir() / language / "words.j2"]:
        words = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|^ *\".*?\":|\",$", "", path.read_text("utf-8"), flags=re.MULTILINE)
        words = re.sub(r'"', "", words) if path.name == "words.j2" else words
        assert '"' not in words and "'" not in words and " -- " not in words, path
        assert set(re.findall("[“”„«»‹›]", words)) <= set(QUOTES[language]), path
        if language == "fr":
            assert not re.search(r"(?<![\u00a0\u202f]):(?!//|\w)|(?<![\u00a0\u202f])[;?!»](?!!)|«(?!\u00a0)",
                                 re.sub(r"^!! |^Subject:", "", words, flags=re.MULTILINE)), path  # fmt: skip


@pytest.mark.parametrize("language", NUMBER)
def test_customers_read_one_word_for_the_case_number(language: str) -> None:
    for name in TO_CUSTOMERS - {"resolved", "merged"}:
        text = " ".join(STOCK.render(name, language, sample_contexts(name)[1]).text.lower().split())
        assert re.search(NUMBER[language], text), name


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_words_of_the_buttons_are_understood(language: str) -> None:
    source = (templates_dir() / language / "resolved.txt.j2").read_text("utf-8")
    words = re.findall(r"\]\(\{\{ reply_address \}\} ([^)]*)\)", source)
    assert [find_intent("Re: x", said, language) for said in words] == [Intent.WORKS, Intent.STILL_BROKEN]


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_template_lines_fit_a_mail(language: str) -> None:
    for path in (templates_dir() / language).glob("*.txt.j2"):
        for line in path.read_text("utf-8").splitlines()[1:]:
            bare = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", line)
            assert len(bare) <= 78 or bare.startswith("[") or re.match(r"[^{]+:  ", line), f"{path}: {line}"
