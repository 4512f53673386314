"""Mail systems that answer by themselves, as models: what each sends back for a mail of ours, and how long it takes.

Deterministic from a seed; must not read or write a file. What they mark and honour follows their published code.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from email.utils import format_datetime, parseaddr

SUPPORT = "support@acme.example"
_AUTOMATIC = frozenset({"bulk", "junk", "list", "auto_reply"})


@dataclass(frozen=True, slots=True)
class Answer:
    """One mail that a peer sends, some time after what caused it."""

    after: timedelta
    raw: bytes
    sender: str  # of the envelope
    recipient: str = SUPPORT


class Peer:
    """A mail system at `address`; `first` starts what may become a loop, `answer` is asked for each mail of ours."""

    name = "silent"
    address = "someone@peer.example"
    subject = "The lamp does not light"
    text = "Hello, the lamp that came on Monday does not light. What shall I do?\n\nJane"

    def __init__(self, seed: int = 1) -> None:
        self.rng = random.Random(seed)
        self.count = 0

    def owns(self, recipient: str) -> bool:
        """Whether a mail of ours to this address reaches the peer."""
        return recipient == self.address

    def first(self, now: datetime) -> Iterator[Answer]:
        """What the peer's side sends unasked."""
        yield self.write(now, self.subject, self.text)

    def answer(self, mail: Message, envelope_from: str, now: datetime) -> Iterator[Answer]:
        """What it sends back."""
        yield from ()

    def write(
        self, now: datetime, subject: str, text: str, *, after: float = 3, sender: str | None = None, to: str = "",
        from_: str = "", **headers: str,
    ) -> Answer:  # fmt: skip
        """A mail of the peer's with an id of its own."""
        self.count += 1
        mail = EmailMessage(policy=policy.SMTP)
        mail["From"] = from_ or self.address
        mail["To"] = to or SUPPORT
        mail["Subject"] = " ".join(subject.split())
        mail["Date"] = format_datetime(now + timedelta(seconds=after))
        host = (from_ or self.address).rpartition("@")[2]
        mail["Message-ID"] = f"<{self.name.replace(' ', '-')}.{self.count}.{self.rng.getrandbits(64):x}@{host}>"
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        envelope = self.address if sender is None else sender
        return Answer(timedelta(seconds=after), mail.as_bytes(), envelope, parseaddr(to)[1] or SUPPORT)


def is_marked(mail: Message) -> bool:
    """Whether a mail says of itself that no person wrote it, as well-behaved systems ask."""
    automatic = str(mail.get("Auto-Submitted", "no")).partition(";")[0].strip().lower()
    return automatic != "no" or str(mail.get("Precedence", "")).strip().lower() in _AUTOMATIC


def text_of(mail: Message) -> str:
    """The plain text of a mail of ours."""
    for part in mail.walk():
        if part.get_content_type() == "text/plain":
            raw = part.get_payload(decode=True)
            return raw.decode("utf-8", "replace").replace("\r\n", "\n") if isinstance(raw, bytes) else ""
    return ""


class RequestTracker(Peer):
    """RT without its headers: an autoreply to every mail that carries no tag of its own; ours is stripped."""

    name, address = "RT-like, no loop headers", "helpdesk@rt.example"

    def answer(self, mail: Message, envelope_from: str, now: datetime) -> Iterator[Answer]:
        subject = re.sub(r"\[[^]]*\]", "", str(mail["Subject"]))
        text = (
            "Greetings,\n\nThis message has been automatically generated in response to the\ncreation of a trouble "
            f"ticket regarding: {subject.strip()}\n\nThere is no need to reply to this message right now. Your ticket "
            f"has been\nassigned an ID of [rt.example #{4000 + self.count}].\n\nThank you,\nhelpdesk"
        )
        yield self.write(now, f"[rt.example #{4000 + self.count}] AutoReply: {subject}", text)


class Zammad(Peer):
    """Zammad's default trigger: honours marks, answers what has none, and its plain text goes out unmarked."""

    name, address = "Zammad-like", "support@zammad.example"

    def answer(self, mail: Message, envelope_from: str, now: datetime) -> Iterator[Answer]:
        if not is_marked(mail):
            text = f"Your request (Ticket#{20200 + self.count}) has been received and will be reviewed by our staff."
            yield self.write(now, f"[Ticket#{20200 + self.count}] RE: {mail['Subject']}", text)


