"""Whether anything internal reaches a customer with an agent's answer, however their mail client quotes our mail.

    python -m bench.leaks [--replies 5000] [--show 5]

A site in ten languages gets requests, follow-ups, notes and hand-overs; then its agents answer the mails they got, in
all styles of `bench.leakstyles`, and each answer is decided and composed. Counted over the bytes of every mail to a
customer: eight words in a row of a note, values of internal headers, our agents' and departments' addresses, signed
addresses of agents, lines of the card, and what the agent's own mail client wrote into its header. All must be 0.
"""

import argparse
import email
import email.policy
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime
from html import unescape
from pathlib import Path

from bench.leakstyles import STYLES, WORDS, Quoted, Words
from mailproc.engine import Preview
from mailproc.records.effects import SendMail
from mailproc.records.mail import Envelope
from tests.desks import Desk, open_desk

TEMPLATES = ("en", "de", "es", "fr", "it", "no", "pl")
ANN, CY = "ann.kowalska@acme.example", "cy.mayer@acme.example"
RULES = """\
version: 1
departments:
{departments}
  money: {{name: Treasury of Acme, forward_to: money-desk@acme.example}}
agents:
  - {{name: Ann Kowalska, address: {ann}, departments: [{keys}, money]}}
  - {{name: Cy Mayer, address: {cy}, departments: [{keys}, money]}}
defaults: {{department: desken, language: en}}
route:
{rules}
"""
QUESTIONS = (
    "My printer prints blank pages since this morning. What can I do about it?",
    "The invoice of March is wrong, I have never ordered the second item on it.",
)
NOTES = (
    "Careful with this customer: twice already they sent goods back damaged and asked for the whole sum again.",
    "Do not offer more than forty euros here, our margin on this contract is nearly nothing since the new prices.",
    "Der Kunde ist laut Buchhaltung seit drei Monaten im Verzug und bekommt vorerst keine weitere Kulanz von uns.",
    "この顧客は以前にも二回クレームを出しており、返金には必ず課長の承認が必要です。絶対に約束しないこと。",
)
TRACES = {
    "Received": "from ann-laptop.corp.internal (10.1.2.3) by mail.corp.internal; {date}",
    "X-Originating-IP": "[10.1.2.3]",
    "User-Agent": "SecretClient/77.3",
    "X-Mailer": "SecretMailer 5",
    "Disposition-Notification-To": ANN,
    "Return-Receipt-To": ANN,
    "Organization": "Acme Geheimabteilung",
    "Thread-Topic": "internal-topic-of-outlook",
}
_SPACELESS = re.compile("[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")


@dataclass
class Notification:
    """One mail of ours to the inside, as a client would quote it."""

    quoted: Quoted
    reply_to: str
    message_id: str
    subject: str
    kind: str
    language: str
    recipient: str


@dataclass
class Tally:
    """What was found."""

    replies: int = 0
    mails: int = 0
    leaks: list[str] = field(default_factory=list)
    whole: Counter[str] = field(default_factory=Counter)  # style -> the customer got every word and nothing else
    changed: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)


def make_rules() -> str:
    keys = [f"desk{code}" for code in WORDS]
    return RULES.format(
        departments="\n".join(
            f"  desk{code}: {{name: Innendienst {code.upper()}, forward_to: team-{code}@acme.example"
            + (f", languages: [{code}]}}" if code in TEMPLATES else "}")
            for code in WORDS
        ),
        rules="\n".join(
            f"  - {{name: geheimregel-{code}, when: {{from: {code}.customer.example}}, do: {{department: desk{code}}}}}"
            for code in WORDS
        ),
        keys=", ".join(keys),
        ann=ANN,
        cy=CY,
    )


def fill(desk: Desk) -> list[Notification]:
    """A few cases in each language, and all that the inside got about them."""
    for code in WORDS:
        for number, question in enumerate(QUESTIONS):
            jane = f"Jane {code.upper()} <jane{number}@{code}.customer.example>"
            serial = desk.write(question, sender=jane, subject=f"Question {code} {number}")["serial"]
            note = str(_last_token(desk, "n"))
            for text in NOTES:
                assert desk.write(text, sender=f"Ann <{ANN}>", to=note, is_proven=False)["reason"] == "agent-note"
            reply = str(desk.last("forward")["Reply-To"])
            assert desk.write("We look into it.", sender=f"Ann <{ANN}>", to=reply, is_proven=False)["serial"] == serial
            customers = str(desk.last("answer")["Reply-To"])
            desk.write("Thank you. It got worse since then.", sender=jane, to=customers, subject=f"Re: Question {code}")
            desk.ask("assign", serial, argument=CY)
    return list(_notifications(desk))


