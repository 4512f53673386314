"""The sizes past which a mail is held unread, checked by linear scans before anything looks closer.

Dry: no I/O. Past a limit the raw bytes are kept and a person decides (threats T53, T54).
Body lines have no limit: nothing in this room is slower than linear in them, and one-line HTML is common mail.
"""

from mailproc.records.mail import Defect

HEADER_BLOCK = 102_400  # bytes, as Postfix's header_size_limit
HEADER_LINE = 998 + 8_192  # RFC 5322 section 2.1.1 allows 998; the rest is tolerance
DEPTH = 20  # multiparts inside multiparts
PARTS = 500
RECEIVED = 100
ADDRESSES = 500  # read from one field; the rest is left out with a defect
VALUE = 16_384  # characters of one header value that are decoded


class LimitExceededError(Exception):
    """A mail is past one of the limits; `parse` turns it into a defect at once."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.defect = Defect(code, text)


def check_head(size: int, block: str) -> Defect | None:
    """The limit that a header block of this size and text is past, None when it is within all of them."""
    if size > HEADER_BLOCK:
        return Defect("limit-header-block", f"the header block has {size} bytes or more, {HEADER_BLOCK} are read")
    # Nothing can be too long in a block that is short as a whole
    if size > HEADER_LINE and (line := max(map(len, block.split("\n")))) > HEADER_LINE:
        return Defect("limit-line", f"a header line has {line} bytes, {HEADER_LINE} are read")
    return None


def check_received(count: int) -> Defect | None:
    """The limit on hops: a mail with this many Received fields is going in circles."""
    if count > RECEIVED:
        return Defect("limit-received", f"the mail has {count} Received fields, {RECEIVED} are read")
    return None
