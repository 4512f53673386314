"""The text of a mail: which parts it is made of, their charsets, flowed lines, HTML to text. Dry: no I/O."""

import re
from dataclasses import dataclass

from mailproc.message.charsets import codec_for, decode_bytes, html_label
from mailproc.message.defects import add_defect
from mailproc.message.htmltext import LONGEST_LAYOUT, html_to_text
from mailproc.message.mime import Branch
from mailproc.message.parameters import parse_parameters
from mailproc.message.parts import Part, first
from mailproc.message.protection import find_armour, read_clear_signed
from mailproc.message.richtext import read_enriched
from mailproc.records.mail import Defect

LONGEST_TEXT = 1_000_000  # bytes of a mail's text that are read
LONGEST_MARKUP = 500_000  # ... of its HTML
_STUB = 20  # characters: a plain text this short may stand for an HTML part that says it all
_NO_HTML = re.compile(
    r"(?:your|this|the) (?:e-?mail|mail)? ?(?:client|program|reader|application|viewer|software)"
    r"[^.]{0,60}(?:not|n't)[^.]{0,40}html"
    r"|html[- ](?:e-?mail|message|format|version|enabled|capable|compatible)"
    r"|unterstützt kein html|html[- ](?:mail|fähig|darstellung)|ne (?:supporte|lit) pas[^.]{0,20}html"
    r"|view (?:this|it|the) (?:e-?mail|message|online|in (?:your|a) browser)",
    re.I,
)
_LONGEST_STUB = 600
_MOST_PICTURES = 20  # whose names are looked for in the text


@dataclass(frozen=True, slots=True)
class Body:
    """What a person would read: the text, and the HTML it was chosen from or instead of ("" when there is none)."""

    text: str = ""
    html: str = ""
    armour: str = ""  # pgp-signed or pgp-encrypted: PGP in the text itself


def read_body(tree: Branch | Part, defects: list[Defect]) -> Body:
    """The text parts joined in their order; of alternatives the plain one unless it is a stub of the HTML."""
    reader = _BodyReader(defects)
    text = "\n\n".join([text for part in reader.choose(tree) if (text := reader.text_of(part))])
    armour = find_armour(text)
    if armour == "pgp-signed":
        text = read_clear_signed(text)
    return Body(text, "\n".join(reader.markup.values()), armour)


def drop_placeholders(text: str, parts: tuple[Part, ...]) -> str:
    """The text without lines that only name pictures of the mail: some clients write that where a picture stood."""
    names = [part.filename for part in parts if part.filename and part.content_id and part.filename in text]
    if not names:
        return text
    kept: list[str] = []
    for line in text.split("\n"):
        rest = line
        for name in names[:_MOST_PICTURES]:
            if name in rest:
                rest = rest.replace(name, "")
        if rest == line or rest.strip(" \t<>[]"):
            kept.append(line)
    return "\n".join(kept).strip("\n").rstrip()


def unflow(text: str, is_delsp: bool = False) -> str:
    """format=flowed (RFC 3676): soft line ends joined, stuffed blanks removed, quote marks kept."""
    out: list[str] = []
    depth_open = -1  # quote depth of the paragraph that is still flowing
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:]
        if content.startswith(" "):
            content = content[1:]  # section 4.4
        is_signature = content == "-- "  # section 4.3
        is_flowed = content.endswith(" ") and not is_signature
        if is_flowed and is_delsp:
            content = content[:-1]
        if depth == depth_open and not is_signature:
            out.append(content)
        else:
            out.append(("\n" if out else "") + (">" * depth + " " if depth else "") + content)
        depth_open = depth if is_flowed else -1
    return "".join(out)


