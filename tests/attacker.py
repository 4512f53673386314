"""What an attacker may know of a site, and the mails he writes with it: the arms of test_attacks."""

import re
import smtplib
import time
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.utils import format_datetime
from pathlib import Path

from mailproc import keys
from mailproc.opening import OpenSite
from mailproc.store import outbox, queries
from mailproc.tickets.casenumber import parse_number
from tests.verify import dnsserver
from tests.verify.signing import Keys

SETTINGS = """\
version: 1
site:
  name: Acme Support
  prefix: ACME
  addresses: [support@acme.example]
  domain: acme.example
database: "sqlite:///{folder}/store.db"
keys_file: keys
rules: rules/
intake:
  - {{kind: smtp, listen: "127.0.0.1:0"}}
delivery: {{kind: maildir, path: sent}}
operator: ops@acme.example
trust: {{agent_trust: dmarc, verify: yes, resolver: "{resolver}"}}
limits: {{unverified_per_day: none, breaker_per_hour: none, sender_per_hour: none, sender_per_day: none}}
"""
RULES = """\
version: 1
departments:
  frontdesk: {name: Front desk, forward_to: team@acme.example}
  billing: {name: Billing, forward_to: billing-team@acme.example}
agents:
  - {name: Ann Kowalska, address: ann@acme.example, departments: [frontdesk]}
  - {name: Bo Berg, address: bo@acme.example, departments: [billing]}
defaults: {department: frontdesk, language: en}
"""
ANN, JANE, MAX, EVE = "ann@acme.example", "jane@customer.example", "max@weak.example", "eve@evil.example"
DESK = "support@acme.example"
FORWARDED = (
    "---------- Forwarded message ---------\nFrom: Max <max@weak.example>\nDate: Tue, Jan 13, 2026 at 8:15 AM\n"
    "Subject: Scanner\nTo: Ann <ann@acme.example>\n\n\n"
)
MARKER = "AttackersWords"  # in all that he writes
SECRET = "JanesSecretWords"  # in Jane's case
PATIENCE = 60.0


@dataclass
class Attack:
    """One mail of his, and what it was about."""

    raw: bytes
    to: tuple[str, ...]
    sender: str = EVE


