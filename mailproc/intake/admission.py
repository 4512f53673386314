"""Who may come in over the network, and how much each client may bring: counts sessions and mails a client.

Knows no socket and asks no clock: the listener says what time it is. A client is an IPv4 address, an IPv6 network of 64
bits (who has one address there has them all), or "" for a Unix socket.
"""

from collections.abc import Callable, Hashable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Generic, Protocol, TypeVar

_REMEMBERED_CLIENTS = 10_000  # whose rate is known; clients that have rested for a minute are forgotten first
_MAY_BE_DISPLACED_SECONDS = 2.0

BUSY = "421 4.3.2 We are too busy; please come back later"
TOO_MANY_SESSIONS = "421 4.7.0 You have too many connections open; please use fewer"
TOO_MUCH_MAIL = "451 4.7.1 You send more mails a minute than we take; please send this one again later"


class Guest(Hashable, Protocol):
    """A session as admission sees it."""

    @property
    def client(self) -> str:
        """Its IP address, "" on a Unix socket."""

    def stalled_since(self, now: float) -> float:
        """Since when it has brought nothing; `now` when it is doing well."""


G = TypeVar("G", bound=Guest)


class Admission(Generic[G]):
    """The sessions of one listener, and how many mails each client brought in the last minute.

    `trusted_networks` bring as many mails as they like. Nor are clients on this machine counted, unless
    `counts_loopback`: its mail server hands over everybody's mail.
    """

    def __init__(
        self,
        *,
        max_sessions: int,
        max_sessions_per_client: int,
        mails_per_minute: int | None,
        counts_loopback: bool = False,
        trusted_networks: tuple[str, ...] = (),
    ) -> None:
        self.max_sessions, self.max_sessions_per_client = max_sessions, max_sessions_per_client
        self.mails_per_minute = mails_per_minute
        self.counts_loopback = counts_loopback
        self._trusted = [ip_network(network) for network in trusted_networks]
        self._sessions: dict[str, set[G]] = {}
        self._count = 0
        self._buckets: dict[str, tuple[float, float]] = {}  # (mails it may bring at once, as of then)

    def __len__(self) -> int:
        return self._count

    def sessions(self) -> list[G]:
        """All that are in."""
        return [session for sessions in self._sessions.values() for session in sessions]

    def make_room(self, address: str, now: float, displace: Callable[[G], None]) -> str:
        """ "" when one more session of this client may `enter`, else what to tell it.

        When the house is full, the session that has been standing around longest makes room (T52): otherwise a few
        idle connections would shut honest mail out. `displace` is told which; it is not counted any more.
        """
        mine = self._sessions.get(name_of(address), set())
        if address and len(mine) >= self.max_sessions_per_client and not self._displace(mine, now, displace):
            return TOO_MANY_SESSIONS
        if self._count >= self.max_sessions and not self._displace(self.sessions(), now, displace):
            return BUSY
        return ""

    def enter(self, session: G) -> None:
        """Count a session that there is room for."""
        self._sessions.setdefault(name_of(session.client), set()).add(session)
        self._count += 1

    def forget(self, session: G) -> None:
        """The session is over; saying so twice does no harm."""
        client = name_of(session.client)
        mine = self._sessions.get(client)
        if mine is None or session not in mine:
            return
        mine.remove(session)
        self._count -= 1
        if not mine:
            del self._sessions[client]

    def take_mail(self, address: str, now: float) -> str:
        """ "" when the client may begin another mail, which is counted; else what to tell it."""
        limit = self.mails_per_minute
        if limit is None or not address:
            return ""
        client = name_of(address)
        left, since = self._buckets.get(client, (float(limit), now))
        left = min(float(limit), left + (now - since) * limit / 60)
        if left < 1:
            # Only now: nearly all mail comes from clients below the limit, and is spared the look at the networks.
            if self.is_exempt(address):
                self._buckets.pop(client, None)
                return ""
            self._buckets[client] = (left, now)
            return TOO_MUCH_MAIL
        if client not in self._buckets and len(self._buckets) >= _REMEMBERED_CLIENTS:
            self._forget_rested(now)
        self._buckets[client] = (left - 1, now)
        return ""

    def is_exempt(self, address: str) -> bool:
        """True for clients whose mails are not counted."""
        try:
            ip = ip_address(address)
        except ValueError:
            return False
        return (ip.is_loopback and not self.counts_loopback) or any(_contains(network, ip) for network in self._trusted)

    def _displace(self, sessions: "set[G] | list[G]", now: float, displace: Callable[[G], None]) -> bool:
        if not sessions:
            return False
        slowest = min(sessions, key=lambda session: session.stalled_since(now))
        if now - slowest.stalled_since(now) < _MAY_BE_DISPLACED_SECONDS:
            return False
        self.forget(slowest)
        displace(slowest)
        return True

    def _forget_rested(self, now: float) -> None:
        """Make room for many clients at once: who makes it for one would do so again for the next."""
        self._buckets = {client: bucket for client, bucket in self._buckets.items() if now - bucket[1] < 60}
        if len(self._buckets) > _REMEMBERED_CLIENTS // 2:
            self._buckets = dict(list(self._buckets.items())[_REMEMBERED_CLIENTS // 2 :])


def name_of(address: str) -> str:
    """What a client is counted as: its IPv4 address, or the first 64 bits of its IPv6 address."""
    if ":" not in address:
        return address
    try:
        return str(IPv6Network((address, 64), strict=False))
    except ValueError:
        return address


def _contains(network: IPv4Network | IPv6Network, ip: object) -> bool:
    return ip in network
