"""The MIME tree of a mail, from raw bytes in one linear pass over offsets (RFC 2045, RFC 2046).

Dry: no I/O. Decodes transfer encodings, never charsets; message/rfc822 is a leaf and not looked into. Own, because
the standard parser reads line by line (three times slower here) and recurses as deep as the mail says.
"""

import binascii
import re
from dataclasses import dataclass, field, replace

from mailproc.message.cms import read_signed
from mailproc.message.defects import add_defect
from mailproc.message.filenames import clean_filename, guess_type
from mailproc.message.headers import decode_value, read_head
from mailproc.message.limits import DEPTH, HEADER_BLOCK, PARTS, LimitExceededError
from mailproc.message.parameters import parse_parameters
from mailproc.message.parts import Headers, Part
from mailproc.message.protection import SMIME_TYPES
from mailproc.message.uuencode import Budget, decode_lines, may_hold_files, split_files
from mailproc.records.mail import Defect

_CONTENT_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")
_BODY_TYPES = frozenset(
    "text/plain text/html text/enriched text/richtext text/markdown text/x-markdown text/x-amp-html".split()
)
_GUESSED_BOUNDARY = re.compile(rb"(?:\A|\n)--([^\s-][^\r\n]{0,69}?)[ \t]{0,9}\r?\n")
_GUESS_BYTES = 65_536
_MOST_CANDIDATES = 50_000  # lines of the whole mail that begin like a boundary, at every depth
_FAR = 2 * HEADER_BLOCK
_MOST_WRAPPED = 2  # signatures around signatures; each is another copy of the mail in memory
_MOST_PIECES = 1_000  # of base64 that was encoded piece by piece
_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
_BLANKS = b" \t\r\n"


