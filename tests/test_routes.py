"""One mail by several ways is one ticket, and every way is on record: real stores, the real engine, the real listener.

Threats F02, F05, F34, T25, T26; mail-policy section 2.
"""

import json
import smtplib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailproc.engine import Engine
from mailproc.intake.maildir import MaildirIntake
from mailproc.intake.pipe import envelope_from_pipe
from mailproc.intake.smtp import SmtpListener
from mailproc.records.mail import Envelope
from mailproc.records.site import Site
from mailproc.render import Renderer
from mailproc.settings.records import IntakeSettings
from mailproc.store import inbox, queries
from mailproc.store.database import Store, open_store
from mailproc.store.maildirs import StoredNotes
from tests import servers
from tests.builders import CUSTOMER, RULES, SITE, make_mail, make_policy

NOW = datetime(2026, 1, 13, 9, 0, tzinfo=UTC)
SUPPORT, BILLING = "support@acme.example", "billing@acme.example"
WAIT_SECONDS = 60.0


def make_engine(store: Store, folder: Path, *, worker: str = "one", rules: str = RULES, site: Site = SITE) -> Engine:
    return Engine(
        make_policy(site, rules), store, Renderer(folder / "templates", "en"), clock=lambda: NOW, worker=worker
    )


@pytest.fixture
def engine(store: Store, tmp_path: Path) -> Engine:
    return make_engine(store, tmp_path)


def way(kind: str, *recipients: str, at: datetime = NOW, identity: str = "") -> Envelope:
    """How a copy came in."""
    sender = CUSTOMER if kind == "smtp" else None
    return Envelope(kind, at, sender, recipients or (SUPPORT,), "192.0.2.1" if sender else "", identity=identity)


def by_mail_server(raw: bytes, host: str = "mx.acme.example") -> bytes:
    """What a mail server makes of a mail: fields of its own before it, lines of its own system."""
    head = (
        f"Return-Path: <{CUSTOMER}>\nDelivered-To: support@{host}\nReceived: from c by {host} (Postfix)\n"
        f"\tid 4F2A; Tue, 13 Jan 2026 09:00:00 +0000\nAuthentication-Results: {host}; dmarc=none\n"
    )
    return head.encode() + raw.replace(b"\r\n", b"\n")


def work(*engines: Engine) -> None:
    while any(engine.work() for engine in engines):
        pass


def take(engine: Engine, *arrivals: tuple[bytes, Envelope]) -> list[int]:
    """Store and decide these one after the other; their inbox ids."""
    ids = []
    for raw, envelope in arrivals:
        ids.append(engine.receive(raw, envelope).result())
        work(engine)
    return ids


def outcomes(engine: Engine) -> list[tuple[str, str]]:
    with engine.store.read() as tx:
        return [tuple(row) for row in tx.execute("SELECT outcome, reason FROM inbox ORDER BY id").fetchall()]


def scalar(engine: Engine, sql: str) -> Any:
    with engine.store.read() as tx:
        return tx.execute(sql).fetchone()[0]


def mails_out(engine: Engine) -> list[tuple[str, str]]:
    """(purpose, recipient) of all outgoing mail."""
    with engine.store.read() as tx:
        return sorted((row["purpose"], row["to"]) for row in queries.list_outbox(tx))


def forwards(engine: Engine) -> list[str]:
    return [recipient for purpose, recipient in mails_out(engine) if purpose == "forward"]


def routes_of(engine: Engine, inbox_id: int) -> tuple[str, ...]:
    with engine.store.read() as tx:
        row = inbox.get(tx, inbox_id)
    assert row is not None
    return row.recipients


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


ONE_TICKET = [("forward", "frontdesk@acme.example"), ("received", CUSTOMER)]