class ZammadOfOld(Zammad):
    """The same before it honoured anything."""

    name, address = "Zammad-like, honours nothing", "support@zammad-old.example"

    def answer(self, mail: Message, envelope_from: str, now: datetime) -> Iterator[Answer]:
        del mail["Auto-Submitted"], mail["Precedence"]
        yield from super().answer(mail, envelope_from, now)


class FreeScout(Peer):
    """FreeScout's refusal of a mail it cannot place: unmarked, unlimited, to anybody (its issues 1403, 4631)."""

    name, address = "FreeScout-like, refusals", "help@freescout.example"

    def answer(self, mail: Message, envelope_from: str, now: datetime) -> Iterator[Answer]:
        text = "Unable to process your update.\n\nYour email update couldn't be processed. If you are trying to "
        text += "update a conversation, remember you must respond from the same email address that's on your account."
        yield self.write(now, "Unable to process your update", text, after=60 * self.rng.choice((1, 2)))


class ExchangeRule(Peer):
    """An Exchange inbox rule `have server reply`: every mail, honours nothing, marks itself."""

    name, address = "Exchange out-of-office", "anna@exchange.example"

    def answer(self, mail: Message, envelope_from: str, now: datetime) -> Iterator[Answer]:
        yield self.write(
            now, f"Automatic reply: {mail['Subject']}", "I am out of the office until Monday.", after=2, sender="",
            Auto_Submitted="auto-generated", X_Auto_Response_Suppress="All",
            X_MS_Exchange_Generated_Message_Source="Mailbox Rules Agent",
        )  # fmt: skip


class GmailVacation(Peer):
    """Gmail's vacation responder: once in four days a sender, marked, not for bulk."""

    name, address = "Gmail vacation", "jo@gmail.com"

    def __init__(self, seed: int = 1) -> None:
        super().__init__(seed)
        self.told: datetime | None = None

    def answer(self, mail: Message, envelope_from: str, now: datetime) -> Iterator[Answer]:
        if not is_marked(mail) and (self.told is None or now - self.told > timedelta(days=4)):
            self.told = now
            yield self.write(now, f"Re: {mail['Subject']}", "On holiday until the 20th.", Precedence="bulk",
                             X_Autoreply="yes", Auto_Submitted="auto-replied")  # fmt: skip


class BounceStorm(Peer):
    """Everything comes back five times in two forms, and reports about mail we never sent come all day."""

    name, address = "bounce storm", "gone@bounces.example"

    def first(self, now: datetime) -> Iterator[Answer]:
        yield from super().first(now)
        for minute in range(0, 24 * 60, 6):
            yield self.bounce(now, self.address, "<made.up@elsewhere.example>", SUPPORT, after=60 * minute + 30)

    def answer(self, mail: Message, envelope_from: str, now: datetime) -> Iterator[Answer]:
        for seconds in (1, 2, 3):
            yield self.bounce(now, self.address, str(mail["Message-ID"]), envelope_from, after=seconds)
        text = f"Hi. This is the qmail-send program at bounces.example.\n\n<{self.address}>:\nSorry, no mailbox here.\n"
        for seconds in (4, 5):
            yield self.write(now, "failure notice", text, after=seconds, sender="",
                             from_="MAILER-DAEMON@bounces.example", to=envelope_from)  # fmt: skip

    def bounce(self, now: datetime, failed: str, message_id: str, to: str, *, after: float) -> Answer:
        """A delivery report (RFC 3464)."""
        self.count += 1
        lines = (
            f"From: Mail Delivery System <MAILER-DAEMON@bounces.example>\r\nTo: {to}\r\n"
            f"Subject: Undelivered Mail Returned to Sender\r\nDate: {format_datetime(now)}\r\n"
            f"Message-ID: <b{self.count}.{self.rng.getrandbits(40):x}@bounces.example>\r\nMIME-Version: 1.0\r\n"
            'Auto-Submitted: auto-replied\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"'
            "\r\n\r\n--b\r\n\r\nI'm sorry to have to inform you that your message could not be delivered.\r\n--b\r\n"
            "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; bounces.example\r\n\r\n"
            f"Final-Recipient: rfc822; {failed}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b\r\n"
            f"Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: {message_id}\r\n\r\n--b--\r\n"
        )
        return Answer(timedelta(seconds=after), lines.encode(), "", to)


