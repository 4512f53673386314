"""Tests that the quote of each mail client is found in its HTML, and the author's words are not."""

import time

import pytest

from mailproc.message.htmlquotes import find_answers, find_quoted, is_heading
from mailproc.message.htmltext import html_to_text
from mailproc.message.quotemarks import read_lines
from mailproc.message.quotes import split_reply

# A language that nobody listed, so that only the markup can say where the quote begins
_HEAD = "Xu 3 vyg 2026 zu 10:15 zblo Mara Lind &lt;mara@shop.test&gt;:"
_LABELS = "<b>Qo:</b> Mara Lind<br><b>Vu:</b> 3 vyg 2026 10:15<br><b>Su:</b> Jo<br><b>Tu:</b> Wxy"
_OLD = "<p>Zat qim 4711 bel?</p><p>Mara</p>"
_STYLE = "margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex"

CLIENTS = {
    "gmail": f"<div dir='ltr'>It works.<div>Jo</div></div><br><div class=\"gmail_quote gmail_quote_container\"><div "
    f"dir='ltr' class='gmail_attr'>{_HEAD}<br></div><blockquote class='gmail_quote' style='{_STYLE}'>{_OLD}"
    "</blockquote></div>",
    "gmail-old": f"<div>It works.<div>Jo</div></div><div class='gmail_extra'><br><div class='gmail_quote'>{_HEAD}"
    f"<blockquote>{_OLD}</blockquote></div></div>",
    "k-9": f"It works.<br>Jo<br><br><div class='gmail_quote'>{_HEAD}<blockquote class=\"gmail_quote\">{_OLD}"
    "</blockquote></div>",
    "outlook-web": f"<div>It works.</div><div>Jo</div><div id=\"appendonsend\"></div><hr style='width:98%' "
    f"tabindex='-1'><div id=\"divRplyFwdMsg\" dir='ltr'><font>{_LABELS}</font></div><div>{_OLD}</div>",
    "outlook-web-again": f"<div>It works.</div><div>Jo</div><hr><div id=\"x_divRplyFwdMsg\">{_LABELS}</div>{_OLD}",
    "outlook-phone": f"<div>It works.</div><div>Jo</div><div id=\"mail-editor-reference-message-container\"><div "
    f"class='ms-outlook-mobile-reference-message'>{_LABELS}</div>{_OLD}</div>",
    "outlook-2016": f"<div class=WordSection1><p>It works.</p><p>Jo</p><div><div style='border:none;border-top:solid "
    f"#E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in'><p>{_LABELS}</p></div></div>{_OLD}</div>",
    "outlook-2007": f"<div class=Section1><p>It works.</p><p>Jo</p><div style='border:none;border-top:solid #B5C4DF "
    f"1.0pt;padding:3.0pt 0cm 0cm 0cm'><p>{_LABELS}</p></div>{_OLD}</div>",
    "outlook-2003": f"<div>It works.</div><div>Jo</div><blockquote><div class=OutlookMessageHeader dir=ltr>{_LABELS}"
    f"</div>{_OLD}</blockquote>",
    "outlook-mac": f"<div>It works.</div><div>Jo</div><span id=\"OLK_SRC_BODY_SECTION\"><div>{_LABELS}</div>{_OLD}"
    "</span>",
    "hotmail": f"<div>It works.<br>Jo<br><hr id=\"stopSpelling\">{_LABELS}<br>{_OLD}</div>",
    "apple-mail": f"<div>It works.</div><div>Jo</div><div><blockquote type=\"cite\"><div>{_HEAD}</div><br>{_OLD}"
    "</blockquote></div>",
    "apple-mail-head": f"<div>It works.</div><div>Jo</div><div><div>{_HEAD}</div><br><blockquote type=\"cite\">{_OLD}"
    "</blockquote></div>",
    "thunderbird": f"<p>It works.</p><p>Jo</p><div class=\"moz-cite-prefix\">{_HEAD}<br></div><blockquote "
    f"type=\"cite\" cite='mid:x'>{_OLD}</blockquote>",
    "roundcube": f"<p>It works.</p><p>Jo</p><p id=\"reply-intro\">{_HEAD}</p><blockquote type=\"cite\">{_OLD}"
    "</blockquote>",
    "yahoo": f"<div>It works.</div><div>Jo</div><div id='ydp1yahoo_quoted_12' class=\"ydp1yahoo_quoted yahoo_quoted\">"
    f"<div>{_HEAD}</div><div>{_OLD}</div></div>",
    "proton": f"<div>It works.</div><div>Jo</div><div class=\"protonmail_quote\">{_HEAD}<br><blockquote "
    f"class='protonmail_quote'>{_OLD}</blockquote></div>",
    "tutanota": f"<div>It works.</div><div>Jo</div><div>{_HEAD}</div><blockquote class=\"tutanota_quote\">{_OLD}"
    "</blockquote>",
    "zoho": f"<div>It works.</div><div>Jo</div><div class=\"zmail_extra\"><div>{_HEAD}</div><blockquote>{_OLD}"
    "</blockquote></div>",
    "zimbra": f"<div>It works.</div><div>Jo</div><hr id=\"zwchr\" data-marker=\"__DIVIDER__\"><div "
    f"data-marker='__HEADERS__'>{_LABELS}</div><div data-marker=\"__QUOTED_TEXT__\">{_OLD}</div>",
    "mail.ru": f"<div>It works.</div><div>Jo</div><div>{_HEAD}</div><blockquote style=\"border-left:1px solid #0857A6;"
    f"margin:10px\">{_OLD}</blockquote>",
    "yandex": f"<div>It works.</div><div>Jo</div><div>{_HEAD}</div><blockquote style=\"border-left: 1px solid "
    f"#ccc\">{_OLD}</blockquote>",
    "qq": f"<div>It works.</div><div>Jo</div><div><includetail><div>{_LABELS}</div>{_OLD}</includetail></div>",
    "qq-2": f"<div>It works.</div><div>Jo</div><div class=\"qmbox\"><div>{_LABELS}</div>{_OLD}</div>",
    "netease": f"<div>It works.</div><div>Jo</div><div id=\"isReplyContent\">{_HEAD}<br>{_OLD}</div>",
    "gmx": f"<div>It works.</div><div>Jo</div><div name=\"quote\" style='border-left:2px solid #C3D9E5'>{_LABELS}"
    f"<div name='quoted-content'>{_OLD}</div></div>",
    "spark": f"<div name='messageBodySection'>It works.<br>Jo</div><div name=\"messageReplySection\">{_HEAD}<br>"
    f"<blockquote type='cite'>{_OLD}</blockquote></div>",
    "airmail": f"<div>It works.</div><div>Jo</div><div class=\"airmail_ext_on\">{_HEAD}</div><blockquote "
    f"type=\"cite\" class='clean_bq'>{_OLD}</blockquote>",
    "blackberry": f"<div>It works.</div><div>Jo</div><div id=\"_originalContent\">{_LABELS}{_OLD}</div>",
    "front": f"<div>It works.</div><div>Jo</div><blockquote class=\"front-blockquote\">{_HEAD}{_OLD}</blockquote>",
    "freshdesk": f"<div>It works.</div><div>Jo</div><div class=\"freshdesk_quote\">{_HEAD}<blockquote>{_OLD}"
    "</blockquote></div>",
    "samsung": f"<div>It works.</div><div>Jo</div><div id=\"quoted_original\">{_LABELS}{_OLD}</div>",
}

