"""Questions to DNS with a hard deadline and a small cache; answers are plain strings.

Wet: asks a DNS server. Says what stands there or that nobody knows (`DnsTrouble`); what it means is for its callers.
dnspython is imported with the first question, so that sites which verify nothing never load it.
"""

import ipaddress
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dns.message
    import dns.name

_MOST_ANSWERS = 2_000
_BIGGEST_KEPT = 8_192  # characters; with _MOST_ANSWERS this bounds the memory of the cache
_LONGEST_TTL = 3_600.0  # seconds an answer is believed, whatever its TTL says
_SHORTEST_TTL = 5.0
_NOTHING_TTL = 60.0  # a name without an answer: its owner may be adding it right now
_TROUBLE_TTL = 10.0  # a server that is silent must not cost each mail its whole deadline
# Of one answer over TCP: reading 64 KB of tiny records takes half a second, and a stranger may publish as many names
_BIGGEST_ANSWER = 32_768
_MOST_RECORDS = 250
_UDP_PAYLOAD = 1_232  # EDNS: keys of 2048 bits fit without TCP, and no packet needs fragments


class DnsTrouble(Exception):
    """Nobody knows: no answer in time, SERVFAIL, a chain without an end."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What stands in DNS: TXT as bytes in Latin-1, addresses, MX hosts in order of preference, PTR names."""

    rows: tuple[str, ...] = ()
    exists: bool = True  # False: there is no such name at all (NXDOMAIN)


class Deadline:
    """The time that all questions of one mail may take together."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds; not above 0 when it is over."""
        return self._ends - time.monotonic()


class Resolver:
    """One DNS server (`127.0.0.1:5353`, `[::1]:53`, `9.9.9.9`), or those of the system; safe for many threads."""

    def __init__(self, server: str = "", timeout: float = 3.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._server = server
        self._timeout = timeout
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, str], tuple[float, Answer | str]] = OrderedDict()
        self._asking: dict[tuple[str, str], threading.Event] = {}
        self._servers: tuple[tuple[str, int], ...] = ()

    def look_up(self, name: str, kind: str, deadline: Deadline) -> Answer:
        """What DNS holds for the name (ASCII, without a final dot); raises DnsTrouble when nobody says in time."""
        key = (name.lower(), kind)
        while True:
            with self._lock:
                found = self._find(key)
                others = self._asking.get(key) if found is None else None
                if found is None and others is None:
                    self._asking[key] = threading.Event()
            if isinstance(found, Answer):
                return found
            if found is not None:
                raise DnsTrouble(found)
            if others is None:
                break
            # A flood of mail of one domain asks once
            if not others.wait(max(0.0, deadline.left())):
                raise DnsTrouble(f"no answer for {kind} {_show(name)} in time")
        try:
            return self._ask_and_keep(key, deadline)
        finally:
            with self._lock:
                self._asking.pop(key).set()

    def warm_up(self) -> None:
        """Load what the first question needs; raises DnsTrouble when this system names no server."""
        self._find_servers()

    def _find(self, key: tuple[str, str]) -> Answer | str | None:
        until, found = self._known.get(key, (0.0, None))
        if found is not None and until <= self._clock():
            del self._known[key]
            return None
        return found

    def _keep(self, key: tuple[str, str], found: Answer | str, seconds: float) -> None:
        if isinstance(found, Answer) and sum(map(len, found.rows)) > _BIGGEST_KEPT:
            return
        with self._lock:
            self._known[key] = (self._clock() + seconds, found)
            self._known.move_to_end(key)
            while len(self._known) > _MOST_ANSWERS:
                self._known.popitem(last=False)

    def _ask_and_keep(self, key: tuple[str, str], deadline: Deadline) -> Answer:
        left = deadline.left()
        try:
            answer, seconds = self._ask(key, left)
        except DnsTrouble as trouble:
            # Where little time was left the server is not to blame
            if left >= self._timeout / 2:
                self._keep(key, str(trouble), _TROUBLE_TTL)
            raise
        self._keep(key, answer, seconds)
        return answer

    def _ask(self, key: tuple[str, str], left: float) -> tuple[Answer, float]:
        """(the answer, seconds it may be kept); not dnspython's Resolver, whose pauses run past its own lifetime."""
        import dns.exception
        import dns.message
        import dns.rcode

        name, kind = key
        if left <= 0:
            raise DnsTrouble(f"no time was left to ask for {kind} {_show(name)}")
        asked = _as_name(name)
        if asked is None:
            return Answer(exists=False), _NOTHING_TTL
        query = dns.message.make_query(asked, kind, use_edns=0, payload=_UDP_PAYLOAD)
        deadline = Deadline(left)
        trouble = "no answer in time"
        servers = list(self._find_servers())
        at = 0
        # A packet that was lost is asked for again; a server that said it cannot tell is not
        while servers and deadline.left() > 0:
            server = servers[at % len(servers)]
            try:
                response = _exchange(query, server, min(deadline.left(), self._timeout / 3), deadline)
                if response.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
                    return _read_answer(response, kind)
                trouble = f"the DNS server says {dns.rcode.to_text(response.rcode())}"
                servers.remove(server)
            except dns.exception.Timeout:
                at += 1
            except (dns.exception.DNSException, OSError, EOFError, ValueError) as error:
                trouble = f"the DNS server cannot be understood ({type(error).__name__})"
                servers.remove(server)
        raise DnsTrouble(f"{trouble} for {kind} {_show(name)}")

    def _find_servers(self) -> tuple[tuple[str, int], ...]:
        import dns.exception
        import dns.resolver

        if not self._servers:
            if self._server:
                self._servers = (_split_server(self._server),)
            else:
                try:
                    system = dns.resolver.Resolver()
                except (dns.exception.DNSException, OSError) as error:
                    raise DnsTrouble(f"this system names no DNS server ({type(error).__name__})") from None
                self._servers = tuple((str(host), system.port) for host in system.nameservers)
        return self._servers


