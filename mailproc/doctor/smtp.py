"""The way out: does the next host take our login and our addresses. Every session ends before DATA: nothing is sent."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mailproc.doctor.findings import Finding, fail, warn, well
from mailproc.doctor.visit import LOOPBACK, Visit, describe, find_user, judge_certificate, make_context, refused
from mailproc.errors import MailprocError
from mailproc.opening.operatormail import find_operator
from mailproc.settings import DeliverySettings

Trouble = (smtplib.SMTPException, OSError, UnicodeError)
_MOST_ADDRESSES = 5
_OVERHEAD = 1.4  # base64, and the text besides the files


class _Refused(Exception):
    """The server answered a step with something else than yes."""

    def __init__(self, code: int, text: bytes) -> None:
        super().__init__(f"{code} {describe(text)}")


def check(visit: Visit) -> Iterator[Finding]:
    """The delivery of the site."""
    delivery = visit.settings.delivery
    if delivery.kind == "maildir":
        yield from _check_folder(Path(delivery.path))
        return
    subject = "smtp"
    if delivery.tls == "none" and delivery.host not in LOOPBACK:
        yield warn(
            subject,
            f"mail travels to {delivery.host} for everybody to read",
            "Write  tls: starttls  (port 587) or  tls: required  (port 465)",
        )
    try:
        client = _connect(visit, delivery)
    except (*Trouble, _Refused) as error:
        yield refused(subject, f"{delivery.host}:{delivery.port} cannot be used", error, "smtp", delivery.host)
        return
    try:
        yield from _talk(visit, delivery, client, subject)
    except (*Trouble, _Refused) as error:
        yield refused(subject, f"{delivery.host} broke off", error, "smtp", delivery.host)
    finally:
        with suppress(*Trouble):
            client.quit()
        client.close()


def _connect(visit: Visit, delivery: DeliverySettings) -> smtplib.SMTP:
    """A connection after EHLO, encrypted where the settings say so."""
    context = make_context(delivery.tls_ca) if delivery.tls != "none" else None
    name = visit.settings.site.domain
    client: smtplib.SMTP
    if delivery.tls == "required":
        client = smtplib.SMTP_SSL(
            delivery.host, delivery.port, local_hostname=name, timeout=visit.timeout, context=context
        )
    else:
        client = smtplib.SMTP(delivery.host, delivery.port, local_hostname=name, timeout=visit.timeout)
    try:
        client.ehlo_or_helo_if_needed()
        if delivery.tls == "starttls":
            if not client.has_extn("starttls"):
                raise smtplib.SMTPNotSupportedError("the server offers no STARTTLS")
            code, text = client.starttls(context=context)
            if code != 220:
                raise _Refused(code, text)
            client.ehlo_or_helo_if_needed()
    except (*Trouble, _Refused):
        client.close()
        raise
    return client


def _talk(visit: Visit, delivery: DeliverySettings, client: smtplib.SMTP, subject: str) -> Iterator[Finding]:
    if isinstance(client.sock, ssl.SSLSocket):
        yield from judge_certificate(
            subject, client.sock.getpeercert(), visit.clock(), "Whoever runs the server must renew it"
        )
    user = find_user(visit, delivery.user, delivery.oauth)
    try:
        if delivery.oauth and visit.get_token is not None:
            _log_in_by_token(client, user, visit.get_token(delivery.oauth, user))
        elif delivery.user:
            client.login(delivery.user, delivery.password)
    except MailprocError as error:
        yield fail(subject, f"there is no access token: {describe(error)}", "Run  mailproc auth status")
        return
    except smtplib.SMTPResponseException as error:
        said = f"{error.smtp_code} {describe(error.smtp_error)}"
        yield refused(subject, f"{delivery.host} refuses the login of {user}", said, "smtp", delivery.host)
        return
    except smtplib.SMTPNotSupportedError as error:
        yield refused(subject, f"{delivery.host} takes no login", error, "smtp", delivery.host)
        return
    yield well(
        subject, f"{delivery.host}:{delivery.port} takes " + (f"the login of {user}" if user else "us without login")
    )
    yield from _check_size(visit, client, subject)
    yield from _check_addresses(visit, delivery, client, subject)


def _log_in_by_token(client: smtplib.SMTP, user: str, token: str) -> None:
    """SASL XOAUTH2; after a refusal the server's JSON is answered with an empty line, and only then comes the code."""
    from mailproc.oauth import xoauth2_string

    words = xoauth2_string(user, token).decode()

    def answer(challenge: bytes | None = None) -> str:
        return "" if challenge else words

    client.auth("XOAUTH2", answer, initial_response_ok=True)


def _check_size(visit: Visit, client: smtplib.SMTP, subject: str) -> Iterator[Finding]:
    size = client.esmtp_features.get("size", "").strip()
    needed = int(visit.settings.site.max_attachments_size * _OVERHEAD)
    if size.isdigit() and 0 < int(size) < needed:
        fits = int(int(size) / _OVERHEAD) // 1_000_000
        yield warn(
            subject,
            f"it takes mails of {int(size) // 1_000_000} MB, ours may have {needed // 1_000_000} MB",
            f"Write  max_attachments_size: {fits}MB",
        )


def _check_addresses(visit: Visit, delivery: DeliverySettings, client: smtplib.SMTP, subject: str) -> Iterator[Finding]:
    """MAIL for each of our addresses and RCPT for the operator, each taken back by RSET."""
    site = visit.settings.site
    operator = find_operator(site)
    good = []
    for address in site.addresses[:_MOST_ADDRESSES]:
        code, text = client.docmd(f"MAIL FROM:<{address}>")
        if code == 250:
            good.append(address)
            if operator and len(good) == 1:
                code, text = client.docmd(f"RCPT TO:<{operator}>")
                if code not in (250, 251):
                    yield _refused_operator(code, text, operator, delivery, subject)
        else:
            said = f"{code} {describe(text)}"
            yield refused(subject, f"{delivery.host} does not let us send as {address}", said, "smtp", delivery.host)
        if client.docmd("RSET")[0] != 250:
            raise _Refused(*client.docmd("NOOP"))
    if good:
        yield well(subject, f"it lets us send as {', '.join(good)}")


def _refused_operator(code: int, text: bytes, operator: str, delivery: DeliverySettings, subject: str) -> Finding:
    said = f"{code} {describe(text)}"
    found = refused(subject, f"{delivery.host} takes no mail to the operator {operator}", said, "smtp", delivery.host)
    if code >= 500:
        return found
    return warn(subject, found.text, found.remedy)


def _check_folder(path: Path) -> Iterator[Finding]:
    import os

    existing = next((folder for folder in (path, *path.parents) if folder.exists()), path)
    if existing.is_dir() and os.access(existing, os.W_OK):
        yield well("smtp", f"outgoing mail is written to {path}")
    else:
        yield fail(
            "smtp", f"outgoing mail cannot be written to {path}", "Let mailproc's user make the folder and write there"
        )
