"""A site at work for tests end to end: settings, rules, database and engine, with a clock that is set by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from mailproc import keys, opening
from mailproc.desk.requests import Request
from mailproc.opening import OpenSite
from mailproc.records.decision import Decision
from mailproc.records.mail import Envelope
from mailproc.store import outbox, queries

START = datetime(2026, 1, 13, 9, 0, tzinfo=UTC)
JANE = "Jane Doe <jane@customer.example>"
PROVEN = "mx.acme.example; dmarc=pass header.from={domain}"
SETTINGS = """\
version: 1
site:
  name: Acme Support
  prefix: ACME
  addresses: [support@acme.example]
  domain: acme.example
  languages: [en, de, es, fr, it, no, pl]
  timezone: Europe/Warsaw
database: "{url}"
keys_file: keys
rules: rules/
delivery: {{kind: maildir, path: sent}}
trust:
  trusted_authserv_ids: [mx.acme.example]
  trusted_networks: [127.0.0.0/8]
  agent_trust: network
  verify: no
{more}
"""
RULES = """\
version: 1
departments:
  frontdesk: {name: Front desk, forward_to: frontdesk@acme.example}
  billing: {name: Billing, forward_to: billing@acme.example}
agents:
  - {name: Ann Kowalska, address: ann@acme.example, departments: [frontdesk, billing]}
defaults: {department: frontdesk, language: en}
"""


class Desk:
    """A site and its customers, agents and clock."""

    def __init__(self, site: OpenSite) -> None:
        self.site = site
        self.now = START
        site.engine.clock = lambda: self.now

    def wait(self, **span: float) -> "Desk":
        """Some time goes by."""
        self.now += timedelta(**span)
        return self

    def take(self, raw: bytes) -> dict[str, Any]:
        """A mail arrives and is decided; its row."""
        inbox_id = self.site.engine.receive(
            raw, Envelope("smtp", self.now, None, ("support@acme.example",), "127.0.0.1")
        ).result()
        while self.site.engine.work():
            pass
        with self.site.store.read() as tx:
            row = queries.last_decided(tx)
        assert row is not None and row["inbox_id"] == inbox_id
        return row

    def write(
        self,
        text: str,
        *,
        sender: str = JANE,
        to: str = "support@acme.example",
        subject: str = "Printer",
        is_proven: bool = True,
        head: str = "",
    ) -> dict[str, Any]:
        """A customer's mail, with the word of our border that it is theirs; its row."""
        self.wait(seconds=61)
        domain = sender.rpartition("@")[2].strip("<> ")
        lines = [f"Authentication-Results: {PROVEN.format(domain=domain)}"] if is_proven else []
        lines += [
            f"From: {sender}",
            f"To: {to}",
            f"Subject: {subject}",
            f"Date: {self.now:%a, %d %b %Y %H:%M:%S} +0000",
            f"Message-ID: <{self.now.timestamp()}@{domain}>",
            *([head] if head else []),
        ]
        body = "" if "\n\n" in head else "Content-Type: text/plain; charset=utf-8\n\n"
        return self.take(("\n".join(lines) + "\n" + body + text + "\n").replace("\n", "\r\n").encode())

    def agent(self, to: str, text: str) -> dict[str, Any]:
        """A mail that Ann hands in on our own network."""
        return self.write(text, sender="Ann Kowalska <ann@acme.example>", to=to, subject="Re: Printer", is_proven=False)

    def ask(self, verb: str, serial: int, text: str = "", argument: str = "") -> Decision:
        """A request of the command line."""
        self.wait(seconds=61)
        request = Request(verb, serial, "ann@acme.example", text, argument)
        return self.site.engine.act(request, f"{verb}-{self.now.isoformat()}")

    def show(self, serial: int) -> dict[str, Any]:
        """The ticket as `ticket show --json` prints it."""
        with self.site.store.read() as tx:
            found = queries.get_ticket(tx, serial)
        assert found is not None
        return dict(found)

    def mails(self, since: int = 0) -> list[tuple[str, str]]:
        """(purpose, recipient) of what went out, without the first few."""
        with self.site.store.read() as tx:
            return [(row["purpose"], row["to"]) for row in queries.list_outbox(tx)][since:]

    def last(self, purpose: str) -> EmailMessage:
        """The newest mail of that purpose."""
        with self.site.store.read() as tx:
            ids = [row["id"] for row in queries.list_outbox(tx) if row["purpose"] == purpose]
            raw = outbox.raw_of(tx, ids[-1])
        assert raw is not None
        made = message_from_bytes(raw, policy=policy.default)
        assert isinstance(made, EmailMessage)
        return made

    def suppressed(self, serial: int) -> list[tuple[str, str]]:
        """(purpose, reason) of mail that was due on the ticket and not sent."""
        events = self.show(serial)["events"]
        return [(e["data"]["purpose"], e["data"]["reason"]) for e in events if e["kind"] == "suppressed"]


def words_of(mail: EmailMessage) -> str:
    """The text a person reads, in one line."""
    part = mail.get_body(("plain",))
    assert part is not None
    return " ".join(part.get_content().split())


def html_of(mail: EmailMessage) -> str:
    """The HTML a person sees."""
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content())


@contextmanager
def open_desk(folder: Path, url: str, *, rules: str = RULES, more: str = "") -> Iterator[Desk]:
    """A desk in a folder of its own."""
    (folder / "mailproc.yaml").write_text(SETTINGS.format(url=url, more=more), encoding="utf-8")
    (folder / "rules").mkdir()
    (folder / "rules" / "rules.yaml").write_text(rules, encoding="utf-8")
    keys.create(folder / "keys")
    with opening.open_site(folder / "mailproc.yaml") as site:
        yield Desk(site)
