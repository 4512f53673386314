"""Mail addresses: reading mailbox lists however they are written, and the one place that normalises an address.

Dry: no I/O. Reading is tolerant and linear; what may identify somebody is decided on raw bytes in `fromfield`.
"""

import re
import unicodedata
from functools import lru_cache

from mailproc.message.defects import add_defect
from mailproc.message.headers import decode_value
from mailproc.message.limits import ADDRESSES, VALUE
from mailproc.records.mail import Address, Defect

LONGEST = 254  # RFC 5321 section 4.5.3.1.3, without the brackets
LONGEST_LOCAL = 64
NAME_LENGTH = 64
_LONGEST_KEPT = 200  # characters of a field whose reading is kept

_ATEXT = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~\-"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_SENDABLE = re.compile(rf"[{_ATEXT}]{{1,64}}(?:\.[{_ATEXT}]{{1,64}})*@{_LABEL}(?:\.{_LABEL})*")
# RFC 6531 section 3.3: atoms of UTF-8; controls, blanks and line ends of Unicode are not among them
_UATEXT = _ATEXT + "\u00a1-\u2027\u202a-\ud7ff\uf900-\ufdff\ufe00-\ufffc\U00010000-\U0003ffff"
_SENDABLE_UTF8 = re.compile(rf"[{_UATEXT}]{{1,64}}(?:\.[{_UATEXT}]{{1,64}})*@{_LABEL}(?:\.{_LABEL})*")
_JOINERS = re.compile("[\u200c\u200d]")
_ASCII_DOMAIN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?")
_LITERAL = re.compile(r"\[[A-Za-z0-9:.]{2,60}\]")
_UNFIT_LOCAL = re.compile('[\x00-\x20\x7f-\xa0\ud800-\udfff\u2028\u2029<>()\\[\\],;:\\\\"]')
_QUOTED_LOCAL = re.compile(r'"((?:[^"\\\x00-\x1f\x7f-\x9f\ud800-\udfff]|\\[^\x00-\x1f\x7f-\x9f\ud800-\udfff]){0,64})"')
_PLAIN_LOCAL = re.compile(rf"[{_ATEXT}.]+")
# The two forms that nearly all mail has. Possessive: else a run of blanks could be shared out in cubic many ways
_BARE = re.compile(rf"\s*+<?([{_ATEXT}.]+@[A-Za-z0-9.-]+)>?\s*+")
_NAMED = re.compile(rf'\s*+(?:"([^"\\]*+)"|([^"<>,;:()@\\]*+))\s*+<([{_ATEXT}.]+@[A-Za-z0-9.-]+)>\s*+')
# One token of a list; each alternative is bounded or ends at a character that it cannot hold
_TOKEN = re.compile(
    r"""(?P<word>=\?[^?\s<>]{1,60}\?[bBqQ]\?[^?<>]{0,2000}\?=)|(?P<blank>\s+)|(?P<text>[^\s"(),:;<>]+)|(?P<mark>.)""",
    re.S,
)
_QUOTE_END = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*"', re.S)
_ESCAPED = re.compile(r"\\(.)", re.S)
# What a name of ours must not carry on: addresses, structure, controls, direction marks, zero width
_UNFIT_NAME = re.compile(
    '[@<>"(),;:\\\\\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]+'
)


@lru_cache(maxsize=4096)
def normalise(addr: str) -> str:
    """The address to compare and store: domain as lower-case A-label, local part lowered in ASCII only; "" if unusable.

    No character becomes an ASCII letter on the way (threat T14): a domain label that only turns into plain ASCII by
    mapping (KELVIN SIGN for k) makes the address unusable, a local part keeps what it has.
    """
    addr = addr.strip()
    local, at, domain = addr.rpartition("@")
    if not at or not local or len(addr) > 2 * LONGEST:
        return ""
    if local[0] == '"':
        match = _QUOTED_LOCAL.fullmatch(local)
        if match is None:
            return ""
        plain = _ESCAPED.sub(r"\1", match.group(1))
        local = plain if _PLAIN_LOCAL.fullmatch(plain) else local
    elif _UNFIT_LOCAL.search(local) or "@" in local:
        return ""
    domain = _normalise_domain(domain)
    # bytes.lower knows ASCII only
    return f"{local.encode('utf-8', 'replace').lower().decode('utf-8', 'replace')}@{domain}" if domain else ""


