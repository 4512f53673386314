"""One word of the settings file to one value; each reader raises `BadValue` with the remedy. Knows no key."""

import ipaddress
import re
import zoneinfo
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from mailproc.message.addresses import is_sendable, normalise
from mailproc.message.trust import is_registry
from mailproc.records.filegroups import FILE_GROUPS
from mailproc.yamlnodes import did_you_mean

SHIPPED_LANGUAGES = ("en", "de", "es", "fr", "it", "no", "pl")
LOOPBACK = ("127.0.0.1", "::1", "localhost")
RESERVED_PREFIXES = frozenset(("TICKET", "CASE", "ID", "RE", "FW", "FWD", "AW", "WG"))

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SIZE_FACTORS = {"": 1, "B": 1, "K": 1000, "M": 1000**2, "G": 1000**3, "KI": 1024, "MI": 1024**2, "GI": 1024**3}
_DURATION = re.compile(r"(?:[0-9]{1,9}[smhdw])+")
_SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?) ?([KMG]?I?)B?", re.IGNORECASE)
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))*", re.IGNORECASE)
_BORDER_HINT = "Write the host that writes the field: mx.example.org, 192.0.2.7, *.example.org or 2001:db8:*"
_LONGEST = timedelta(days=36500)


class BadValue(ValueError):
    """The word cannot be the value: why, and what to write instead."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint


def read_text(word: str) -> str:
    """The word itself, on one line."""
    if re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", word):
        raise BadValue("this must be one line of text without tabs")
    return word


def read_choice(*choices: str) -> Callable[[str], str]:
    """A reader that takes one of these words, in any case."""

    def read(word: str) -> str:
        if word.lower() in choices:
            return word.lower()
        guess = did_you_mean(word, choices)
        raise BadValue(f'"{word}" is not one of {", ".join(choices)}' + (f": {guess}" if guess else ""))

    return read


def read_flag(word: str) -> bool:
    """yes, no, true, false, on, off."""
    if word.lower() in ("yes", "true", "on"):
        return True
    if word.lower() in ("no", "false", "off"):
        return False
    raise BadValue(f'"{word}" is neither yes nor no')


def read_number(least: int, most: int) -> Callable[[str], int]:
    """A reader of whole numbers in a range."""

    def read(word: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", word):
            raise BadValue(f'"{word}" is not a whole number')
        if not least <= int(word) <= most:
            raise BadValue(f"{word} is out of range: {least} to {most}")
        return int(word)

    return read


def read_limit(word: str) -> int | None:
    """A count of mails, or `none`."""
    if word.lower() == "none":
        return None
    try:
        return read_number(0, 1_000_000)(word)
    except BadValue as error:
        raise BadValue(error.text, "Write a number, or none for no limit.") from None


def read_duration(word: str) -> timedelta:
    """`30d`, `24h`, `10m`, `0s`, `1h30m`."""
    if word.lower() == "none":
        raise BadValue('"none" is not possible here', "Write 0s to switch it off.")
    plain = word.lower().replace(" ", "")
    if not _DURATION.fullmatch(plain):
        hint = "Write a number and its unit: 30d, 24h, 10m, 0s."
        if re.fullmatch(r"[0-9]+", plain):
            raise BadValue(f'"{word}" lacks its unit', f"{hint} s seconds, m minutes, h hours, d days, w weeks.")
        raise BadValue(f'"{word}" is not a length of time', hint)
    seconds = sum(int(number) * _UNIT_SECONDS[unit] for number, unit in re.findall(r"([0-9]+)([smhdw])", plain))
    if seconds > _LONGEST.total_seconds():
        raise BadValue(f'"{word}" is more than a hundred years')
    return timedelta(seconds=seconds)


def read_optional_duration(word: str) -> timedelta | None:
    """A length of time, or `none`."""
    if word.lower() == "none":
        return None
    try:
        return read_duration(word)
    except BadValue as error:
        raise BadValue(error.text, f"{error.hint} Or write none.".strip()) from None


def read_size(least: int, most: int) -> Callable[[str], int]:
    """A reader of sizes in bytes: `30MB`, `500KB`, `1.5 GB`; decimal, with MiB and the like for powers of two."""

    def read(word: str) -> int:
        match = _SIZE.fullmatch(word)
        if not match or match[2].upper() == "I":
            raise BadValue(f'"{word}" is not a size', "Write a number and its unit: 30MB, 500KB.")
        size = int(float(match[1]) * _SIZE_FACTORS[match[2].upper()])
        if not least <= size <= most:
            raise BadValue(f"{word} is out of range: {show_size(least)} to {show_size(most)}")
        return size

    return read


def show_size(size: int) -> str:
    """`30MB` for 30000000."""
    for unit, factor in (("GB", 1000**3), ("MB", 1000**2), ("KB", 1000)):
        if size >= factor and size % factor == 0:
            return f"{size // factor}{unit}"
    return f"{size}B"


def read_address(word: str) -> str:
    """One e-mail address, normalised."""
    if "@" not in word:
        raise BadValue(f'"{word}" is not an e-mail address', "Write it in full: support@example.org")
    if "<" in word or " " in word:
        raise BadValue(f'"{word}" is not a bare e-mail address', "Write the address alone, without a name or < >.")
    address = normalise(word)
    if not address or not is_sendable(address) or not address.isascii():
        raise BadValue(f'"{word}" is not an e-mail address mail can be sent to', "Write it like support@example.org")
    return address


def read_domain(word: str) -> str:
    """A domain name in lower case, IDNA-encoded."""
    address = normalise(f"x@{word}") if "@" not in word else ""
    domain = address.removeprefix("x@")
    if not domain or not _HOST.fullmatch(domain):
        raise BadValue(f'"{word}" is not a domain', "Write it like example.org, without @ and without http://")
    return domain


def read_host(word: str) -> str:
    """A host name or an IP address, in lower case."""
    bare = word.strip("[]")
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        if re.search(r"[:/@]", word):
            hint = "Write the host name alone; the port has a key of its own."
            raise BadValue(f'"{word}" is not a host name', hint) from None
    return read_domain(word)


def read_border(word: str) -> str:
    """A host, or a provider's many: `*.example.com`, `.example.com`, `2002:a05:*`."""
    if word.startswith(("*.", ".")):
        bare = word.removeprefix("*").removeprefix(".")
        domain = read_domain(bare) if "*" not in bare else ""
        if not domain:
            raise BadValue(f'"{word}" has a * too many', _BORDER_HINT)
        if is_registry(domain):
            hint = "Write the provider's own domain behind *., such as *.example.org"
            raise BadValue(f'"{word}" is half the world', hint)
        return f"*.{domain}"
    if re.fullmatch(r"[0-9A-Fa-f]{1,4}(:[0-9A-Fa-f]{1,4}){1,6}:\*", word):
        return word.lower()
    if "*" in word or "/" in word or " " in word.strip():
        raise BadValue(f'"{word}" is no host of a mail server', _BORDER_HINT)
    return read_host(word)