def _last_token(desk: Desk, purpose: str) -> str:
    form = r"support\+[a-z2-7]" + purpose + r"[0-9]+[a-z2-7]{16}@acme\.example"
    return str(re.findall(form, _text(desk.last("forward")))[-1])


def _notifications(desk: Desk) -> Iterator[Notification]:
    from mailproc.store import outbox, queries

    with desk.site.store.read() as tx:
        rows = [row for row in queries.list_outbox(tx) if row["to"].endswith("@acme.example")]
        for row in rows:
            raw = outbox.raw_of(tx, row["id"])
            assert raw is not None
            mail = email.message_from_bytes(raw, policy=email.policy.default)
            assert isinstance(mail, EmailMessage)
            html = mail.get_body(("html",))
            markup = re.sub(r"(?is).*<body[^>]*>|</body>.*", "", html.get_content()) if html is not None else ""
            sender = str(mail["From"])
            name, _, address = sender.rpartition(" <")
            code = re.search(r"team-([a-z]+)@", row["to"])
            date = str(mail["Date"])[:-6]
            yield Notification(
                Quoted(
                    _text(mail), markup, sender, name.strip('"'), address.strip(">"), date, row["to"], mail["Subject"]
                ),
                str(mail["Reply-To"] or mail["From"]),
                str(mail["Message-ID"]),
                str(mail["Subject"]),
                row["purpose"],
                code[1] if code else "en",
                row["to"],
            )


def make_reply(at: str, notification: Notification, style: str, words: Words, *, names_ours: bool, turn: int) -> bytes:
    """One agent's answer to it."""
    reply = EmailMessage(policy=email.policy.SMTP)
    for name, value in TRACES.items():
        reply[name] = value.format(date=at)
    reply["From"] = f"Cy Mayer <{CY}>" if notification.recipient == CY else f"Ann Kowalska <{ANN}>"
    reply["To"] = notification.reply_to
    reply["Subject"] = "Re: " + notification.subject
    reply["Date"] = at
    reply["Message-ID"] = f"<secret-agent-id-{turn}@corp.internal>"
    if names_ours:
        reply["In-Reply-To"] = notification.message_id
        reply["References"] = notification.message_id
    text, html = STYLES[style](list(words.answers), notification.quoted, words)
    if text is not None:
        reply.set_content(text, cte="quoted-printable")
        if html is not None:
            reply.add_alternative(html, subtype="html", cte="quoted-printable")
    elif html is not None:
        reply.set_content(html, subtype="html", cte="quoted-printable")
    return reply.as_bytes()