def domain_of(addr: str) -> str:
    """The domain of a normalised address, "" when it has none."""
    return addr.rpartition("@")[2] if "@" in addr else ""


def is_sendable(addr: str) -> bool:
    """Whether the address may stand in RCPT TO as it is: dot-atom and host name (threat T42).

    The local part may have letters beyond ASCII (RFC 6531): such a mail goes where the next host offers SMTPUTF8.
    """
    if addr.isascii():
        if _SENDABLE.fullmatch(addr) is None:
            return False
    # Printable leaves out direction marks and other letters nobody sees; the joiners are part of Indian scripts
    elif (
        _SENDABLE_UTF8.fullmatch(addr) is None
        or not _JOINERS.sub("", addr).isprintable()
        or not unicodedata.is_normalized("NFKC", addr)  # what only looks like another address (T14)
    ):
        return False
    local, _, domain = addr.rpartition("@")
    # RFC 6531 section 3.3: the limits are counted in octets
    return (
        len(addr.encode("utf-8", "replace")) <= LONGEST
        and len(local.encode("utf-8", "replace")) <= LONGEST_LOCAL
        and not domain.rpartition(".")[2].isdigit()
    )


def clean_display_name(name: str) -> str:
    """The name as one of our own headers may show it: no address, structure, control or direction mark (T15)."""
    name = " ".join(_UNFIT_NAME.sub(" ", name).split())
    return name[:NAME_LENGTH].rstrip()


def parse_mailboxes(value: str) -> tuple[Address, ...]:
    """The mailboxes of an undecoded header value, groups opened; what has no usable address is left out."""
    return tuple([box for box in read_mailboxes(value, []) if box.addr])


def read_mailboxes(value: str, defects: list[Defect], hint: str = "") -> tuple[Address, ...]:
    """As `parse_mailboxes`, but an entry with a name and no usable address stays, with `addr` empty."""
    if len(value) > _LONGEST_KEPT:
        return _read(value[:VALUE], defects, hint)
    boxes, found = _read_kept(value, hint)
    for defect in found:
        add_defect(defects, defect.code, defect.text)
    return boxes


@lru_cache(maxsize=2048)
def _read_kept(value: str, hint: str) -> tuple[tuple[Address, ...], tuple[Defect, ...]]:
    """The same for the short fields of people who write again, and of our own addresses in To."""
    found: list[Defect] = []
    return _read(value, found, hint), tuple(found)


def _read(value: str, defects: list[Defect], hint: str) -> tuple[Address, ...]:
    if not value.isascii():
        value = _read_utf8(value)
    if match := _BARE.fullmatch(value):
        return (Address(normalise(match.group(1))),)
    if match := _NAMED.fullmatch(value):
        quoted, plain, addr = match.groups()
        return (Address(normalise(addr), _decode_name(plain if quoted is None else quoted, defects, hint)),)
    return _Reader(defects, hint).read(value)