@pytest.mark.parametrize(
    ("first", "second"),
    [("smtp", "smtp"), ("smtp", "imap"), ("imap", "maildir"), ("maildir", "smtp"), ("lmtp", "imap"), ("pipe", "smtp")],
)
def test_f34_one_mail_by_two_ways_is_one_ticket(engine: Engine, first: str, second: str) -> None:
    raw = make_mail()
    copies = {kind: raw if kind == "smtp" else by_mail_server(raw) for kind in (first, second)}
    one = way(first, identity="" if first in ("smtp", "pipe", "lmtp") else f"{first}:box:1")
    two = way(second, identity="" if second == "smtp" else f"{second}:other:7")
    take(engine, (copies[first], one), (copies[second], two))
    assert [outcome for outcome, _ in outcomes(engine)] == ["opened", "duplicate"]
    assert scalar(engine, "SELECT count(*) FROM message WHERE direction = 'in'") == 1
    assert mails_out(engine) == ONE_TICKET
    # Both ways are on record, and lead to the ticket
    assert scalar(engine, "SELECT count(DISTINCT serial) FROM inbox WHERE serial IS NOT NULL") == 1
    with engine.store.read() as tx:
        assert [row[0] for row in tx.execute("SELECT kind FROM inbox ORDER BY id").fetchall()] == [first, second]


def test_f34_one_mail_to_two_of_our_addresses_tells_each_department_once(engine: Engine) -> None:
    """By one SMTP transaction, and again by another for each address, as mail servers split them."""
    raw = make_mail(to=f"{SUPPORT}, {BILLING}")
    take(
        engine,
        (raw, way("smtp", SUPPORT, BILLING)),
        (raw, way("smtp", BILLING)),
        (by_mail_server(raw), way("imap", SUPPORT, identity="imap:a:INBOX:1:1")),
    )
    assert [outcome for outcome, _ in outcomes(engine)] == ["opened", "duplicate", "duplicate"]
    assert mails_out(engine) == [
        ("forward", "billing-team@acme.example"),
        ("forward", "frontdesk@acme.example"),
        ("received", CUSTOMER),
    ]


def test_f34_a_further_address_that_routes_elsewhere_is_told_once(engine: Engine) -> None:
    """The copy for a blind-copied address comes by a way of its own."""
    raw = make_mail()
    ids = take(engine, (raw, way("smtp", SUPPORT)), *[(raw, way("smtp", BILLING))] * 3)
    assert outcomes(engine) == [
        ("opened", "new"),
        ("duplicate", "duplicate-new-route"),
        ("duplicate", "duplicate"),
        ("duplicate", "duplicate"),
    ]
    assert routes_of(engine, ids[0]) == (SUPPORT, BILLING)
    assert mails_out(engine) == sorted([*ONE_TICKET, ("forward", "billing-team@acme.example")])
    assert scalar(engine, "SELECT count(*) FROM event WHERE kind = 'route'") == 1


def test_f34_an_address_with_extension_or_token_is_no_further_address(engine: Engine) -> None:
    raw = make_mail()
    take(engine, (raw, way("smtp", SUPPORT)), (raw, way("pipe", "support+printing@acme.example")))
    assert outcomes(engine) == [("opened", "new"), ("duplicate", "duplicate")]


def test_t25_the_same_message_id_with_other_bytes_is_kept(engine: Engine) -> None:
    """Who guesses the id of a mail and sends it first must not have the real one dropped."""
    take(
        engine,
        (make_mail(sender="evil@x.example", text="I was here first."), way("smtp")),
        (make_mail(text="My printer is on fire."), way("smtp")),
    )
    assert [outcome for outcome, _ in outcomes(engine)] == ["opened", "opened"]
    assert scalar(engine, "SELECT count(*) FROM ticket") == 2
    assert scalar(engine, "SELECT count(*) FROM message WHERE direction = 'in'") == 2


@pytest.mark.parametrize(("later", "tickets"), [(9, 1), (11, 2)])
def test_t26_without_a_message_id_the_same_bytes_are_one_mail_for_ten_minutes(
    engine: Engine, later: int, tickets: int
) -> None:
    raw = make_mail(message_id="")
    take(engine, (raw, way("smtp")), (raw, way("smtp", at=NOW + timedelta(minutes=later))))
    assert scalar(engine, "SELECT count(*) FROM ticket") == tickets


def test_t26_two_mails_without_a_message_id_in_the_same_second_are_two(engine: Engine) -> None:
    take(engine, *[(make_mail(message_id="", text=text), way("smtp")) for text in ("Red is empty.", "So is blue.")])
    assert scalar(engine, "SELECT count(*) FROM ticket") == 2