def _split_server(server: str) -> tuple[str, int]:
    try:
        return str(ipaddress.ip_address(server.strip("[]"))), 53
    except ValueError:
        host, _, port = server.rpartition(":")
        return host.strip("[]"), int(port)


def _show(name: str) -> str:
    """The name for people: macros can put anything into one."""
    return name[:100] if name.isascii() and name.isprintable() else ascii(name[:60])


def _as_name(name: str) -> "dns.name.Name | None":
    """The name for a question, None when there can be no such name; never goes through IDNA or escapes."""
    import dns.exception
    import dns.name

    try:
        return dns.name.Name([*(label.encode("ascii") for label in name.split(".")), b""])
    except (dns.exception.DNSException, UnicodeEncodeError):
        return None


def _exchange(
    query: "dns.message.Message", server: tuple[str, int], patience: float, deadline: Deadline
) -> "dns.message.Message":
    """The server's response, over TCP where it does not fit into a packet."""
    import dns.message
    import dns.query

    host, port = server
    try:
        # Packets that do not answer this very question are not ours: wait on for the one that does
        return dns.query.udp(
            query, host, patience, port, ignore_unexpected=True, ignore_errors=True, raise_on_truncation=True
        )
    except dns.message.Truncated:
        return _exchange_tcp(query, server, deadline)


def _exchange_tcp(query: "dns.message.Message", server: tuple[str, int], deadline: Deadline) -> "dns.message.Message":
    """As dnspython's `tcp`, but looks at the size of a response before it is read."""
    import dns.exception
    import dns.message
    import dns.query

    wire = query.to_wire()
    try:
        with socket.create_connection(server, max(0.001, deadline.left())) as connection:
            connection.sendall(len(wire).to_bytes(2, "big") + wire)  # RFC 1035 section 4.2.2
            size = int.from_bytes(_receive(connection, 2, deadline), "big")
            if size > _BIGGEST_ANSWER:
                raise DnsTrouble(f"the answer has {size} bytes, more than are read")
            data = _receive(connection, size, deadline)
    except TimeoutError:
        raise dns.exception.Timeout from None
    # The counts of answers, of authorities and of what else is said
    if sum(int.from_bytes(data[at : at + 2], "big") for at in (6, 8, 10)) > _MOST_RECORDS:
        raise DnsTrouble("the answer has more records than are read")
    response = dns.message.from_wire(data)
    if not query.is_response(response):
        raise dns.query.BadResponse
    return response


def _receive(connection: socket.socket, size: int, deadline: Deadline) -> bytes:
    """So many bytes, however slowly they come, within the deadline."""
    data = b""
    while len(data) < size:
        connection.settimeout(max(0.001, deadline.left()))
        piece = connection.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
        if deadline.left() <= 0:
            raise TimeoutError
    return data


def _read_answer(response: "dns.message.Message", kind: str) -> tuple[Answer, float]:
    import dns.message
    import dns.rcode

    if not isinstance(response, dns.message.QueryMessage):
        raise dns.message.NotQueryResponse
    chain = response.resolve_chaining()  # raises DNSException for CNAMEs without an end
    if chain.answer is None:
        return Answer(exists=response.rcode() != dns.rcode.NXDOMAIN), _NOTHING_TTL
    seconds = min(max(float(chain.minimum_ttl), _SHORTEST_TTL), _LONGEST_TTL)
    return Answer(_read_rows(chain.answer, kind)), seconds


def _read_rows(rrset: object, kind: str) -> tuple[str, ...]:
    rows: list[tuple[int, str]] = []
    for data in rrset:  # type: ignore[attr-defined]  # rdata classes are made at run time
        if kind == "TXT":
            # RFC 7208 section 3.3, RFC 6376 section 3.6.2.2: the strings of one record are joined without a blank
            rows.append((0, b"".join(data.strings).decode("latin-1")))
        elif kind == "MX":
            rows.append((data.preference, data.exchange.to_text(omit_final_dot=True)))
        elif kind == "PTR":
            rows.append((0, data.target.to_text(omit_final_dot=True)))
        else:
            rows.append((0, data.address))
    return tuple([text for _, text in sorted(rows, key=lambda row: row[0])])
