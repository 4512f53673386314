"""Finds the quoted lines of a mail by the containers that mail clients put around a quote in HTML. Dry: no I/O.

For mails whose text does not show where a quote begins or ends: a language that quotelines.py does not know, a client
that writes no line, answers between quotes that lost their marks on the way from HTML to text.
"""

import re
from collections.abc import Sequence

from mailproc.message.htmltext import is_simple
from mailproc.message.quotemarks import Line

_MAX_BLOCKQUOTES = 100
_MARK = "\ue000quote\ue000"  # a private character that no line of a mail is compared with
_SLACK = 40  # characters an attribution may take between two answers are skipped by its own match
_WINDOW = 4000  # characters of the quote in which the next line is looked for
_LONGEST_HEADING = 250
_MAX_LABEL = 34

# (a piece of markup that must be there at all, the container), by client
_CONTAINERS = (
    ("gmail_quote", "div.gmail_quote, blockquote.gmail_quote"),  # Gmail, K-9, Mailspring, many others
    ("RplyFwdMsg", "#divRplyFwdMsg, #x_divRplyFwdMsg"),  # Outlook on the web
    ("appendonsend", "#appendonsend, #x_appendonsend"),
    ("reference-", "#mail-editor-reference-message-container, .ms-outlook-mobile-reference-message"),  # Outlook, phones
    ("OLK_SRC_BODY_SECTION", "#OLK_SRC_BODY_SECTION"),  # Outlook for Mac
    ("OutlookMessageHeader", "div.OutlookMessageHeader"),  # Outlook 2003
    ("yahoo", "div.yahoo_quoted, div.yahoo-quoted-begin, #yahoo_quoted_0"),
    ("protonmail_quote", "div.protonmail_quote, blockquote.protonmail_quote"),
    ("tutanota_quote", "blockquote.tutanota_quote, div.tutanota_quote"),
    ("zmail_extra", "div.zmail_extra, #blockquote_zmail, blockquote.zmail_blockquote"),  # Zoho
    ("moz-cite-prefix", "div.moz-cite-prefix, div.moz-email-headers-table"),  # Thunderbird
    ("stopSpelling", "#stopSpelling"),  # Hotmail
    ("zwchr", "#zwchr, hr[data-marker='__DIVIDER__']"),  # Zimbra
    ("__QUOTED_TEXT__", "div[data-marker='__QUOTED_TEXT__']"),
    ("reply-intro", "#reply-intro"),  # Roundcube
    ("mailru-blockquote", ".mailru-blockquote"),
    ("mail-quote", ".mail-quote-collapse, .mail-quote"),  # Mail.ru
    ("isReplyContent", "#isReplyContent"),  # NetEase
    ("includetail", "includetail"),  # QQ
    ("qmbox", "div.qmbox"),
    ("ntes_", "#ntes-pcmac-quote, .ntes-mailmaster-quote, #ntes_quote"),
    ("foxmail", "#foxmail_quote, .foxmail_quote"),
    ("quoted_original", "#quoted_original, .quoted_original"),  # Samsung
    ("_originalContent", "#_originalContent"),  # BlackBerry
    ("messageReplySection", "div[name='messageReplySection']"),  # Spark
    ("airmail_ext_on", "div.airmail_ext_on"),
    ("front-blockquote", "blockquote.front-blockquote"),
    ("freshdesk_quote", "div.freshdesk_quote"),
    ("missive_quote", "div.missive_quote"),
    ("name=\"quote\"", "div[name='quote']"),  # GMX, web.de, mail.com
    ("bloop_markdown", "blockquote.clean_bq"),  # Airmail
    ("type=\"cite\"", 'blockquote[type="cite"]'),  # Apple Mail, Thunderbird, Roundcube, Evolution
    ("border-top:solid #", "div[style*='border-top:solid #']"),  # Outlook 2007 and later
    ("border-left:", "blockquote[style*='border-left']"),  # Yandex, mail.ru, webmailers
)
# Looked for one by one only where what they have in common is there
_QUOTE_PIECES = tuple([piece for piece, selector in _CONTAINERS if "uote" in piece + selector])
_OTHER_PIECES = tuple([piece for piece, _ in _CONTAINERS if piece not in _QUOTE_PIECES])
# These mark where the quote begins; what follows them in the document belongs to it.
_STARTS_ONLY = frozenset(
    "RplyFwdMsg appendonsend reference- OutlookMessageHeader moz-cite-prefix stopSpelling zwchr reply-intro "
    "airmail_ext_on".split()
) | {"border-top:solid #"}
_UNSURE = ("border-top:solid #", "border-left:")  # people decorate their own words with lines, too
_HEADING_SIGN = re.compile(r"\d{1,2}\s?[:.h]\s?\d{2}|\d{4}|\S@\S")