@dataclass(slots=True)
class Branch:
    """A multipart and what it holds, in order."""

    subtype: str
    children: list["Branch | Part"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the tree something stands."""

    depth: int = 0
    parent_type: str = ""
    report_type: str = ""
# RFC 2045 section 6.7 (3): relays pad lines, and a soft break behind which blanks stand is still one
_PADDED_BREAK = re.compile(rb"=[ \t]{1,70}(?=\r?\n)")


class TreeReader:
    """Reads one mail's tree; `defects` collects what was worked around, `parts` the leaves in their order."""

    def __init__(self, raw: bytes, defects: list[Defect]) -> None:
        self.raw = raw
        self.defects = defects
        self.parts: list[Part] = []
        self.count = 0
        self.candidates = 0
        self.budget = Budget()
        self.wrapped = 0  # signatures around what is read here

    def read(self, headers: Headers, start: int, end: int) -> Branch | Part:
        """The tree of the mail whose body lies at these offsets; raises LimitExceededError past depth and parts."""
        return self._entity(headers, start, end, Place(), "text/plain")

    def _entity(self, headers: Headers, start: int, end: int, place: Place, default: str) -> Branch | Part:
        fields = dict(reversed(headers))  # the topmost of each name
        value = fields.get("content-type")
        content_type, parameters = parse_parameters(value, self.defects) if value else (default, {})
        if content_type.startswith("multipart/"):
            if place.depth >= DEPTH:
                raise LimitExceededError("limit-depth", f"parts are nested deeper than {DEPTH}")
            spans = self._split(parameters.get("boundary", ""), start, end)
            if spans is not None:
                return self._branch(content_type, parameters, spans, place)
            if not self.raw[start : min(end, start + 99)].strip():
                return Branch(content_type[10:])
            content_type = "text/plain"
            add_defect(self.defects, "no-boundary", "a multipart has no boundary that occurs in it; read as text")
        part = self._leaf(headers, fields, content_type, parameters, start, end, place)
        self.parts.append(part)
        if part.content_type == "text/plain" and not part.is_attachment and may_hold_files(part.content):
            return self._take_files_out(part)
        can_open = part.content_type in SMIME_TYPES and self.wrapped < _MOST_WRAPPED
        if can_open and (inner := read_signed(part.content)):
            return self._signed(part, inner, place)
        return part

    def _signed(self, part: Part, inner: bytes, place: Place) -> Branch | Part:
        """What stands inside a signature that wraps it; the part itself stays among the files."""
        if place.depth >= DEPTH:
            raise LimitExceededError("limit-depth", f"parts are nested deeper than {DEPTH}")
        reader = TreeReader(inner, self.defects)
        reader.parts, reader.count, reader.candidates = self.parts, self.count, self.candidates
        reader.budget, reader.wrapped = self.budget, self.wrapped + 1
        head = read_head(inner, 0, min(len(inner), _FAR))
        inside = Place(place.depth + 1, part.content_type, place.report_type)
        node = reader._entity(head.headers, min(head.body_at, len(inner)), len(inner), inside, "text/plain")
        self.count, self.candidates = reader.count + 1, reader.candidates
        return node

    def _branch(
        self, content_type: str, parameters: dict[str, str], spans: list[tuple[int, int]], place: Place
    ) -> Branch:
        report_type = place.report_type
        if content_type == "multipart/report":
            report_type = parameters.get("report-type", "").lower()
        inner = Place(place.depth + 1, content_type, report_type)
        default = "message/rfc822" if content_type == "multipart/digest" else "text/plain"
        branch = Branch(content_type[10:])
        for start, end in spans:
            self.count += 1
            if self.count > PARTS:
                raise LimitExceededError("limit-parts", f"the mail has more than {PARTS} parts")
            head = read_head(self.raw, start, min(end, start + _FAR))
            if head.size > HEADER_BLOCK:
                raise LimitExceededError("limit-header-block", "the header block of a part is too long")
            branch.children.append(self._entity(head.headers, min(head.body_at, end), end, inner, default))
        return branch

    def _split(self, boundary: str, start: int, end: int) -> list[tuple[int, int]] | None:
        """The offsets of the parts; None when the boundary, given or guessed, does not occur."""
        spans = None
        if boundary and len(boundary) < 1_000:
            spans = self._split_at(boundary.encode("utf-8", "surrogateescape"), start, end)
        if spans is None and (match := _GUESSED_BOUNDARY.search(self.raw[start : min(end, start + _GUESS_BYTES)])):
            add_defect(self.defects, "boundary-guessed", "the boundary was taken from the body")
            spans = self._split_at(match.group(1), start, end)
        return spans

    def _split_at(self, boundary: bytes, start: int, end: int) -> list[tuple[int, int]] | None:
        raw, delimiter = self.raw, b"\n--" + boundary
        spans: list[tuple[int, int]] = []
        opened = -1
        # The delimiter's own line end belongs to it, so it is looked for from the end of the line before
        at = start - 1 if start > 0 and raw[start - 1] == 10 else start
        while (at := raw.find(delimiter, at, end)) >= 0:
            self.candidates += 1
            if self.candidates > _MOST_CANDIDATES:
                raise LimitExceededError("limit-parts", "there are too many lines that look like boundaries")
            after = at + len(delimiter)
            line_end = raw.find(b"\n", after, end)
            if line_end < 0:
                line_end = end
            is_close = raw.startswith(b"--", after, line_end)
            rest = after + 2 * is_close
            # RFC 2046 section 5.1.1: nothing but blanks behind it
            if rest < line_end and raw[rest : min(line_end, rest + 999)].strip():
                at = after
                continue
            if opened >= 0:
                stop = max(at, opened)
                spans.append((opened, stop - 1 if stop > opened and raw[stop - 1] == 13 else stop))
                if len(spans) > PARTS:
                    raise LimitExceededError("limit-parts", f"the mail has more than {PARTS} parts")
            if is_close:
                return spans
            opened = min(line_end + 1, end)
            at = line_end
        if opened < 0:
            return None
        add_defect(self.defects, "multipart-not-closed", "the last part has no end; the mail may be cut")
        spans.append((opened, end))
        return spans

    def _leaf(
        self,
        headers: Headers,
        fields: dict[str, str],
        content_type: str,
        parameters: dict[str, str],
        start: int,
        end: int,
        place: Place,
    ) -> Part:
        disposition, labels = "", dict[str, str]()
        if value := fields.get("content-disposition"):
            disposition, labels = parse_parameters(value, self.defects)
        name = labels.get("filename") or parameters.get("name") or ""
        if name:
            name = clean_filename(decode_value(name, self.defects))
        if _CONTENT_TYPE.fullmatch(content_type) is None:
            add_defect(self.defects, "content-type", "a Content-Type makes no sense")
            content_type = "application/octet-stream" if name or disposition == "attachment" else "text/plain"
        encoding = fields.get("content-transfer-encoding")
        content = self._decode(self.raw[start:end], encoding) if encoding else self.raw[start:end]
        is_body = content_type in _BODY_TYPES and disposition != "attachment"
        if is_body and name and self.parts and content_type != "text/html":
            is_body = False  # a named text behind the first part is a file that is shown in place
        content_id = fields.get("content-id")
        return Part(
            content_type=content_type,
            charset=parameters.get("charset", "").partition(" ")[0].partition("(")[0].lower(),
            filename=name,
            is_attachment=not is_body,
            content_id=decode_value(content_id, []).strip("<> ") if content_id else "",
            parent_type=place.parent_type,
            report_type=place.report_type,
            depth=place.depth,
            headers=headers,
            content=content,
        )

    def _take_files_out(self, part: Part) -> Part:
        """The part without the files that stand uuencoded in its text; they become parts behind it."""
        text, files = split_files(part.content, self.defects, self.budget)
        if not files:
            return part
        rest = self.parts[-1] = replace(part, content=text)
        for file in files:
            name = clean_filename(decode_value(file.name.decode("ascii", "surrogateescape"), self.defects))
            self.parts.append(
                Part(
                    content_type=guess_type(name),
                    filename=name,
                    is_attachment=True,
                    parent_type=part.parent_type,
                    depth=part.depth,
                    content=file.content,
                )
            )
        return rest

    def _decode(self, content: bytes, encoding: str) -> bytes:
        encoding = encoding.partition(";")[0].partition("(")[0].strip().lower()
        if encoding == "quoted-printable":
            if b"= " in content or b"=\t" in content:
                content = _PADDED_BREAK.sub(b"=", content)
            return binascii.a2b_qp(content)
        if encoding == "base64":
            return self._decode_base64(content)
        if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
            return decode_lines(content, self.defects, self.budget)
        if encoding not in ("7bit", "8bit", "binary", ""):
            add_defect(self.defects, "transfer-encoding", "a Content-Transfer-Encoding is unknown; read as it stands")
        return content

    def _decode_base64(self, content: bytes) -> bytes:
        pad = content.find(b"=")
        if pad < 0 or len(content) - pad < 9 or not content[pad:].strip(b"= \t\r\n"):
            try:
                return binascii.a2b_base64(content)
            except binascii.Error:
                pad = -1
        # Pieces that were encoded one by one, or a cut end; what follows a blank line is a relay's footer
        add_defect(self.defects, "base64", "base64 is cut or mixed with other text")
        pieces: list[bytes] = []
        for piece in content.split(b"=", _MOST_PIECES):
            letters = piece.translate(None, _NOT_BASE64)
            visible = piece.strip(_BLANKS)
            if pieces and (len(letters) * 2 < len(visible) or b" " in visible):
                break
            letters = letters[: len(letters) - 1] if len(letters) % 4 == 1 else letters
            pieces.append(binascii.a2b_base64(letters + b"=" * (-len(letters) % 4)))
        return b"".join(pieces)
