"""Mailboxes that are read by IMAP: can they be reached, logged in to, and do their folders exist. Changes nothing.

Folders are opened with EXAMINE, so that not even a flag of a mail changes.
"""

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import suppress

import imapclient
from imapclient.exceptions import IMAPClientError

from mailproc.doctor.findings import Finding, fail, warn, well
from mailproc.doctor.visit import (
    LOOPBACK,
    Visit,
    count,
    describe,
    find_user,
    judge_certificate,
    make_context,
    name_intake,
    refused,
)
from mailproc.errors import MailprocError
from mailproc.intake.imapnames import find_folder
from mailproc.settings import IntakeSettings

Trouble = (IMAPClientError, imaplib.IMAP4.error, OSError, UnicodeError)  # ssl errors and timeouts are OSErrors
_FULL = 0.9  # of a quota
_START = {"now": "new mail alone", "all": "all of it"}
_MOST_NAMED = 12


def check(visit: Visit) -> Iterator[Finding]:
    """All IMAP intakes."""
    for intake in visit.settings.intakes:
        if intake.kind == "imap":
            yield from _check_mailbox(visit, intake)


def connect(intake: IntakeSettings, timeout: float) -> imapclient.IMAPClient:
    """A connection with encryption as the settings want it, not logged in. Raises one of `Trouble`."""
    context = make_context(intake.tls_ca) if intake.tls != "none" else None
    client = imapclient.IMAPClient(
        intake.host, intake.port, ssl=intake.tls == "required", ssl_context=context, timeout=timeout
    )
    try:
        if intake.tls == "starttls":
            if b"STARTTLS" not in client.capabilities():
                raise IMAPClientError("the server offers no STARTTLS")
            client.starttls(context)
    except Trouble:
        with suppress(*Trouble):
            client.shutdown()
        raise
    return client


def log_in(client: imapclient.IMAPClient, intake: IntakeSettings, visit: Visit) -> None:
    """Log in as the intake would. Raises one of `Trouble`, or MailprocError when there is no token to be had."""
    user = find_user(visit, intake.user, intake.oauth)
    if intake.oauth and visit.get_token is not None:
        client.oauth2_login(user, visit.get_token(intake.oauth, user))
    elif intake.token:
        client.oauth2_login(user, intake.token)
    else:
        client.login(user, intake.password)


def leave(client: imapclient.IMAPClient) -> None:
    """Say good-bye; a server that does not listen is left without."""
    try:
        client.logout()
    except Trouble:
        with suppress(*Trouble):
            client.shutdown()


def _check_mailbox(visit: Visit, intake: IntakeSettings) -> Iterator[Finding]:
    subject = name_intake(intake)
    if intake.tls == "none" and intake.host not in LOOPBACK:
        yield warn(
            subject,
            f"the password and all mail travel to {intake.host} for everybody to read",
            "Write  tls: required  (port 993) or  tls: starttls  (port 143)",
        )
    try:
        client = connect(intake, visit.timeout)
    except Trouble as error:
        yield refused(subject, f"{intake.host}:{intake.port} cannot be reached", error, "imap", intake.host)
        return
    try:
        yield from _look_inside(visit, intake, client, subject)
    except Trouble as error:
        yield refused(subject, f"{intake.host} broke off", error, "imap", intake.host)
    finally:
        leave(client)