def test_t25_with_a_message_id_a_copy_is_known_for_ever(engine: Engine) -> None:
    take(
        engine,
        (make_mail(), way("smtp")),
        (make_mail(), way("imap", at=NOW + timedelta(days=300), identity="imap:a:1")),
    )
    assert [outcome for outcome, _ in outcomes(engine)] == ["opened", "duplicate"]


def test_f05_an_intake_that_comes_again_stores_nothing_new(engine: Engine) -> None:
    ids = [engine.receive(make_mail(), way("imap", identity="imap:a:INBOX:9:4")).result() for _ in range(3)]
    assert len(set(ids)) == 1
    work(engine)
    assert engine.receive(make_mail(), way("imap", identity="imap:a:INBOX:9:4")).result() == ids[0]
    assert scalar(engine, "SELECT count(*) FROM inbox") == 1 and outcomes(engine) == [("opened", "new")]


MORE_RULES = RULES.replace(
    "  - name: money\n",
    """\
  - name: private
    when: {to: private@acme.example}
    do: {department: billing, hold: please look}
  - name: robots
    when: {to: robots@acme.example}
    do: {department: billing, ticket: none}
  - name: invoices
    when: {to: invoices@acme.example}
    do: {department: billing}
  - name: money
""",
)
MORE_SITE = replace(
    SITE, addresses=(*SITE.addresses, *(f"{n}@acme.example" for n in ("private", "robots", "invoices")))
)


@pytest.mark.parametrize(
    ("later", "told"),
    [
        ((BILLING, "invoices@acme.example"), 1),  # two addresses of one department
        (("private@acme.example",), 0),  # would be held
        (("robots@acme.example",), 0),  # would make no ticket
    ],
)
def test_f34_a_department_is_told_once_and_only_of_mail_it_would_get(
    store: Store, tmp_path: Path, later: tuple[str, ...], told: int
) -> None:
    engine = make_engine(store, tmp_path, rules=MORE_RULES, site=MORE_SITE)
    raw = make_mail()
    take(engine, (raw, way("smtp", SUPPORT)), *((raw, way("smtp", address)) for address in later))
    assert forwards(engine) == ["billing-team@acme.example"] * told + ["frontdesk@acme.example"]


def test_f34_a_copy_of_mail_on_a_merged_ticket_goes_to_the_survivor(engine: Engine) -> None:
    raw = make_mail()
    other = make_mail(to=BILLING, message_id="<other@customer.example>")
    take(engine, (raw, way("smtp", SUPPORT)), (other, way("smtp", BILLING)))
    engine.store.run(lambda tx: tx.execute("UPDATE ticket SET merged_into = 10001 WHERE serial = 10000"))
    take(engine, (raw, way("smtp", BILLING)))
    assert forwards(engine) == ["billing-team@acme.example", "frontdesk@acme.example"]
    assert scalar(engine, "SELECT serial FROM event WHERE kind = 'route'") == 10_001


def test_f34_each_way_is_in_the_history_once(engine: Engine) -> None:
    raw = make_mail()
    by_imap = [(raw, way("imap", identity=f"imap:box:INBOX:1:{uid}")) for uid in (1, 2)]
    take(engine, (raw, way("smtp")), (raw, way("smtp")), *by_imap, (raw, way("imap", identity="imap:b:INBOX:1:1")))
    with engine.store.read() as tx:
        rows = tx.execute("SELECT data FROM event WHERE kind = 'route' ORDER BY id").fetchall()
    assert [json.loads(row[0])["way"] for row in rows] == ["imap:box", "imap:b"]
    assert mails_out(engine) == ONE_TICKET


# ---- two at once


@pytest.fixture
def two_engines(store_url: str, tmp_path: Path) -> Iterator[tuple[Engine, Engine]]:
    """Two processes' worth of connections to one database."""
    with ExitStack() as stack:
        stores = [stack.enter_context(open_store(store_url)) for _ in range(2)]
        yield make_engine(stores[0], tmp_path, worker="one"), make_engine(stores[1], tmp_path, worker="two")


def at_once(*jobs: Callable[[], object]) -> None:
    """Run them in threads that start together; raises what one of them raised."""
    barrier = threading.Barrier(len(jobs))
    errors: list[BaseException] = []

    def run(job: Callable[[], object]) -> None:
        barrier.wait()
        try:
            job()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors


