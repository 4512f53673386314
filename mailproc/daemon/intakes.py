"""The ways in that the settings name, made for a daemon or for one round of it. Opens none of them."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from mailproc.errors import MailprocError
from mailproc.intake.base import Accepts, Intake, PolledIntake, Report
from mailproc.intake.imap import ImapIntake
from mailproc.intake.lmtp import LmtpListener
from mailproc.intake.maildir import MaildirIntake
from mailproc.intake.smtp import SmtpListener
from mailproc.oauth import Sources
from mailproc.records.mail import Envelope
from mailproc.records.polledfolder import Survey
from mailproc.settings import IntakeSettings, Settings
from mailproc.store.database import Store
from mailproc.store.mailboxes import Mailboxes
from mailproc.store.maildirs import StoredNotes

_USUAL_MAILS_PER_MINUTE = 300
_HELD_MAILS = 4  # of the largest size, that all sessions of a listener may hold in memory together


@dataclass(frozen=True, slots=True)
class Doorway:
    """What every way in of one daemon is given."""

    settings: Settings
    store: Store
    sources: Sources  # of access tokens
    deposit: Callable[[bytes, Envelope], "Future[int]"]
    accepts: Accepts
    has_room: Callable[[], bool]
    report: Report
    tell: Callable[[str, str], None]  # (key, text) of what the operator should hear once


def make_listeners(door: Doorway) -> list[SmtpListener]:
    """Those that wait for others to bring mail."""
    return [_make_listener(door, intake) for intake in door.settings.intakes if intake.kind in ("smtp", "lmtp")]


def make_polled(door: Doorway) -> list[PolledIntake]:
    """Those that fetch mail: one for each folder of a mailbox, one for each Maildir."""
    polled: list[PolledIntake] = []
    for intake in door.settings.intakes:
        if intake.kind == "imap":
            polled += [_make_imap(door, intake, folder) for folder in intake.folders]
        elif intake.kind == "maildir":
            polled.append(_make_maildir(door, intake))
    return polled


def survey_all(door: Doorway) -> list[tuple[str, Survey | str]]:
    """(name, what a first poll would take, or why that cannot be told) of each polled intake; changes nothing."""
    found: list[tuple[str, Survey | str]] = []
    for intake in make_polled(door):
        try:
            found.append((intake.name, intake.survey()))
        except MailprocError as error:  # one mailbox's trouble is shown beside the others' numbers
            found.append((intake.name, str(error)))
    return found


def stop_all(intakes: Sequence[Intake]) -> None:
    """Stop them side by side: a server that does not answer must not keep the others waiting."""
    threads = [threading.Thread(target=intake.stop, name=f"stop-{intake.name}", daemon=True) for intake in intakes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _make_listener(door: Doorway, intake: IntakeSettings) -> SmtpListener:
    kind = LmtpListener if intake.kind == "lmtp" else SmtpListener
    size = door.settings.max_message_size
    return kind(
        intake.host,
        intake.port,
        name=intake.name,
        socket_path=intake.socket,
        socket_mode=intake.socket_mode,
        socket_group=intake.socket_group,
        deposit=door.deposit,
        accepts=door.accepts,
        max_message_size=size,
        hostname=door.settings.site.domain,
        has_room=door.has_room,
        max_held_bytes=_HELD_MAILS * size,
        tls_certificate=intake.tls_certificate,
        tls_key=intake.tls_key,
        bare_newlines=intake.bare_newlines,
        trusted_networks=door.settings.site.trust.trusted_networks,
        max_connections=intake.max_connections,
        max_connections_per_client=intake.max_connections_per_client,
        mails_per_minute=intake.mails_per_minute,
        # A mail server on this machine brings everybody's mail: it is counted only where the admin gave a number
        counts_loopback=intake.mails_per_minute != _USUAL_MAILS_PER_MINUTE,
        max_recipients=intake.max_recipients,
        max_errors=intake.max_errors,
        min_bytes_per_second=intake.min_bytes_per_second,
        idle_seconds=intake.idle_seconds,
    )


def _make_imap(door: Doorway, intake: IntakeSettings, folder: str) -> ImapIntake:
    return ImapIntake(
        intake,
        folder,
        deposit=door.deposit,
        mailbox=Mailboxes(door.store),
        addresses=door.settings.site.addresses,
        accepts=door.accepts,
        has_room=door.has_room,
        token=door.sources.find(intake.oauth, intake.user).token if intake.oauth else None,
        max_message_size=door.settings.max_message_size,
        report=door.report,
        tell=door.tell,
    )


def _make_maildir(door: Doorway, intake: IntakeSettings) -> MaildirIntake:
    return MaildirIntake(
        intake,
        deposit=door.deposit,
        has_room=door.has_room,
        notes=StoredNotes(door.store, intake.name),
        addresses=door.settings.site.addresses,
        max_message_size=door.settings.max_message_size,
        report=door.report,
        accepts=door.accepts,
        ack_max_age=door.settings.site.limits.ack_max_age,
    )
