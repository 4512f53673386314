"""Message ids out of Message-ID, In-Reply-To and References, however they are written. Dry: no I/O."""

import re

from mailproc.message.limits import VALUE

MOST = 200  # ids kept of one field
_BRACKETED = re.compile(r"<([^<>]{1,998})>")
_ONE = re.compile(r"<[!-;=?-~]{1,998}>")  # what nearly all mail has
_BARE = re.compile(r"[^\s<>\"(),;]{1,500}@[^\s<>\"(),;]{1,400}")
_BLANKS = re.compile(r"\s+")
_UNFIT = re.compile("[\x00-\x20\x7f-\x9f\ud800-\udfff\u2028\u2029]+")


def find_ids(value: str) -> tuple[str, ...]:
    """The ids in their order, each once, with angle brackets; of a very long field the first and the newest.

    RFC 5322 section 3.6.4 wants `<left@right>`; Microsoft writes `<[x@y]>`, some leave the brackets out, fold inside
    an id or add a comment.
    """
    if _ONE.fullmatch(value):
        return (value,)
    if len(value) > VALUE:
        value = value[: VALUE // 8] + " " + value[-VALUE:].partition(" ")[2]
    if "<" in value:
        found = _BRACKETED.findall(value)
    else:
        found = _BARE.findall(value)
        if not found and value and not _BLANKS.search(value.strip()):
            found = [value]
    ids = dict.fromkeys([f"<{text}>" for one in found if (text := _clean(one))])
    kept = tuple(ids)
    return kept if len(kept) <= MOST else kept[:1] + kept[1 - MOST :]


def _clean(text: str) -> str:
    if not text.isascii():
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return _UNFIT.sub("", text) if not text.isprintable() or " " in text else text