def test_f34_two_daemons_that_take_one_mail_by_two_ways_at_once_make_one_ticket(
    two_engines: tuple[Engine, Engine],
) -> None:
    """Each has its copies claimed before either decides: only the locks of the decision can tell."""
    one, two = two_engines
    mails = [make_mail(message_id=f"<m{n}@customer.example>", subject=f"Request {n}") for n in range(20)]

    def daemon(engine: Engine, kind: str) -> Callable[[], None]:
        def run() -> None:
            for number, raw in enumerate(mails):
                copy = raw if kind == "smtp" else by_mail_server(raw)
                identity = "" if kind == "smtp" else f"imap:a:INBOX:9:{number}"
                engine.receive(copy, way(kind, identity=identity)).result()
                engine.work()

        return run

    at_once(daemon(one, "smtp"), daemon(two, "imap"))
    work(one, two)
    assert scalar(one, "SELECT count(*) FROM inbox WHERE state = 'done'") == 40
    assert scalar(one, "SELECT count(*) FROM ticket") == 20
    assert scalar(one, "SELECT count(*) FROM inbox WHERE outcome = 'duplicate'") == 20
    assert scalar(one, "SELECT count(*) FROM outbox WHERE purpose = 'forward'") == 20


def test_f05_two_daemons_that_fetch_one_mail_at_once_store_one(two_engines: tuple[Engine, Engine]) -> None:
    one, two = two_engines
    ids: list[set[int]] = [set(), set()]

    def fetch(engine: Engine, seen: set[int]) -> Callable[[], None]:
        def run() -> None:
            for uid in range(50):
                raw = make_mail(message_id=f"<m{uid}@customer.example>")
                seen.add(engine.receive(raw, way("imap", identity=f"imap:a:INBOX:9:{uid}")).result())

        return run

    at_once(fetch(one, ids[0]), fetch(two, ids[1]))
    assert ids[0] == ids[1] and len(ids[0]) == 50
    assert scalar(one, "SELECT count(*) FROM inbox") == 50


def test_f34_smtp_pipe_and_maildir_at_once_are_one_ticket(store_url: str, tmp_path: Path) -> None:
    """The real ways in, each in a thread of its own, one mail."""
    raw = make_mail()
    box = tmp_path / "box"
    for folder in ("tmp", "new", "cur"):
        (box / folder).mkdir(parents=True)
    with ExitStack() as stack:
        store = stack.enter_context(open_store(store_url))
        engine = make_engine(store, tmp_path)
        listener = start_listener(engine, stack)
        watched = MaildirIntake(
            IntakeSettings("maildir", "box", path=str(box), start="all", after="cur", poll_seconds=1),
            deposit=engine.receive,
            has_room=lambda: True,
            notes=StoredNotes(store, "box"),
            addresses=SITE.addresses,
            max_message_size=1_000_000,
            report=lambda status: None,
        )
        watched.start()
        stack.callback(watched.stop)

        def by_maildir() -> None:
            (box / "tmp" / "1").write_bytes(by_mail_server(raw))
            (box / "tmp" / "1").rename(box / "new" / "1")

        def by_pipe() -> None:
            other = stack.enter_context(open_store(store_url))
            copy = by_mail_server(raw)
            envelope = envelope_from_pipe(copy, CUSTOMER, (SUPPORT,), SITE.addresses, NOW)
            other.run(lambda tx: inbox.put(tx, copy, envelope), urgent=True)

        at_once(lambda: send(listener.port, raw), by_maildir, by_pipe)
        wait_until(lambda: scalar(engine, "SELECT count(*) FROM inbox") == 3, "a copy was not stored")
        work(engine)
        assert sorted(outcome for outcome, _ in outcomes(engine)) == ["duplicate", "duplicate", "opened"]
        assert forwards(engine) == ["frontdesk@acme.example"]
        assert scalar(engine, "SELECT count(*) FROM ticket") == 1


# ---- a client that does not hear our 250


def start_listener(engine: Engine, stack: ExitStack, deposit: Any = None) -> SmtpListener:
    listener = SmtpListener(
        "127.0.0.1",
        0,
        deposit=deposit or engine.receive,
        accepts=lambda address: address in SITE.addresses,
        max_message_size=1_000_000,
        hostname="mx.acme.example",
    )
    listener.start()
    stack.callback(listener.stop)
    return listener


