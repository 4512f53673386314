"""`#next` by two agents at the same moment, each mail in a process of work of its own: never one case for both."""

import threading
from pathlib import Path

from mailproc import opening
from mailproc.records.mail import Envelope
from mailproc.store import queries
from tests import servers
from tests.desks import RULES, open_desk

BOTH = RULES.replace("agents:\n", "agents:\n  - {name: Bo Berg, address: bo@acme.example, departments: [frontdesk]}\n")
ROUNDS = 6


def test_two_agents_who_ask_at_the_same_moment_get_two_cases(tmp_path: Path, postgres: servers.Cluster) -> None:
    with open_desk(tmp_path, servers.fresh_database(postgres), rules=BOTH) as desk:
        with opening.open_site(tmp_path / "mailproc.yaml") as other:
            other.engine.clock = lambda: desk.now
            for _ in range(2 * ROUNDS):
                desk.write("The printer is broken.", subject=f"Printer {desk.now:%H%M%S}")
            for _ in range(ROUNDS):
                desk.wait(seconds=61)
                for who in ("ann", "bo"):
                    raw = (
                        f"From: {who}@acme.example\r\nTo: support@acme.example\r\nSubject: next\r\n"
                        f"Date: {desk.now:%a, %d %b %Y %H:%M:%S} +0000\r\n"
                        f"Message-ID: <{who}.{desk.now.timestamp()}@acme.example>\r\n\r\n#next\r\n"
                    ).encode()
                    envelope = Envelope("smtp", desk.now, f"{who}@acme.example", ("support@acme.example",), "127.0.0.1")
                    desk.site.engine.receive(raw, envelope).result()
                start = threading.Barrier(2)

                def work(site: opening.OpenSite, start: threading.Barrier = start) -> None:
                    start.wait()
                    while site.engine.work():
                        pass

                threads = [threading.Thread(target=work, args=(site,)) for site in (desk.site, other)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
        with desk.site.store.read() as tx:
            given = [(row["to"], row["ticket"]) for row in queries.list_outbox(tx) if row["purpose"] == "next"]
            owners = dict(tx.execute("SELECT assignee, count(*) FROM ticket GROUP BY assignee").fetchall())
        assert len(given) == len({ticket for _, ticket in given}) == 2 * ROUNDS
        assert owners == {"ann@acme.example": ROUNDS, "bo@acme.example": ROUNDS}