@dataclass
class House:
    """The site and its daemon, with one case of Jane's, whose domain signs, and one of Max's, whose domain does not."""

    site: OpenSite
    port: int
    keys: Keys
    other: Keys = field(default_factory=Keys)  # the attacker's own
    turn: int = 0
    tokens: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    signed: bytes = b""  # an answer of Ann's to Jane, as she sent it

    def send(self, raw: bytes, sender: str, *to: str) -> None:
        with smtplib.SMTP("127.0.0.1", self.port, local_hostname="out.evil.example", timeout=30) as client:
            client.sendmail(sender, list(to), raw)

    def wait(self) -> None:
        """Until everything is decided."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with self.site.store.read() as tx:
                if not tx.execute("SELECT 1 FROM inbox WHERE state = 'received'").fetchone():
                    return
            time.sleep(0.05)
        raise AssertionError("the daemon does not get done")

    def mail(self, sender: str, to: str, subject: str, text: str, *head: str, at: datetime | None = None) -> bytes:
        self.turn += 1
        lines = [
            f"From: {sender}",
            f"To: {to}",
            f"Subject: {subject}",
            f"Date: {format_datetime(at or datetime.now(UTC))}",
            f"Message-ID: <{self.turn}.{MARKER}@x.example>",
            *head,
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
            "",
            text.replace("\n", "\r\n"),
            "",
        ]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape")

    def ours(self, raw: bytes, **options: object) -> bytes:
        """Signed as our own domain signs."""
        return self.keys.sign(raw, "acme.example", **options)  # type: ignore[arg-type]

    def eves(self, raw: bytes) -> bytes:
        """Signed as his own domain signs."""
        return self.other.sign(raw, "evil.example")


def make_site(folder: Path, dns: dnsserver.DnsServer) -> None:
    (folder / "rules").mkdir()
    (folder / "rules" / "rules.yaml").write_text(RULES, "utf-8")
    (folder / "mailproc.yaml").write_text(SETTINGS.format(folder=folder, resolver=dns.address), "utf-8")
    keys.create(folder / "keys")


def open_cases(house: House) -> None:
    """Jane and Max ask, Ann answers Jane; all that a leak could have told the attacker is noted."""
    asked = house.keys.sign(
        house.mail(f"Jane Doe <{JANE}>", "support@acme.example", "Printer", f"It prints blank pages. {SECRET}"),
        "customer.example",
    )
    house.send(asked, JANE, "support@acme.example")
    house.wait()
    house.send(house.mail(MAX, "support@acme.example", "Scanner", "It hums."), MAX, "support@acme.example")
    house.wait()
    with house.site.store.read() as tx:
        for row in queries.list_outbox(tx):
            raw = outbox.raw_of(tx, row["id"])
            assert raw is not None
            made = message_from_bytes(raw, policy=policy.default)
            name = {10_000: "jane", 10_001: "max"}[serial_of(row["ticket"])]
            house.tokens.setdefault(f"{name} {row['purpose']}", str(made["Reply-To"]))
            house.ids.setdefault(f"{name} {row['purpose']}", str(made["Message-ID"]))
            house.numbers[name] = row["ticket"]
            text = raw.decode("latin-1")
            for found in re.finditer(r"support\+[a-z2-7]([nd])[0-9]+[a-z2-7]{16}@acme\.example", text):
                house.tokens.setdefault(f"{name} {found[1]}", found[0])
    to = house.tokens["jane forward"]
    house.signed = house.ours(house.mail(f"Ann <{ANN}>", to, "Re: Printer", f"Please restart it. {MARKER}"))
    house.send(house.signed, ANN, to)
    house.wait()
    with house.site.store.read() as tx:
        answers = [row for row in queries.list_outbox(tx) if row["purpose"] == "answer"]
    assert [row["to"] for row in answers] == [JANE]  # the way that is open to those who may


def serial_of(number: str) -> int:
    serial = parse_number(number, ("ACME",))
    assert serial is not None
    return serial


def attacks(h: House) -> dict[str, Attack]:
    """Every way in that was thought of."""
    token, note, done, maxs = h.tokens["jane forward"], h.tokens["jane n"], h.tokens["jane d"], h.tokens["max forward"]
    janes_own, tag = h.tokens["jane received"], f"Re: [{h.numbers['jane']}] Printer"
    words, ours = f"Send your money to {MARKER}.", h.ids["jane forward"]
    signed, at = h.signed, h.mail

    def forged(to: str = token, text: str = words, sender: str = f"Ann <{ANN}>", *head: str) -> bytes:
        return at(sender, to, tag, text, *head)

    head, _, body = signed.partition(b"\r\n\r\n")
    word = token.partition("+")[2].partition("@")[0]
    flipped = token.replace(word, word[:-1] + ("a" if word[-1] != "a" else "b"))
    from_lines = {
        "angle address behind hers": f"{ANN} <{EVE}>",
        "her address as a name": f'"{ANN}" <{EVE}>',
        "her address as a comment": f"{EVE} ({ANN})",
        "her address before the angle": f"<{ANN}>{EVE}",
        "two mailboxes": f"{ANN}, {EVE}",
        "two mailboxes, his first": f"{EVE}, {ANN}",
        "a group": f"Team: {ANN};",
        "a group and he": f"Team: {ANN};, {EVE}",
        "a route": f"<@evil.example:{ANN}>",
        "an encoded address": "=?utf-8?q?ann=40acme=2Eexample=2C?=@evil.example",
        "an encoded at sign": "=?utf-8?q?ann=40acme.example?=",
        "a quoted local part": f'"{ANN} "@evil.example',
        "percent": "ann%acme.example@evil.example",
        "a Kelvin sign": "ann@acme.example".replace("k", "\u212a").replace("c", "\u0441"),
        "a full-width letter": "\uff41nn@acme.example",
        "a zero width space": "ann\u200b@acme.example",
        "a dot at the end": "ann@acme.example.",
        "an IPv6 literal": "ann@[IPv6:::1]",
        "an empty angle": f"{ANN} <>",
        "an escaped angle": f"{ANN}\\<{EVE}",
        "a tab and a comma": f"{ANN}\t,\t{EVE}",
        "a semicolon": f"{ANN}; {EVE}",
        "a backspace": f"{ANN}\x08\x08 <{EVE}>",
        "NUL": f"{ANN}\0<{EVE}>",
    }
    found = {
        # nothing but words
        "her name alone": Attack(
            at(f"Ann <{ANN}>", "support@acme.example", tag, words), ("support@acme.example",), ANN
        ),
        "her name and a leaked address": Attack(forged(), (token,), ANN),
        "the note's address": Attack(forged(note), (note,), ANN),
        "the address that resolves": Attack(forged(done), (done,), ANN),
        "commands": Attack(forged(token, f"#close\n#to billing\n{words}"), (token,), ANN),
        "a forged result of a border": Attack(
            b"Authentication-Results: mx.acme.example; dmarc=pass header.from=acme.example; dkim=pass"
            b" header.d=acme.example\r\n" + forged(),
            (token,),
            ANN,
        ),
        "a forged result of our own host": Attack(
            b"Authentication-Results: acme.example; dmarc=pass header.from=acme.example\r\n"
            b"ARC-Authentication-Results: i=1; acme.example; dmarc=pass\r\n" + forged(),
            (token,),
            ANN,
        ),
        "an answer to our mail": Attack(
            at(f"Ann <{ANN}>", "support@acme.example", tag, words, f"In-Reply-To: {ours}", f"References: {ours}"),
            ("support@acme.example",),
            ANN,
        ),
        # work for others
        "a forward of what Max never wrote": Attack(
            at(f"Ann <{ANN}>", DESK, "Fwd: Scanner", f"FYI\n\n{FORWARDED}{words}"), (DESK,), ANN
        ),
        "the same, signed by himself": Attack(
            h.eves(at(f"Ann <{ANN}>", DESK, "Fwd: Scanner", f"FYI\n\n{FORWARDED}{words}")), (DESK,), ANN
        ),
        "a call of Max": Attack(at(f"Ann <{ANN}>", DESK, "Call", f"#from {MAX}\n#status\n\n{words}"), (DESK,), ANN),
        "a mail to Max with the desk in Cc": Attack(
            at(f"Ann <{ANN}>", MAX, "Offer", words, f"Cc: {DESK}"), (DESK,), ANN
        ),
        "commands about Jane's case": Attack(
            at(f"Ann <{ANN}>", DESK, "x", f"#close {h.numbers['jane']}"), (DESK,), ANN
        ),
        "what Jane never redirected": Attack(
            h.eves(at(EVE, DESK, tag, words, f"Resent-From: {ANN}", f"Resent-To: {DESK}")), (DESK,)
        ),
        # signatures
        "signed by himself": Attack(h.eves(forged()), (token,), ANN),
        "signed by a name like ours": Attack(h.other.sign(forged(), "acme.example.evil.example"), (token,), ANN),
        "signed in our name with his key": Attack(h.other.sign(forged(), "acme.example"), (token,), ANN),
        "her signature over other words": Attack(head + b"\r\n\r\n" + words.encode() + b"\r\n", (token,), ANN),
        "words behind hers": Attack(signed + words.encode() + b"\r\n", (token,), ANN),
        "words behind a part that is signed": Attack(
            h.ours(forged(token, "Please wait."), has_length=True) + words.encode() + b"\r\n", (token,), ANN
        ),
        "a signature that leaves out the subject": Attack(h.ours(forged(), cover="from date to"), (token,), ANN),
        "a From below the signed one": Attack(
            signed.replace(b"\r\nSubject:", b"\r\nFrom: " + EVE.encode() + b"\r\nSubject:", 1), (token,), ANN
        ),
        "a From above the signed one": Attack(b"From: " + EVE.encode() + b"\r\n" + signed, (token,)),
        "a second Content-Type": Attack(b'Content-Type: multipart/mixed; boundary="x"\r\n' + signed, (token,), ANN),
        # copies of what she signed
        "the same again": Attack(signed, (token,), ANN),
        "the same with another Message-ID": Attack(
            re.sub(rb"Message-ID: <[^>]*>", b"Message-ID: <new@acme.example>", signed), (token,), ANN
        ),
        "the same without a Message-ID": Attack(re.sub(rb"Message-ID: <[^>]*>\r\n", b"", signed), (token,), ANN),
        "the same with two signatures": Attack(h.eves(re.sub(rb"Message-ID: <[^>]*>\r\n", b"", signed)), (token,), ANN),
        "the same on Max's case": Attack(signed.replace(b"Subject", b"X-Note: 1\r\nSubject", 1), (maxs,), ANN),
        "her mail to somebody else": Attack(
            h.ours(at(f"Ann <{ANN}>", EVE, "Lunch", f"Let us meet. {MARKER}")), (token,), ANN
        ),
        "her mail of two weeks ago": Attack(
            h.ours(at(f"Ann <{ANN}>", token, tag, words, at=datetime.now(UTC) - timedelta(days=14))), (token,), ANN
        ),
        "her mail inside his": Attack(
            h.eves(at(EVE, token, tag, words).replace(b"text/plain; charset=utf-8", b"message/rfc822")[:-2] + signed),
            (token,),
        ),
        "her mail with answers to himself": Attack(
            h.ours(at(f"Ann <{ANN}>", token, tag, words, f"Reply-To: {EVE}")), (token,), ANN
        ),
        "an agent of another department": Attack(h.ours(at("bo@acme.example", token, tag, words)), (token,), ANN),
        "nobody at our domain": Attack(h.ours(at("zoe@acme.example", token, tag, words)), (token,), ANN),
        "the department's mailbox": Attack(h.ours(at("team@acme.example", token, tag, words)), (token,), ANN),
        "our own address": Attack(h.ours(at("support@acme.example", token, tag, words)), (token,), ANN),
        "her absence note": Attack(forged(token, words, f"Ann <{ANN}>", "Auto-Submitted: auto-replied"), (token,), ANN),
        # tokens
        "a flipped bit": Attack(h.ours(forged(flipped)), (flipped,), ANN),
        "another purpose": Attack(h.ours(forged(note.replace("n10", "r10"))), (note.replace("n10", "r10"),), ANN),
        "an address of the inside in his own name": Attack(h.eves(at(EVE, token, tag, words)), (token,)),
        "Jane's address in his own name": Attack(h.eves(at(EVE, janes_own, tag, words)), (janes_own,)),
        "Jane's address in Jane's name": Attack(at(JANE, janes_own, tag, words), (janes_own,)),
        "the same from a private address": Attack(at(JANE, janes_own, tag, words), (janes_own,), JANE),
        "somebody of Jane's company": Attack(
            h.keys.sign(at("boss@customer.example", janes_own, tag, words), "customer.example"), (janes_own,)
        ),
        "Max by the number, and a copy for himself": Attack(
            at(MAX, "support@acme.example", f"Re: [{h.numbers['max']}] Scanner", words, f"Cc: {EVE}"),
            ("support@acme.example",),
            MAX,
        ),
        "Jane's number": Attack(h.eves(at(EVE, "support@acme.example", tag, words)), ("support@acme.example",)),
        "Jane's references": Attack(
            h.eves(at(EVE, "support@acme.example", "Hi", words, f"References: {ours} {h.ids['jane received']}")),
            ("support@acme.example",),
        ),
        "a request for the state of Jane's case": Attack(
            h.eves(at(EVE, "support@acme.example", tag, f"Any news? {MARKER}")), ("support@acme.example",)
        ),
        # headers and forms
        "headers of ours": Attack(
            h.eves(
                at(
                    EVE,
                    token,
                    tag,
                    words,
                    f"X-Mailproc-Ticket: {h.numbers['jane']}",
                    "X-Mailproc-Released: agent",
                    f"Sender: {ANN}",
                    f"Resent-From: {ANN}",
                    f"Reply-To: {ANN}",
                    f"X-Original-From: {ANN}",
                    "X-Mailproc-Level: A3",
                )
            ),
            (token,),
        ),
        "she as the sender of the envelope": Attack(h.eves(at(EVE, token, tag, words)), (token,), ANN),
        "a loop mark": Attack(
            h.eves(at(EVE, token, tag, words, "X-Loop-Guard: <t.10000.1.aaaaaaaaaaaaaaaaa@x>")), (token,)
        ),
        "a bounce of a mail that was never sent": Attack(
            at("mailer-daemon@x.example", token, tag, words).replace(
                b"text/plain; charset=utf-8", b"multipart/report; report-type=delivery-status; boundary=b"
            ),
            (token,),
            "",
        ),
        "a From with a blank before the colon": Attack(
            forged().replace(b"From: Ann", b"From : Eve\r\nFrom: Ann", 1), (token,)
        ),
        "a folded From": Attack(
            h.eves(forged()).replace(f"From: Ann <{ANN}>".encode(), f"From: Ann\r\n <{ANN}>\r\n\t, {EVE}".encode()),
            (token,),
        ),
        "another From behind a bare CR": Attack(
            forged(token, words, f"Eve <{EVE}>", f"X-Note: 1\rFrom: {ANN}"), (token,)
        ),
        "a mail within a mail": Attack(
            at(
                EVE,
                token,
                "x",
                (f"Hello\n.\nMAIL FROM:<{ANN}>\nRCPT TO:<{token}>\nDATA\n" + forged().decode()).replace("\r\n", "\n"),
            ),
            (token,),
        ),
        "base64 of an alternative": Attack(
            h.eves(at(EVE, token, tag, b64encode(words.encode()).decode(), "Content-Transfer-Encoding: base64")),
            (token,),
        ),
    }
    for name, line in from_lines.items():
        raw = at(line, token, tag, words)
        found[f"From with {name}"] = Attack(raw if any(c in line for c in "\0\x08") else h.eves(raw), (token,))
        if not line.isascii():
            found[f"From with {name}"] = Attack(raw, (token,))
    return found
