"""Loops, played for a day under a clock set by hand: mailproc against mail systems that answer by themselves.

    python -m bench.loops [--hours 24] [--only NAME] [--reflection 10000] [--random 20000]

Prints the automatic mails that each peer got in the first hour and in all, then what forged mail reflects on its
victim, then whether random mail ever got more answers than the limits allow. Exit 1 where one of them is too many.
"""

import argparse
import heapq
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from bench.looppeers import PEERS, SUPPORT, Answer, Peer, read
from bench.measure import format_table
from mailproc import keys, opening
from mailproc.delivery.dispatch import Exchange
from mailproc.opening import OpenSite
from mailproc.records.delivery import Receipt, ReceiptState
from mailproc.records.mail import Envelope
from mailproc.store.outbox import OutboxMail

START = datetime(2026, 1, 13, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MOST_HOUR, MOST_DAY = 2, 10
SETTINGS = """\
version: 1
site:
  name: {name} Support
  prefix: {prefix}
  addresses: [support@{domain}]
  domain: {domain}
  languages: [en]
  default_language: en
  timezone: Europe/Berlin
database: sqlite:///mailproc.db
keys_file: keys
rules: rules/
delivery: {{kind: maildir, path: sent}}
trust: {{trusted_authserv_ids: [mx.{domain}], trusted_networks: [127.0.0.0/8], agent_trust: network, verify: no}}
"""
RULES = """\
version: 1
departments:
  frontdesk: {{name: Front desk, forward_to: frontdesk@{domain}}}
defaults: {{department: frontdesk}}
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """A mail of ours that left."""

    at: datetime
    recipient: str
    envelope_from: str
    raw: bytes
    purpose: str


@dataclass
class Desk:
    """A real site with its engine, the clock in our hand; what it sends is kept."""

    site: OpenSite
    domain: str
    is_proven: bool
    now: datetime = START
    sent: list[Sent] = field(default_factory=list)
    coming: list[Future[int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.site.engine.clock = lambda: self.now

    def deliver(self, mail: OutboxMail) -> Receipt:
        """The way out: everything arrives."""
        self.sent.append(Sent(self.now, mail.recipient, mail.envelope_from, mail.raw, mail.purpose))
        return Receipt(ReceiptState.SENT, 250, "2.0.0 kept")

    def take(self, raw: bytes, sender: str, recipient: str) -> None:
        """One mail in, proven by our border where this run says so."""
        if self.is_proven:
            domain = read(raw)["From"].rpartition("@")[2].rstrip(">")
            proof = f"Authentication-Results: mx.{self.domain}; dmarc=pass header.from={domain}\r\n"
            raw = proof.encode() + raw
        envelope = Envelope("smtp", self.now, sender, (recipient,), "127.0.0.1")
        self.receive(raw, envelope)

    def receive(self, raw: bytes, envelope: Envelope) -> None:
        """One mail in; those that come before the next `work` share a commit."""
        self.coming.append(self.site.engine.receive(raw, envelope))

    def work(self) -> list[Sent]:
        """Decide, let the clock speak, send; what went."""
        before = len(self.sent)
        for future in self.coming:
            future.result()
        self.coming.clear()
        while self.site.engine.work():
            pass
        self.site.engine.tick()
        done: tuple[tuple[OutboxMail, Receipt], ...] = ()
        while mails := self.site.engine.trade(Exchange(done, room=100, once_only=100)):
            done = tuple((mail, self.deliver(mail)) for mail in mails)
        return self.sent[before:]

    def count(self, table: str, where: str = "1 = 1") -> int:
        """Rows of a table."""
        with self.site.store.read() as tx:
            return int(tx.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()[0])


@contextmanager
def open_desk(folder: Path, *, domain: str = "acme.example", is_proven: bool, rules: str = RULES) -> Iterator[Desk]:
    """A fresh site in `folder`."""
    folder.mkdir(parents=True)
    name = domain.partition(".")[0]
    text = SETTINGS.format(domain=domain, name=name.title(), prefix=name.upper()[:8].replace("-", ""))
    (folder / "mailproc.yaml").write_text(text, encoding="utf-8")
    (folder / "rules").mkdir()
    (folder / "rules" / "rules.yaml").write_text(rules.format(domain=domain), encoding="utf-8")
    keys.create(folder / "keys")
    with opening.open_site(folder / "mailproc.yaml") as site:
        yield Desk(site, domain, is_proven)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a peer got and what it cost the desk."""

    name: str
    first_hour: int
    day: int
    mails_in: int
    tickets: int
    forwards: int
    lost: int  # mails in that are on no ticket, not held and not recorded (I1)

    @property
    def is_fine(self) -> bool:
        return self.first_hour <= MOST_HOUR and self.day <= MOST_DAY and not self.lost


class Game:
    """Moves mail between a desk and whoever answers it, in the order of the clock."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.answers: list[tuple[datetime, int, Callable[[], None]]] = []
        self.order = count()

    def at(self, when: datetime, act: Callable[[], None]) -> None:
        """Something that happens then."""
        heapq.heappush(self.answers, (when, next(self.order), act))

    def play(self, hours: float, hear: Callable[[Sent], None]) -> None:
        """Until then; `hear` is told of each mail that leaves."""
        end = START + hours * HOUR
        step = timedelta(minutes=20)
        while self.desk.now <= end:
            due = self.answers[0][0] if self.answers else end + step
            moment = min(due, self.desk.now + step)
            self.desk.now = max(self.desk.now, moment)
            while self.answers and self.answers[0][0] <= self.desk.now:
                heapq.heappop(self.answers)[2]()
            # A machine never answers what has not left yet
            sent = self.desk.work()
            self.desk.now += timedelta(seconds=1)
            for mail in sent:
                hear(mail)


def play_peer(folder: Path, kind: type[Peer], *, is_proven: bool, hours: float = 24) -> Outcome:
    """One peer against one desk."""
    with open_desk(folder, is_proven=is_proven) as desk:
        peer, game = kind(), Game(desk)

        def post(answer: Answer) -> None:
            game.at(desk.now + answer.after, lambda: desk.take(answer.raw, answer.sender, answer.recipient))

        def hear(mail: Sent) -> None:
            if peer.owns(mail.recipient):
                for answer in peer.answer(read(mail.raw), mail.envelope_from, mail.at):
                    post(answer)

        for answer in peer.first(START):
            post(answer)
        game.play(hours, hear)
        return summarise(peer.name, desk, [mail for mail in desk.sent if peer.owns(mail.recipient)])


def play_twins(folder: Path, *, is_proven: bool, hours: float = 24) -> Outcome:
    """Two sites of ours, each the other's customer: a mail of the one's address starts it."""
    with ExitStack() as stack:
        near = stack.enter_context(open_desk(folder / "near", is_proven=is_proven))
        far = stack.enter_context(open_desk(folder / "far", domain="twin.example", is_proven=is_proven,
                                            rules=RULES.replace("frontdesk@", "desk+alias@")))  # fmt: skip
        game = Game(near)
        homes = {SUPPORT: near, "support@twin.example": far, "desk+alias@twin.example": near}

        def take(mail: Sent) -> None:
            far.now = near.now
            base = mail.recipient.partition("+")[0] + "@" + mail.recipient.rpartition("@")[2]
            home = homes.get(mail.recipient) or homes.get(base.replace("@@", "@"))
            if home is not None:
                to = SUPPORT if home is near and mail.recipient.startswith("desk+") else mail.recipient
                home.take(mail.raw, mail.envelope_from, to)
            for sent in far.work():
                hear(sent)

        def hear(mail: Sent) -> None:
            game.at(near.now + timedelta(seconds=2), lambda: take(mail))

        start = Peer()
        start.address = "support@twin.example"
        first = start.write(START, start.subject, start.text)
        game.at(START, lambda: near.take(first.raw, first.sender, first.recipient))
        game.play(hours, hear)
        twin = summarise("another mailproc", near, [mail for mail in near.sent if "twin.example" in mail.recipient])
        back = [mail for mail in far.sent if "acme.example" in mail.recipient or mail.recipient.startswith("desk+")]
        return max(twin, summarise("another mailproc", far, back), key=lambda outcome: outcome.day)


def summarise(name: str, desk: Desk, mails: Sequence[Sent]) -> Outcome:
    """The figures of one game."""
    first = mails[0].at if mails else START
    return Outcome(
        name,
        sum(1 for mail in mails if mail.at - first < HOUR),
        len(mails),
        desk.count("inbox"),
        desk.count("ticket"),
        desk.count("outbox", "role = 'agent'"),
        desk.count("inbox", "state = 'received' OR reason = 'poison' OR (state = 'done' AND serial IS NULL AND"
                            " outcome NOT IN ('recorded', 'loop', 'bounce', 'duplicate'))"),
    )  # fmt: skip


def play_all(folder: Path, only: str, hours: float) -> Iterator[Outcome]:
    """Every peer, proven and not."""
    for is_proven in (True, False):
        words = "proven" if is_proven else "unproven"
        games: list[tuple[str, Callable[[Path], Outcome]]] = [
            ("another mailproc", lambda place, p=is_proven: play_twins(place, is_proven=p, hours=hours))  # type: ignore[misc]
        ]
        for kind in PEERS:
            games.append((kind.name, lambda place, k=kind, p=is_proven: play_peer(place, k, is_proven=p, hours=hours)))  # type: ignore[misc]
        for number, (name, play) in enumerate(games):
            if only in name:
                outcome = play(folder / f"{words}-{number}")
                yield replace(outcome, name=f"{outcome.name} ({words})")


def main(arguments: Sequence[str]) -> int:
    """Plays everything and prints it; 1 where something went out too often."""
    from bench import limits

    parser = argparse.ArgumentParser(prog="python -m bench.loops", description="Loops, forged mail, random mail.")
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--only", default="", help="peers whose name holds this")
    parser.add_argument("--reflection", type=int, default=10_000, metavar="MAILS")
    parser.add_argument("--random", type=int, default=20_000, metavar="MAILS")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        outcomes = list(play_all(folder, options.only, options.hours))
        head = ("", "first hour", f"{options.hours:g} h", "mails in", "tickets", "inside", "")
        rows = [
            (o.name, str(o.first_hour), str(o.day), str(o.mails_in), str(o.tickets), str(o.forwards),
             "" if o.is_fine else "TOO MANY" if not o.lost else f"{o.lost} LOST")
            for o in outcomes
        ]  # fmt: skip
        print(format_table("mails to a peer, and what it cost", head, rows))
        is_fine = all(outcome.is_fine for outcome in outcomes)
        if options.reflection:
            seen = limits.reflect(folder / "reflection", options.reflection)
            print(f"\n{seen.mails_in} forged mails ({seen.bytes_in} bytes) -> {len(seen.to_victim)} to the victim"
                  f" ({seen.bytes_out} bytes, {seen.bytes_out / seen.bytes_in:.6f} of what came in),"
                  f" words of the sender in it: {', '.join(seen.marks_found) or 'none'}")  # fmt: skip
            is_fine = is_fine and seen.is_fine
        if options.random:
            excess, automatic, all_sent = limits.play_random(folder / "random", options.random)
            print(f"{options.random} random mails -> {all_sent} mails out, {automatic} of them automatic and to"
                  f" requesters; limits not kept: {len(excess)}")  # fmt: skip
            for item in excess[:10]:
                print(f"  {item.limit}: {item.count} to {item.whom} at {item.at}")
            is_fine = is_fine and not excess
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