def read_authserv_id(word: str) -> str:
    """The first word of an Authentication-Results field, or a provider's many: `*.example.com`."""
    if re.search(r"[\s;,:=]", word):
        hint = (
            'Write the first word behind "Authentication-Results:" alone, such as mx.example.org; '
            "several in brackets: [mx1.example.org, mx2.example.org]"
        )
        raise BadValue(f'"{word}" is not the name of one mail server', hint)
    return read_border(word) if "*" in word else read_text(word).lower().rstrip(".")


def read_prefix(word: str) -> str:
    """The letters in front of case numbers (mail-policy section 1)."""
    if word.upper() in RESERVED_PREFIXES:
        raise BadValue(f'"{word}" cannot be a prefix: other mail programs write it too', "Take letters of your name.")
    if re.fullmatch(r"[A-Z]{2,8}", word):
        return word
    if re.fullmatch(r"[A-Za-z]{2,8}", word):
        raise BadValue(f'the prefix "{word}" must be in capitals', f"Write {word.upper()}")
    raise BadValue(f'"{word}" cannot be a prefix', "A prefix is 2 to 8 letters from A to Z, such as ACME.")


def read_language(word: str) -> str:
    """A language code of two or three letters."""
    if re.fullmatch(r"[A-Za-z]{2,3}", word):
        return word.lower()
    hint = f"Write its code of two letters: {', '.join(SHIPPED_LANGUAGES)} are shipped; others need templates of yours."
    raise BadValue(f'"{word}" is not a language code', hint)


def read_file_kind(word: str) -> str:
    """A group of files, or the ending of a file's name without its dot."""
    kind = word.lower().removeprefix("*").removeprefix(".")
    if kind in FILE_GROUPS or re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,30}", kind):
        return kind
    hint = f"Write one of {', '.join(FILE_GROUPS)}, or an ending such as zip; [] passes everything on."
    raise BadValue(f'"{word}" is no kind of file', hint)


def read_timezone(word: str) -> str:
    """The name of a zone in the time zone database."""
    if word.upper() in ("UTC", "GMT"):
        return "UTC"
    try:
        return zoneinfo.ZoneInfo(word).key
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        guess = did_you_mean(word, zoneinfo.available_timezones())
    hint = "Write a name like Europe/Warsaw or America/New_York."
    raise BadValue(f'"{word}" is not a time zone' + (f": {guess}" if guess else ""), hint)