def _look_inside(
    visit: Visit, intake: IntakeSettings, client: imapclient.IMAPClient, subject: str
) -> Iterator[Finding]:
    wire = client.socket()
    if isinstance(wire, ssl.SSLSocket):
        yield from judge_certificate(
            subject, wire.getpeercert(), visit.clock(), "Whoever runs the server must renew it; some never notice"
        )
    try:
        log_in(client, intake, visit)
    except MailprocError as error:
        yield fail(subject, f"there is no access token: {describe(error)}", "Run  mailproc auth status")
        return
    except Trouble as error:
        yield refused(
            subject, f"{intake.host} refuses the login of {intake.user or 'nobody'}", error, "imap", intake.host
        )
        return
    capabilities = set(client.capabilities())
    is_moving = intake.after.startswith("move:")
    words = [
        "new mail is told at once"
        if intake.idle and b"IDLE" in capabilities
        else f"asked every {intake.poll_seconds} s"
    ]
    if is_moving and b"MOVE" not in capabilities:
        words.append("moves by copying, as it knows no MOVE")
    yield well(subject, f"{intake.user} is logged in at {intake.host}: {', '.join(words)}")
    if (is_moving or intake.after == "delete") and not {b"MOVE", b"UIDPLUS"} & capabilities:
        yield warn(
            subject,
            "the server knows neither MOVE nor UIDPLUS: mail that is taken stays where it is, since removing one mail "
            "would also remove what others marked as deleted",
            "Write  after: keep , and empty the folder by other means",
        )
    names = tuple(str(name) for flags, _, name in client.list_folders() if b"\\Noselect" not in flags)
    delimiter, prefix = _read_namespace(client, capabilities)
    for folder in intake.folders:
        found = find_folder(folder, names, delimiter, prefix) or folder  # as the intake finds it
        yield from _check_folder(client, intake, found, names, subject)
    if is_moving:
        target = intake.after.removeprefix("move:")
        found_target = find_folder(target, names, delimiter, prefix)
        if found_target is not None:
            yield well(subject, f"mail that is taken moves to {found_target}")
        else:
            yield well(subject, f"there is no folder {target} yet: the first mail that is taken makes it")
    if b"QUOTA" in capabilities:
        yield from _check_quota(client, intake, subject)


def _read_namespace(client: imapclient.IMAPClient, capabilities: set[bytes]) -> tuple[str, str]:
    """(separator, prefix) of the account's own folders."""
    personal = client.namespace().personal if b"NAMESPACE" in capabilities else ()
    if personal:
        return str(personal[0][1] or ""), str(personal[0][0] or "")
    listed = client.list_folders("", "")
    delimiter = listed[0][1] if listed else b"/"
    return delimiter.decode("ascii", "replace") if isinstance(delimiter, bytes) else str(delimiter or ""), ""


def _check_folder(
    client: imapclient.IMAPClient, intake: IntakeSettings, folder: str, names: tuple[str, ...], subject: str
) -> Iterator[Finding]:
    if folder.lower() in ("sent", "sent items", "sent mail", "[gmail]/sent mail"):
        yield fail(subject, f"{folder} holds what was sent: every answer would come back", "Take it out of `folder`")
    try:
        state = client.select_folder(folder, readonly=True)
    except Trouble as error:
        if folder.upper() == "INBOX" or folder in names:
            yield refused(subject, f"{folder} cannot be opened", error, "imap", intake.host)
            return
        known = ", ".join(names[:_MOST_NAMED]) + (", ..." if len(names) > _MOST_NAMED else "")
        yield fail(subject, f"there is no folder {folder}", f"Write one of these: {known}")
        return
    mails = count(int(state.get(b"EXISTS", 0)), "mail")
    yield well(subject, f"{folder} holds {mails}; what is taken: {_START.get(intake.start, intake.start)}")


def _check_quota(client: imapclient.IMAPClient, intake: IntakeSettings, subject: str) -> Iterator[Finding]:
    try:
        quotas = client.get_quota(intake.folders[0])
    except Trouble:
        return  # not every server that says QUOTA lets everybody ask
    for quota in quotas:
        if quota.limit and quota.usage >= _FULL * quota.limit:
            what = quota.resource.decode("ascii", "replace") if isinstance(quota.resource, bytes) else quota.resource
            share = 100 * quota.usage // quota.limit
            yield warn(
                subject,
                f"the mailbox is {share} % full ({what.lower()})",
                "Delete or archive mail there: a full mailbox takes no mail and lets none be moved",
            )
