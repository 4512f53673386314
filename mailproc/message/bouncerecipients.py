"""Finds the addresses that failed in the words of a delivery report. Dry: no I/O.

An address counts by where it stands: opening a line, behind "RCPT TO:" or "delivered to", or on a line that names a
failure. Those of the writer, the reader, the help desk of the reporting site and the like never count.
"""

from itertools import islice
from typing import NamedTuple

from mailproc.message.addresses import normalise
from mailproc.message.bouncecopies import ADDRESS
from mailproc.message.lazily import lazily

_MAX_IN_LINE = 20  # addresses looked at in one line
_MAX_BEFORE = 60  # characters before an address that say what it is
_SHORT_LINE = 60  # a sentence that goes on in the next line is longer
_MAX_SEEN = 1000  # addresses looked at in all

_LIST_ITEM = lazily(r"(?:[245]\d\d[ -]{1,3}(?:[245]\.\d\.\d{1,3} )?)?[\s>*•·<\-.\"'([]*(?:smtp:)?$")
_OTHER_PARTY = lazily(
    r"(?:contact|questions|support|report(?:s|ed)?|help|write|sent by|mail from|envelope.?from|from|sender|"
    r"reporting-mta|message-id|message id|forwarded by|original sender|abuse|message from|return-path|administrator|"
    r"reply-to|x-|for (?:further )?(?:help|assistance|information|more)|please|if you|postmaster|in-reply-to|"
    r"references|"
    r"von|absender|de|expéditeur|remitente|mittente|remetente|afzender|nadawca|avsändare|afsender|от|отправитель|"
    r"差出人|发件人|寄件者|your (?:e-?mail )?address|subject|betreff|list-)\W"
)
# The words directly before an address that say it is somebody else's
_AFTER_OTHER = lazily(
    r"(?:(?<!generated )(?<!expanded )\b(?:from|by|contact|sender|postmaster|reporter|administrator|via|von|through)|"
    r"(?:write|writing|send(?:ing)?(?: an?| your)?(?: e?-?mail| mail| message| report| request)?s?|report(?:s|"
    r"ed)?(?: this)?|"
    r"reply|respond|forward(?:ed)?(?: it| this| your)?|complain\w{0,4}|refer\w{0,4}|e-?mail(?:ing)?|talk|apply|turn|"
    r"subscribe|questions?|assistance|help|inquiries|please (?:mail|contact)) (?:to|at|with)?|at|wenden sie sich an)"
    r"\s{0,3}:?\s{0,3}[<(\"']{0,2}$"
)
_BEFORE_FAILURE = lazily(
    r"(?:rcpt to:?\s?<?|(?:original|final)-recipient:\s?(?:rfc822;)?\s?<?|rfc822; ?<?|"
    r"undeliverable address:\s?<?|error-for:\s{0,5}<?|"
    r"(?:recipient|address|addressee|empfänger|destinataire|destinatario|destinatário|ontvanger|adresat|адресат|"
    r"получатель|odbiorca|受信者|收件人)s?"
    r"(?: address| mailbox)?(?:\(e?s\))?:?\s{0,3}(?:\[smtp:)?['\"<]{0,2}|addressed to:?\s{1,3}['\"<]{0,2}|"
    r"deliver(?:y|ed|ing)?(?: your| the)?(?: message| e?-?mail)? to:?\s{1,3}['\"<]{0,2}|generated (?:from|by) <?|smtp=|"
    r"(?:message|mail|e-mail|email|sent|send|reach|reached|accepted|nachricht|mensaje|messaggio|mensagem|bericht|"
    r"wiadomość|"
    r"сообщение|meddelande|besked|melding) "
    r"(?:to|for|an|à|a|para|aan|do|till|til|для)(?: the address| the recipient)?:?\s{1,3}['\"<]{0,2}|"
    r"users?:?\s?['\"(<]{0,2}|utente |usuario |utilisateur |benutzer |пользователь |"
    r"mailbox(?: for)?:? ['\"<]{0,2}|account:? ['\"<]{0,2}|(?:un|not )known:? ['\"<]{0,2}|for ['\"<]{0,2}|"
    r"failed:? ['\"<]{0,2}|expanded from: ['\"<]{0,2}|smtp: ?['\"<]{0,2}|an ['\"<]{0,2}|envoyé à |recipient:|"
    r"invalid:? |"
    r"invalid recipient:? ['\"<]{0,2}|did not like |rejected ['\"<]{0,2})$"
)
# What stands directly behind an address that failed, where it opens its line
_AFTER_FAILURE = lazily(
    r"[>\"')\]]{0,3}\s{0,8}(?:$|\.\.\.|[:;,(\[<|\t–—-]|  |[45]\d\d\b|[45]\.\d\.\d|on [\w/]{1,10}|failed|unknown|user|"
    r"no such|not |invalid|is |was |has |does |rejected|undeliver|\w{0,10}の|konnte|n'|no )"
)
_ADDRESSEE = lazily(
    r"(?:to|cc|an|à|para|aan|do|a|till|til|кому|komu|kime|pre|za|宛先|あて先|送信先|收件人|收件者|받는 ?사람|수신자?|"
    r"alıcı|címzett|příjemce|vastaanottaja|mottagare|modtager|mottaker|παραλήπτης|נמען|người nhận|penerima)"
    r"\s{0,3}[:：]"
)
# Sendmail, Exim and Postfix name both: the address that we wrote to, and where an alias of it led
_WRITTEN_TO = lazily(r"\(?(?:expanded from|generated (?:from|by)|original address|originally to|via alias)[: ]")
_NEVER = ("postmaster@", "mailer-daemon@", "abuse@", "hostmaster@")
_BARE_NAME = lazily(r"[a-z0-9][a-z0-9._+-]{1,40}")


