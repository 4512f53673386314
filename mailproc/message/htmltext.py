"""HTML to plain text, for markup of any size and shape. Dry: no I/O, nothing is loaded that the markup names.

inscriptis lays out lists and tables well, but returns nothing or raises on odd trees: then selectolax reads them. Both
take more than linear time on hostile markup; what is too big or too deep for them is only stripped of its tags.
"""

import html as entities
import re
from collections.abc import Callable

from mailproc.message.charsets import clean_text
from mailproc.message.defects import add_defect
from mailproc.message.headers import guarded
from mailproc.records.mail import Defect

LONGEST_LAYOUT = 200_000  # characters that the libraries get
MOST_TAGS = 8_000
DEEPEST = 200  # open tags inside one another; selectolax takes 30 s for 100 000
MOST_TABLES = 200

_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>", re.I)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})[^<>]{0,4000}>?")
_MARK = re.compile(
    r"<(?:(!--)|(style|script|title)\b[^>]{0,2000}>|/?([a-zA-Z][a-zA-Z0-9]{0,20})[^<>]{0,4000}>?|([!?/]))", re.I
)
_BREAKING = frozenset("p div br tr li ul ol table h1 h2 h3 h4 h5 h6 blockquote pre hr".split())
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr p li td tr th".split())
_LINK = re.compile(r"<a\s([^<>]{1,3000})>", re.I)
_HREF = re.compile(r"""\bhref\s{0,5}=\s{0,5}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.I)
_LONGEST_LINK = 3_000
_MOST_LINKS = 500
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*){2,}")
_BLANKS = re.compile(r"[ \t\r\f\v]+")


def html_to_text(markup: str, defects: list[Defect], may_lay_out: bool = True) -> str:
    """What a reader of this HTML would see, as lines of text; never raises."""
    if not markup.strip():
        return ""
    text = ""
    if may_lay_out and is_simple(markup):
        for convert in (_with_inscriptis, _with_selectolax):
            text, problem = guarded(_bind(convert, markup), "")
            if text.strip():
                break
            if problem:
                add_defect(defects, "html", f"the HTML could not be laid out ({problem})")
    else:
        add_defect(defects, "html-size", "the HTML is too big or too deep to be laid out; its tags were removed")
    if not text.strip():
        text = strip_tags(markup)
    lines = [line.rstrip() for line in clean_text(text).split("\n")]
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n")


def is_simple(markup: str) -> bool:
    """Whether the libraries can read it in time: not too long, not too deep, not too many tags and tables."""
    if len(markup) > LONGEST_LAYOUT:
        return False
    depth = tables = 0
    opened: dict[str, int] = {}
    for number, match in enumerate(_TAG.finditer(markup)):
        name = match.group(2).lower()
        if name in _VOID:
            continue
        if not match.group(1):
            opened[name] = opened.get(name, 0) + 1
            depth += 1
            tables += name == "table"
        elif opened.get(name):  # an end tag that ends nothing is ignored by every parser
            opened[name] -= 1
            depth -= 1
        if depth > DEEPEST or tables > MOST_TABLES or number > MOST_TAGS:
            return False
    return True


def strip_tags(markup: str) -> str:
    """The text between the tags, in one pass; block tags end a line."""
    pieces: list[str] = []
    at = 0
    while (mark := _MARK.search(markup, at)) is not None:
        pieces.append(markup[at : mark.start()])
        comment, hidden, name, _ = mark.groups()
        at = mark.end()
        if name is not None:
            if name.lower() in _BREAKING:
                pieces.append("\n")
        elif hidden is not None:
            closing = re.compile(f"</{hidden}[^>]{{0,100}}>", re.I).search(markup, at)
            at = closing.end() if closing else len(markup)
        else:
            end = "-->" if comment is not None else ">"
            stop = markup.find(end, at)
            at = len(markup) if stop < 0 else stop + len(end)
    pieces.append(markup[at:])
    text = _BLANKS.sub(" ", "".join(pieces))
    return "\n".join([line.strip() for line in entities.unescape(text).split("\n")])


def _bind(convert: Callable[[str], str], markup: str) -> Callable[[], str]:
    return lambda: convert(markup)


def _with_inscriptis(markup: str) -> str:
    from inscriptis import get_text  # heavy, and most mail has a plain part
    from inscriptis.css_profiles import CSS_PROFILES
    from inscriptis.model.config import ParserConfig

    # The default profile sets blanks around every <span> and indents every <div>; "1<span>9</span>,90" is a price
    config = ParserConfig(css=CSS_PROFILES["strict"])
    return str(get_text(_write_out_links(_DECLARATION.sub("", markup, count=1)), config))


def _write_out_links(markup: str) -> str:
    """The markup with each link's address behind its words, unless they say it already."""
    pieces: list[str] = []
    at = 0
    for count, opening in enumerate(_LINK.finditer(markup)):
        closing = markup.find("</a>", opening.end(), opening.end() + _LONGEST_LINK)
        if count >= _MOST_LINKS:
            break
        target = _HREF.search(opening[1])
        if closing < opening.end() or target is None:
            continue
        words = entities.unescape(_TAG.sub("", markup[opening.end() : closing])).strip()
        shown = _show_target(entities.unescape(target[1] or target[2] or target[3] or "").strip())
        if words and shown and _bare(shown) not in _bare(words):
            pieces += (markup[at:closing], f" &lt;{entities.escape(shown)}&gt;")
            at = closing
    pieces.append(markup[at:])
    return "".join(pieces)


def _show_target(target: str) -> str:
    scheme, _, rest = target.partition(":")
    if scheme.lower() in ("mailto", "tel"):
        return rest.partition("?")[0]
    return target if scheme.lower() in ("http", "https") else ""


def _bare(text: str) -> str:
    return "".join(text.lower().split()).removeprefix("https://").removeprefix("http://").removeprefix("www.").rstrip("/")


def _with_selectolax(markup: str) -> str:
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(markup)
    tree.strip_tags(["style", "script", "title"])
    return str(tree.body.text(separator="\n", strip=True)) if tree.body is not None else ""
