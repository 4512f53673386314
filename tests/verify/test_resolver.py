"""Questions to DNS: what an answer means, what silence costs, and what is asked only once."""

import threading
import time

import pytest

from mailproc.verify.resolver import Answer, Deadline, DnsTrouble, Resolver
from tests.verify.dnsserver import CUT, GARBAGE, REFUSED, SERVFAIL, SILENT, TIMEOUT, DnsServer


def look_up(resolver: Resolver, name: str, kind: str = "TXT", seconds: float = TIMEOUT) -> Answer:
    return resolver.look_up(name, kind, Deadline(seconds))


def test_look_up_reads_each_kind(zone: DnsServer, resolver: Resolver) -> None:
    zone.add("c.test", TXT=["one", "two"], A="192.0.2.1", AAAA="2001:db8::1", MX=["20 b.c.test.", "10 a.c.test."])
    zone.add("1.2.0.192.in-addr.arpa", PTR="mail.c.test.")
    assert set(look_up(resolver, "c.test").rows) == {"one", "two"}
    assert look_up(resolver, "c.test", "A").rows == ("192.0.2.1",)
    assert look_up(resolver, "c.test", "AAAA").rows == ("2001:db8::1",)
    assert look_up(resolver, "c.test", "MX").rows == ("a.c.test", "b.c.test")
    assert look_up(resolver, "1.2.0.192.in-addr.arpa", "PTR").rows == ("mail.c.test",)


def test_look_up_tells_no_such_name_from_no_such_row(zone: DnsServer, resolver: Resolver) -> None:
    zone.add("c.test", A="192.0.2.1")
    assert look_up(resolver, "c.test") == Answer((), exists=True)
    assert look_up(resolver, "no.c.test") == Answer((), exists=False)


def test_look_up_follows_a_cname(zone: DnsServer, resolver: Resolver) -> None:
    zone.add("a.test", CNAME="b.test")
    zone.add("b.test", TXT="found")
    assert look_up(resolver, "a.test").rows == ("found",)


def test_look_up_when_cnames_go_in_circles(zone: DnsServer, resolver: Resolver) -> None:
    zone.add("a.test", CNAME="b.test")
    zone.add("b.test", CNAME="a.test")
    with pytest.raises(DnsTrouble):
        look_up(resolver, "a.test")


def test_look_up_when_an_answer_is_too_big_for_udp(zone: DnsServer, resolver: Resolver) -> None:
    text = "x" * 5_000
    zone.add("c.test", TXT=text)
    assert look_up(resolver, "c.test").rows == (text,)
    assert [way for way, _, _ in zone.asked] == ["udp", "tcp"]


def test_look_up_when_an_answer_is_huge_is_not_kept(zone: DnsServer, resolver: Resolver) -> None:
    zone.add("c.test", TXT="x" * 20_000)
    for _ in range(2):
        assert len(look_up(resolver, "c.test").rows[0]) == 20_000
    assert zone.count("TXT", "c.test") == 4  # UDP and TCP, twice: one answer cannot fill the memory of the cache


@pytest.mark.parametrize("behaviour", [SILENT, SERVFAIL, REFUSED, GARBAGE, CUT])
def test_look_up_when_the_server_does_not_answer(zone: DnsServer, resolver: Resolver, behaviour: str) -> None:
    zone.zone["c.test"] = behaviour
    started = time.monotonic()
    with pytest.raises(DnsTrouble):
        look_up(resolver, "c.test")
    assert time.monotonic() - started < TIMEOUT + 1


def test_look_up_when_nobody_listens() -> None:
    with pytest.raises(DnsTrouble):
        look_up(Resolver("127.0.0.1:1", TIMEOUT), "c.test")


def test_look_up_when_the_time_is_over_asks_nobody(zone: DnsServer, resolver: Resolver) -> None:
    with pytest.raises(DnsTrouble, match="no time was left"):
        look_up(resolver, "c.test", seconds=0)
    assert not zone.asked


