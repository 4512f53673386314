"""`mailproc demo`: the samples on a throw-away site, through a real SMTP conversation and a loopback mail sink."""

import asyncio
import smtplib
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailproc.cli.scenario import Observed, OutMail, Scenario, compare, fill, read_scenarios
from mailproc.errors import MailprocError

if TYPE_CHECKING:
    from mailproc.daemon import Daemon
    from mailproc.opening import OpenSite

_PATIENCE_SECONDS = 10.0
SETTINGS = """\
version: 1
site:
  name: Acme Support
  prefix: ACME
  addresses: [support@acme.example, billing@acme.example]
  domain: acme.example
  languages: [en, de]
  default_language: en
  timezone: Europe/Berlin
database: sqlite:///data/mailproc.db
keys_file: data/keys
rules: {rules}
templates: templates/
intake:
  - {{kind: smtp, listen: "127.0.0.1:0"}}
delivery: {{kind: smtp, host: 127.0.0.1, port: {sink_port}, tls: none}}
operator: ops@acme.example
trust: {{trusted_networks: [127.0.0.1/32], agent_trust: network, verify: no}}
limits: {{breaker_per_hour: none, domain_per_hour: none}}
"""


class Sink:
    """A mail server that keeps what it gets: everybody the demo's site writes to."""

    def __init__(self) -> None:
        self.mails: list[OutMail] = []
        self._arrived = threading.Condition()
        self._loop = asyncio.new_event_loop()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Keep the message once per recipient."""
        with self._arrived:
            for recipient in envelope.rcpt_tos:
                self.mails.append(OutMail(recipient, bytes(envelope.content)))
            self._arrived.notify_all()
        return "250 kept"

    def listen(self) -> int:
        """Take mail on a free loopback port from now on; returns the port."""
        from aiosmtpd.smtp import SMTP

        async def serve() -> int:
            server = await self._loop.create_server(
                lambda: SMTP(self, hostname="sink.example", loop=self._loop), "127.0.0.1", 0
            )
            return int(server.sockets[0].getsockname()[1])

        threading.Thread(target=self._loop.run_forever, name="sink", daemon=True).start()
        return asyncio.run_coroutine_threadsafe(serve(), self._loop).result(_PATIENCE_SECONDS)

    def stop(self) -> None:
        """Take no more mail."""

        async def end() -> None:
            others = [task for task in asyncio.all_tasks(self._loop) if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(_PATIENCE_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)

    def wait_for(self, count: int, seconds: float) -> bool:
        """True when `count` mails have come within that time."""
        with self._arrived:
            return self._arrived.wait_for(lambda: len(self.mails) >= count, seconds)


@click.command()
@click.option("--only", help="Run the samples whose folder name contains this.")
@click.option("--quiet", is_flag=True, help="Only one line a sample.")
def demo(only: str | None, quiet: bool) -> None:
    """Show the main job on a throw-away site; nothing to set up, nothing left behind.

    A real daemon listens on loopback. The samples are sent to it as customers would, agents answer and resolve, and
    every mail that goes out is caught by a mail server of the demo's own. Exit code 0 only if all went as the samples
    say.
    """
    from mailproc.stock import samples_dir

    scenarios = [scenario for scenario in read_scenarios(samples_dir()) if not only or only in scenario.name]
    if not scenarios:
        raise click.UsageError(f"no sample has {only!r} in its name")
    with tempfile.TemporaryDirectory(prefix="mailproc-demo-") as folder:
        failed = _play(Path(folder), scenarios, quiet)
    click.echo("")
    if failed:
        click.echo(f"{failed} of {len(scenarios)} samples did not go as they should")
        raise SystemExit(1)
    click.echo(f"All {len(scenarios)} samples went as they should.")


def _play(folder: Path, scenarios: list[Scenario], quiet: bool) -> int:
    from mailproc import keys, maillog
    from mailproc.daemon import Daemon
    from mailproc.opening import open_site
    from mailproc.stock import rules_dir

    sink = Sink()
    port = sink.listen()
    try:
        (folder / "data").mkdir(mode=0o700)
        keys.create(folder / "data" / "keys")
        config = folder / "mailproc.yaml"
        config.write_text(SETTINGS.format(rules=rules_dir(), sink_port=port), encoding="utf-8")
        maillog.setup("text", stream=(folder / "log").open("w", encoding="utf-8"))
        ready = threading.Event()
        with open_site(config, is_daemon=True) as site:
            daemon = Daemon(site, on_ready=lambda _: ready.set())
            thread = threading.Thread(target=daemon.run, kwargs={"with_signals": False}, name="daemon")
            thread.start()
            try:
                if not ready.wait(_PATIENCE_SECONDS):
                    raise MailprocError("the demo's daemon did not start")
                return sum(_play_scenario(scenario, site, daemon, sink, quiet) for scenario in scenarios)
            finally:
                daemon.stop()
                thread.join(30)
    finally:
        sink.stop()


def _play_scenario(scenario: Scenario, site: "OpenSite", daemon: "Daemon", sink: Sink, quiet: bool) -> bool:
    sink.mails.clear()
    problems: list[str] = []
    if not quiet:
        click.echo(f"\n━━ {scenario.name}: {scenario.title}")
    for step in scenario.steps:
        before, last_out = len(sink.mails), _last_out(site)
        raw = fill((scenario.folder / step.file).read_bytes(), datetime.now(UTC), sink.mails)
        sent_at = _send(raw, step.sender, step.recipients, daemon.listeners[0].port)
        seen = _observe(site, sink, before, last_out)
        if not quiet:
            click.echo(f"  {sent_at}  {step.who or 'mail in'}: {_subject(raw)}")
            click.echo(
                f"            {seen.outcome} ({seen.reason}) {seen.ticket} {seen.state} {seen.department}".rstrip()
            )
            for mail in seen.mails:
                click.echo(f"            → {mail.purpose} to {mail.recipient}: {mail.subject}")
        problems += [f"{step.file}: {problem}" for problem in compare(step.expect, seen)]
    if quiet:
        click.echo(f"{'failed' if problems else 'ok':<7}{scenario.name}")
    for problem in problems:
        click.echo(f"  ✗ {problem}")
    return bool(problems)


def _send(raw: bytes, sender: str | None, recipients: tuple[str, ...], port: int) -> str:
    """Speak SMTP as the writer's mail program would; the envelope defaults to From and To."""
    from mailproc.message.parse import parse

    mail = parse(raw)
    mail_from = sender if sender is not None else (mail.from_.addr if mail.from_ else "")
    rcpt_to = list(recipients) or [address.addr for address in mail.to] or ["support@acme.example"]
    with smtplib.SMTP("127.0.0.1", port, local_hostname="demo.example", timeout=_PATIENCE_SECONDS) as client:
        client.sendmail(mail_from, rcpt_to, raw)
    return datetime.now().strftime("%H:%M:%S")


