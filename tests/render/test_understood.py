"""What the department is told of a mail beside its words: its files, thanks that change nothing."""

import html
import re

import pytest

from mailproc.render import Renderer, build_context

STOCK = Renderer(None)
CARD = (("number", "ACME-482-170"), ("site_name", "Acme"), ("requester_address", "jane@customer.example"),
        ("department", "Billing"), ("priority", "normal"), ("level", "A3"), ("is_unverified", ""))  # fmt: skip
ABOUT = "visit.ics: Invitation: Visit \N{MIDDLE DOT} 2026-11-30 10:00\nsmime.p7m: <b>encrypted</b>"


def _both(name: str, language: str, *pairs: tuple[str, str]) -> tuple[str, str]:
    rendered = STOCK.render(name, language, build_context(name, (*CARD, *pairs)))
    assert rendered.problem == ""
    return rendered.text, rendered.html


@pytest.mark.parametrize(("language", "heading"), [("en", "About the attachments:"), ("de", "Zu den Anhängen:")])
@pytest.mark.parametrize("name", ["forward", "followup"])
def test_lines_about_attachments_stand_in_text_and_html(name: str, language: str, heading: str) -> None:
    text, markup = _both(name, language, ("attachments_about", ABOUT))
    first, second = ABOUT.split("\n")
    assert f"{heading}\n- {first}\n- {second}\n" in text
    assert heading in markup and "<b>" not in markup
    items = re.findall("<li><bdi>(.*?)</bdi></li>", markup.replace("<wbr>", ""))
    assert [html.unescape(item) for item in items] == [first, second]
    for bare in _both(name, language):
        assert heading not in bare


@pytest.mark.parametrize(("language", "words"), [("en", "stays finished: "), ("de", "bleibt erledigt: ")])
def test_thanks_that_change_nothing_say_so(language: str, words: str) -> None:
    assert all(words in version for version in _both("followup", language, ("is_thanks", "yes")))
    assert not any(words in version for version in _both("followup", language))
