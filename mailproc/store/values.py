"""How values are written to columns: times as ISO text in UTC, records as JSON, text without what a column refuses.

Pure functions, the same result for both databases. They do not know the tables.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

LONGEST_KEY = 998  # bytes; RFC 5322 section 2.1.1 allows no longer line, PostgreSQL no index entry over 2700

_SURROGATES = re.compile("[\ud800-\udfff]")
_dump = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def to_text(text: str) -> str:
    """The text with NUL and lone surrogates replaced by U+FFFD (T49d); all else is kept."""
    if text.isascii():
        return text.replace("\0", "\ufffd") if "\0" in text else text
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    return _SURROGATES.sub("\ufffd", text)


def to_key(text: str) -> str:
    """The text as an index can hold it; what is longer than any legal id becomes its SHA-256."""
    text = to_text(text)
    if len(text) * 4 <= LONGEST_KEY:
        return text
    raw = text.encode()
    return text if len(raw) <= LONGEST_KEY else "sha256:" + hashlib.sha256(raw).hexdigest()


def to_json(value: object) -> str:
    """Compact JSON without escaped NULs or lone surrogates."""
    if not value and isinstance(value, list | tuple):
        return "[]"
    try:
        text = orjson.dumps(value).decode()
    except TypeError:  # a lone surrogate, a key that is no text, a number past 64 bits
        return _dump(_clean(value))
    return _dump(_clean(value)) if "\\u0000" in text else text


def from_json(text: str) -> Any:
    """The value of a JSON column."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:  # a number past 64 bits
        return json.loads(text)


@lru_cache(maxsize=256)  # one decision writes the same moment into a dozen columns
def to_time(at: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SS.ffffffZ`; sorts as time does. Raises ValueError for a time without a zone."""
    if at.tzinfo is not UTC:
        if at.tzinfo is None:
            raise ValueError(f"time without a zone: {at!r}")
        at = at.astimezone(UTC)
    return at.isoformat(timespec="microseconds")[:-6] + "Z"


def from_time(text: str) -> datetime:
    """The aware UTC time of a column."""
    return datetime.fromisoformat(text)


def from_optional_time(text: str | None) -> datetime | None:
    """The aware UTC time of a column that may be empty."""
    return datetime.fromisoformat(text) if text else None


def to_hash(*words: str) -> int:
    """A signed 64-bit number for the words, the same in every process."""
    joined = "\0".join(words).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(joined, digest_size=8).digest(), "big", signed=True)


def _clean(value: object) -> object:
    if isinstance(value, str):
        return to_text(value)
    if isinstance(value, Mapping):
        return {to_text(str(key)): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value