@pytest.mark.parametrize(
    "name", ["a..test", "a" * 64 + ".test", "x." * 127 + "test", "b\xfccher.test", "\ud800.test", "", "\x00.test"]
)
def test_look_up_when_it_can_be_no_name(resolver: Resolver, name: str) -> None:
    assert look_up(resolver, name) == Answer((), exists=False)


def test_answers_are_kept_for_their_time(zone: DnsServer) -> None:
    now = [0.0]
    resolver = Resolver(zone.address, TIMEOUT, clock=lambda: now[0])
    zone.add("c.test", TXT="x")
    for seconds, times in ((0, 1), (299, 1), (301, 2)):
        now[0] = seconds
        look_up(resolver, "C.test")
        assert zone.count("TXT", "c.test") == times


def test_what_is_not_there_is_kept_briefly(zone: DnsServer) -> None:
    now = [0.0]
    resolver = Resolver(zone.address, TIMEOUT, clock=lambda: now[0])
    for seconds, times in ((0, 1), (59, 1), (61, 2)):
        now[0] = seconds
        assert not look_up(resolver, "c.test").exists
        assert zone.count("TXT", "c.test") == times


def test_trouble_is_kept_for_a_moment(zone: DnsServer) -> None:
    now = [0.0]
    resolver = Resolver(zone.address, TIMEOUT, clock=lambda: now[0])
    zone.zone["c.test"] = SERVFAIL
    for seconds in (0, 9):
        now[0] = seconds
        with pytest.raises(DnsTrouble):
            look_up(resolver, "c.test")
    assert zone.count("TXT", "c.test") == 1
    now[0] = 11
    zone.zone["c.test"] = {"TXT": ["x"]}
    assert look_up(resolver, "c.test").rows == ("x",)


def test_trouble_is_not_kept_when_little_time_was_left(zone: DnsServer, resolver: Resolver) -> None:
    zone.zone["c.test"] = SILENT
    with pytest.raises(DnsTrouble):
        look_up(resolver, "c.test", seconds=0.05)
    zone.zone["c.test"] = {"TXT": ["x"]}
    assert look_up(resolver, "c.test").rows == ("x",)


def test_the_cache_is_bounded(zone: DnsServer, resolver: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailproc.verify.resolver._MOST_ANSWERS", 3)
    for name in ("a", "b", "c", "d", "d", "a"):
        look_up(resolver, f"{name}.test")
    assert [name for _, _, name in zone.asked] == ["a.test", "b.test", "c.test", "d.test", "a.test"]


def test_many_threads_ask_once(zone: DnsServer, resolver: Resolver) -> None:
    zone.add("c.test", TXT="x")
    found: list[Answer] = []
    threads = [threading.Thread(target=lambda: found.append(look_up(resolver, "c.test", seconds=3))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.rows for answer in found] == [("x",)] * 20
    assert zone.count("TXT", "c.test") == 1


@pytest.mark.parametrize("server", ["127.0.0.1", "[::1]:5353", "::1", "[::1]"])
def test_a_server_may_be_written_in_each_form(server: str) -> None:
    host, port = Resolver(server)._find_servers()[0]
    assert (host, port) == ("127.0.0.1" if "." in server else "::1", 5353 if "5353" in server else 53)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([f"{number}" for number in range(400)], "more records than are read"),
        (["x" * 250 * 250], "bytes, more than are read"),
    ],
)
def test_huge_answers_are_not_read(zone: DnsServer, rows: list[str], words: str) -> None:
    """Each would cost half a second, and who sends mail has as many names as he likes."""
    zone.add("big.test", TXT=rows)
    resolver = Resolver(zone.address, 2.0)
    started = time.process_time()
    with pytest.raises(DnsTrouble, match=words):
        look_up(resolver, "big.test", seconds=2.0)
    assert time.process_time() - started < 0.5  # the server of this test is in the same process


def test_answers_of_a_usual_size_are_read_over_tcp(zone: DnsServer) -> None:
    zone.add("c.test", TXT=[f"site-verification={number:060}" for number in range(100)])
    assert len(look_up(Resolver(zone.address, 2.0), "c.test", seconds=2.0).rows) == 100
