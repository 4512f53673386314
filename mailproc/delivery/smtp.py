"""Delivers by SMTP to the site's next host and says honestly what is known of each mail afterwards.

The envelope goes out as it is stored, never re-parsed. Must not send anything in clear where the site asks for TLS.
"""

import smtplib
import ssl
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from mailproc.delivery.base import OutgoingMail, clean_reply, find_defect, is_login_code
from mailproc.delivery.wire import Wire
from mailproc.errors import MailprocError, Permanent, Temporary
from mailproc.records.delivery import Receipt, ReceiptState

_NO_SMTPUTF8 = (
    "5.6.7 {host} offers no SMTPUTF8, and {to} can only be written to through hosts that do: its letters before the @ "
    "are not all of the ASCII alphabet (RFC 6531)"
)
MOST_SECONDS = 1_200.0  # of one mail, from the first packet to the last answer; the lease of a mail is longer


class AccessToken(Protocol):
    """An OAuth2 access token for the login; a new one when the host just refused the one it is called with."""

    def __call__(self, refused: str = "") -> str: ...


class SmtpSender:
    """The next host; keeps its connection from mail to mail. One thread at a time.

    `tls`: required (implicit), starttls, none; certificates are always checked, against `ca_file` if given. With
    `token` the login is XOAUTH2, and `password` does not count.
    `timeout` is for each step, `final_timeout` for the answer to the final dot (RFC 5321 section 4.5.3.2.6); a peer
    that takes fewer than `min_bytes_per_second` of a mail is given up.
    """

    def __init__(
        self,
        host: str,
        port: int,
        tls: str = "none",
        user: str = "",
        password: str = "",
        timeout: float = 60.0,
        *,
        hostname: str = "localhost",
        final_timeout: float = 600.0,
        max_idle_seconds: float = 30.0,
        min_bytes_per_second: float = 10_000.0,
        ca_file: Path | None = None,
        token: AccessToken | None = None,
    ) -> None:
        if tls not in ("required", "starttls", "none"):
            raise Permanent(f"delivery smtp: tls is {tls!r}; use required, starttls or none")
        self.host, self.port, self.tls = host, port, tls
        self._user, self._password, self._token = user, password, token
        self._timeout, self._final_timeout = timeout, final_timeout
        self._max_idle_seconds = max_idle_seconds
        self._min_bytes_per_second = min_bytes_per_second
        self._hostname = hostname
        self._context: ssl.SSLContext | None = None
        if tls != "none":
            try:
                self._context = ssl.create_default_context(cafile=ca_file)
            except OSError as error:
                raise Permanent(f"delivery smtp: cannot read the certificates in {ca_file}: {error}") from error
        self._wire: Wire | None = None
        self._used_at = 0.0
        self._deadline = 0.0

    def __str__(self) -> str:
        return f"{self._user} at {self.host}:{self.port}" if self._user else f"{self.host}:{self.port}"

    def deliver(self, mail: OutgoingMail) -> Receipt:
        """What became of the mail: SENT, DEFERRED (try again), FAILED (never), AMBIGUOUS (it may be there).

        A receipt with `is_host` concerns every mail, not this one; with a code of `base.has_login_trouble` somebody
        has to act.
        """
        defect = find_defect(mail)
        if defect:
            return Receipt(ReceiptState.FAILED, 0, defect)
        now = time.monotonic()
        if now - self._used_at > self._max_idle_seconds:
            self.close()  # a connection idle for long may be dead without our knowing
        self._deadline = now + MOST_SECONDS
        try:
            if self._wire is not None:
                self._wire.deadline = self._deadline
                # The peer may have closed since the last mail; nothing is sent yet, so one new try is safe.
                receipt = self._begin(self._wire, mail)
                if receipt is None or (receipt.code and receipt.code != 421):
                    return receipt or self._finish(self._wire, mail)
                self.close()
            self._wire = self._connect()
            receipt = self._begin(self._wire, mail)
            return receipt or self._finish(self._wire, mail)
        except _Refusal as refusal:
            self.close()
            return refusal.receipt
        finally:
            self._used_at = time.monotonic()

    def close(self) -> None:
        """Leaves the peer politely if it still listens."""
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.leave()

    def _connect(self) -> Wire:
        """A connection ready for MAIL FROM. Raises _Refusal: all trouble here is DEFERRED, it is not the mail's."""
        if self._token is None or not self._user:
            return self._open(lambda wire: wire.login(self._user, self._password) if self._user else None)
        token = self._fetch(self._token)
        try:
            return self._open(lambda wire: wire.login_with_token(self._user, token))
        except _Refusal as refusal:
            if refusal.receipt.code != 535:
                raise
            newer = self._fetch(self._token, token)
            if newer == token:
                raise
        # It may have been withdrawn before its time. On a new connection: some hosts hang up after a refused login.
        return self._open(lambda wire: wire.login_with_token(self._user, newer))

    def _fetch(self, token: AccessToken, refused: str = "") -> str:
        try:
            return token(refused)
        except Temporary as error:
            raise _Refusal(_deferred(0, str(error))) from error
        except MailprocError as error:  # somebody has to act: nothing goes out until then
            raise _Refusal(_login_refused(535, str(error))) from error

    def _open(self, log_in: Callable[[Wire], object]) -> Wire:
        wire = Wire(self._timeout, self._hostname, self._context if self.tls == "required" else None)
        wire.deadline = self._deadline
        try:
            self._demand("greeting", *wire.connect(self.host, self.port), accepted=220)
            wire.ehlo_or_helo_if_needed()
            if self.tls == "starttls":
                if not wire.has_extn("starttls"):
                    raise _Refusal(_deferred(0, f"{self.host} offers no STARTTLS, and tls: starttls asks for it"))
                self._demand("STARTTLS", *wire.starttls(context=self._context), accepted=220)
                wire.ehlo_or_helo_if_needed()
            log_in(wire)
        except smtplib.SMTPAuthenticationError as error:
            wire.leave()
            # RFC 4954 section 6: 454 is a failure of the moment; no other 4xx says that the login is wrong either
            is_temporary = 400 <= error.smtp_code <= 499
            make_receipt = _deferred if is_temporary else _login_refused
            raise _Refusal(make_receipt(error.smtp_code, error.smtp_error)) from error
        except smtplib.SMTPNotSupportedError as error:
            wire.leave()
            # The host offers no login, or none that we know: as good as a refused one.
            raise _Refusal(_login_refused(534, str(error))) from error
        except smtplib.SMTPResponseException as error:
            wire.leave()
            raise _Refusal(_deferred(error.smtp_code, error.smtp_error)) from error
        except (OSError, smtplib.SMTPException, UnicodeError) as error:  # ssl.SSLError and timeouts are OSErrors
            wire.close()
            raise _Refusal(_deferred(0, f"{self.host}:{self.port}: {_reason(error)}")) from error
        except _Refusal:
            wire.leave()
            raise
        return wire

    def _demand(self, step: str, code: int, text: bytes, *, accepted: int) -> None:
        if code != accepted:
            raise _Refusal(_deferred(code, f"{self.host} answered the {step}: {code} {clean_reply(text)}"))

    def _begin(self, wire: Wire, mail: OutgoingMail) -> Receipt | None:
        """MAIL, RCPT and DATA; None when the peer wants the bytes now. Code 0: the connection is gone."""
        parameters = ""
        if needs_smtputf8(mail):
            # RFC 6531 section 3.2: no address is rewritten on the way, so a host without it cannot have this mail
            if not wire.has_extn("smtputf8"):
                return Receipt(ReceiptState.FAILED, 0, _NO_SMTPUTF8.format(host=self.host, to=mail.recipient[:100]))
            parameters += " SMTPUTF8"
        if wire.has_extn("size"):
            parameters += f" SIZE={len(mail.raw)}"
        if wire.has_extn("8bitmime") and not mail.raw.isascii():
            parameters += " BODY=8BITMIME"
        commands = (
            (f"MAIL FROM:<{mail.envelope_from}>{parameters}", (250,)),
            # RFC 5321 section 3.3: 251 is accepted, too
            (f"RCPT TO:<{mail.recipient}>", (250, 251)),
            ("DATA", (354,)),
        )
        try:
            for command, accepted in commands:
                code, text = wire.ask(command)
                if code not in accepted:
                    return self._give_back(wire, code, text)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return _deferred(0, f"{self.host}:{self.port}: {_reason(error)}")
        return None

    def _give_back(self, wire: Wire, code: int, text: bytes) -> Receipt:
        """The receipt of a refused command; leaves the connection ready for the next mail or closes it."""
        try:
            # RFC 5321 section 3.8: 421 closes; a peer that says nonsense is left as well
            if code == 421 or not 400 <= code <= 599 or wire.docmd("RSET")[0] != 250:
                self.close()
        except (OSError, smtplib.SMTPException):
            self.close()
        if is_login_code(code):
            return replace(_login_refused(code, text), is_host=True)
        if 500 <= code <= 599:
            return Receipt(ReceiptState.FAILED, code, clean_reply(text))
        # RFC 5321 section 3.8: 421 is said of the service, whatever command it answers
        return replace(_deferred(code, text), is_host=code == 421)

    def _finish(self, wire: Wire, mail: OutgoingMail) -> Receipt:
        """The bytes, the final dot and what the peer says to it."""
        try:
            wire.send_mail(mail.raw, self._min_bytes_per_second)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            # The end was not handed to the network: the peer cannot have the mail.
            return _deferred(0, f"{self.host}:{self.port}: {_reason(error)} while the mail was sent")
        try:
            code, text = wire.getreply(self._final_timeout)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Receipt(
                ReceiptState.AMBIGUOUS,
                0,
                clean_reply(f"{self.host}:{self.port} has the whole mail and did not confirm it: {_reason(error)}"),
            )
        if code == 421:
            self.close()
        if 200 <= code <= 299:
            return Receipt(ReceiptState.SENT, code, clean_reply(text))
        if 400 <= code <= 499:
            return _deferred(code, text)
        if 500 <= code <= 599:
            return Receipt(ReceiptState.FAILED, code, clean_reply(text))
        self.close()
        return Receipt(ReceiptState.AMBIGUOUS, 0, clean_reply(b"the answer makes no sense: " + text))


class _Refusal(Exception):
    """The host cannot be used now."""

    def __init__(self, receipt: Receipt) -> None:
        super().__init__(receipt.text)
        self.receipt = replace(receipt, is_host=True)


def needs_smtputf8(mail: OutgoingMail) -> bool:
    """True when the mail may only go to a host that offers SMTPUTF8: an address or a header holds more than ASCII."""
    if not (mail.recipient.isascii() and mail.envelope_from.isascii()):
        return True
    return not mail.raw.isascii() and not mail.raw.partition(b"\r\n\r\n")[0].isascii()


def _deferred(code: int, text: str | bytes) -> Receipt:
    return Receipt(ReceiptState.DEFERRED, max(code, 0), clean_reply(text))


def _login_refused(code: int, text: str | bytes) -> Receipt:
    return Receipt(ReceiptState.DEFERRED, code if is_login_code(code) else 535, f"login refused: {clean_reply(text)}")


def _reason(error: Exception) -> str:
    return clean_reply(str(error)) or type(error).__name__