_BODY = {
    "en": ("It works.", "Did it start?", "On Tue, Nov 3, 2026 at 10:15 AM Mara Lind &lt;mara@shop.test&gt; wrote:"),
    "de": ("Es läuft.", "Ist sie an?", "Am Di., 3. Nov. 2026 um 10:15 Uhr schrieb Mara Lind &lt;mara@shop.test&gt;:"),
    "fr": ("Ça marche.", "Elle démarre ?", "Le mar. 3 nov. 2026 à 10:15, Mara Lind &lt;mara@shop.test&gt; a écrit :"),
    "pl": ("Działa.", "Ruszyła?", "wt., 3 lis 2026 o 10:15 Mara Lind &lt;mara@shop.test&gt; napisał(a):"),
    "ru": ("Работает.", "Запустилась?", "вт, 3 нояб. 2026 г. в 10:15, Mara Lind &lt;mara@shop.test&gt;:"),
    "ja": ("動きました。", "動きましたか。", "2026年11月3日(火) 10:15 Mara Lind &lt;mara@shop.test&gt;:"),
    "ar": ("تعمل الآن.", "هل تعمل؟", "في ٣ نوفمبر ٢٠٢٦، الساعة ١٠:١٥، كتب Mara Lind &lt;mara@shop.test&gt;:"),
}


def _text(html: str) -> str:
    return html_to_text(html, [])


@pytest.mark.parametrize("html", CLIENTS.values(), ids=CLIENTS.keys())
def test_container_is_cut_when_its_language_is_unknown(html: str) -> None:
    text = _text(f"<html><head><style>p{{}}</style></head><body>{html}</body></html>")
    new, cut = split_reply(text, html)
    assert new.split() == ["It", "works.", "Jo"]
    assert "4711" in cut and new.split() + cut.split() == text.split()


