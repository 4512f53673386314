"""Access tokens of Google and Microsoft for IMAP and SMTP: got, kept fresh, and said in words when they do not come.

`Sources` gives each mailbox its `TokenSource`; `oauth.login` gets the first token by hand. Must never show a token, a
secret or a code: not in a log, an error or a repr. Moves no mail and opens no mailbox.
"""

from mailproc.oauth.expiry import expiry_warnings
from mailproc.oauth.refusals import LoginNeeded
from mailproc.oauth.source import Sources, TokenSource
from mailproc.oauth.tokens import Token, missing_permissions

__all__ = [
    "LoginNeeded",
    "Sources",
    "Token",
    "TokenSource",
    "expiry_warnings",
    "missing_permissions",
    "xoauth2_string",
]


def xoauth2_string(user: str, token: str) -> bytes:
    """The initial client response of SASL XOAUTH2, before base64."""
    return f"user={user}\x01auth=Bearer {token}\x01\x01".encode()
