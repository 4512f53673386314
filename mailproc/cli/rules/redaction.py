"""The mail of an inline test made from a real one: all that rules do not look at is left out or put in other words.

What rules look at is found by asking them: each piece is taken away or replaced, and stays so as long as the rules say
the same. No file access, no store.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from mailproc.message.addresses import parse_mailboxes
from mailproc.message.headers import header_values
from mailproc.records.site import Site
from mailproc.rulebook.book import Rulebook
from mailproc.rulebook.draft import Routing
from mailproc.rulebook.evaluate import evaluate
from mailproc.rulebook.facts import Facts
from mailproc.rulebook.inlinetests import SampleFile, SampleMail
from mailproc.rulebook.samplemail import make_facts

MOST_BODY = 20_000  # characters of a mail's own words that are tried
_MOST_TRIES = 300

_NAME = "someone"
_DOMAIN = "customer.example"
_PERSON = "Someone"
# Headers that a test has keys of its own for, that say nothing to rules, or that describe bytes a test does not have
_NOT_TAKEN = frozenset(
    """
    from to cc subject date message-id mime-version content-type content-transfer-encoding content-disposition
    content-language received return-path delivered-to x-original-to envelope-to dkim-signature arc-seal
    arc-message-signature arc-authentication-results authentication-results received-spf bcc in-reply-to references
    """.split()
)
_ADDRESS = re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"']{1,2000}", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{2,40}")
# One or two capitalised words after a word that announces a name
_TITLED = re.compile(
    r"\b(?:Mrs?|Ms|Miss|Dr|Herrn?|Frau|Señora?|Sra?|M|Mme|Signora?|Pani?|Fru|Hr)\.?[ ]"
    r"((?:[^\W\d_a-z][\w'-]{1,30}[ ]?){1,2})"
)


def describe(facts: Facts, at_site: Site) -> SampleMail:
    """The mail with everything about it that a test can say."""
    inbound = facts.inbound
    ccs = tuple(dict.fromkeys(address.addr for address in inbound.cc))
    sender = inbound.from_
    is_plain = bool(sender and sender.name and not re.search(r"[<>\",;@\\()]", sender.name))
    name = f"{sender.name} <{sender.addr}>" if sender and is_plain else ""
    return SampleMail(
        to=tuple(address for address in facts.recipients if address not in ccs) or at_site.addresses[:1],
        from_=name or (sender.addr if sender else ""),
        cc=ccs,
        subject=inbound.subject,
        body=inbound.new_text[:MOST_BODY].strip("\n"),
        headers=tuple(_list_headers(facts)),
        attachments=tuple(
            SampleFile(_clean(item.filename), item.content_type, item.size) for item in inbound.attachments
        ),
        at=facts.at.replace(microsecond=0),
        language=facts.language,
        level=facts.level,
        is_known_sender=facts.is_known_sender,
        spam_score=facts.spam_score,
    )


def outcome_of(routing: Routing) -> Routing:
    """The routing without how it came about: what two mails must have in common to be the same to the rules."""
    return replace(routing, trace=(), timed_out=())


class Redactor:
    """Takes a mail apart for one book; `wanted` is what the rules must go on saying."""

    def __init__(self, book: Rulebook, site: Site, mail: SampleMail, names: tuple[str, ...] = ()) -> None:
        self.book, self.site = book, site
        self.mail = mail
        self.names = names
        self.wanted = self.route(mail)

    def route(self, mail: SampleMail) -> Routing:
        """What the rules say about this mail in a test."""
        return outcome_of(evaluate(self.book, make_facts(self.book, self.site, mail, None)))

    def redact(self) -> SampleMail:
        """The mail with as little of the real one as the rules need."""
        self._redact_headers()
        self._redact_attachments()
        self._redact_body()
        self._redact_sender()
        self._redact_recipients()
        self._redact_text(self.mail.subject, lambda text: self._try(subject=text))
        # Last: until here they are the real mail's, whatever its text has become
        self._try(at=None)
        self._try(language="")
        self._try(level="A2")
        self._try(is_known_sender=False)
        self._try(spam_score=None)
        return self.mail

    def _try(self, **changes: object) -> bool:
        """True when the rules say the same of the changed mail, which it then is."""
        changed = replace(self.mail, **changes)  # type: ignore[arg-type]
        if changed != self.mail and self.route(changed) != self.wanted:
            return False
        self.mail = changed
        return True

    def _redact_headers(self) -> None:
        if self._try(headers=()):
            return
        for header in self.mail.headers:
            self._try(headers=tuple(item for item in self.mail.headers if item is not header))
        for index, (name, value) in enumerate(self.mail.headers):
            before, after = self.mail.headers[:index], self.mail.headers[index + 1 :]
            self._redact_text(value, lambda text: self._try(headers=(*before, (name, text), *after)))  # noqa: B023

    def _redact_attachments(self) -> None:
        if self._try(attachments=()):
            return
        for index in reversed(range(len(self.mail.attachments))):
            before, file, after = (
                self.mail.attachments[:index], self.mail.attachments[index], self.mail.attachments[index + 1 :]
            )  # fmt: skip
            if self._try(attachments=(*before, *after)):
                continue
            ending = file.name.rpartition(".")[2] if "." in file.name else ""
            plain = f"file{index + 1}.{ending}" if ending else f"file{index + 1}"
            for change in (
                SampleFile(plain),
                SampleFile(plain, size=file.size),
                SampleFile(plain, file.content_type),
                SampleFile(plain, file.content_type, file.size),
                SampleFile(file.name),
                SampleFile(file.name, file.content_type),
            ):
                if self._try(attachments=(*before, change, *after)):
                    break

    def _redact_body(self) -> None:
        if self._try(body=""):
            return
        lines = self.mail.body.split("\n")
        # Big pieces first: a long mail with one word that counts is done in a few steps
        size, tries = max(len(lines) // 2, 1), 0
        while size:
            at = 0
            while at < len(lines) and tries < _MOST_TRIES:
                tries += 1
                shorter = [*lines[:at], *lines[at + size :]]
                if shorter and self._try(body="\n".join(shorter)):
                    lines = shorter
                else:
                    at += size
            size //= 2
        self._redact_text(self.mail.body, lambda text: self._try(body=text))

    def _redact_sender(self) -> None:
        found = parse_mailboxes(self.mail.from_)
        address = found[0].addr if found else ""
        local, _, domain = address.rpartition("@")
        for sender in ("", f"{_NAME}@{_DOMAIN}", f"{_NAME}@{domain}", f"{local}@{_DOMAIN}", address):
            if self._try(from_=sender):
                return

    def _redact_recipients(self) -> None:
        if not self._try(cc=()):
            for address in self.mail.cc:
                if self._try(cc=tuple(item for item in self.mail.cc if item != address)):
                    continue
                for other in (f"colleague@{_DOMAIN}", f"colleague@{address.rpartition('@')[2]}"):
                    if self._try(cc=tuple(other if item == address else item for item in self.mail.cc)):
                        break
        for address in self.mail.to:
            if len(self.mail.to) > 1:
                self._try(to=tuple(item for item in self.mail.to if item != address))

    def _redact_text(self, text: str, put: Callable[[str], bool]) -> None:
        """Other addresses, links, numbers and names in a text, wherever the rules do not mind."""
        for old, new in find_pieces(text, self.names)[:_MOST_TRIES]:
            changed = old.sub(new, text)
            if changed != text and put(changed):
                text = changed


def find_pieces(text: str, names: tuple[str, ...]) -> list[tuple[re.Pattern[str], str]]:
    """What in a text may tell who wrote it, each with other words for it; addresses and links before their parts."""
    found: dict[str, str] = {}
    rest = text
    for pattern, other in ((_URL, f"https://{_DOMAIN}/"), (_ADDRESS, f"{_NAME}@{_DOMAIN}")):
        for match in pattern.finditer(rest):
            found.setdefault(match[0], other)
        rest = pattern.sub(" ", rest)
    pieces = [(re.compile(re.escape(old)), new) for old, new in found.items()]
    for name in names:
        if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", rest, re.IGNORECASE):
            pieces.append((re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE), _PERSON))
    for number in dict.fromkeys(_NUMBER.findall(rest)):
        pieces.append((re.compile(rf"(?<!\d){number}(?!\d)"), _like_number(number)))
    return pieces


def _like_number(number: str) -> str:
    """Another number of the same length."""
    return "".join("1234567890"[place % 10] for place in range(len(number)))


def find_names(facts: Facts) -> tuple[str, ...]:
    """Words that name a person: of the display names around the mail and of the sender's address."""
    inbound = facts.inbound
    people = [address for address in (inbound.from_, *inbound.to, *inbound.cc, *inbound.reply_to) if address]
    words = [word for address in people for word in re.findall(r"[^\W\d_]{3,}", address.name)]
    if inbound.from_:
        words += re.findall(r"[^\W\d_]{4,}", inbound.from_.addr.partition("@")[0])
    text = f"{inbound.subject}\n{inbound.new_text[:MOST_BODY]}"
    titled = [word for match in _TITLED.finditer(text) for word in match[1].split()]
    return tuple(sorted({*words, *titled}, key=lambda word: (-len(word), word)))


def _list_headers(facts: Facts) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for name, _ in facts.inbound.headers:
        if name in _NOT_TAKEN or name in seen or not name.isascii():
            continue
        seen.add(name)
        for value in header_values(facts.inbound, name)[:5]:
            yield "-".join(part.capitalize() for part in name.split("-")), _clean(value)[:500]


def _clean(text: str) -> str:
    """One line that a test can hold."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
