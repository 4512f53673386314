"""Whole conversations through the engine, as mail programs then show them: `python -m bench.threads` prints a table.

A customer and two agents write from mail programs of many habits; each keeps what they sent and got. How many
conversations a mailbox shows is counted by the rules of `threadmodels`. Writes to a temporary folder only.
"""

import base64
import struct
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.header import Header, decode_header, make_header
from email.utils import format_datetime
from pathlib import Path

from bench import threadmodels
from mailproc.desk.draft import Policy
from mailproc.desk.requests import Request
from mailproc.engine import Engine
from mailproc.records.decision import Outcome
from mailproc.records.mail import Envelope
from mailproc.records.site import Key, KeyRing, Limits, Site, TrustPolicy
from mailproc.render import Renderer
from mailproc.rulebook.book import load
from mailproc.store import inbox, outbox, queries
from mailproc.store.database import open_store

TAGS = ("always", "reply", "never")
EXTENSIONS = ("plus", "dash", "subdomain", "none")
CUSTOMER, DESK = "jane@customer.example", "frontdesk@acme.example"
ANN, CY = "ann@private.example", "cy@acme.example"
SUBJECT = "Drucker druckt nur leere Seiten – seit gestern"
KEYS = KeyRing((Key("a", b"k" * 32, datetime(2026, 1, 1, tzinfo=UTC)),))
START = datetime(2026, 1, 13, 9, 0, tzinfo=UTC)
SITE = Site(
    name="Acme Support",
    prefix="ACME",
    addresses=("support@acme.example",),
    domain="acme.example",
    languages=("en", "de"),
    trust=TrustPolicy(("mx.acme.example",), trusted_networks=("127.0.0.0/8",), agent_trust="dmarc", verify=False),
    limits=Limits(None, None, None, None, None, None, None, None),
)
RULES = f"""\
version: 1
departments:
  frontdesk: {{name: Front desk, forward_to: {DESK}}}
agents:
  - {{name: Ann Kowalska, address: {ANN}, departments: [frontdesk]}}
  - {{name: Cy Young, address: {CY}, departments: [frontdesk]}}
defaults: {{department: frontdesk, priority: normal, language: en, ack: received}}
"""


@dataclass(frozen=True, slots=True)
class Program:
    """How a mail program answers."""

    name: str
    prefix: str = "Re: "
    refers: bool = True  # writes References
    answers: bool = True  # writes In-Reply-To
    shortens: int = 0  # keeps this many of the newest References only
    is_outlook: bool = False  # writes Thread-Index
    tells_topic: bool = True  # ... and Thread-Topic; without it Outlook still knows the topic of what it keeps
    renames: bool = False  # what the sender keeps has another Message-ID than what arrives
    recodes: bool = False  # encodes the subject anew


PROGRAMS = (
    Program("Gmail, Apple Mail, Thunderbird"),
    Program("Outlook with Exchange", "AW: ", is_outlook=True),
    Program("Outlook by IMAP", "RE: ", shortens=6, is_outlook=True, tells_topic=False),
    Program("Exchange that renames mails", "RE: ", is_outlook=True, renames=True),
    Program("In-Reply-To only", "Odp: ", refers=False, recodes=True),
    Program("nothing but the subject", refers=False, answers=False),
)


@dataclass(slots=True)
class Person:
    """Somebody with a mailbox, oldest mail first."""

    name: str
    address: str
    program: Program
    mailbox: list[bytes] = field(default_factory=list)
    written: int = 0


