"""Finds the mail that was forwarded inside another one: attached, or inline as any known mail client writes it.

Dry: no I/O. Only the outermost forwarded mail is read; a quoted mail below an answer is no forward.
"""

import re
from collections.abc import Sequence
from email import message_from_bytes
from email.message import Message

from mailproc.message import quotelines as words
from mailproc.message import signatures
from mailproc.message.addresses import normalise, parse_mailboxes
from mailproc.message.charsets import clean_text, decode_bytes
from mailproc.message.headers import decode, guarded, read_head
from mailproc.message.ids import find_ids
from mailproc.message.parts import Part, first
from mailproc.message.quotemarks import (
    Block,
    Line,
    find_attribution_end,
    find_block,
    find_label,
    find_separator,
    fold,
    is_forward_line,
    is_rule,
    next_filled,
    read_lines,
)
from mailproc.message.subjects import strip_prefixes
from mailproc.records.mail import Address, Forwarded

_MAX_ATTACHED = 2_000_000  # bytes of an attached mail that are read for its text
_MAX_SCANNED = 400  # lines looked at for the beginning of a forwarded mail
_MAX_ONE_LINE = 1500

_PREFIX = re.compile(r"\s*([^\s:：\[(]{1,14}(?: [^\s:：]{1,10})?)\s?(?:\[\d{1,3}\]|\(\d{1,3}\))?\s?[:：]")
_MAILTO = re.compile(r"<mailto:[^<>]{0,320}>", re.IGNORECASE)
_BRACKET_MAILTO = re.compile(r"\[mailto:([^\]\s]{1,320})\]", re.IGNORECASE)
_ADDRESS = re.compile(r"""[^\s<>()\[\],;:"'„“”«»]{1,64}@[^\s<>()\[\],;:"'„“”«»]{1,255}""")
_QUOTE_MARK = re.compile('["„«]')
_ON_BEHALF = re.compile(
    r"\s(?:on behalf of|im auftrag von|de la part de|en nombre de|per conto di|namens)\s", re.IGNORECASE
)
# Yahoo writes all its labels in one line, without a blank before them.
_ONE_LINE_LABEL = re.compile(
    "|".join(
        # "Assunto" comes without its colon
        rf"{re.escape(word)}(?:\s?[:：]{r'|(?=[ ])' if kind == words.SUBJECT and len(word) > 5 else ''})"
        for kind in (words.FROM, words.SENT, words.TO, words.CC, words.SUBJECT)
        for word in sorted(words.LABELS_BY_KIND[kind].split("|"), key=len, reverse=True)
    ),
    re.IGNORECASE,
)


def find_forwarded(subject: str, text: str, parts: tuple[Part, ...]) -> Forwarded | None:
    """The outermost mail that was forwarded; None for a new mail and for an answer that quotes another one."""
    direction = _read_direction(subject)
    attached = _find_attached(parts)
    if attached is not None and not (direction == "reply" and _has_own_text(read_lines(text))):
        return _read_attached(attached)
    # What is quoted below an answer is no forward, whatever stands above it
    return _find_inline(read_lines(text), subject, direction) if direction != "reply" else None


def _read_direction(subject: str) -> str:
    """ "forward", "reply", "both" for the VS: of the Nordic languages, "" without a known prefix."""
    match = _PREFIX.match(subject)
    if match is None:
        return ""
    prefix = fold(match.group(1)).rstrip(".")
    if prefix == "vs":
        return "both"
    if prefix in words.FORWARD_SUBJECTS:
        return "forward"
    return "reply" if prefix in words.REPLY_SUBJECTS else ""


def _has_own_text(lines: Sequence[Line]) -> bool:
    return any(_is_own(line) for line in lines[:_MAX_SCANNED])


def _is_own(line: Line) -> bool:
    return bool(line.bare) and not line.depth and not is_rule(line.bare) and not signatures.is_footer(line.bare)


def _find_inline(lines: Sequence[Line], subject: str, direction: str) -> Forwarded | None:
    top = signatures.find_banner_end(lines)
    for index in range(top, min(len(lines), _MAX_SCANNED)):
        if not lines[index].may_begin:
            continue
        found = _find_head(lines, index)
        if found is not None:
            kind, head, body = found
            is_meant = kind == "forward" or _is_forward(direction, head, _says_something(lines[top:index]))
            return _read_inline(lines, head, body, subject) if is_meant else None
        end = find_attribution_end(lines, index)
        if end:
            following = next_filled(lines, end)
            # Outlook for Mac forwards below "On ..., Jane wrote:"
            if direction != "forward" or following == len(lines):
                return None
            return _read_attributed(lines, index, end, subject)
    return None


def _says_something(lines: Sequence[Line]) -> bool:
    """Whether there are words of the sender above a signature."""
    for line in lines:
        if signatures.is_delimiter(line):
            return False
        if _is_own(line):
            return True
    return False


def _is_forward(direction: str, head: Block | None, has_text: bool) -> bool:
    if direction == "forward":
        return True
    if direction == "both":
        return head is None or head.label != "lähettäjä" or not has_text
    if has_text or head is None:
        return False
    return direction == "" and "@" in head.value(words.FROM) and bool(head.value(words.SENT) or head.value(words.TO))


def _find_head(lines: Sequence[Line], index: int) -> tuple[str, Block | None, int] | None:
    """(kind of separator, header block, first line of the forwarded text) when a mail begins here."""
    line = lines[index]
    kind, rest = find_separator(line.bare)
    if not kind and is_forward_line(line.bare):
        kind = "forward"
    if kind:
        if rest and find_label(rest)[0]:
            return kind, _read_one_line(line.raw, index), index + 1
        start = next_filled(lines, index + 1)
        if start == len(lines) or start - index > 4:
            return None
        block = find_block(lines, start, least=2)
        # Without a header block it is a drawn line in somebody's text
        return (kind, block, block.end) if block is not None else None
    block = find_block(lines, index)
    return ("", block, block.end) if block is not None else None


