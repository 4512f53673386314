"""What strangers can make us send: forged mail by the thousands, random mail of every kind, judged on the wire.

Drives a real engine under a clock set by hand; everything random comes from a seed.
"""

import random
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime, parseaddr
from pathlib import Path

from bench.looppeers import SUPPORT, read
from bench.loops import HOUR, START, Desk, Sent, open_desk
from mailproc.desk.requests import Request
from mailproc.message.samemailbox import find_mailbox
from mailproc.records.mail import Envelope

DAY = timedelta(hours=24)
RULES = """\
version: 1
calendars:
  always: {{hours: {{mon-sun: "00:00-24:00"}}}}
slas:
  chatty: {{first_response: 4h, update_requester_every: 6h}}
departments:
  frontdesk: {{name: Front desk, forward_to: frontdesk@{domain}, calendar: always}}
agents:
  - {{name: Ann, address: ann@{domain}, departments: [frontdesk]}}
defaults: {{department: frontdesk}}
route:
  - {{name: tells on, when: {{subject: {{words: [status]}}}}, do: {{sla: chatty}}}}
  - {{name: asks back, also: [reply], when: {{subject: {{words: [order]}}}}, do: {{reply: received}}}}
"""
_AGENT_SIDE = ("frontdesk@acme.example", "ann@acme.example")
_CAUSED_BY_PEOPLE = ("resolved",)  # an agent's or operator's act; no stranger makes us send it
_PER_HOUR, _PER_DAY, _PER_DOMAIN, _PER_SITE, _PER_TICKET = 3, 10, 60, 100, 3


@dataclass(frozen=True, slots=True)
class Reflection:
    """What forged mail brought its victim."""

    mails_in: int
    bytes_in: int
    to_victim: tuple[Sent, ...]
    marks_found: tuple[str, ...]  # words of the sender's that stand in what the victim got

    @property
    def bytes_out(self) -> int:
        return sum(len(mail.raw) for mail in self.to_victim)

    @property
    def is_fine(self) -> bool:
        return len(self.to_victim) <= 1 and not self.marks_found


def reflect(folder: Path, mails: int, seed: int = 1, *, spread: timedelta = timedelta(hours=20)) -> Reflection:
    """Mails in a victim's name that nothing proves, each with other words, names, ids and spellings of the address."""
    rng = random.Random(seed)
    bytes_in = 0
    with open_desk(folder, is_proven=False) as desk:
        for number in range(mails):
            desk.now = START + spread * number / mails
            raw, sender = _forge(rng, number, desk.now)
            bytes_in += len(raw)
            envelope = Envelope("smtp", desk.now, sender, (SUPPORT,), "198.51.100.7")
            desk.receive(raw, envelope)
            if number % 50 == 49 or number == mails - 1:
                desk.work()
        got = tuple(mail for mail in desk.sent if find_mailbox(mail.recipient) == "victim@gmail.com")
    everything = b"".join(mail.raw for mail in got).lower() + "".join(str(read(m.raw)["Subject"]) for m in got).encode()
    marks = (b"zq7x", b"pills", b"attacker.example", b"=?utf-8?b?enE3")
    return Reflection(mails, bytes_in, got, tuple(mark.decode() for mark in marks if mark in everything))


def _forge(rng: random.Random, number: int, now: datetime) -> tuple[bytes, str]:
    local = rng.choice(("victim", "Victim", "v.ictim", "victim+a", f"victim+{number}", "vic.tim+x"))
    sender = f"{local}@{rng.choice(('gmail.com', 'googlemail.com'))}"
    mark = f"zq7x{number}"
    lines = (
        f'From: "{mark} cheap pills" <{sender}>', f"To: {SUPPORT}", f"Subject: {mark} buy pills at http://{mark}.example",
        f"Date: {format_datetime(now)}", f"Message-ID: <{mark}@attacker.example>",
        f"References: <{mark}.root@attacker.example>", f"In-Reply-To: <{mark}.parent@attacker.example>",
        f"Thread-Topic: {mark} pills", f"Reply-To: <{mark}@attacker.example>",
        "Content-Type: text/plain; charset=utf-8",
        "", f"{mark} visit http://{mark}.example/pills now " + "".join(rng.choices("abcdefgh ", k=rng.randint(0, 400))),
        "",
    )  # fmt: skip
    return "\r\n".join(lines).encode(), sender


@dataclass(frozen=True, slots=True)
class Excess:
    """A limit that was not kept."""

    limit: str
    whom: str
    count: int
    at: datetime


def play_random(folder: Path, mails: int, seed: int = 1) -> tuple[list[Excess], int, int]:
    """Random mail, requests and time; every limit that was not kept, the automatic mails and all that went out."""
    rng = random.Random(seed)
    with open_desk(folder, is_proven=False, rules=RULES) as desk:
        proven = _Levels()
        for _ in range(mails):
            desk.now += timedelta(seconds=rng.choice((0, 0, 0.2, 0.2, 1, 1, 5, 5, 30, 120)))
            _one_mail(rng, desk, proven)
            if rng.random() < 0.1:
                desk.work()
            if rng.random() < 0.02:
                _one_request(rng, desk)
                desk.work()  # limits count what is queued; here it leaves at once
        desk.work()
        automatic = [mail for mail in desk.sent if _is_automatic(mail)]
        return list(find_excess(automatic, proven)), len(automatic), len(desk.sent)