@pytest.mark.parametrize("html", CLIENTS.values(), ids=CLIENTS.keys())
def test_plain_part_is_cut_by_the_markup_of_its_twin(html: str) -> None:
    head = "Xu 3 vyg 2026 zu 10:15 zblo Mara Lind <mara@shop.test>:"
    labels = "Qo: Mara Lind\nVu: 3 vyg 2026 10:15\nSu: Jo\nTu: Wxy"
    text = f"It works.\nJo\n\n{head if _HEAD in html else labels}\n\nZat qim 4711 bel?\n\nMara"
    assert split_reply(text, html)[0] == "It works.\nJo"


@pytest.mark.parametrize("html", CLIENTS.values(), ids=CLIENTS.keys())
def test_whole_text_stays_when_nothing_stands_above_the_container(html: str) -> None:
    bare = html.replace("It works.", "").replace("Jo</div>", "</div>", 1).replace("<p>Jo</p>", "").replace("Jo<br>", "")
    text = _text(bare)
    assert split_reply(text, bare) == (text, "")


@pytest.mark.parametrize("language", _BODY.values(), ids=_BODY.keys())
@pytest.mark.parametrize(
    "wrapper", ["gmail", "apple-mail", "apple-mail-head", "thunderbird", "proton", "yahoo", "zoho"]
)
def test_reply_above_is_the_new_text_in_a_known_language(wrapper: str, language: tuple[str, str, str]) -> None:
    said, asked, head = language
    html = CLIENTS[wrapper].replace(_HEAD, head).replace("Zat qim 4711 bel?", asked).replace("It works.", said)
    assert split_reply(_text(html), html)[0].split() == [*said.split(), "Jo"]


@pytest.mark.parametrize("language", _BODY.values(), ids=_BODY.keys())
def test_answers_between_and_below_stay_when_the_quote_lost_its_marks(language: tuple[str, str, str]) -> None:
    said, asked, head = language
    html = (
        f"<p>{said}</p><div class='moz-cite-prefix'>{head}</div><blockquote type='cite'><p>{asked}</p></blockquote>"
        "<p>P40.</p><blockquote type='cite'><p>4711?</p></blockquote><p>Jo</p>"
    )
    assert split_reply(_text(html), html)[0].split() == [*said.split(), "P40.", "Jo"]


def test_answer_below_stays_when_the_quote_stands_above() -> None:
    head = _BODY["en"][2]
    html = f"<div class='moz-cite-prefix'>{head}</div><blockquote type='cite'>{_OLD}</blockquote><p>The P40.</p>"
    assert split_reply(_text(html), html)[0] == "The P40."


def test_author_stays_when_a_container_is_only_decoration() -> None:
    html = "<p>Please order:</p><blockquote style='border-left:1px'>2 pumps at 10:15</blockquote><p>Thanks, Jo</p>"
    assert split_reply(_text(html), html) == (_text(html), "")


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("Xu 3 vyg 2026 zu 10:15 zblo Mara:", True),
        ("Mara Lind <mara@x.test>", True),
        ("Please see:", False),
        ("I paid 40 in 2026.", False),
    ],
)
def test_heading_is_known_by_its_colon_and_its_date(line: str, is_one: bool) -> None:
    assert is_heading(line) is is_one


@pytest.mark.parametrize("html", ["", "<p>no quote</p>", "<div class='gmail_quote'></div>", "<blockquote>" * 5_000])
def test_nothing_is_found_when_no_container_holds_text(html: str) -> None:
    lines = read_lines("Hello\nworld")
    assert find_quoted(html, lines) == [] and find_answers(html, lines, 0) == []


HOSTILE = {
    "blockquotes": lambda n: '<blockquote type="cite">x: 1</blockquote>' * n,
    "open": lambda n: "<div class='gmail_quote'>" * n,
    "words": lambda n: "<div class='gmail_quote'>" + "ab " * n,
    "labels": lambda n: '<div id="divRplyFwdMsg">' + "a:b<br>" * n,
    "left": lambda n: "<blockquote style='border-left:1px'>" + "aaaa<p>" * n,
}


@pytest.mark.parametrize("build", HOSTILE.values(), ids=HOSTILE.keys())
def test_t58_time_grows_with_the_markup_only(build) -> None:  # type: ignore[no-untyped-def]
    def seconds(size: int) -> float:
        html = build(size)
        lines = read_lines("x: 1\n" + "a:b\n" * size)
        started = time.process_time()
        find_quoted(html, lines)
        find_answers(html, lines, 0)
        return time.process_time() - started

    small, big = min(seconds(1_000), seconds(1_000)), min(seconds(8_000), seconds(8_000))
    assert big < 0.3 + small * 8 * 3
