"""The next host is away for half an hour of load, then comes back and drops some mail behind the final dot.

    python -m bench.outage [--requests 1000] [--minutes 30]

A real engine, its dispatcher and SMTP senders under a clock set by hand. Exit 1 where a mail is lost or goes twice:
twice may only go what was ambiguous and no acknowledgement (F20), with the same Message-ID and bytes.
"""

import argparse
import contextlib
import io
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

from mailproc.delivery.smtp import SmtpSender
from tests.delivery.conftest import Host, Peer
from tests.postfix import free_port
from tests.test_outage import ROUND, Way

_DROPS = 7  # every so manyth connection is cut behind the dot


def play(folder: Path, requests: int, minutes: int) -> dict[str, int]:
    """What became of two mails a request."""
    way = Way(folder, free_port())
    made: list[SmtpSender] = []
    port = free_port()

    def make() -> SmtpSender:
        # Closed after each mail, so that every mail meets the next script of the host
        made.append(SmtpSender("127.0.0.1", port, timeout=20, final_timeout=20, max_idle_seconds=-1.0))
        return made[-1]

    way.pool._make = make
    rounds = int(timedelta(minutes=minutes) / ROUND)
    for number in range(rounds):
        for _ in range(requests * (number + 1) // rounds - requests * number // rounds):
            way.ask()
        way.send()
        way.now[0] += ROUND
    away = dict(way.states())
    if set(away) != {"queued"}:
        raise SystemExit(f"something went out to nobody: {away}")
    scripts = tuple(_drop if number % _DROPS == _DROPS - 1 else _serve for number in range(5_000))
    host = Host(scripts)
    port = host.port
    for sender in made:
        sender.port = port
    try:
        for _ in range(24 * 60):
            way.send()
            states = way.states()
            if not states["queued"] and not states["sending"]:
                break
            way.now[0] += timedelta(minutes=1)
    finally:
        host.close()
        way.pool.close()
        way.site.close()
    wire = [message_from_bytes(line.encode("latin-1")) for line in host.log if "Message-ID:" in line]
    times = Counter(mail["Message-ID"] for mail in wire)
    twice = {mail["Message-ID"] for mail in wire if times[mail["Message-ID"]] > 1}
    wrong = {mail["Message-ID"] for mail in wire if mail["Message-ID"] in twice and mail["To"] != _DESK}
    bytes_of: dict[str, set[bytes]] = {}
    for mail in wire:
        bytes_of.setdefault(mail["Message-ID"], set()).add(mail.as_bytes())
    return {
        "mails": 2 * requests,
        "lost": 2 * requests - len(times),
        "sent": states["sent"],
        "ambiguous": states["ambiguous"],
        "forwards that went again": len(twice - wrong),
        "doubled": len(wrong) + sum(len(each) > 1 for each in bytes_of.values()),
        "more than twice": sum(count > 2 for count in times.values()),
    }


_DESK = "frontdesk@acme.example"


def _serve(peer: Peer) -> None:
    peer.serve()


def _drop(peer: Peer) -> None:
    peer.serve(end="")


def main(arguments: Sequence[str]) -> int:
    """Play it and print; 1 where something is lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1_000)
    parser.add_argument("--minutes", type=int, default=30)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name, contextlib.redirect_stderr(io.StringIO()):
        found = play(Path(name), options.requests, options.minutes)
    print(f"{options.minutes} minutes without the next host, then one in {_DROPS} connections drops behind the dot:")
    for what, count in found.items():
        print(f"  {what:<26} {count:>7}")
    return 1 if found["lost"] or found["doubled"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