def find_leaks(raw: bytes, notes: set[tuple[str, ...]], author: str) -> list[str]:
    """What of the inside stands in the bytes of a mail to a customer; reads them with the library's parser only."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    heads = "\n".join(f"{name}: {value}" for name, value in mail.items())
    bodies = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    plain = [unescape(re.sub(r"(?s)<[^>]*>", " ", body)) for body in bodies]
    inner = ("x-mailproc", "list-id", *(name.lower() for name in TRACES if name != "Thread-Topic"))
    found = [f"header {name}" for name in mail if name.lower().startswith(inner)]
    everything = "\n".join((heads, *bodies))
    low = everything.lower()
    for word in (
        "corp.internal", "10.1.2.3", "secretclient", "secretmailer", "geheimabteilung", "internal-topic",
        "secret-agent-id", "geheimregel", "team-", "money-desk", "innendienst", "treasury of acme", ANN, CY,
        "x-mailproc",
        *(("cy mayer",) if author == ANN else ()),
    ):  # fmt: skip
        if word in low:
            found.append(f"the word {word}")
    if re.search(r"[+-][a-z2-7][rndho][0-9]{5,14}[a-z2-7]{16}", low):
        found.append("a signed address of the inside")
    for text in plain:
        for shingle in shingles(text):
            if shingle in notes:
                found.append(f"of a note: {' '.join(shingle)}")
    return found


def shingles(text: str) -> Iterator[tuple[str, ...]]:
    """Eight words in a row; sixteen letters where a script sets no blanks."""
    words = re.findall(r"[^\W_]+", text.casefold())
    yield from (tuple(words[at : at + 8]) for at in range(len(words) - 7))
    letters = "".join(_SPACELESS.findall(text))
    yield from ((letters[at : at + 16],) for at in range(len(letters) - 15))


def measure(folder: Path, replies: int, seed: int = 7) -> Tally:
    """Answers of all styles, languages and kinds of notification in turn, decided and composed."""
    tally, rng = Tally(), random.Random(seed)
    notes = {shingle for note in NOTES for shingle in shingles(note)}
    with open_desk(folder, f"sqlite:///{folder}/store.db", rules=make_rules()) as desk:
        notifications = [one for one in fill(desk) if "+" in one.reply_to]
        desk.wait(minutes=20)  # past the window in which two answers collide
        styles = list(STYLES)
        for turn in range(replies):
            style = styles[turn % len(styles)]
            notification = notifications[rng.randrange(len(notifications))]
            # Half of them write in the language of the desk, half have a client that speaks another
            code = notification.language if turn % 2 else rng.choice(list(WORDS))
            words = WORDS[code]
            raw = make_reply(
                format_datetime(desk.now), notification, style, words, names_ours=turn % 7 != 3, turn=turn
            )
            if turn % 3 == 0:  # handed in: nothing in between has written a Received field
                raw = re.sub(rb"(?m)^Received:.*\r\n", b"", raw, count=1)
            client = "127.0.0.1"
            raw = b"Authentication-Results: mx.acme.example; dmarc=pass header.from=acme.example\r\n" + raw
            preview = desk.site.engine.preview(raw, Envelope("smtp", desk.now, ANN, (notification.reply_to,), client))
            _count(tally, style, notification, words, preview, notes)
    return tally


def _count(
    tally: Tally,
    style: str,
    notification: Notification,
    words: Words,
    preview: Preview,
    notes: set[tuple[str, ...]],
) -> None:
    tally.replies += 1
    kind = f"{style} ({notification.kind})"
    mails = [mail for mail in preview.mails if mail.mail.role == "customer"]
    assert len(preview.mails) == sum(isinstance(effect, SendMail) for effect in preview.decision.effects)
    for composed in mails:
        assert composed.raw, composed.error
        tally.mails += 1
        for leak in find_leaks(composed.raw, notes, CY if notification.recipient == CY else ANN):
            tally.leaks.append(f"{kind}: {leak}")
            tally.examples.setdefault(f"leak, {kind}", composed.mail.text)
    if not mails:
        if "+an" not in notification.reply_to:  # answers to a copy stay inside as they should
            tally.held[f"{kind}: {preview.decision.reason}"] += 1
            tally.examples.setdefault(f"held, {kind}: {preview.decision.reason}", preview.inbound.new_text)
        return
    said = " ".join(mails[0].mail.text.split())
    if said == " ".join(" ".join(words.answers).split()):
        tally.whole[kind] += 1
    else:
        tally.changed[kind] += 1
        tally.examples.setdefault(f"changed, {kind}", mails[0].mail.text)


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return str(body.get_content()) if body is not None else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replies", type=int, default=5_000)
    parser.add_argument("--show", type=int, default=0, help="examples of answers that leaked, changed or were held")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tally = measure(Path(folder), arguments.replies)
    whole, changed, held = (sum(counter.values()) for counter in (tally.whole, tally.changed, tally.held))
    print(f"{tally.replies} answers in {len(STYLES)} styles and {len(WORDS)} languages", end="")
    print(f", {tally.mails} mails to customers")
    print(f"leaks: {len(tally.leaks)}")
    print(f"went out word for word: {whole}, otherwise: {changed}, held: {held}")
    for title, counter in (("changed", tally.changed), ("held", tally.held)):
        for kind, count in counter.most_common(12):
            print(f"  {title:<8} {count:>5}  {kind}")
    for leak, count in Counter(tally.leaks).most_common(20):
        print(f"  LEAK     {count:>5}  {leak}")
    for title, text in list(tally.examples.items())[: arguments.show]:
        print(f"\n=== {title}\n{text}")
    return 1 if tally.leaks else 0


if __name__ == "__main__":
    sys.exit(main())