def send(port: int, raw: bytes, recipient: str = SUPPORT) -> None:
    with smtplib.SMTP("127.0.0.1", port, local_hostname="client.example", timeout=WAIT_SECONDS) as client:
        client.sendmail(CUSTOMER, recipient, raw)


def send_and_vanish(port: int, raw: bytes, is_over: Callable[[], bool]) -> None:
    """Everything up to the final dot; the connection is cut before our answer can be read."""
    client = socket.create_connection(("127.0.0.1", port), WAIT_SECONDS)
    file = client.makefile("rb")
    for line in (None, b"HELO client.example", b"MAIL FROM:<%s>" % CUSTOMER.encode(), b"RCPT TO:<support@acme.example>",
                 b"DATA"):  # fmt: skip
        if line is not None:
            client.sendall(line + b"\r\n")
        assert file.readline()[:1] in b"23"
    client.sendall(raw.replace(b"\r\n.", b"\r\n..") + b"\r\n.\r\n")
    wait_until(is_over, "the mail was not deposited")
    # A reset, not a goodbye: what the listener writes from now on is lost
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    file.close()
    client.close()


@pytest.mark.parametrize("size", [100, 400_000])  # above 256 KB the deposit is made in another thread
def test_f02_a_client_that_drops_before_our_250_and_comes_again_is_recognised(
    store: Store, tmp_path: Path, size: int
) -> None:
    """The commit goes on while the listener learns that nobody waits for its answer; then the client tries again."""
    engine = make_engine(store, tmp_path)
    raw = make_mail(text="It prints blank pages.\r\n" * (size // 24))
    may_commit, is_asked = threading.Event(), threading.Event()
    futures: list[Future[int]] = []

    def deposit(mail: bytes, envelope: Envelope) -> "Future[int]":
        """The engine's own, with its writer kept busy until the client has gone."""
        is_asked.set()
        store.submit(lambda tx: may_commit.wait(WAIT_SECONDS), urgent=True)
        futures.append(engine.receive(mail, envelope))
        return futures[-1]

    with ExitStack() as stack:
        listener = start_listener(engine, stack, deposit)
        send_and_vanish(listener.port, raw, is_asked.is_set)
        with smtplib.SMTP("127.0.0.1", listener.port, timeout=WAIT_SECONDS) as other:
            other.noop()  # served by the same loop after the reset: by now the listener knows that nobody waits
        may_commit.set()
        wait_until(lambda: scalar(engine, "SELECT count(*) FROM inbox") == 1, "the commit was given up with the client")
        assert not futures[0].cancelled()
        send(listener.port, raw)
        send(
            listener.port, b"Received: from client.example by relay.example; Tue, 13 Jan 2026 09:05:00 +0000\r\n" + raw
        )
    work(engine)
    assert [outcome for outcome, _ in outcomes(engine)] == ["opened", "duplicate", "duplicate"]
    assert forwards(engine) == ["frontdesk@acme.example"]


def test_f02_copies_of_a_retry_decided_together_are_one_ticket(engine: Engine) -> None:
    """A backlog: both were stored long before the first is looked at, and share a claim and a transaction."""
    raw = make_mail(message_id="")
    for later in (0, 5, 9):
        engine.receive(raw, way("smtp", at=NOW + timedelta(minutes=later))).result()
    work(engine)
    assert [outcome for outcome, _ in outcomes(engine)] == ["opened", "duplicate", "duplicate"]


def test_f12_postgres_that_is_cut_off_at_commit_is_asked_again(postgres: servers.Cluster, tmp_path: Path) -> None:
    """Whether the commit was kept is not known; the intake comes again with the same name."""
    url = servers.fresh_database(postgres)
    with open_store(url) as store:
        engine = make_engine(store, tmp_path)
        envelope = way("maildir", identity="maildir:box:1:ab")
        engine.receive(make_mail(), envelope).result()
        with postgres.connect() as admin:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mailproc'")
        again = engine.receive(make_mail(), envelope)
        assert again.result(WAIT_SECONDS) == 1
        assert scalar(engine, "SELECT count(*) FROM inbox") == 1
