"""An attacker against a running daemon: SMTP, DNS and DKIM are real, and so is everything the attacker may know.

He has had copies of signed mail of the agent's, he knows case numbers, Message-IDs and even reply addresses of the
inside. Nothing of what he writes may reach a customer, change a case or bring him a word of somebody else's case.
"""

import smtplib
import threading
import time
from collections.abc import Iterator

import pytest

from mailproc import keys
from mailproc.daemon.service import Daemon
from mailproc.message.parse import parse
from mailproc.opening import open_site
from mailproc.store import inbox, outbox, queries
from tests.attacker import ANN, EVE, JANE, MARKER, MAX, PATIENCE, SECRET, House, attacks, make_site, open_cases
from tests.verify import dnsserver
from tests.verify.signing import Keys

ENDS = {
    "her name alone": "held: agent-without-token",
    "her name and a leaked address": "held: agent-unproven",
    "a forged result of a border": "held: agent-unproven",
    "a From above the signed one": "held: from-malformed",
    "the same again": "duplicate: duplicate",
    "the same with another Message-ID": "held: agent-replay",
    "the same without a Message-ID": "held: agent-replay",
    "the same with two signatures": "held: agent-replay",
    "the same on Max's case": "held: agent-redirected",
    "her mail to somebody else": "held: agent-redirected",
    "her mail of two weeks ago": "held: agent-stale",
    "her mail with answers to himself": "held: agent-reply-to",
    "an agent of another department": "held: agent-not-entitled",
    "the department's mailbox": "held: department-not-agent",
    "an address of the inside in his own name": "opened: new-stranger",
    "Jane's address in his own name": "opened: new-stranger",
    "Jane's address in Jane's name": "held: sender-contradicted",
    "somebody of Jane's company": "opened: new-stranger",
    "Max by the number, and a copy for himself": "appended: follow-up-unverified",
    "Jane's references": "opened: new-stranger",
    "From with angle address behind hers": "held: from-malformed",
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("attacked")
    dns, signing = dnsserver.DnsServer(), Keys()
    servers = dnsserver.start(dns)
    make_site(folder, dns)
    is_ready = threading.Event()
    with open_site(folder / "mailproc.yaml", is_daemon=True) as site:
        daemon = Daemon(site, on_ready=lambda _: is_ready.set())
        thread = threading.Thread(target=lambda: daemon.run(with_signals=False), daemon=True)
        thread.start()
        assert is_ready.wait(PATIENCE)
        port = int(daemon.listeners[0].address.rpartition(":")[2])
        house = House(site, port, signing)
        for domain, mine in (("acme.example", signing), ("customer.example", signing), ("evil.example", house.other)):
            dns.add(f"_dmarc.{domain}", TXT="v=DMARC1; p=reject")
            dns.add(f"s._domainkey.{domain}", TXT=mine.rsa_record())
            dns.add(domain, TXT="v=spf1 -all", A="192.0.2.1", MX="10 mx." + domain)
        dns.add("weak.example", A="192.0.2.2", MX="10 mx.weak.example")
        open_cases(house)
        yield house
        daemon.stop()
        thread.join(PATIENCE)
    for server in servers:
        server.shutdown()
        server.server_close()


def test_t03_no_attack_gets_in(house: House) -> None:
    tried = attacks(house)
    assert len(tried) >= 70
    with house.site.store.read() as tx:
        before = {name: queries.get_ticket(tx, serial) for name, serial in (("jane", 10_000), ("max", 10_001))}
        last_inbox = tx.execute("SELECT max(id) FROM inbox").fetchone()[0]
        last_outbox = tx.execute("SELECT max(id) FROM outbox").fetchone()[0]
    order = []
    for name, attack in tried.items():
        try:
            house.send(attack.raw, attack.sender, *attack.to)
            order.append(name)
        except (smtplib.SMTPDataError, smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused) as refused:
            assert name in ("From with NUL", "another From behind a bare CR"), (name, refused)
    house.wait()
    problems = []
    with house.site.store.read() as tx:
        rows = tx.execute("SELECT id, outcome, reason FROM inbox WHERE id > ? ORDER BY id", (last_inbox,)).fetchall()
        assert len(rows) == len(order)  # each is one mail and stored
        became = {}
        for name, (inbox_id, outcome, reason) in zip(order, rows, strict=True):
            became[name] = f"{outcome}: {reason}"
            stored = inbox.raw_of(tx, inbox_id)
            assert stored is not None and stored.splitlines() == tried[name].raw.splitlines(), name
            for mail in queries.mails_caused_by(tx, inbox_id):
                raw = outbox.raw_of(tx, mail["id"]) or b""
                read = raw + parse(raw, languages=()).text.encode()
                if mail["to"] in (JANE, MAX) and mail["purpose"] != "received":
                    problems.append(f"{name}: {mail['purpose']} to {mail['to']}")
                if mail["to"] in (JANE, MAX) and MARKER.encode() in read:
                    problems.append(f"{name}: his words to {mail['to']}")
                if not mail["to"].endswith("@acme.example") and SECRET.encode() in read and mail["to"] != JANE:
                    problems.append(f"{name}: words of Jane's case to {mail['to']}")
                tells_of_hers = house.numbers["jane"].encode() in read and mail["purpose"] != "received"
                if mail["to"] == EVE and tells_of_hers:
                    problems.append(f"{name}: {mail['purpose']} of Jane's case to him")
        after = {name: queries.get_ticket(tx, serial) for name, serial in (("jane", 10_000), ("max", 10_001))}
        fresh = tx.execute(
            "SELECT purpose, recipient FROM outbox WHERE id > ? AND inbox_id <= ?", (last_outbox, last_inbox)
        ).fetchall()
    for name in before:
        for key in ("state", "department", "priority", "assignee", "tags", "fields", "requester"):
            if before[name][key] != after[name][key]:  # type: ignore[index]
                problems.append(f"{name}'s case: {key} is {after[name][key]} now")  # type: ignore[index]
    assert problems == [], "\n".join(problems + [f"{name}: {end}" for name, end in became.items()])
    assert fresh == []
    answered = [name for name, end in became.items() if end.startswith("answered")]
    assert answered == [], answered
    assert {name: became[name] for name in ENDS} == ENDS
    assert sum(end.startswith("held") for end in became.values()) >= 40


def test_whoever_may_still_can(house: House) -> None:
    """After all that the open ways are open: nobody was locked out."""
    token = house.tokens["jane forward"]
    answer = house.ours(house.mail(f"Ann <{ANN}>", token, "Re: Printer", "Now it should work. Farewell."))
    house.send(answer, ANN, token)
    house.wait()
    with house.site.store.read() as tx:
        row = queries.last_decided(tx)
        assert row is not None and row["reason"] == "agent-answer"
        (mail,) = [mail for mail in queries.mails_caused_by(tx, row["inbox_id"]) if mail["to"] == JANE]
        assert b"Farewell" in (outbox.raw_of(tx, mail["id"]) or b"")


def test_t62_the_running_daemon_takes_up_new_keys_and_lets_revoked_ones_go(house: House) -> None:
    """After the attacks: a rotation breaks nothing that was sent, a revocation ends it at once."""
    path = house.site.settings.keys_file
    token = house.tokens["jane forward"]

    def wait_for(key_id: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while house.site.engine.policy.keys.current.id != key_id:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def answer(text: str) -> str:
        house.send(house.ours(house.mail(f"Ann <{ANN}>", token, "Re: Printer", text)), ANN, token)
        house.wait()
        with house.site.store.read() as tx:
            row = queries.last_decided(tx)
        assert row is not None
        return str(row["reason"])

    keys.rotate(path)
    wait_for("b")
    assert answer("The old address still works.") == "agent-answer"
    with house.site.store.read() as tx:
        (raw,) = [outbox.raw_of(tx, r["id"]) for r in queries.list_outbox(tx) if r["purpose"] == "answer"][-1:]
    assert b"support+bc10000" in (raw or b"")  # what goes out now is signed with the new key
    path.chmod(0o644)
    keys_before = house.site.engine.policy.keys
    path.write_text(path.read_text("ascii") + "# touched\n", "ascii")
    time.sleep(1.5)
    assert house.site.engine.policy.keys == keys_before  # a file that others can read is not taken up
    path.chmod(0o600)
    keys.revoke(path, "a")
    deadline = time.monotonic() + PATIENCE
    while house.site.engine.policy.keys.find("a") is not None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert answer("The revoked address does not.") == "agent-without-token"