class Echo(Peer):
    """An adversary: our words back, with a new id and a new subject each time; marks nothing, honours nothing."""

    name, address, wait = "adversarial echo", "echo@echo.example", 2.0

    def answer(self, mail: Message, envelope_from: str, now: datetime) -> Iterator[Answer]:
        subject = " ".join(self.rng.choices(("lamp", "invoice", "urgent", "order", "hello", "question"), k=4))
        yield self.write(now, f"{subject} {self.count}", text_of(mail), after=self.wait)


class SlowEcho(Echo):
    """The same, a quarter of an hour later each time."""

    name, address, wait = "echo after 15 minutes", "slow@echo.example", 900.0


class Babble(Echo):
    """The same with words that are new each time."""

    name, address = "echo in ever new words", "babble@echo.example"

    def answer(self, mail: Message, envelope_from: str, now: datetime) -> Iterator[Answer]:
        words = ["".join(self.rng.choices("abcdefghijklmnoprstuvw", k=self.rng.randint(2, 9))) for _ in range(40)]
        yield self.write(now, " ".join(words[:4]), " ".join(words), after=self.rng.uniform(1, 60))


class ManyAddresses(Echo):
    """One person behind ever new addresses, that answers from the next one."""

    name, address = "victim+1@, victim+2@ ...", "victim+0@gmail.com"

    def owns(self, recipient: str) -> bool:
        return recipient.partition("@")[0].partition("+")[0].replace(".", "") == "victim"

    def answer(self, mail: Message, envelope_from: str, now: datetime) -> Iterator[Answer]:
        local = self.rng.choice(("victim", "v.ictim", "vic.tim", "v.i.c.t.i.m"))
        domain = self.rng.choice(("gmail.com", "googlemail.com"))
        self.address = f"{local}+{self.count}@{domain}"
        yield self.write(now, f"Question {self.count}", f"What about number {self.count}? {self.rng.random()}")


class AwayWithoutHeaders(Peer):
    """An absence note in words nobody knows, without a header, under a new subject each time."""

    name, address = "absence note, no header", "tove@away.example"

    def answer(self, mail: Message, envelope_from: str, now: datetime) -> Iterator[Answer]:
        text = "Takk for meldinga. Eg er på fjellet og les ikkje post no. Ring Kari om det hastar.\n\nTove"
        yield self.write(now, f"Melding {self.count} frå Tove", text, after=4)


class AliasMember(AwayWithoutHeaders):
    """The same behind our department's own address: it answers forwards, which no limit on requesters holds back."""

    name, address = "absence note behind our alias", "kari@acme-partner.example"

    def owns(self, recipient: str) -> bool:
        return recipient == "frontdesk@acme.example"

    def first(self, now: datetime) -> Iterator[Answer]:
        yield self.write(now, self.subject, self.text, from_="jane@customer.example", sender="jane@customer.example")

    def answer(self, mail: Message, envelope_from: str, now: datetime) -> Iterator[Answer]:
        yield from super().answer(mail, envelope_from, now)


class AliasMemberByReply(AliasMember):
    """The same, answering to Reply-To and citing the forward, as most clients' own responders do."""

    name = "the same, to Reply-To"

    def answer(self, mail: Message, envelope_from: str, now: datetime) -> Iterator[Answer]:
        text = "Takk for meldinga. Eg er på fjellet og les ikkje post no. Ring Kari om det hastar.\n\nTove"
        to = parseaddr(str(mail["Reply-To"] or mail["From"]))[1]
        yield self.write(now, f"Melding {self.count} frå Tove", text, to=to, In_Reply_To=str(mail["Message-ID"]))


def read(raw: bytes) -> Message:
    """A mail of ours as peers read it."""
    return message_from_bytes(raw)


PEERS: tuple[type[Peer], ...] = (
    RequestTracker, Zammad, ZammadOfOld, FreeScout, ExchangeRule, GmailVacation, BounceStorm, Echo, SlowEcho, Babble,
    ManyAddresses, AwayWithoutHeaders, AliasMember, AliasMemberByReply,
)  # fmt: skip