def read_network(word: str) -> str:
    """An IP address or network in CIDR form."""
    try:
        return str(ipaddress.ip_network(word))
    except ValueError as error:
        if "has host bits set" in str(error):
            network = ipaddress.ip_network(word, strict=False)
            raise BadValue(f'"{word}" is an address inside a network', f"Write the network: {network}") from None
    raise BadValue(f'"{word}" is not a network', "Write an address or a network: 192.0.2.7, 10.0.0.0/8, 2001:db8::/32")


def read_endpoint(word: str) -> tuple[str, int]:
    """`127.0.0.1:2525` or `[::1]:2525` to host and port."""
    host, colon, port = word.rpartition(":")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535 or not host:
        number = word.lstrip(":")
        example = f"127.0.0.1:{number}" if re.fullmatch(r"[0-9]{1,5}", number) else "127.0.0.1:2525"
        raise BadValue(f'"{word}" is not a host and a port', f'Write "{example}"')
    if ":" in host and not host.startswith("["):
        raise BadValue(f'"{word}" is not a host and a port', f'Write an IPv6 address in brackets: "[{host}]:{port}"')
    return read_host(host), int(port)


def read_resolver(word: str) -> str:
    """The address of a DNS server, `127.0.0.1` or `127.0.0.1:5353`."""
    port: int | None = None
    try:
        bare = ipaddress.ip_address(word)
    except ValueError:
        try:
            host, port = read_endpoint(word)
            bare = ipaddress.ip_address(host)
        except ValueError:
            hint = 'Write the IP address of one server, with its port where that is not 53: "127.0.0.1:5353"'
            raise BadValue(f'"{word}" is not the address of a DNS server', hint) from None
    if port == 0 or bare.is_unspecified or bare.is_multicast:
        raise BadValue(f'nobody can be asked at "{word}"', 'Write the address of one DNS server, such as "127.0.0.1"')
    if port is None:
        return str(bare)
    return f"[{bare}]:{port}" if bare.version == 6 else f"{bare}:{port}"


def read_start(word: str) -> str:
    """`now`, `all`, or the date of `since 2026-01-31`."""
    plain = word.lower()
    if plain in ("now", "all"):
        return plain
    try:
        return date.fromisoformat(plain.removeprefix("since").strip()).isoformat()
    except ValueError:
        raise BadValue(f'"{word}" is not now, all or a date', "Write  since 2026-01-31") from None


def read_after(*choices: str) -> Callable[[str], str]:
    """A reader of what becomes of a stored mail: one of the words, or `move:FOLDER`."""
    said = f"{', '.join(choices)} or move:FOLDER"

    def read(word: str) -> str:
        if word.lower() in choices:
            return word.lower()
        kind, colon, folder = read_text(word).partition(":")
        if kind.lower() == "move" and colon and folder.strip():
            return f"move:{folder.strip()}"
        guess = did_you_mean(word, choices)
        raise BadValue(f'"{word}" is not {said}' + (f": {guess}" if guess else ""), 'Write "move:Processed" in quotes.')

    return read


def read_folder(word: str) -> str:
    """The name of an IMAP folder; INBOX is the same in any case (RFC 9051 section 5.1)."""
    return "INBOX" if word.upper() == "INBOX" else read_text(word)


def read_rate(word: str) -> int | None:
    """At least one, or `none`."""
    if word == "0":
        raise BadValue("0 would let nothing through", "Write a number, or none for no limit.")
    return read_limit(word)


def read_mode(word: str) -> int:
    """The permissions of a file in octal: 0660."""
    if not re.fullmatch(r"0?[0-7]{3}", word):
        raise BadValue(f'"{word}" are no permissions', 'Write them in octal: "0660" owner and group, "0666" everybody.')
    return int(word, 8)


def read_url(word: str) -> str:
    """An https address without a slash at its end; http only on this machine, where nobody listens on the way."""
    try:
        parts = urlsplit(read_text(word))
        host, is_whole = parts.hostname or "", not parts.query and not parts.fragment and parts.port != 0
    except ValueError:  # a port that is no number, brackets that do not match
        host, is_whole = "", False
    if not host or not is_whole or "@" in parts.netloc or parts.scheme not in ("https", "http"):
        raise BadValue("this is not the address of a server", "Write it like https://login.microsoftonline.us")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise BadValue(f"secrets would travel to {host} unprotected", "Write https:// in front.")
    return word.rstrip("/")


def read_label(word: str) -> str:
    """A short name that is also a file's name."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,40}", word):
        return word
    raise BadValue(f'"{word}" cannot be a name here', "Take letters, digits, - and _, such as support.")


def absolute(word: str, folder: Path) -> Path:
    """The path, started from `folder` when it is relative; `~/` is the home of the user."""
    if word == "~" or word.startswith("~/"):
        try:
            return Path(word).expanduser()
        except RuntimeError:  # no home: then it is a folder's name
            pass
    return folder / word
