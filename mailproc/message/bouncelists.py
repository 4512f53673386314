"""Reads what mailing-list programs answer when they turn a mail away: fml, Mailman, Majordomo, LISTSERV, ezmlm, Sympa.

Dry: no I/O. The mail did not reach the list, so these are delivery failures; what a list passes on is not.
"""

import re
from typing import NamedTuple

from mailproc.message.bouncecopies import find_addresses
from mailproc.message.bouncestatus import to_line

_MAX_TEXT = 2000
# What list programs put into their own mail, most of them into what they pass on too
LIST_SIGNS = ("x-mlserver", "x-list-administrivia", "x-listserver", "x-listserver-version", "x-majordomo")
# Mail that went through a list has these
_POSTED = ("x-ml-count", "list-post-count", "x-sequence")
_SENDER = re.compile(
    r"(?:listserv|majordomo|sympa|mailman|listmaster|ecartis|lyris)\b|-(?:request|owner|bounces|admin|help|ctl|return)@"
)
_PROGRAM = re.compile(r"\b(?:listserv|majordomo|sympa|mailman|ezmlm|ecartis)\b")
_REJECTED = re.compile(
    r"not (?:a )?(?:member|subscribed|subscriber)|not allowed to (?:post|send)|not authorized to (?:post|send)|"
    r"(?:post|posting|message|mail|request|submission)\b.{0,80}\b(?:rejected|refused|was not accepted|"
    r"not been distributed)|"
    r"(?:has|have) been (?:automatically )?rejected|non-?member submission|only accepts? (?:mail|messages|posts) from|"
    r"no permission to post|cannot post to"
)
_ABOUT_MAIL = re.compile(r"\b(?:post|posting|message|mail|e-mail|submission|member|send)")
_LIST = re.compile(
    r"(?:mailing[- ]list|list|ml)\W{1,8}([^\s<>\"'()]{1,64}@[^\s<>\"'(),;:]{1,255})|<([^\s<>@]{1,64}@[^\s<>@]{1,255})>"
)


class ListAnswer(NamedTuple):
    """A list that turned a mail away."""

    recipients: tuple[str, ...]
    explanation: str


def read_list_answer(fields: dict[str, str], subject: str, text: str) -> ListAnswer | None:
    """The list and why it did not take the mail; None for anything else that a list sends."""
    if not any(sign in fields for sign in LIST_SIGNS) and not _PROGRAM.search(fields.get("from", "")[:500].casefold()):
        return None
    if any(name in fields for name in _POSTED) or not _SENDER.search(fields.get("from", "")[:500].casefold()):
        return None
    said = text[:_MAX_TEXT]
    for line in (*(line.strip() for line in said.split("\n")[:25]), subject[:300]):
        low = line.casefold()
        if _REJECTED.search(low) and _ABOUT_MAIL.search(low):
            match = _LIST.search(said.casefold())
            names = match.group(1) or match.group(2) if match is not None else ""
            posts = fields.get("list-post", "")
            return ListAnswer(find_addresses([names or posts.removeprefix("<mailto:")]), to_line(line))
    return None