class _Levels:
    """Which mailboxes ever wrote with proof or token: others get one automatic mail a day."""

    def __init__(self) -> None:
        self.proven: set[str] = set()


def find_excess(mails: Iterable[Sent], levels: _Levels) -> Iterator[Excess]:
    """The limits that these automatic mails break; windows end at each mail."""
    times: dict[tuple[str, str], list[datetime]] = {}
    for mail in mails:
        mailbox = find_mailbox(mail.recipient)
        domain = mail.recipient.rpartition("@")[2]
        checks = [
            ("sender_per_hour", mailbox, HOUR, _PER_HOUR),
            ("sender_per_day", mailbox, DAY, _PER_DAY),
            ("domain_per_hour", domain, HOUR, _PER_DOMAIN),
            ("breaker_per_hour", "the site", HOUR, _PER_SITE),
        ]
        if mailbox not in levels.proven and mail.purpose not in _CAUSED_BY_PEOPLE:
            checks.append(("unverified_per_day", mailbox, DAY, 1))
        for limit, whom, window, most in checks:
            line = times.setdefault((limit, whom), [])
            line.append(mail.at)
            inside = len(line) - bisect_right(line, mail.at - window)
            if inside > most:
                yield Excess(limit, whom, inside, mail.at)


def _is_automatic(mail: Sent) -> bool:
    return mail.recipient not in _AGENT_SIDE and "Auto-Submitted" in read(mail.raw)


def _one_mail(rng: random.Random, desk: Desk, levels: _Levels) -> None:
    known = [mail for mail in desk.sent[-200:] if mail.recipient not in _AGENT_SIDE]
    agent_mails = [mail for mail in desk.sent[-200:] if mail.recipient in _AGENT_SIDE]
    name = f"p{int(rng.paretovariate(0.6)) % 400}"
    sender = f"{name}{rng.choice(('', '', '', '+a', '+b'))}@{rng.choice(('a.example', 'b.example', 'gmail.com'))}"
    subject = rng.choice(("order", "lamp", "invoice", "Re: lamp", "status?", f"order {rng.random()}"))
    text = rng.choice(("It is broken.", "Thanks!", "Any news?", "It works now.", "Still broken.", "", "#close",
                       " ".join(rng.choices("lorem ipsum dolor sit amet consectetur".split(), k=30))))  # fmt: skip
    to, headers = SUPPORT, []
    if known and rng.random() < 0.3:
        ours = rng.choice(known)
        mail = read(ours.raw)
        sender = ours.recipient if rng.random() < 0.8 else sender
        to = parseaddr(str(mail["Reply-To"] or SUPPORT))[1] if rng.random() < 0.6 else SUPPORT
        subject = f"Re: {mail['Subject']}"
        headers += [f"In-Reply-To: {mail['Message-ID']}", f"References: {mail['Message-ID']}"]
    elif agent_mails and rng.random() < 0.1:
        mail = read(rng.choice(agent_mails).raw)
        sender, subject = "ann@acme.example", f"Re: {mail['Subject']}"
        to = parseaddr(str(mail["Reply-To"] or SUPPORT))[1]
        text = rng.choice(("We look into it.", "#resolve", "#close", "#note seen", "Done.\n\n#resolve"))
    proof = rng.choice(("none", "none", "pass", "pass", "fail"))
    headers += rng.choice(([], [], [], ["Auto-Submitted: auto-replied"], ["Precedence: bulk"], ["List-Id: <x.y>"],
                           ["X-Auto-Response-Suppress: All"], ["Auto-Submitted: no"]))  # fmt: skip
    lines = [f"Authentication-Results: mx.acme.example; dmarc={proof} header.from={sender.rpartition('@')[2]}"]
    lines = lines if proof != "none" else []
    lines += [f"From: {rng.choice(('', 'Jane Doe '))}<{sender}>", f"To: {to}", f"Subject: {subject}",
              f"Date: {format_datetime(desk.now)}", *headers, "Content-Type: text/plain; charset=utf-8"]  # fmt: skip
    if rng.random() < 0.95:
        lines.append(f"Message-ID: <{rng.getrandbits(64):x}@{sender.rpartition('@')[2]}>")
    # Who answers with the token we gave that address reads its mail
    if proof == "pass" or (to != SUPPORT and proof != "fail"):
        levels.proven.add(find_mailbox(sender))
    raw = "\r\n".join((*lines, "", text, "")).encode()
    envelope_sender = rng.choice((sender, sender, sender, None, "", "other@a.example"))
    desk.receive(raw, Envelope("smtp", desk.now, envelope_sender, (to,), "127.0.0.1"))


def _one_request(rng: random.Random, desk: Desk) -> None:
    with desk.site.store.read() as tx:
        serials = [row[0] for row in tx.execute("SELECT serial FROM ticket WHERE state <> 'closed' LIMIT 50")]
    if serials:
        verb = rng.choice(("resolve", "reopen", "reply"))
        request = Request(verb, rng.choice(serials), "operator", "We look into it." if verb == "reply" else "")
        desk.site.engine.act(request, f"r{rng.getrandbits(60):x}")
