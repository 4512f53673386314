"""Sample scenarios: numbered mails, what is expected of each, and the comparison. Used by `demo` and the tests.

A scenario is a folder with `scenario.yaml` and .eml files. A mail may use `@DATE@`, `@TAG:n@`, `@REPLYTO:n@`,
`@MSGID:n@`, `@RESOLVETO:n@` and `@NOTETO:n@`, where n is the n-th mail that went out in this scenario.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from email import policy as stdlib_policy
from email.message import Message
from email.parser import BytesParser
from email.utils import format_datetime
from pathlib import Path

from mailproc.errors import ConfigError
from mailproc.yamlnodes import Mapping, Node, Scalar, Sequence, format_problem, load

_PLACEHOLDER = re.compile(rb"@(DATE|TAG|REPLYTO|MSGID|RESOLVETO|NOTETO)(?::([0-9]{1,3}))?@")
_BUTTON_ADDRESSES = {
    name: re.compile(rf"[A-Za-z0-9.]+\+[a-z2-7]{purpose}[0-9]{{5,14}}[a-z2-7]{{16}}@[A-Za-z0-9.-]+")
    for name, purpose in (("RESOLVETO", "d"), ("NOTETO", "n"))
}


@dataclass(frozen=True, slots=True)
class OutMail:
    """One mail that went out, as a recipient would see it."""

    recipient: str
    raw: bytes
    purpose: str = ""

    @property
    def subject(self) -> str:
        return str(self._headers()["subject"] or "")

    def header(self, name: str) -> str:
        """A header's decoded value, "" when there is none."""
        return str(self._headers()[name] or "")

    def text(self) -> str:
        """The plain text a person reads."""
        body = BytesParser(policy=stdlib_policy.default).parsebytes(self.raw).get_body(("plain",))
        return str(body.get_content()) if body is not None else ""

    def _headers(self) -> Message:
        return BytesParser(policy=stdlib_policy.default).parsebytes(self.raw, headersonly=True)


@dataclass(frozen=True, slots=True)
class Step:
    """One mail of a scenario and what must follow."""

    file: str
    sender: str | None
    recipients: tuple[str, ...]
    who: str  # who is writing, for the demo's reader
    expect: dict[str, object]
    line: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """A folder of samples/, read."""

    name: str
    title: str
    folder: Path
    steps: tuple[Step, ...]


@dataclass(slots=True)
class Observed:
    """What happened to one step's mail."""

    outcome: str
    reason: str
    state: str = ""
    department: str = ""
    language: str = ""
    ticket: str = ""
    new_text: str = ""
    trace: list[str] = field(default_factory=list)
    mails: list[OutMail] = field(default_factory=list)


def read_scenario(folder: Path) -> Scenario:
    """The scenario of that folder.

    Raises ConfigError naming file, line and column when scenario.yaml is wrong.
    """
    path = folder / "scenario.yaml"
    text = path.read_text(encoding="utf-8")
    document = load(text, str(path))
    errors = tuple(format_problem(problem, text) for problem in document.problems if not problem.is_warning)
    if errors or not isinstance(document.root, Mapping):
        raise ConfigError(errors or (f"{path}: empty",))
    root = document.root
    title, steps = root.get("title"), root.get("steps")
    if not isinstance(title, Scalar) or not isinstance(steps, Sequence):
        raise ConfigError((f"{path}: a scenario needs `title` and `steps`",))
    return Scenario(folder.name, title.value, folder, tuple(_step(item, path) for item in steps.items))


def read_scenarios(folder: Path) -> tuple[Scenario, ...]:
    """Every scenario of a samples folder, in name order."""
    return tuple(read_scenario(path.parent) for path in sorted(folder.glob("*/scenario.yaml")))


def fill(raw: bytes, now: datetime, sent: list[OutMail]) -> bytes:
    """The sample's bytes with its placeholders filled from the mails that went out so far; line ends become CRLF."""

    def value(match: re.Match[bytes]) -> bytes:
        what, number = match[1].decode(), match[2]
        if what == "DATE":
            return format_datetime(now).encode()
        mail = sent[int(number or b"1") - 1]
        if what == "TAG":
            tag = re.search(r"\[[A-Z]{2,8}-[0-9-]+\]", mail.subject)
            return tag[0].encode() if tag else b""
        if what == "REPLYTO":
            return (mail.header("reply-to") or mail.header("from")).encode()
        if what == "MSGID":
            return mail.header("message-id").strip().encode()
        found = _BUTTON_ADDRESSES[what].search(mail.text().replace("%2B", "+"))
        return found[0].encode() if found else b""

    return re.sub(rb"\r?\n", b"\r\n", _PLACEHOLDER.sub(value, raw))


def compare(expect: dict[str, object], seen: Observed) -> list[str]:
    """What differs from the expectation, one line each; nothing when all is as expected."""
    problems = []
    for key in ("outcome", "reason", "state", "department", "language", "new_text"):
        if key in expect and str(expect[key]) != str(getattr(seen, key)):
            problems.append(f"{key}: expected {expect[key]!r}, got {getattr(seen, key)!r}")
    for wanted in _strings(expect.get("trace")):
        if not any(wanted in line for line in seen.trace):
            problems.append(f"trace: no step says {wanted!r}")
    if "mails" in expect:
        wanted_mails = expect["mails"]
        assert isinstance(wanted_mails, list)
        want = sorted(f"{mail.get('purpose')} to {mail.get('to')}" for mail in wanted_mails)
        got = sorted(f"{mail.purpose} to {mail.recipient}" for mail in seen.mails)
        if want != got:
            problems.append(f"mails: expected {want}, got {got}")
        for mail in wanted_mails:
            problems.extend(_compare_mail(mail, seen.mails))
    return problems


def _compare_mail(wanted: dict[str, object], mails: list[OutMail]) -> list[str]:
    problems = []
    for mail in mails:
        if mail.purpose != wanted.get("purpose") or mail.recipient != wanted.get("to"):
            continue
        where = f"{mail.purpose} to {mail.recipient}"
        if "subject" in wanted and str(wanted["subject"]) not in mail.subject:
            problems.append(f"{where}: subject {mail.subject!r} has no {wanted['subject']!r}")
        text = " ".join(mail.text().split())
        problems.extend(
            f"{where}: its text has no {part!r}" for part in _strings(wanted.get("says")) if part not in text
        )
        everything = mail.raw.decode("utf-8", "replace") + text
        problems.extend(
            f"{where}: it must not hold {part!r}" for part in _strings(wanted.get("never")) if part in everything
        )
        if "attachments" in wanted:
            parsed = BytesParser(policy=stdlib_policy.default).parsebytes(mail.raw)
            names = [part.get_filename() for part in parsed.iter_attachments()]
            if names != _strings(wanted["attachments"]):
                problems.append(f"{where}: attachments {names}, expected {wanted['attachments']}")
    return problems


def _strings(value: object) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _step(node: Node, path: Path) -> Step:
    plain = _plain(node)
    if not isinstance(plain, dict) or "mail" not in plain:
        raise ConfigError((f"{path}:{node.line}: a step needs `mail`",))
    expect = plain.get("expect", {})
    assert isinstance(expect, dict)
    sender = plain.get("sender")
    return Step(
        str(plain["mail"]),
        None if sender is None else str(sender),
        tuple(_strings(plain.get("recipients"))),
        str(plain.get("who", "")),
        expect,
        node.line,
    )


def _plain(node: Node) -> object:
    if isinstance(node, Mapping):
        return {key.value: _plain(value) for key, value in node.entries}
    if isinstance(node, Sequence):
        return [_plain(item) for item in node.items]
    return node.value
