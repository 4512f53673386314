"""How fast mail goes out to a real Postfix, beside bare smtplib with the same mails on one reused connection.

    python -m bench.outgoing [--rounds 5] [--requests 150]

Each round both send the acknowledgements and forwards of as many new requests, in an order that turns. mailproc does
what the daemon does: it leases, hands to its senders, settles, all in its database on disk. The goal is 70 %. Needs
Postfix and root.
"""

import argparse
import contextlib
import io
import smtplib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench.engine_under_test import make_site
from bench.gen_mail import make_requests
from mailproc import opening
from mailproc.daemon.outlet import Outlet
from mailproc.daemon.status import StatusBoard
from mailproc.oauth import Sources
from mailproc.records.mail import Envelope
from mailproc.store.packing import unpack
from tests.postfix import Postfix, find_obstacle

GOAL = 0.70
_DROP = "delivery: {kind: maildir, path: data/sent}"
Mail = tuple[str, str, bytes]  # envelope sender, recipient, bytes


class Site:
    """A site whose way out is that Postfix."""

    def __init__(self, folder: Path, port: int) -> None:
        make_site(folder)
        path = folder / "mailproc.yaml"
        way_out = f"delivery: {{kind: smtp, host: 127.0.0.1, port: {port}, tls: none}}"
        path.write_text(path.read_text(encoding="utf-8").replace(_DROP, way_out), encoding="utf-8")
        self._site = opening.open_site(path)
        self._site.engine.warm_up()
        board = StatusBoard(self._site.settings, self._site.store, clock=self._site.engine.clock)
        self.outlet = Outlet(self._site, Sources(()), board)
        self._asked = 0

    def queue(self, requests: int) -> list[Mail]:
        """New requests come in and are decided; the mails that wait then."""
        for mail in make_requests(requests, first=self._asked, with_files=False):
            envelope = Envelope(
                kind="smtp", received_at=datetime.now(UTC), sender=mail.sender, recipients=(mail.recipient,),
                client="192.0.2.1", helo="out1.client.example",
            )  # fmt: skip
            self._site.engine.receive(mail.raw, envelope).result()
        self._asked += requests
        while self._site.engine.work() and self._site.engine.has_more:
            pass
        with self._site.store.read() as tx:
            rows = tx.execute(
                "SELECT o.envelope_from, o.recipient, r.codec, r.data FROM outbox o"
                " JOIN outbox_raw r ON r.outbox_id = o.id WHERE o.state = 'queued' ORDER BY o.id"
            ).fetchall()
        return [(row[0], row[1], unpack(row[2], row[3])) for row in rows]

    def send(self) -> None:
        """All that waits, as the daemon sends it."""
        while self.outlet.step():
            pass

    def count(self) -> dict[str, int]:
        """Mails by state."""
        with self._site.store.read() as tx:
            return dict(tx.execute("SELECT state, count(*) FROM outbox GROUP BY state").fetchall())

    def close(self) -> None:
        self.outlet.drain(5.0)
        self._site.close()


def send_barely(client: smtplib.SMTP, mails: Sequence[Mail]) -> None:
    """The same mails by the standard library, on a connection that is kept."""
    for sender, recipient, raw in mails:
        client.sendmail(sender, [recipient], raw)


def measure(rounds: int, requests: int) -> list[tuple[int, float, float]]:
    """(mails, seconds of mailproc, seconds of smtplib) of each round."""
    found = []
    postfix = Postfix({"acme.example": "discard"}, smtpd_client_connection_count_limit="0")
    with tempfile.TemporaryDirectory(prefix="mp-outgoing-") as folder, contextlib.ExitStack() as ending:
        ending.callback(postfix.stop)
        postfix.start()
        site = Site(Path(folder) / "site", postfix.port)
        ending.callback(site.close)
        client = ending.enter_context(smtplib.SMTP("127.0.0.1", postfix.port))
        for number in range(rounds + 1):
            mails = site.queue(requests)
            jobs: list[tuple[str, Callable[[], object]]] = [
                ("mailproc", site.send), ("smtplib", partial(send_barely, client, mails)),
            ]  # fmt: skip
            seconds = {}
            for name, job in jobs if number % 2 else reversed(jobs):
                began = time.perf_counter()
                job()
                seconds[name] = time.perf_counter() - began
            if number:  # the first one warms up
                found.append((len(mails), seconds["mailproc"], seconds["smtplib"]))
        states = site.count()
        if set(states) != {"sent"}:
            raise SystemExit(f"not all mail went: {states}")
    return found


def main() -> int:
    """Measure and print; 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=150)
    options = parser.parse_args()
    obstacle = find_obstacle()
    if obstacle:
        print(obstacle)
        return 2
    with contextlib.redirect_stderr(io.StringIO()):  # a log line for each mail
        found = measure(options.rounds, options.requests)
    print("round   mails   mailproc/s   smtplib/s   ratio")
    for number, (mails, ours, theirs) in enumerate(found, 1):
        print(f"{number:>5} {mails:>7} {mails / ours:>12.0f} {mails / theirs:>11.0f} {theirs / ours:>7.2f}")
    ratio = statistics.median(theirs / ours for _, ours, theirs in found)
    print(f"outgoing rate: {ratio:.0%} of bare smtplib on one reused connection (goal {GOAL:.0%})")
    return 0 if ratio >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