def find_quoted(html: str, lines: Sequence[Line]) -> list[int]:
    """The numbers of the lines that stand inside a quote container; empty when nothing would be left above it."""
    present = [piece for piece in _OTHER_PIECES if piece in html]
    if "uote" in html:
        present += [piece for piece in _QUOTE_PIECES if piece in html]
    if not present or not is_simple(html):
        return []
    from selectolax.lexbor import LexborHTMLParser  # most mail never needs it

    tree = LexborHTMLParser(html)
    for piece, selector in _CONTAINERS:
        node = tree.css_first(selector) if piece in present else None
        if node is None:
            continue
        quoted = node.text(separator="\n")
        if piece in _STARTS_ONLY:
            node.insert_before(_MARK)
            body = tree.body
            quoted = body.text(separator="\n").partition(_MARK)[2] if body is not None else ""
            if not quoted.strip():
                continue
        found = _match(_squeeze(quoted.replace(_MARK, "")), lines)
        if found is None:
            return []  # a mail that is nothing but a quote, or forwarded
        if found and (piece not in _UNSURE or _is_introduced(lines, found[0])):
            return found
    return []


def find_answers(html: str, lines: Sequence[Line], start: int) -> list[int]:
    """The numbers of the lines from `start` on that stand outside of every quote, below the first one."""
    if "<blockquote" not in html.lower() or not is_simple(html):
        return []
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(html)
    tree.strip_tags(["style", "script", "title"])
    body = tree.body
    for number in range(_MAX_BLOCKQUOTES):
        node = tree.css_first("blockquote")
        if node is None:
            break
        if not number:
            node.insert_before(_MARK)
        node.decompose()
    if body is None or tree.css_first("blockquote") is not None:
        return []
    outside = _squeeze(body.text(separator="\n").partition(_MARK)[2])
    if not outside:
        return []
    found: list[int] = []
    position = 0
    for index in range(start, len(lines)):
        piece = _squeeze(lines[index].bare.lstrip("*•-").lstrip("0123456789."))
        if not piece:
            continue
        at = outside.find(piece, position, position + len(piece) + _SLACK)
        if at >= 0:
            found.append(index)
            position = at + len(piece)
    return found


def is_heading(bare: str) -> bool:
    """Whether the line above a quote container names its author in a language that nobody listed."""
    return bare[-1] in ":：>" and len(bare) <= _LONGEST_HEADING and _HEADING_SIGN.search(bare) is not None


def _is_introduced(lines: Sequence[Line], start: int) -> bool:
    """Whether the quote that begins at a line says in it, or above it, whose words follow."""
    above = next((lines[at].bare for at in range(start - 1, -1, -1) if lines[at].bare), "")
    label = lines[start].bare.replace("：", ":").find(":", 1, _MAX_LABEL)
    below = next((line.bare for line in lines[start + 1 :] if line.bare), "")
    is_block = label > 0 and below.replace("：", ":").find(":", 1, _MAX_LABEL) > 0
    return is_block or is_heading(lines[start].bare) or (bool(above) and is_heading(above))


def _squeeze(text: str) -> str:
    return "".join(text.replace(">", "").split())


def _match(quoted: str, lines: Sequence[Line]) -> list[int] | None:
    """The numbers of the lines that say what the quote says; None when nothing stands above it."""
    if len(quoted) < 3:
        return []
    found: list[int] = []
    position = 0
    has_text = False
    for index, line in enumerate(lines):
        piece = _squeeze(line.bare)
        if not piece:
            continue
        is_start = not found and len(piece) >= 3 and quoted.startswith(piece)
        at = 0 if is_start else (quoted.find(piece, position, position + _WINDOW + len(piece)) if found else -1)
        if at < 0:
            has_text = True
            continue
        if not has_text:
            return None
        found.append(index)
        position = at + len(piece)
    return found
