"""The end of reply addresses that were sent already, as an effect. Dry: data only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RevokeTokens:
    """No reply address in the ticket's mails so far counts any more; `epoch` is the n of the last of them."""

    serial: int
    epoch: int
    actor: str = ""
