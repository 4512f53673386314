"""Inline tests: a small mail and what the rules must make of it. Dry: reads them; `check` runs them."""

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from mailproc.message.addresses import parse_mailboxes
from mailproc.records.ticket import State
from mailproc.rulebook.actions import ACTIONS, FIELD, NONE, find_kind
from mailproc.rulebook.calendars import find_zone
from mailproc.rulebook.reader import SIZE, Reader, each, read_each, shorten
from mailproc.rulebook.schemashapes import (
    FLAG,
    LANGUAGE,
    NAME,
    NUMBER,
    TEXT,
    Keys,
    about,
    closed,
    many,
    named,
    needed,
    ref,
    words,
)
from mailproc.yamlnodes import Mapping, Node, Scalar, Sequence, did_you_mean

_LEVELS = ("A0", "A1", "A2", "A3")
TICKET_WORDS = (NONE, "new")
_FILE_KEYS: Keys = {
    "name": needed("Its file name.", NAME),
    "type": about("Its type; else by the name.", NAME),
    "size": about("Its size, without a file of that size.", SIZE),
}
_TICKET_KEYS: Keys = {
    "state": about("The state of the ticket.", words(State)),
    "department": about("Its department.", NAME),
}
MAIL_KEYS: Keys = {
    "to": about("Who it is sent to; else the site's first address.", many(NAME)),
    "from": about("Who wrote it.", NAME),
    "cc": about("Who gets a copy.", many(NAME)),
    "subject": about("Its subject.", TEXT),
    "body": about("Its text.", TEXT),
    "headers": about("Further headers by name.", named(many(TEXT))),
    "attachments": about("Names of files, or {name, type, size}.", many({"anyOf": [NAME, closed(_FILE_KEYS)]})),
    "at": about("When it arrives; else Tuesday 2026-01-13 10:00.", NAME),
    "language": about("The language it is in; else what is detected.", LANGUAGE),
    "level": about("How far its sender is proven; else A2.", words(_LEVELS)),
    "eml": about("A file with the mail instead.", NAME),
    "known_sender": about("Whether the sender has written before.", FLAG),
    "spam_score": about("The score of a spam filter that we trust.", NUMBER),
    "ticket": about("It is a reply on such a ticket.", closed(_TICKET_KEYS)),
}
TEST_KEYS: Keys = {
    "name": needed("Its name, unique among tests.", NAME),
    "mail": needed("The mail.", ref("mail")),
    "expect": needed("What the rules must make of it.", ref("expect")),
}
RULE_EXPECTED = about("The path (parent/child) of the rule that decided, or none.", NAME)
FORM_EXPECTED = about("The form it came from, or none.", NAME)
REQUESTER_EXPECTED = about("Whose ticket it is: the address in From, or who filled in the form.", NAME)
_EXPECTED = (*ACTIONS, "field.NAME", "form", "requester", "rule")


@dataclass(frozen=True, slots=True)
class SampleFile:
    """An attachment of a test's mail."""

    name: str
    content_type: str = ""  # "": by the name
    size: int | None = None


@dataclass(frozen=True, slots=True)
class SampleMail:
    """The mail of a test; what is not said takes its default when the test runs."""

    to: tuple[str, ...] = ()
    from_: str = ""
    cc: tuple[str, ...] = ()
    subject: str = ""
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[SampleFile, ...] = ()
    at: datetime | None = None
    language: str = ""
    level: str = "A2"
    eml: str = ""  # a file with the mail, read by whoever runs the test
    is_known_sender: bool = False
    spam_score: float | None = None
    ticket: tuple[tuple[str, str], ...] | None = None  # the mail is a reply on this ticket: state, department


@dataclass(frozen=True, slots=True)
class InlineTest:
    """One test: the mail, and the values expected by name."""

    name: str
    mail: SampleMail
    expect: tuple[tuple[str, tuple[str, ...]], ...]
    file: str
    line: int
    column: int


