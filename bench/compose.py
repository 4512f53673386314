"""CPU of composing both mails of a new ticket, acknowledgement and forward, text and HTML, to their final bytes.

Run it: `python bench/compose.py [--floor MS] [--json]`. Exit code 1 when it takes longer than the floor.
"""

import argparse
import json
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mailproc.desk.draft import Policy
from mailproc.records.effects import Mail
from mailproc.records.site import Key, KeyRing, Site
from mailproc.render import Renderer
from mailproc.render.composer import compose_mail
from mailproc.rulebook.book import load

NOW = datetime(2026, 1, 13, 9, 0, tzinfo=UTC)
SITE = Site("Acme Support", "ACME", ("support@acme.example",), "acme.example", timezone="Europe/Berlin")
RULES = """\
version: 1
departments:
  frontdesk: {name: Front desk, forward_to: frontdesk@acme.example}
defaults: {department: frontdesk, priority: normal, language: en, ack: received}
"""
TEXT = "Hello,\n\nI was charged twice in October, on the 2nd and on the 4th.\nPlease send one back.\n\nJane Doe\n" * 3


def make_mails(serial: int, language: str) -> tuple[Mail, Mail]:
    """What the desk plans for a new request; each with a number, tokens and ids of its own."""
    number, subject = f"ACME-{serial // 1000}-{serial % 1000}", "Charged twice in October"
    shared = (("number", number), ("site_name", SITE.name), ("subject", subject), ("requester_name", "Jane Doe"))
    asked = f"<{serial}@customer.example>"
    received = Mail(
        serial=serial, n=1, purpose="received", template="received", recipient="jane@customer.example",
        language=language, identity="jane@customer.example", role="customer", tag=f"[{number}]",
        subject=f"Re: {subject}", from_name=SITE.name, from_address=SITE.addresses[0], reply_purpose="c",
        in_reply_to=asked, references=(asked,), context=(*shared, ("is_verified", "yes"), ("first_lines", TEXT[:200])),
    )  # fmt: skip
    forward = Mail(
        serial=serial, n=2, purpose="forward", template="forward", recipient="frontdesk@acme.example",
        language=language, identity="department:frontdesk", role="agent", tag=f"[{number}]", subject=subject,
        from_name=f"Jane Doe via {SITE.name}", from_address=SITE.addresses[0], text=TEXT,
        headers=(("X-Mailproc-Ticket", number), ("X-Mailproc-Department", "frontdesk"),
                 ("X-Mailproc-Priority", "normal"), ("List-Id", "Front desk <frontdesk.acme.example>")),
        context=(*shared, ("requester_address", "jane@customer.example"), ("level", "A3"), ("is_unverified", ""),
                 ("department", "Front desk"), ("priority", "normal"), ("due", "2026-01-14T16:00:00+00:00"),
                 ("rule", "money/invoices")),
    )  # fmt: skip
    return received, forward


def measure(language: str, tickets: int, rounds: int) -> float:
    """Milliseconds of CPU a ticket: the median of the rounds."""
    policy = Policy(SITE, load((("rules/bench.yaml", RULES),), SITE), KeyRing((Key("a", b"k" * 32, NOW),)))
    renderer = Renderer(None)
    figures = []
    serial = 10_000
    for number in range(rounds + 1):
        mails = [make_mails(serial + index, language) for index in range(tickets)]
        serial += tickets
        started = time.process_time()
        for pair in mails:
            for mail in pair:
                made = compose_mail(mail, (), NOW, policy, renderer)
                assert made.raw and not made.error, made.error
        if number:  # the first loads templates and the calendar of the language
            figures.append((time.process_time() - started) * 1000 / tickets)
    return statistics.median(figures)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--languages", default="en,de,es,fr,it,no,pl")
    parser.add_argument("--tickets", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--floor", type=float, default=1.2, help="milliseconds of CPU a ticket")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = {code: measure(code, options.tickets, options.rounds) for code in options.languages.split(",")}
    if options.json:
        print(json.dumps({"floor_ms": options.floor, "cpu_ms": {code: round(ms, 4) for code, ms in figures.items()}}))
    else:
        for code, ms in figures.items():
            print(f"{code}: both mails of a new ticket in {ms:.3f} ms CPU (floor {options.floor} ms)")
    return 1 if max(figures.values()) > options.floor else 0


if __name__ == "__main__":
    sys.exit(main())
