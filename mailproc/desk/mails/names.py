"""Names of people outside as our own mails may show them: none of them passes for one of ours (threat T15). Dry."""

import re
import unicodedata
from functools import lru_cache

from mailproc.desk.draft import Policy
from mailproc.message.addresses import clean_display_name

# Letters of Cyrillic and Greek that look like Latin ones; enough for names (Unicode TR 39, confusables)
_ALIKE = str.maketrans("авсԁеғнһіјкӏморԛгѕтцѵѡхуүʏαβεζηικμνορτυχγωϲ", "abcdefhhijklmopqrstuvwxyyyabezhikmvoptuxywc")
_WORD = re.compile(r"[^\W_]+")
_SHORTEST = 3  # letters of a name of ours that are worth guarding


def shown_name(policy: Policy, name: str, address: str) -> str:
    """The name beside "via Acme Support" of a mail to a department; "" when none can be shown.

    A name that reads like the site's, an agent's or a department's gives way to the local part of the address: the
    whole address stands in the mail.
    """
    agent = policy.book.find_agent(address)
    for one in (clean_display_name(name), clean_display_name(address.partition("@")[0])):
        if one and (agent is not None or not _is_ours(policy, one)):
            return one
    return ""


def _is_ours(policy: Policy, name: str) -> bool:
    joined = f" {' '.join(_read(name))} "
    whole, inside = _own_names(policy)
    if joined in whole:
        return True
    for own in inside:  # noqa: SIM110
        if own in joined:
            return True
    return False


def _own_names(policy: Policy) -> tuple[frozenset[str], tuple[str, ...]]:
    """All names of ours, and those that may not even be a part of another: a single word is many people's name."""
    book = policy.book
    departments = [one.name for one in book.departments.values()]
    return _read_all((policy.site.name, *[agent.name for agent in book.agents], *departments))


@lru_cache(maxsize=8)
def _read_all(names: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    read = dict.fromkeys(_read(name) for name in names)
    found = {f" {' '.join(words)} ": len(words) for words in read if len("".join(words)) >= _SHORTEST}
    return frozenset(found), tuple(name for name, size in found.items() if size > 1)


def _read(name: str) -> tuple[str, ...]:
    """The words of a name as they look."""
    text = name.casefold()
    if not text.isascii():
        plain = unicodedata.normalize("NFKD", text)
        text = "".join([letter for letter in plain if not unicodedata.combining(letter)]).translate(_ALIKE)
    return tuple(_WORD.findall(text))
