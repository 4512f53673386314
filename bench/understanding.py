"""What understanding a mail costs, beside the standard library reading every header of the same mail.

    python -m bench.understanding [--mails 1000] [--rounds 9] [--seed 1]

The mails are the mix of bench/gen_mail.py, half of them requests, half of them replies. Both contenders do all of them
in every round, in an order that turns; the ratio is the median over the rounds. Prints, and knows nothing of sites.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email import message_from_bytes
from email.parser import BytesHeaderParser
from email.policy import default as default_policy
from functools import partial

from bench.gen_mail import make_replies, make_requests
from bench.measure import Rounds, format_table, run_rounds
from mailproc.message.parse import parse
from mailproc.message.trust import assess
from mailproc.records.mail import Envelope
from mailproc.records.site import Site, TrustPolicy

STDLIB, BARE = "policy.default, every header", "the same without its body's parts"
OURS = "mailproc, all of the mail"
HEAD = ("", "CPU µs a mail, best", "median", "ratio")
GOAL = 0.6  # of what the standard library needs
ENVELOPE = Envelope("pipe", datetime(2026, 3, 2, 8, 0, tzinfo=UTC))
SITE = Site("Acme", "ACME", ("support@acme.example",), "acme.example", trust=TrustPolicy(("mx.acme.example",)))


def read_headers(mails: Sequence[bytes]) -> int:
    """The standard library's way: one tree, then each value as text, which is when it is parsed."""
    for raw in mails:
        for _, value in message_from_bytes(raw, policy=default_policy).items():
            str(value)
    return len(mails)


def read_headers_alone(mails: Sequence[bytes]) -> int:
    """The same without a look at the parts: no less than this can read a header with policy.default."""
    for raw in mails:
        for _, value in BytesHeaderParser(policy=default_policy).parsebytes(raw).items():
            str(value)
    return len(mails)


def understand(mails: Sequence[bytes]) -> int:
    """Ours: sender, subject, text, new text, class, language, bounce, forward, files, level of trust."""
    for raw in mails:
        assess(parse(raw), ENVELOPE, SITE)
    return len(mails)


def measure(count: int, rounds: int, seed: int = 1) -> dict[str, Rounds]:
    """Milliseconds of CPU a mail of both contenders, over the same mails in every round."""
    mails = [mail.raw for mail in make_requests(count // 2, seed=seed)]
    mails += [mail.raw for mail in make_replies([f"[ACME-{10_000 + number}]" for number in range(100)], count // 2,
                                                seed=seed)]  # fmt: skip
    works: dict[str, Callable[[Sequence[bytes]], int]] = {
        STDLIB: read_headers, BARE: read_headers_alone, OURS: understand,
    }  # fmt: skip
    for work in works.values():
        work(mails)  # what is loaded on first use is no cost of a mail
    return run_rounds([{name: partial(work, mails) for name, work in works.items()}] * rounds)


def rows_of(found: dict[str, Rounds]) -> list[tuple[str, ...]]:
    """The table's rows for HEAD."""
    return [(name, f"{rounds.best * 1000:.0f}", f"{rounds.median * 1000:.0f}", f"{rounds.ratio_to(found[STDLIB]):.2f}")
            for name, rounds in found.items()]  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mails", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    found = measure(args.mails, args.rounds, args.seed)
    print(format_table(f"understanding a mail (goal: ratio {GOAL})", HEAD, rows_of(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