class Recipients(NamedTuple):
    """Addresses by how sure it is that they failed."""

    told: tuple[str, ...]
    guessed: tuple[str, ...]


class _Finder:
    def __init__(self, failing: frozenset[int], excluded: frozenset[str]) -> None:
        self.failing, self.excluded = failing, excluded
        self.strong: dict[str, None] = {}
        self.listed: dict[str, None] = {}
        self.weak: dict[str, None] = {}
        self.written_to: dict[str, None] = {}
        self.last = ""  # the failed address that was found last, until something says what it was an alias of
        self.seen = 0

    def read_line(self, number: int, line: str, above: str) -> None:
        low = line.casefold()
        is_alias = _WRITTEN_TO.search(low) is not None
        is_wrapped_alias = above.casefold().endswith(("expanded from", "generated from", "generated by"))
        for hit in islice(ADDRESS.finditer(low), _MAX_IN_LINE):
            self.seen += 1
            address = normalise(hit.group().removeprefix("smtp=").removeprefix("to=").rstrip("."))
            if not address or address.startswith("**"):  # Japanese providers mask it
                continue
            if address.startswith(_NEVER) and number not in self.failing:
                continue
            before, after = low[max(0, hit.start() - _MAX_BEFORE) : hit.start()], low[hit.end() :]
            if hit.group().startswith("smtp="):
                before = f"{before}smtp="  # the X.400 form of Exchange
            if is_wrapped_alias:
                self.replace_last(address)
                is_wrapped_alias = False
                continue
            alias = _WRITTEN_TO.search(before) if is_alias else None
            if alias is not None:
                # Sendmail counts both as failed
                if alias.group()[-1] == ":":
                    self.keep(self.strong if self.last in self.strong else self.listed, address)
                else:
                    self.replace_last(address)
                continue
            self.place(number, address, low, before, after, hit.start() <= _MAX_BEFORE, above)

    def place(
        self, number: int, address: str, low: str, before: str, after: str, is_near_start: bool, above: str
    ) -> None:
        is_first = is_near_start and _LIST_ITEM.match(before) is not None
        if "rcpt to" not in before and not is_first:
            if _AFTER_OTHER.search(before) or _OTHER_PARTY.match(low[:_MAX_BEFORE].lstrip(" <\"'*-")):
                return
            if _ADDRESSEE.match(low):
                self.written_to.setdefault(address)
                return
        is_wrapped = before.endswith("<") and after.startswith(">")
        if is_first and (after.lstrip(">\"' ").startswith(":") or (is_wrapped and not after.strip("> ,;"))):
            self.keep(self.strong, address)
        elif (is_first and (number in self.failing or _is_item(after, above))) or _BEFORE_FAILURE.search(before):
            self.keep(self.listed, address)
        elif number in self.failing:
            self.weak.setdefault(address)

    def keep(self, group: dict[str, None], address: str) -> None:
        group.setdefault(address)
        self.last = address

    def replace_last(self, address: str) -> None:
        """RFC 3464 section 2.3.1 for words: the address written to counts, not the one an alias led to."""
        for group in (self.strong, self.listed):
            if self.last and self.last in group and self.last != address:
                kept = [address if one == self.last else one for one in group]
                group.clear()
                group.update(dict.fromkeys(kept))
                self.last = ""
                return
        self.listed.setdefault(address)

    def result(self) -> Recipients:
        told, guessed = [
            next((found for group in groups if (found := tuple(one for one in group if one not in self.excluded))), ())
            for groups in ((self.strong, self.listed), (self.weak, self.written_to))
        ]
        # Who writes to himself and fails is in his own report
        return Recipients(told, guessed or tuple(self.strong))


def find_recipients(lines: list[str], fails: list[int], excluded: frozenset[str]) -> Recipients:
    """The addresses that failed; `fails` are the lines that name a failure, `excluded` who never failed."""
    finder = _Finder(frozenset(fails), excluded)
    above = ""
    for number, line in enumerate(lines):
        if "@" in line:
            finder.read_line(number, line, above)
            if finder.seen > _MAX_SEEN:
                break
        above = line
    return finder.result()


def find_bare_names(lines: list[str], fails: list[int], domain: str) -> tuple[str, ...]:
    """Users of the reporting site that it names without their domain, below a line that ends in a colon."""
    for number in fails:
        if not lines[number].endswith(":"):
            continue
        names: list[str] = []
        for line in lines[number + 1 : number + 12]:
            if not line and not names:
                continue
            if _BARE_NAME.fullmatch(line.casefold()) is None:
                break
            names.append(f"{line.casefold()}@{domain}")
        if names:
            return tuple(dict.fromkeys(names))
    return ()


def _is_item(after: str, above: str) -> bool:
    """Whether an address that opens its line is an item of a list and not the middle of somebody's sentence."""
    if _AFTER_FAILURE.match(after) is None:
        return False
    return not above or above[-1] in ":.!;)>-=*" or "@" in above or len(above) < _SHORT_LINE