class _Reader:
    """One pass over a list; a mailbox is finished at a comma, a semicolon or the end."""

    def __init__(self, defects: list[Defect], hint: str) -> None:
        self.defects, self.hint = defects, hint
        self.found: list[Address] = []
        self.start_mailbox()

    def start_mailbox(self) -> None:
        self.words: list[str] = []  # of the name, blanks among them
        self.comments: list[str] = []
        self.angle: str | None = None

    def read(self, value: str) -> tuple[Address, ...]:
        at, end = 0, len(value)
        may_quote = may_comment = True  # until an opening one has no end: then none after it has
        while at < end and len(self.found) < ADDRESSES:
            token = _TOKEN.match(value, at)
            if token is None:
                break
            at = token.end()
            text = token.group()
            if token.lastgroup != "mark":
                self.words.append(text)
            elif text == '"':
                match = _QUOTE_END.match(value, at) if may_quote else None
                may_quote = match is not None
                if match is not None:
                    self.words.append(_ESCAPED.sub(r"\1", value[at : match.end() - 1]))
                    at = match.end()
            elif text == "(":
                stop = _comment_end(value, at) if may_comment else -1
                may_comment = stop >= 0
                if may_comment:
                    self.comments.append(value[at : stop - 1])
                    at = stop
            elif text == "<":
                at = self.read_angle(value, at)
            elif text in ",;":
                self.finish_mailbox()
            elif text == ":" and self.angle is None and not any("@" in word for word in self.words):
                self.start_mailbox()  # a group's name
        if len(self.found) < ADDRESSES:
            self.finish_mailbox()
        elif at < end:
            add_defect(self.defects, "limit-addresses", f"of the addresses of a field only {ADDRESSES} are read")
        return tuple(self.found)

    def read_angle(self, value: str, at: int) -> int:
        """Take what stands in `<...>`; the first one with an @ is the address."""
        stop = value.find(">", at)
        comma = value.find(",", at)
        if stop < 0:
            stop = comma if comma >= 0 else len(value)
        inner = value[at:stop]
        if "<" in inner:
            inner = inner.rpartition("<")[2]
        if self.angle is None or "@" not in self.angle:
            # RFC 5322 section 4.4: a route is obsolete and means nothing
            self.angle = inner.rpartition(":")[2].strip() if inner.lstrip().startswith("@") else inner.strip()
        return stop + 1 if value[stop : stop + 1] == ">" else stop

    def finish_mailbox(self) -> None:
        addr, name = self.angle, ""
        if addr is not None:
            name = "".join(self.words).strip()
            if addr.lower().startswith("mailto:"):
                addr = addr[7:]
        else:
            at = next((n for n, word in enumerate(self.words) if "@" in word), None)
            if at is not None:
                addr = self.words[at]
                if at > 0 and addr[0] == "@":  # a quoted local part was its own word
                    addr = f'"{self.words[at - 1]}"{addr}'
                    at -= 1
                    del self.words[at]
                name = "".join(self.words[:at] + self.words[at + 1 :]).strip()
            else:
                name = "".join(self.words).strip()
        if not name and self.comments:
            name = self.comments[-1]
        box = Address(normalise(addr or ""), _decode_name(name, self.defects, self.hint) if name else "")
        if box.addr or box.name or addr:
            self.found.append(box)
        self.start_mailbox()


def _read_utf8(value: str) -> str:
    """RFC 6532: header bytes are UTF-8; a value that is not stays as it is, for its names to be guessed."""
    try:
        return value.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        return value


def _comment_end(value: str, at: int) -> int:
    """The offset behind the parenthesis that closes, -1 when none does."""
    depth, end = 1, len(value)
    while at < end:
        character = value[at]
        at += 2 if character == "\\" else 1
        if character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                return at
    return -1


def _decode_name(name: str, defects: list[Defect], hint: str) -> str:
    name = name.strip()
    if not name:
        return ""
    if not name.isascii() or "=?" in name or not name.isprintable():
        name = decode_value(name, defects, hint)
    if "  " in name:
        name = " ".join(name.split())
    # Outlook puts an address in single quotes, some clients encode the double ones
    if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"":
        name = name[1:-1].strip()
    return name


@lru_cache(maxsize=4096)
def _normalise_domain(domain: str) -> str:
    domain = domain.strip().removesuffix(".")
    if domain.isascii():
        if _ASCII_DOMAIN.fullmatch(domain) and ".." not in domain:
            return domain.lower()
        return domain.lower() if _LITERAL.fullmatch(domain) else ""
    if len(domain) > LONGEST:
        return ""
    import idna  # tables that most mail never needs

    try:
        mapped = idna.uts46_remap(domain, std3_rules=True, transitional=False)
        labels = [idna.alabel(label).decode("ascii") for label in mapped.split(".")]
    except (idna.IDNAError, UnicodeError, ValueError, IndexError):
        return ""
    given = domain.split(".")  # only the ASCII dot: its look-alikes are mapped too
    if len(given) != len(labels):
        return ""
    for before, after in zip(given, labels, strict=True):
        if not before.isascii() and not after.startswith("xn--"):
            return ""
    return ".".join(labels).lower()