class Talk:
    """A site, its people, and a clock that goes on with every mail."""

    def __init__(self, folder: Path, site: Site, program: Program, *, is_proven: bool = True) -> None:
        policy = Policy(site, load((("rules/threads.yaml", RULES),), site), KEYS)
        self.store = open_store(f"sqlite:///{folder}/store.db", checkpoints=True)
        self.engine = Engine(policy, self.store, Renderer(None, "en"), clock=lambda: self.now)
        self.now = START
        self.site = site
        self.is_proven = is_proven
        self.jane = Person("Jane Doe", CUSTOMER, program)
        self.ann = Person("Ann Kowalska", ANN, program if program.refers or program.answers else PROGRAMS[0])
        self.cy = Person("Cy Young", CY, PROGRAMS[3])
        self.desk: list[bytes] = []  # the department's mailbox, and what agents sent in answer to it
        self.sent: list[tuple[str, str, bytes]] = []  # (purpose, recipient, bytes) of all that went out
        self._seen = 0

    def close(self) -> None:
        self.store.close()

    def write(self, who: Person, text: str, *, to: bytes | None = None) -> None:
        """That person writes, or answers a mail they got; the site works on it."""
        self.now += timedelta(hours=1)
        raw, kept = self._compose(who, text, to)
        who.mailbox.append(kept)
        if who is not self.jane:
            self.desk.append(kept)
        recipient = str(message_from_bytes(raw)["To"])
        envelope = Envelope("lmtp", self.now, who.address, (recipient,))
        inbox_id = self.engine.receive(raw, envelope).result()
        self.engine.work()
        with self.store.read() as tx:
            row = inbox.get(tx, inbox_id)
            if row is None or row.outcome == Outcome.HELD:
                raise AssertionError(f"the mail of {who.name} was held: {row}")
        self._deliver()

    def answer_by_command_line(self, text: str) -> None:
        """Ann answers at a terminal."""
        self.now += timedelta(hours=1)
        self.engine.act(Request("reply", 10_000, ANN, text), f"cli-{self.now.isoformat()}")
        self._deliver()

    def last(self, recipient: str, purpose: str = "") -> bytes:
        """The newest mail that went there."""
        return next(raw for what, to, raw in reversed(self.sent) if to == recipient and purpose in ("", what))

    def _deliver(self) -> None:
        with self.store.read() as tx:
            rows = [row for row in queries.list_outbox(tx) if int(row["id"]) > self._seen]
            for row in sorted(rows, key=lambda row: int(row["id"])):
                raw = outbox.raw_of(tx, int(row["id"])) or b""
                self.sent.append((row["purpose"], row["to"], raw))
                self._seen = int(row["id"])
                box = {CUSTOMER: self.jane.mailbox, DESK: self.desk, ANN: self.ann.mailbox, CY: self.cy.mailbox}
                box[row["to"]].append(raw)

    def _compose(self, who: Person, text: str, to: bytes | None) -> tuple[bytes, bytes]:
        who.written += 1
        program, answered = who.program, message_from_bytes(to) if to is not None else None
        own_id = f"<{who.written}.{who.address.partition('@')[0]}.{id(self) % 9973}@{who.address.partition('@')[2]}>"
        fields = {
            "From": f"{who.name} <{who.address}>",
            "To": self.site.addresses[0],
            "Subject": Header(SUBJECT, "utf-8").encode(),
            "Date": format_datetime(self.now),
            "Message-ID": own_id,
        }
        index = b""
        if answered is not None:
            fields["To"] = str(answered["Reply-To"] or answered["From"]).rpartition("<")[2].rstrip(">")
            subject = str(make_header(decode_header(" ".join(answered["Subject"].split()))))
            if not subject.lower().startswith(program.prefix.lower()):
                subject = program.prefix + subject
            charset = "cp1252" if program.recodes else "utf-8"
            fields["Subject"] = subject if subject.isascii() else Header(subject, charset).encode()
            if program.answers:
                fields["In-Reply-To"] = answered["Message-ID"]
            if program.refers:
                ids = [*(answered["References"] or "").split(), answered["Message-ID"]]
                fields["References"] = "\r\n ".join(ids[-program.shortens :])
            index = base64.b64decode("".join((answered["Thread-Index"] or "").split()))
        if program.is_outlook:
            index = index + b"\0\0\1\0" + bytes((who.written,)) if index else _begin_index(self.now, who.written)
            topic = answered["Thread-Topic"] if answered is not None else ""
            fields["Thread-Topic"] = topic or Header(SUBJECT, "utf-8").encode()
            fields["Thread-Index"] = base64.b64encode(index).decode()
        fields["MIME-Version"] = "1.0"
        fields["Content-Type"] = "text/plain; charset=utf-8"
        kept = _to_bytes(fields, text)
        proof = f"mx.acme.example; dmarc=pass header.from={who.address.partition('@')[2]}"
        proven = {"Authentication-Results": proof} if self.is_proven or who is not self.jane else {}
        left_out = () if program.tells_topic else ("Thread-Topic",)
        raw = _to_bytes({**proven, **{name: value for name, value in fields.items() if name not in left_out}}, text)
        if program.renames:
            kept = _to_bytes({**fields, "Message-ID": own_id.replace("<", "<kept.")}, text)
        return raw, kept