def _read_one_line(raw: str, index: int) -> Block | None:
    text = raw[:_MAX_ONE_LINE]
    fields: dict[str, str] = {}
    hits = list(_ONE_LINE_LABEL.finditer(text))
    label = ""
    for number, hit in enumerate(hits):
        word = fold(hit.group().rstrip(":： \xa0\t"))
        kind = words.LABELS.get(word, words.OTHER)
        end = hits[number + 1].start() if number + 1 < len(hits) else len(text)
        value = text[hit.end() : end].strip(" \t\xa0")
        if kind not in fields:
            fields[kind] = value
            label = word if kind == words.FROM else label
        else:
            # The word stood inside a value
            last = next(reversed(fields))
            fields[last] = f"{fields[last]}{hit.group()}{value}".strip()
    return Block(index, index + 1, tuple(fields.items()), label) if words.FROM in fields else None


def _read_inline(lines: Sequence[Line], head: Block | None, body: int, subject: str) -> Forwarded:
    if head is None:
        return Forwarded(None, strip_prefixes(subject), text=_join(lines, body))
    return Forwarded(
        from_=read_mailbox(head.value(words.FROM)),
        subject=_clean(head.value(words.SUBJECT)) or strip_prefixes(subject),
        date=_clean(head.value(words.SENT)),
        text=_join(lines, body),
    )


def _read_attributed(lines: Sequence[Line], start: int, end: int, subject: str) -> Forwarded:
    said = " ".join(line.bare for line in lines[start:end])
    address = _ADDRESS.search(_MAILTO.sub("", said))
    from_ = None
    if address is not None:
        before = said[: address.start()].rstrip("<(\"'„“”«» ")
        name = before.rpartition(",")[2] if not _QUOTE_MARK.search(before) else _QUOTE_MARK.split(before)[-1]
        name = name.strip(" \"'„“”«»,")
        from_ = Address(normalise(address.group()), name if not any(char.isdigit() for char in name) else "")
    return Forwarded(from_ if from_ and from_.addr else None, strip_prefixes(subject), text=_join(lines, end))


def read_mailbox(value: str) -> Address | None:
    """The mailbox that a mail client wrote behind From: in a body; None when there is no address in it."""
    text = _ON_BEHALF.split(_BRACKET_MAILTO.sub(r"<\1>", _MAILTO.sub("", value[:1000])), maxsplit=1)[0].strip(" *")
    found = _ADDRESS.search(text)
    if found is None:
        return None
    boxes = parse_mailboxes(text)
    box = next((box for box in boxes if box.addr == normalise(found.group())), None)
    if box is not None and box.name:
        return Address(box.addr, box.name.strip(" '\"*"))
    addr = normalise(found.group().strip(".*_"))
    name = text[: found.start()].strip(" <([\"'*,;\t\xa0")
    return Address(addr, name) if addr else None


def _join(lines: Sequence[Line], start: int) -> str:
    """The forwarded text without the quote mark that its whole block carries."""
    rest = lines[start:]
    depth = min((line.depth for line in rest if line.bare), default=0)
    if not depth and rest:
        # MailMate marks the first paragraph only
        at = next_filled(rest, 0)
        depth = 1 if at < len(rest) and rest[at].depth else 0
    return clean_text("\n".join(_unquote(line, depth) for line in rest).strip("\r\n \t\xa0"))


def _unquote(line: Line, depth: int) -> str:
    raw = line.raw
    for _ in range(min(depth, line.depth)):
        raw = raw.lstrip(" \t\xa0\ufeff").removeprefix(">")
        raw = raw.removeprefix(" ")
    return raw.rstrip()


def _clean(value: str) -> str:
    return " ".join(clean_text(value).split())


def _find_attached(parts: tuple[Part, ...]) -> Part | None:
    found: Part | None = None
    for part in parts:
        if part.report_type or part.parent_type == "multipart/report":
            continue
        is_mail = part.content_type in ("message/rfc822", "message/global") or (
            part.filename.lower().endswith(".eml") and b":" in part.content[:200]
        )
        if is_mail and part.content.strip() and (found is None or part.depth < found.depth):
            found = part
    return found


def _read_attached(part: Part) -> Forwarded | None:
    raw = part.content[:_MAX_ATTACHED]
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    raw = raw.lstrip(b"\r\n")
    headers = read_head(raw, 0, len(raw)).headers
    if not any(name in ("from", "subject", "date", "message-id", "received") for name, _ in headers):
        return None
    senders = parse_mailboxes(first(headers, "from"))
    ids = find_ids(first(headers, "message-id"))
    text, _problem = guarded(lambda: _read_text(raw), "")
    return Forwarded(
        from_=senders[0] if senders else None,
        subject=decode(first(headers, "subject")),
        date=decode(first(headers, "date")),
        message_id=ids[0] if ids else "",
        text=text,
    )


def _read_text(raw: bytes) -> str:
    """The first plain text of an attached mail, "" when it has none."""
    leaves: list[Message] = [part for part in message_from_bytes(raw).walk() if not part.is_multipart()]
    for leaf in leaves[:50]:
        if leaf.get_content_type() == "text/plain" and leaf.get_filename() is None:
            content = leaf.get_payload(decode=True)
            if isinstance(content, bytes):
                label = leaf.get_content_charset("")
                return decode_bytes(content, label if isinstance(label, str) else "", []).strip()
    return ""
