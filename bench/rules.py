"""What rules cost: reading and checking many of them, and deciding one mail by them; with --full, what breaks them.

    python -m bench.rules [--full]

The rules look at subjects, senders, recipients and headers, as rules do; the mails are those of bench/gen_mail.py. Each
figure of a decision is the median over mails of the best of several tries. --full cuts the starter rules short in 4,096
ways and changes them in 10,000. Prints, and knows nothing of sites.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bench.gen_mail import make_requests
from bench.measure import format_table
from bench.rulefaults import Files, change, cut, judge_changed, judge_cut
from mailproc.message.parse import parse
from mailproc.records.site import Site
from mailproc.rulebook.book import Rulebook, load, read_book
from mailproc.rulebook.evaluate import evaluate
from mailproc.rulebook.facts import Facts, auto_words, find_spam_score

STARTER = Path(__file__).resolve().parents[1] / "rules"
ADDRESSES = ("support@acme.example", "billing@acme.example")
SITE = Site("Acme", "ACME", ADDRESSES, "acme.example", languages=("en", "de", "pl"))
TEXT = ("Lorem ipsum dolor sit amet. The goods were returned and contract 77 is over; order 12 late. " * 750)[:65_536]
LOAD_GOAL, DECIDE_GOAL, BODY_GOAL = 1.5, 2.0, 10.0  # seconds, milliseconds, milliseconds

Table = tuple[str, tuple[str, ...], list[tuple[str, ...]]]


def make_rules(number: int, on_body: int = 0) -> str:
    """A book of that many rules that no mail matches; `on_body` of them search the body with a regex."""
    departments = [f"  d{at}: {{forward_to: d{at}@team.example}}" for at in range(20)]
    rows = ["version: 1", "departments:", *departments, "defaults: {department: d0}", "route:"]
    for at in range(number):
        kinds = (
            f"subject: {{words: [word{at}, other{at}]}}",
            f"from: [c{at}.example, jane@x{at}.example]",
            f"subject: {{regex: '\\bticket-{at}-(?P<no>\\d+)\\b'}}",
            f"any: [{{to: t{at}@acme.example}}, {{header: {{name: X-P{at % 7}, contains: abc{at}}}}}]",
            f"to: support@acme.example, subject: {{words: [thing{at}, no such{at}]}}",
        )
        on_text = (f"'\\bcontract[ -]?(?P<no>{at}\\d+)\\b'", f"'(?:rma|return)\\W+{at}\\d+'", f"'order (?:no|nr) {at}'")
        when = f"body: {{regex: {on_text[at % 3]}}}" if at < on_body else kinds[at % 5]
        rows.append(f"  - {{name: rule {at}, when: {{{when}}}, do: {{department: d{at % 20}, tags: [t{at}]}}}}")
    return "\n".join(rows) + "\n"


def make_facts(number: int) -> list[Facts]:
    """What rules see of that many generated requests."""
    found: list[Facts] = []
    for mail in make_requests(number):
        inbound = parse(mail.raw, languages=SITE.languages)
        found.append(
            Facts(
                inbound, tuple(to.addr for to in inbound.to), "A2", "none", auto_words(inbound, inbound.mail_class),
                False, "customer", find_spam_score(inbound), datetime(2026, 3, 2, 8, 0, tzinfo=UTC), inbound.language,
            )  # fmt: skip
        )
    return found


def time_loading(number: int, tries: int = 3) -> float:
    """Seconds of CPU to read and check that many rules, the best of a few tries."""
    text, best = make_rules(number), float("inf")
    for _ in range(tries):
        started = time.process_time()
        book, _ = read_book((("rules.yaml", text),), SITE)
        best = min(best, time.process_time() - started)
        assert book is not None and len(book.route) == number
    return best


def time_deciding(book: Rulebook, facts: Sequence[Facts], tries: int) -> float:
    """Milliseconds a mail: of each mail the best try, of these the median."""
    best = [float("inf")] * len(facts)
    for _ in range(tries):
        for at, one in enumerate(facts):
            started = time.perf_counter()
            evaluate(book, one)
            best[at] = min(best[at], time.perf_counter() - started)
    return statistics.median(best) * 1000


def read_starter() -> Files:
    return tuple((path.name, path.read_text(encoding="utf-8")) for path in sorted(STARTER.glob("*.yaml")))


def measure(tries: int = 15) -> list[Table]:
    """All tables."""
    facts = make_facts(40)
    long = [replace(one, inbound=replace(one.inbound, text=TEXT, new_text=TEXT)) for one in facts[:20]]
    accented = [replace(one, inbound=replace(one.inbound, new_text=TEXT.replace("dolor", "dölör"))) for one in long]
    loading: list[tuple[str, ...]]
    loading = [(f"{number:,} rules", f"{time_loading(number):.2f}", goal)
               for number, goal in ((500, ""), (1000, ""), (2000, f"< {LOAD_GOAL}"), (4000, ""))]  # fmt: skip
    deciding: list[tuple[str, ...]] = []
    for number in (125, 250, 500, 1000):
        found = time_deciding(load((("rules.yaml", make_rules(number)),), SITE), facts, tries)
        goal = f"< {DECIDE_GOAL}" if number == 500 else ""
        deciding.append((f"{number:,} rules, none on the body", f"{found:.2f}", f"{found * 1000 / number:.1f}", goal))
    body = load((("rules.yaml", make_rules(100, on_body=10)),), SITE)
    for name, mails in (("100 rules, 10 search 64 KiB", long), ("the same, a text with accents", accented)):
        deciding.append((name, f"{time_deciding(body, mails, tries):.2f}", "", f"< {BODY_GOAL:.0f}"))
    starter = load(read_starter(), SITE)
    deciding.append(("the starter rules", f"{time_deciding(starter, facts, 4 * tries):.3f}", "", ""))
    return [
        ("rules: reading and checking", ("", "CPU s, best", "goal"), loading),
        ("rules: deciding one mail", ("", "ms, median", "µs a rule", "goal"), deciding),
    ]


def break_starter(cuts: int, changes: int, seed: int = 1) -> list[str]:
    """What went wrong with the starter rules cut short and changed that often; nothing should."""
    files = read_starter()
    whole = load(files, SITE)
    wrong = [judge_cut(broken, whole, SITE) for broken in cut(files, cuts)]
    wrong += [judge_changed(broken, SITE) for broken in change(files, changes, seed)]
    return [text for text in wrong if text]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="4,096 cuts and 10,000 changes of the starter rules too")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    for title, head, rows in measure():
        print(format_table(title, head, rows), flush=True)
    if not args.full:
        return 0
    wrong = break_starter(4096, 10_000, args.seed)
    print(f"\n4,096 cuts, 10,000 changes: {len(wrong)} wrong")
    for text in wrong[:20]:
        print(text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
