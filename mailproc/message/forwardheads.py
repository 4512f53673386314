"""Reads what mail clients write into a body about a forwarded mail: who wrote it, to whom, when, what about.

Dry: no I/O. Values are shown text, not header fields: names without quotes, `[mailto:...]`, semicolons between people.
"""

import re
from collections.abc import Sequence

from mailproc.message import quotelines as words
from mailproc.message.addresses import normalise, parse_mailboxes
from mailproc.message.lazily import lazily
from mailproc.message.quotemarks import Block, Line, find_label, fold
from mailproc.records.mail import Address

_MAX_ONE_LINE = 1500
_MAX_RECIPIENTS = 200
_MAX_VALUE = 20_000

_MAILTO = lazily(r"<mailto:[^<>]{0,320}>", re.IGNORECASE)
_BRACKET_MAILTO = lazily(r"\[mailto:([^\]\s]{1,320})\]", re.IGNORECASE)
ADDRESS = lazily(r"""[^\s<>()\[\],;:"'„“”«»]{1,64}@[^\s<>()\[\],;:"'„“”«»]{1,255}""")
_LAST_BRACKET = lazily(r"<([^<>@\s]{1,64}@[^<>@\s]{1,255})>[^<>@]{0,200}\Z")
_QUOTE_MARK = lazily('["„«]')
_ON_BEHALF = lazily(
    r"\s(?:on behalf of|im auftrag von|de la part de|en nombre de|per conto di|namens)\s", re.IGNORECASE
)
# Between two people: a comma only where an address came before it, names hold commas too
_BETWEEN = lazily(r";|(?<=[>\])])\s{0,3},|，|；|、")
# Labels of the kind CC that name people whom the others do not know of
_BLIND = ("bcc", "cci", "cco", "密送", "숨은")
# Yahoo writes all its labels in one line, without a blank before them.
_ONE_LINE_LABEL = lazily(
    "|".join(
        # "Assunto" comes without its colon
        rf"{re.escape(word)}(?:\s?[:：]{r'|(?=[ ])' if kind == words.SUBJECT and len(word) > 5 else ''})"
        for kind in (words.FROM, words.SENT, words.TO, words.CC, words.SUBJECT)
        for word in sorted(words.LABELS_BY_KIND[kind].split("|"), key=len, reverse=True)
    ),
    re.IGNORECASE,
)


def read_mailboxes(value: str) -> tuple[Address, ...]:
    """The mailboxes that a mail client wrote behind To: or Cc: in a body, those with an address only."""
    found: dict[str, Address] = {}
    for piece in _BETWEEN.split(value[:_MAX_VALUE])[:_MAX_RECIPIENTS]:
        box = read_mailbox(piece)
        if box is None:
            continue
        rest = piece.partition("@")[2]
        if "@" in _MAILTO.sub("", rest) and "," in rest:
            # Bare addresses with commas between them
            for hit in ADDRESS.findall(_MAILTO.sub("", piece))[:_MAX_RECIPIENTS]:
                addr = normalise(hit.strip(".*_"))
                if addr:
                    found.setdefault(addr, Address(addr, box.name if addr == box.addr else ""))
        else:
            found.setdefault(box.addr, box)
        if len(found) >= _MAX_RECIPIENTS:
            break
    return tuple(found.values())


def read_recipients(lines: Sequence[Line], head: Block) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
    """(To, Cc) of a header block; a long list goes on over lines without a label."""
    values = {words.TO: "", words.CC: ""}
    if head.end - head.start <= 1:
        return read_mailboxes(head.value(words.TO)), read_mailboxes(head.value(words.CC))
    last = ""
    for line in lines[head.start : head.end]:
        kind, value = find_label(line.raw.lstrip("> \t\xa0\ufeff")[:_MAX_VALUE])
        if kind:
            is_blind = line.bare.casefold().lstrip("*_ ").startswith(_BLIND)
            last = kind if kind in values and not is_blind else ""
        else:
            value = line.bare
        if last and value and len(values[last]) < _MAX_VALUE:
            values[last] = f"{values[last]} {value}"
    return read_mailboxes(values[words.TO]), read_mailboxes(values[words.CC])


def read_attribution(said: str) -> Address | None:
    """The author that "On ..., Jane Doe <jane@x> wrote:" names; None when there is no address in it."""
    said = _MAILTO.sub("", said)
    address = ADDRESS.search(said)
    if address is None:
        return None
    if _is_ambiguous(said):
        return _read_last(said)
    before = said[: address.start()].rstrip("<(\"'„“”«» ")
    name = before.rpartition(",")[2] if not _QUOTE_MARK.search(before) else _QUOTE_MARK.split(before)[-1]
    name = name.strip(" \"'„“”«»,")
    addr = normalise(address.group())
    return Address(addr, name if not any(char.isdigit() for char in name) else "") if addr else None


def read_author(value: str) -> Address | None:
    """As `read_mailbox`, for who wrote it: of several addresses in one line the bracketed one at its end.

    The others stand in a name, and anybody chooses their own name: it must not make the mail somebody else's.
    """
    text = _BRACKET_MAILTO.sub(r"<\1>", _MAILTO.sub("", value[:1000]))
    if not _is_ambiguous(text):
        return read_mailbox(value)
    return None if _ON_BEHALF.search(text) else _read_last(text)


def _is_ambiguous(text: str) -> bool:
    return len({normalise(hit.strip(".*_")) for hit in ADDRESS.findall(text)}) > 1


def _read_last(text: str) -> Address | None:
    last = _LAST_BRACKET.search(text)
    addr = normalise(last[1]) if last is not None else ""
    return Address(addr) if addr else None


def read_mailbox(value: str) -> Address | None:
    """The mailbox that a mail client wrote behind From: in a body; None when there is no address in it."""
    text = _ON_BEHALF.split(_BRACKET_MAILTO.sub(r"<\1>", _MAILTO.sub("", value[:1000])), maxsplit=1)[0].strip(" *")
    found = ADDRESS.search(text)
    if found is None:
        return None
    boxes = parse_mailboxes(text)
    box = next((box for box in boxes if box.addr == normalise(found.group())), None)
    if box is not None and box.name:
        return Address(box.addr, box.name.strip(" '\"*"))
    addr = normalise(found.group().strip(".*_"))
    name = text[: found.start()].strip(" <([\"'*,;\t\xa0")
    return Address(addr, name) if addr else None


def read_one_line(raw: str, index: int) -> Block | None:
    """The block that Yahoo writes into one line, all labels behind each other; None when From is not among them."""
    text = raw[:_MAX_ONE_LINE]
    fields: dict[str, str] = {}
    hits = list(_ONE_LINE_LABEL.finditer(text))
    label, is_doubled = "", False
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
            is_doubled = True
            last = next(reversed(fields))
            fields[last] = f"{fields[last]}{hit.group()}{value}".strip()
    author = fields.get(words.FROM)
    if author is not None and (author.count('"') % 2 or (is_doubled and not author.endswith(">"))):
        fields[words.FROM] = ""  # a label stood inside the name, and cut the address off
    return Block(index, index + 1, tuple(fields.items()), label) if author is not None else None
