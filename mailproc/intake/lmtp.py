"""The LMTP listener: a mail server on this machine or next to it hands mail over, and hears of each recipient.

LMTP (RFC 2033) is SMTP with another greeting and an answer for each recipient after the final dot, so everything but
these is shared with `smtp.py`. A mail is one deposit with all its accepted recipients: either all of them get it or
none does.
"""

from typing import ClassVar

from mailproc.intake.smtp import SmtpListener
from mailproc.intake.smtpsession import SmtpSession


class LmtpSession(SmtpSession):
    """One mail server's connection."""

    protocol = "LMTP"
    greeting_command = "LHLO"
    # RFC 2033 section 5 demands it. A client may send commands ahead, but behind a final dot nothing but QUIT: what
    # else stands there may come out of a mail (T50).
    offers_pipelining = True

    def answer_mail(self, status: str) -> str:
        """The same line for each recipient that was accepted, repeated ones included: RFC 2033 section 4.2."""
        return "\r\n".join([status] * self.accepted_recipients)

    async def smtp_LHLO(self, hostname: str) -> None:
        await SmtpSession.smtp_EHLO(self, hostname)

    async def smtp_HELO(self, hostname: str) -> None:
        # RFC 2033 section 4.1
        await self.push("500 5.5.1 This is LMTP: say LHLO")

    async def smtp_EHLO(self, hostname: str) -> None:
        await self.push("500 5.5.1 This is LMTP: say LHLO")


class LmtpListener(SmtpListener):
    """Listens on a Unix socket, or on host:port. RFC 2033 section 5: the port is not 25."""

    kind = "lmtp"
    session_class: ClassVar[type[SmtpSession]] = LmtpSession
