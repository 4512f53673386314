"""The errors of mailproc; each says whether trying again can help.

A mail that is broken or not allowed is no error: it is data (`Inbound.defects`) or an outcome (`Decision`).
"""


class MailprocError(Exception):
    """Something failed; the text says what, where and what to do."""


class Temporary(MailprocError):
    """The same call may succeed later: answer 451, exit 75, keep the row."""


class Permanent(MailprocError):
    """The same call will fail again until somebody changes something."""


class StoreUnavailable(Temporary):
    """The database is locked, full or unreachable."""


class SiteLocked(Temporary):
    """Another daemon holds this site."""


class ConfigError(Permanent):
    """Settings or rules are wrong; `problems` holds one positioned line each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class UsageError(Permanent):
    """The request names something that does not exist or may not be done."""