@dataclass(slots=True)
class InlineTestReader:
    """Reads the tests of a book, file after file; knows the rules and the names that are taken."""

    rule_paths: tuple[str, ...]
    names: set[str] = field(default_factory=set)

    def read_list(self, reader: Reader, node: Node) -> tuple[InlineTest, ...]:
        """The tests of a list."""
        if not isinstance(node, Sequence):
            reader.error(node, "R022", "tests must be a list", "Each test starts with  - name: ...")
            return ()
        found = [self._read_test(reader, item, f"tests[{index}]") for index, item in enumerate(node.items)]
        return tuple(test for test in found if test is not None)

    def _read_test(self, reader: Reader, node: Node, path: str) -> InlineTest | None:
        mapping = reader.mapping(node, path, TEST_KEYS)
        if mapping is None:
            return None
        name_node = mapping.get("name")
        name = ""
        if name_node is None:
            reader.error(node, "R020", f"{path} has no name")
        else:
            name = reader.line(name_node, f"{path}.name") or ""
            if name in self.names:
                reader.error(name_node, "R026", f'two tests are named "{shorten(name)}"')
            self.names.add(name)
        mail_node, expect_node = mapping.get("mail"), mapping.get("expect")
        for key, value in (("mail", mail_node), ("expect", expect_node)):
            if value is None:
                reader.error(node, "R024", f"{path} has no {key}")
        if mail_node is None or expect_node is None:
            return None
        mail = _read_mail(reader, mail_node, f"{path}.mail")
        expect = self._read_expect(reader, expect_node, f"{path}.expect")
        if mail is None:
            return None
        return InlineTest(name, mail, expect, reader.file, node.line, node.column)

    def _read_expect(self, reader: Reader, node: Node, path: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
        mapping = reader.mapping(node, path)
        if mapping is not None and not mapping.entries:
            reader.error(node, "R032", f"{path} expects nothing")
        found: list[tuple[str, tuple[str, ...]]] = []
        for key, value in mapping.entries if mapping else ():
            values = self._read_expected(reader, key, value, f"{path}.{key.value}")
            if values is not None:
                found.append((key.value, values))
        return tuple(found)

    def _read_expected(self, reader: Reader, key: Scalar, node: Node, path: str) -> tuple[str, ...] | None:
        name = key.value
        is_none = isinstance(node, Scalar) and node.value.strip().lower() == NONE
        if name == "rule":
            rule = reader.text(node, path)
            if rule is None or rule in self.rule_paths or is_none:
                return None if rule is None else () if is_none else (rule,)
            near = did_you_mean(rule, self.rule_paths)
            text = f'unknown rule "{shorten(rule)}"' + (f": {near}" if near else "")
            reader.error(node, "R108", text, f"In {path}. A rule is named by its path: parent/child.")
            return None
        if name == "form":
            known = None if is_none else reader.reference(node, path, "form", reader.names.forms)
            return () if is_none else None if known is None else (known,)
        if name == "requester":
            address = None if is_none else _read_mailbox(reader, node, path)
            return () if is_none else None if address is None else (parse_mailboxes(address)[0].addr,)
        kind = find_kind(name)
        if kind is None:
            reader.unknown(key, "R021", "key", name, _EXPECTED, f" in {path.removesuffix('.' + name)}")
            return None
        if name.startswith(FIELD) and name.removeprefix(FIELD) not in reader.names.fields:
            reader.reference(Scalar(name.removeprefix(FIELD), key.line, key.column), path, "field", reader.names.fields)
            return None
        if is_none or (kind.is_list and isinstance(node, Sequence) and not node.items):
            return ()
        if name == "ticket":
            word = reader.word(node, path, "word", TICKET_WORDS)
            return None if word is None else ("new",)
        return kind.read(reader, node, path) or None


def _read_mail(reader: Reader, node: Node, path: str) -> SampleMail | None:
    mapping = reader.mapping(node, path, MAIL_KEYS)
    if mapping is None:
        return None
    texts: dict[str, str] = {}
    lists: dict[str, tuple[str, ...]] = {}
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[SampleFile, ...] = ()
    at: datetime | None = None
    known: bool | None = False
    score: float | None = None
    ticket: tuple[tuple[str, str], ...] | None = None
    for key, value in mapping.entries:
        name, below = key.value, f"{path}.{key.value}"
        if name in ("to", "cc"):
            lists[name] = read_each(reader, value, below, lambda item, where: _read_mailbox(reader, item, where))
        elif name == "from":
            texts["from"] = _read_mailbox(reader, value, below) or ""
        elif name in ("subject", "eml"):
            texts[name] = reader.line(value, below) or "" if not _is_empty(value) else ""
        elif name == "body":
            texts[name] = value.value if isinstance(value, Scalar) else reader.text(value, below) or ""
        elif name == "language":
            texts[name] = reader.language(value, below) or ""
        elif name == "level":
            texts[name] = reader.word(value, below, "level", _LEVELS) or "A2"
        elif name == "headers":
            headers = _read_headers(reader, value, below)
        elif name == "attachments":
            attachments = _read_files(reader, value, below)
        elif name == "at":
            at = _read_moment(reader, value, below)
        elif name == "known_sender":
            known = reader.flag(value, below)
        elif name == "spam_score":
            score = reader.number(value, below)
        elif name == "ticket":
            ticket = _read_ticket(reader, value, below)
    return SampleMail(
        to=lists.get("to", ()),
        from_=texts.get("from", ""),
        cc=lists.get("cc", ()),
        subject=texts.get("subject", ""),
        body=texts.get("body", ""),
        headers=headers,
        attachments=attachments,
        at=at,
        language=texts.get("language", ""),
        level=texts.get("level", "A2"),
        eml=texts.get("eml", ""),
        is_known_sender=known is True,
        spam_score=score,
        ticket=ticket,
    )


def _read_mailbox(reader: Reader, node: Node, path: str) -> str | None:
    """`jane@acme.example` or `Jane Doe <jane@acme.example>`, as written."""
    value = reader.line(node, path)
    if value is None:
        return None
    found = parse_mailboxes(value)
    if len(found) != 1 or not found[0].addr:
        reader.error(node, "R029", f'{path}: "{shorten(value)}" is not one address')
        return None
    return value


def _read_headers(reader: Reader, node: Node, path: str) -> tuple[tuple[str, str], ...]:
    mapping = reader.mapping(node, path)
    found: list[tuple[str, str]] = []
    for key, value in mapping.entries if mapping else ():
        name = key.value.strip().rstrip(":")
        if not name.isascii() or not name.isprintable() or not name or " " in name or ":" in name:
            reader.error(key, "R023", f'{path}: "{shorten(key.value)}" is no header name')
            continue
        for item in each(value):
            text = reader.line(item, f"{path}.{name}") if not _is_empty(item) else ""
            if text is not None:
                found.append((name, text))
    return tuple(found)


def _read_files(reader: Reader, node: Node, path: str) -> tuple[SampleFile, ...]:
    found: list[SampleFile] = []
    for index, item in enumerate(each(node)):
        below = f"{path}[{index}]"
        if isinstance(item, Mapping):
            mapping = reader.mapping(item, below, _FILE_KEYS)
            name_node, type_node, size_node = item.get("name"), item.get("type"), item.get("size")
            name = reader.line(name_node, f"{below}.name") if name_node is not None else None
            kind = reader.line(type_node, f"{below}.type") if type_node is not None else ""
            size = reader.size(size_node, f"{below}.size") if size_node is not None else None
            if name_node is None and mapping is not None:
                reader.error(item, "R024", f"{below} has no name")
            if name:
                found.append(SampleFile(name, kind or "", None if size is None else int(size)))
        elif name := reader.line(item, below):
            found.append(SampleFile(name))
    return tuple(found)


def _read_moment(reader: Reader, node: Node, path: str) -> datetime | None:
    value = reader.text(node, path)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        hint = "Write it as 2026-11-24T23:10 (the site's time) or 2026-11-24T23:10:00+01:00."
        reader.error(node, "R028", f'{path}: "{shorten(value)}" is no moment', hint)
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=find_zone(reader.site.timezone) or ZoneInfo("UTC"))


def _read_ticket(reader: Reader, node: Node, path: str) -> tuple[tuple[str, str], ...] | None:
    mapping = reader.mapping(node, path, _TICKET_KEYS)
    if mapping is None:
        return None
    found: list[tuple[str, str]] = []
    for key, value in mapping.entries:
        if key.value == "state":
            word = reader.word(value, f"{path}.state", "state", tuple(State))
        else:
            word = reader.department(value, f"{path}.department")
        if word:
            found.append((key.value, str(word)))
    return tuple(found)


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and not node.value.strip()
