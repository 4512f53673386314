"""The syntax of SMTP commands: a path and its parameters, a client's name for itself. Text in, text out."""

import re

_PATH = re.compile(r'(?:<((?:"(?:[^"\\]|\\.)*"|[^"<>])*)>|([^\s<>]+))((?:\s+\S+)*)')
_ROUTE = re.compile(r"@[^:]*:")

TOO_BIG = "552 5.3.4 The mail is larger than we accept"


def read_path(keyword: str, arg: str | None) -> tuple[str | None, list[str]]:
    """(the address, parameters) of `FROM:<address> PARAM`; None when it cannot be read, "" for `<>`."""
    if arg is None or arg[: len(keyword)].upper() != keyword:
        return None, []
    match = _PATH.fullmatch(arg[len(keyword) :].strip())
    if match is None:
        return None, []
    path = match[2] if match[1] is None else match[1]
    # RFC 5321 section 4.1.1.3: a source route is accepted and ignored
    return _ROUTE.sub("", path, count=1) if path.startswith("@") else path, match[3].upper().split()


def find_param_fault(params: list[str], max_size: int) -> str:
    """The answer to MAIL FROM parameters that we cannot honour, "" when we can honour all."""
    for param in params:
        name, _, value = param.partition("=")
        if name == "SIZE" and value.isascii() and value.isdigit():
            if len(value) > 18 or int(value) > max_size:  # RFC 1870 section 6.1
                return TOO_BIG
        elif param not in ("BODY=7BIT", "BODY=8BITMIME", "SMTPUTF8"):
            return "555 5.5.4 We know SIZE, BODY and SMTPUTF8 only"
    return ""


def clean_helo(name: str | None) -> str:
    """What the client called itself, printable and short."""
    return "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in (name or "")[:255])