def converse(talk: Talk) -> None:
    """The conversation: eleven mails in the customer's mailbox, five that they wrote and six that they got."""
    jane, ann, cy = talk.jane, talk.ann, talk.cy
    talk.write(jane, "My printer prints nothing but blank pages since yesterday. What can I do about it?")
    talk.write(ann, "Dear Jane,\n\nwhich model is it?\n\nAnn", to=talk.last(DESK, "forward"))
    talk.write(jane, "It is the grey one, a PX 200 with two trays.", to=talk.last(CUSTOMER, "answer"))
    talk.write(cy, "Please clean the rollers and print the test page.\n\nCy", to=talk.last(DESK, "followup"))
    talk.write(jane, "I have cleaned them, and the pages are still blank.", to=talk.last(CUSTOMER, "answer"))
    talk.write(ann, "#resolve\nWe send you a new drum today.", to=talk.last(DESK, "followup"))
    talk.write(jane, "The new drum came, and it prints grey pages now.", to=talk.last(CUSTOMER, "resolved"))
    talk.answer_by_command_line("Please take the orange strip off the drum.")
    talk.write(jane, "There it was! May I throw the old drum away?", to=talk.last(CUSTOMER, "answer"))
    talk.write(cy, "#resolve", to=talk.last(DESK, "followup"))


MODELS: dict[str, Callable[[list[threadmodels.Seen]], threadmodels.Groups]] = {
    "jwz": lambda mails: threadmodels.jwz(mails),
    "jwz+subject": lambda mails: threadmodels.jwz(mails, by_subject=True),
    "gmail": lambda mails: threadmodels.gmail(mails),
    "gmail, brackets count": lambda mails: threadmodels.gmail(mails, brackets_count=True),
    "exchange": lambda mails: threadmodels.exchange(mails),
    "outlook by topic": lambda mails: threadmodels.outlook_by_topic(mails),
}


def count(mailbox: list[bytes]) -> dict[str, int]:
    """How many conversations each model makes of a mailbox."""
    seen = [threadmodels.read(raw) for raw in mailbox]
    return {name: len(group(seen)) for name, group in MODELS.items()}


def make_site(tag: str, extension: str) -> Site:
    """The site with that tag mode and those reply addresses."""
    return replace(SITE, subject_tag=tag, address_extension=extension)


def is_possible(tag: str, extension: str, program: Program) -> bool:
    """Whether an answer says at all where it belongs; by the subject alone the first one needs the tag."""
    return tag == "always" or extension != "none" or program.refers or program.answers


def _begin_index(at: datetime, number: int) -> bytes:
    ticks = int((at - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10_000_000
    return struct.pack(">Q", ticks)[:6] + number.to_bytes(16, "big")


def _to_bytes(fields: dict[str, str], text: str) -> bytes:
    head = "".join(f"{name}: {value}\n" for name, value in fields.items()).replace("\r\n", "\n")
    return f"{head}\n{text}\n".replace("\n", "\r\n").encode("utf-8")


def main() -> int:
    """Print the table; 1 where jwz's algorithm splits a mailbox that is one conversation."""
    is_split = False
    print(f"{'program':32}{'tag':8}{'reply to':11}{'mailbox':10}" + "".join(f"{name:>23}" for name in MODELS))
    for program in PROGRAMS:
        for tag in TAGS:
            for extension in EXTENSIONS:
                if not is_possible(tag, extension, program):
                    continue
                with tempfile.TemporaryDirectory() as folder:
                    one = Talk(Path(folder), make_site(tag, extension), program)
                    converse(one)
                    one.close()
                    for name, mailbox in (("customer", one.jane.mailbox), ("desk", one.desk)):
                        counts = count(mailbox)
                        is_split |= counts["jwz+subject"] != 1
                        print(
                            f"{program.name:32}{tag:8}{extension:11}{f'{name} {len(mailbox)}':10}"
                            + "".join(f"{number:>23}" for number in counts.values()),
                            flush=True,
                        )
    return int(is_split)


if __name__ == "__main__":
    sys.exit(main())