class _BodyReader:
    def __init__(self, defects: list[Defect]) -> None:
        self.defects = defects
        self.markup: dict[int, str] = {}  # decoded HTML by part
        self.texts: dict[int, str] = {}
        # What is left of the mail's budgets: 500 parts must not cost 500 times what one may
        self.text_left, self.markup_left, self.layout_left = LONGEST_TEXT, LONGEST_MARKUP, LONGEST_LAYOUT

    def choose(self, node: Branch | Part) -> list[Part]:
        """The leaves that are the text of this node."""
        if isinstance(node, Part):
            is_text = not node.is_attachment and node.content_type != "text/x-amp-html"
            return [node] if is_text else []
        chosen = [parts for child in node.children if (parts := self.choose(child))]
        if node.subtype == "alternative":
            return self.choose_alternative(chosen)
        if node.subtype in ("related", "signed"):
            # RFC 2387: the rest belongs to the root, which comes first in what is sent
            return chosen[0] if chosen else []
        parts = [part for group in chosen for part in group]
        if len(parts) > 1 and any(is_html(part) for part in parts) and not all(is_html(part) for part in parts):
            return self.drop_twins(parts)
        return parts

    def choose_alternative(self, chosen: list[list[Part]]) -> list[Part]:
        rich = [parts for parts in chosen if any(is_html(part) for part in parts)]
        plain = [parts for parts in chosen if parts not in rich]
        for parts in rich:
            for part in parts:
                if is_html(part):
                    self.markup_of(part)
        if not plain or not rich:
            return (plain or rich or [[]])[0]
        text = "\n".join(self.text_of(part) for part in plain[0])
        is_apology = len(text) <= _LONGEST_STUB and _is_apology(text)
        if len("".join(text[:_LONGEST_STUB].split())) >= _STUB and not is_apology:
            return plain[0]
        visible = "".join(text.split())
        if len(visible) >= _STUB and not is_apology:
            return plain[0]
        full = "".join("\n".join(self.text_of(part) for part in rich[-1]).split())
        is_stub = full and (is_apology or len(full) > len(visible) + _STUB)
        return rich[-1] if is_stub or not visible else plain[0]

    def drop_twins(self, parts: list[Part]) -> list[Part]:
        """Without the HTML parts that only say again what a plain part beside them says."""
        said = ["".join(self.text_of(part).split()) for part in parts if not is_html(part)]
        kept = []
        for part in parts:
            text = "".join(self.text_of(part).split()) if is_html(part) else ""
            if not is_html(part) or (text and not any(text == other for other in said)):
                kept.append(part)
        return kept

    def text_of(self, part: Part) -> str:
        """The decoded text of one leaf, LF line ends, no blank lines around it."""
        text = self.texts.get(id(part))
        if text is None:
            if is_html(part):
                markup = self.markup_of(part)
                self.layout_left -= len(markup)
                text = html_to_text(markup, self.defects, self.layout_left >= 0)
            else:
                text = self.read_plain(part)
            text = self.texts[id(part)] = text.strip("\n").rstrip()
        return text

    def markup_of(self, part: Part) -> str:
        markup = self.markup.get(id(part))
        if markup is None:
            content = part.content[: self.markup_left]
            if len(content) < len(part.content):
                add_defect(self.defects, "html-cut", f"of the HTML only {LONGEST_MARKUP} bytes are read")
            self.markup_left -= len(content)
            label = part.charset
            if codec_for(label) in (None, "ascii") and not content.isascii():
                label = html_label(content) or label
            markup = self.markup[id(part)] = decode_bytes(content, label, self.defects)
        return markup

    def read_plain(self, part: Part) -> str:
        content = part.content
        if len(content) > self.text_left:
            self.defects.append(
                Defect("text-cut", f"the text is longer than {LONGEST_TEXT} bytes; the rest is left out")
            )
            content = content[: self.text_left]
        self.text_left -= len(content)
        text = decode_bytes(content, part.charset, self.defects)
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if part.content_type in ("text/enriched", "text/richtext"):
            return read_enriched(text[:LONGEST_MARKUP], part.content_type == "text/richtext")
        if (value := first(part.headers, "content-type")) and "flowed" in value.lower():
            _, parameters = parse_parameters(value, self.defects)
            if parameters.get("format", "").lower() == "flowed":
                return unflow(text, parameters.get("delsp", "").lower() == "yes")
        return text


def _is_apology(text: str) -> bool:
    """Whether a short text says that the mail is to be read as HTML."""
    low = text.lower()
    # One of these words is in everything that the pattern matches
    return ("html" in low or "view" in low) and _NO_HTML.search(text) is not None


def is_html(part: Part) -> bool:
    """Whether the part is markup rather than text."""
    return part.content_type == "text/html"
