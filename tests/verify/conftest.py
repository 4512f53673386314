"""A DNS server on loopback, those who ask it, and keys to sign mail with."""

from collections.abc import Iterator

import pytest

from mailproc.verify import Verifier
from mailproc.verify.resolver import Resolver
from tests.verify.dnsserver import TIMEOUT, DnsServer, start
from tests.verify.signing import Keys


@pytest.fixture(scope="session")
def running_server() -> Iterator[DnsServer]:
    server = DnsServer()
    running = start(server)
    yield server
    for one in running:
        one.shutdown()
        one.server_close()


@pytest.fixture
def zone(running_server: DnsServer) -> DnsServer:
    """The DNS server, empty."""
    running_server.zone, running_server.asked = {}, []
    return running_server


@pytest.fixture
def resolver(zone: DnsServer) -> Resolver:
    return Resolver(zone.address, TIMEOUT)


@pytest.fixture
def verifier(zone: DnsServer) -> Verifier:
    return Verifier(zone.address, TIMEOUT)


@pytest.fixture(scope="session")
def keys() -> Keys:
    return Keys()
