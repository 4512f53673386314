"""One entry of `trust.logins`: which login of our mail server writes as which address."""

from mailproc.message.addresses import normalise
from mailproc.settings.values import BadValue, read_address, read_domain

_HINT = (
    'Write "*@example.org" where people log in with their address, "*=*@example.org" where with the name in front of '
    "the @, or  asmith=ann@example.org  for one of them"
)


def read_login(word: str) -> tuple[str, str]:
    """(login, address); with a `*` in front on both sides, which stands for the same word."""
    login, equals, address = word.partition("=")
    if not equals:
        address = login
        if "@" not in login:
            raise BadValue(f'"{word}" does not say which address that login may write as', _HINT)
    if login.startswith("*") != address.startswith("*"):
        raise BadValue(f'"{word}" has a * on one side only', _HINT)
    return _read_side(login, is_address=False), _read_side(address, is_address=True)


def _read_side(word: str, *, is_address: bool) -> str:
    if word.startswith("*@"):
        return f"*@{read_domain(word[2:])}"
    if word == "*" and not is_address:
        return word
    if is_address or "@" in word:
        if "*" in word:
            raise BadValue(f'"{word}" has a * where none can be', _HINT)
        return read_address(word)
    if not word or not normalise(f"{word}@example.org") or "*" in word or '"' in word:
        raise BadValue(f'"{word}" is no login', _HINT)
    return word.lower()