def _last_out(site: "OpenSite") -> int:
    from mailproc.store import queries

    with site.store.read() as tx:
        return queries.last_mail_out(tx)


def _observe(site: "OpenSite", sink: Sink, before: int, last_out: int) -> Observed:
    """What became of the mail just sent, once the daemon decided it and its mails arrived at the sink."""
    from mailproc.store import inbox, queries

    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        with site.store.read() as tx:
            row = queries.last_decided(tx)
            if row is not None and not inbox.count_waiting(tx):
                mine = queries.mails_caused_by(tx, row["inbox_id"], last_out)
                seen = observed_of(tx, row)
                break
        if time.monotonic() > deadline:
            return Observed("undecided", "the daemon did not decide it in time")
        time.sleep(0.02)
    sink.wait_for(before + len(mine), _PATIENCE_SECONDS)
    arrived = sink.mails[before:]
    purposes = {item["to"]: [other["purpose"] for other in mine if other["to"] == item["to"]] for item in mine}
    for index, mail in enumerate(arrived):
        purpose = purposes.get(mail.recipient, [""]).pop(0) if purposes.get(mail.recipient) else "?"
        sink.mails[before + index] = OutMail(mail.recipient, mail.raw, purpose)
    # In the order in which they were queued: several connections deliver at once, and samples count the mails
    order = [(item["to"], item["purpose"]) for item in mine]
    known = {mail: place for place, mail in reversed(list(enumerate(order)))}
    sink.mails[before:] = sorted(sink.mails[before:], key=lambda mail: known.get((mail.recipient, mail.purpose), 999))
    seen.mails = sink.mails[before:]
    return seen


def observed_of(tx: Any, row: dict[str, Any]) -> Observed:
    """The decision of an inbox row and where its ticket stands now."""
    from mailproc.store import queries

    ticket = queries.get_ticket(tx, row["serial"]) if row["serial"] else None
    return Observed(
        outcome=row["outcome"],
        reason=row["reason"],
        state=ticket["state"] if ticket else "",
        department=ticket["department"] if ticket else "",
        language=ticket["language"] if ticket else "",
        ticket=ticket["number"] if ticket else "",
        new_text=(ticket["messages"][-1]["text"] if ticket and ticket["messages"] else ""),
        trace=[f"{step.room}: {step.text}" for step in row["steps"]],
    )


def _subject(raw: bytes) -> str:
    from mailproc.message.parse import parse

    return parse(raw).subject or "(no subject)"
