"""Finds the quoted lines of a mail by the containers that mail clients put around a quote in HTML. Dry: no I/O.

For mails whose text does not show where a quote begins or ends: a language that quotelines.py does not know, a client
that writes no line, answers between quotes that lost their marks on the way from HTML to text.
"""

from collections.abc import Sequence

from mailproc.message.htmltext import is_simple
from mailproc.message.quotemarks import Line

_MAX_BLOCKQUOTES = 100
_MARK = "\ue000quote\ue000"  # a private character that no line of a mail is compared with
_SLACK = 40  # characters an attribution may take between two answers are skipped by its own match
_WINDOW = 4000  # characters of the quote in which the next line is looked for

# (a piece of markup that must be there at all, the container): Gmail, Outlook, Yahoo, Proton, Zoho, Thunderbird, Apple
_CONTAINERS = (
    ("gmail_quote", "div.gmail_quote"),
    ("divRplyFwdMsg", "#divRplyFwdMsg"),
    ("appendonsend", "#appendonsend"),
    ("mail-editor-reference-message-container", "#mail-editor-reference-message-container"),
    ("yahoo_quoted", "div.yahoo_quoted"),
    ("protonmail_quote", "div.protonmail_quote"),
    ("zmail_extra", "div.zmail_extra"),
    ("OLK_SRC_BODY_SECTION", "#OLK_SRC_BODY_SECTION"),
    ("moz-cite-prefix", "div.moz-cite-prefix"),
    ("stopSpelling", "#stopSpelling"),
    ('type="cite"', 'blockquote[type="cite"]'),
)
# These mark where the quote begins; what follows them in the document belongs to it.
_STARTS_ONLY = ("#divRplyFwdMsg", "#appendonsend", "div.moz-cite-prefix", "#stopSpelling")


def find_quoted(html: str, lines: Sequence[Line]) -> list[int]:
    """The numbers of the lines that stand inside a quote container; empty when nothing would be left above it."""
    selectors = [selector for piece, selector in _CONTAINERS if piece in html]
    if not selectors or not is_simple(html):
        return []
    from selectolax.lexbor import LexborHTMLParser  # most mail never needs it

    tree = LexborHTMLParser(html)
    for selector in selectors:
        node = tree.css_first(selector)
        if node is None:
            continue
        quoted = node.text(separator="\n")
        if selector in _STARTS_ONLY:
            body = tree.body
            whole = body.text(separator="\n") if body is not None else ""
            at = whole.find(quoted) if quoted.strip() else -1
            quoted = whole[at:] if at >= 0 else ""
        found = _match(_squeeze(quoted), lines)
        if found:
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


def _squeeze(text: str) -> str:
    return "".join(text.replace(">", "").split())


def _match(quoted: str, lines: Sequence[Line]) -> list[int]:
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
            return []
        found.append(index)
        position = at + len(piece)
    return found
