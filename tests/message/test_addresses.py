"""Mailbox lists as they come, addresses as they are compared, and what may stand in RCPT TO."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproc.message.addresses import (
    clean_display_name,
    domain_of,
    is_sendable,
    normalise,
    parse_mailboxes,
    read_mailboxes,
)
from mailproc.message.limits import ADDRESSES
from mailproc.records.mail import Address, Defect


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", []),
        ("a@b.test", [("a@b.test", "")]),
        ("A <a@b.test>", [("a@b.test", "A")]),
        ("A <a@b.test>, b@c.test", [("a@b.test", "A"), ("b@c.test", "")]),
        ("a@b.test; b@c.test", [("a@b.test", ""), ("b@c.test", "")]),
        ('"Doe, John" <j@b.test>, "x" <x@b.test>', [("j@b.test", "Doe, John"), ("x@b.test", "x")]),
        ("Doe, John <j@b.test>", [("j@b.test", "John")]),
        ("a@b.test (A Person), b@b.test", [("a@b.test", "A Person"), ("b@b.test", "")]),
        ("A (c (d)) B <a@b.test>", [("a@b.test", "A B")]),
        ("Friends: a@b.test, B <b@b.test>;, c@b.test", [("a@b.test", ""), ("b@b.test", "B"), ("c@b.test", "")]),
        ("undisclosed-recipients:;", []),
        ("<>", []),
        ("A <@r.test,@s.test:a@b.test>", [("a@b.test", "A")]),
        ("A <a@b.test", [("a@b.test", "A")]),
        ("A a@b.test>", [("a@b.test", "A")]),
        ("'a@b.test' <a@b.test>", [("a@b.test", "a@b.test")]),
        ("\"'A B'\" <a@b.test>", [("a@b.test", "A B")]),
        ("<mailto:a@b.test>", [("a@b.test", "")]),
        (
            "=?utf-8?q?J=C3=B6rg=2C_X?= <a@b.test>, =?utf-8?b?w6Q=?= <b@b.test>",
            [("a@b.test", "Jörg, X"), ("b@b.test", "ä")],
        ),
        ('"=?utf-8?q?J=C3=B6rg?=" <a@b.test>', [("a@b.test", "Jörg")]),
        ("=?utf-8?q?Doe, John?= <a@b.test>", [("a@b.test", "Doe, John")]),
        ('"x y"@b.test', [('"x y"@b.test', "")]),
        ('"xy"@b.test', [("xy@b.test", "")]),
        (",,, ,;a@b.test,", [("a@b.test", "")]),
        ("A\t B <a@b.test>", [("a@b.test", "A B")]),
        ("nobody", []),
        ('"', []),
        ('"a <a@b.test>', [("a@b.test", "a")]),
        ("(a@b.test", [("a@b.test", "")]),
        ("J\udcc3\udcb6rg <a@b.test>", [("a@b.test", "Jörg")]),
    ],
)
def test_parse_mailboxes_reads_what_people_send(value: str, expected: list[tuple[str, str]]) -> None:
    assert parse_mailboxes(value) == tuple([Address(addr, name) for addr, name in expected])


@pytest.mark.parametrize(
    ("addr", "expected"),
    [
        ("Jane.Doe@Example.TEST", "jane.doe@example.test"),
        (" a@b.test. ", "a@b.test"),
        ("a@bücher.test", "a@xn--bcher-kva.test"),
        ("a@BÜCHER.test", "a@xn--bcher-kva.test"),
        ("a@xn--bcher-kva.test", "a@xn--bcher-kva.test"),
        ("a@faß.test", "a@xn--fa-hia.test"),
        ("Ä@b.test", "Ä@b.test"),
        ("a@[192.0.2.1]", "a@[192.0.2.1]"),
        ("", ""),
        ("a", ""),
        ("a@", ""),
        ("@b.test", ""),
        ("a b@b.test", ""),
        ("a\r\n@b.test", ""),
        ("a@b@c.test", ""),
        ("a@b..test", ""),
        ("a@b test", ""),
        ("a@" + "b" * 400, ""),
        ("a@\ud800.test", ""),
    ],
)
def test_normalise_gives_one_form(addr: str, expected: str) -> None:
    assert normalise(addr) == expected
    assert normalise(expected) == expected


@pytest.mark.parametrize(
    "addr", ["kim@\u212aorp.test", "kim@korp.te\u017ft", "ann@\uff4fur.test", "ann@our\u3002test", "ann@ou\u00adr.test"]
)
def test_t14_no_domain_becomes_ascii_by_mapping(addr: str) -> None:
    assert normalise(addr) == ""


@pytest.mark.parametrize("addr", ["\u212aim@korp.test", "adm\u0131n@korp.test", "\u0130@korp.test"])
def test_t14_a_local_part_is_lowered_in_ascii_only(addr: str) -> None:
    assert normalise(addr) not in ("kim@korp.test", "admin@korp.test", "i@korp.test")
    assert not is_sendable(normalise(addr)) or not normalise(addr).isascii()


@pytest.mark.parametrize(
    "addr",
    [
        '"x\r\nRCPT TO:<evil@x.test>"@e.test',
        "x\r\n@e.test",
        "x\n@e.test",
        "x@e.test\r\n",
        "x@e.test\n",
        " x@e.test",
        "x@e.test ",
        "x y@e.test",
        '"x"@e.test',
        "x@e.test>",
        "<x@e.test>",
        "x@e.test,y@e.test",
        "x@[192.0.2.1]",
        "x@",
        "@e.test",
        "x",
        "",
        "x@e..test",
        "x@-e.test",
        "x@e-.test",
        "x..y@e.test",
        ".x@e.test",
        "x.@e.test",
        "x@e.test.",
        "x@b\u00fccher.test",
        "\u00e4\u202e@e.test",
        "\u00e4\u2028@e.test",
        "\u00e4\u00a0@e.test",
        "\u00e4\u0085@e.test",
        "\u00e4>\r\nRCPT TO:<x@e.test",
        "\u212aim@e.test",
        "a\u0308@e.test",
        "\ud83d@e.test",
        "\u00e4" * 33 + "@e.test",
        "x\x00@e.test",
        "x\x7f@e.test",
        "a" * 65 + "@e.test",
        "x@" + "e." * 126 + "test",
        "x@192.0.2.1",
        "x@e_f.test",
        "x@@e.test",
        "(c)x@e.test",
        "x;y@e.test",
        "x:y@e.test",
        "x\\y@e.test",
    ],
)
def test_t42_what_must_not_stand_in_rcpt_to(addr: str) -> None:
    assert not is_sendable(addr)


@pytest.mark.parametrize(
    "addr", ["a@b.test", "a.b+c-d_e'f=g@sub.b.test", "x@xn--bcher-kva.test", "root@localhost", "a" * 64 + "@e.test",
             "j\u00f6rg@e.test", "\u7528\u6237@xn--fsqu00a.xn--0zwm56d", "adm\u0131n@e.test"]
)  # fmt: skip
def test_is_sendable_when_the_address_is_plain(addr: str) -> None:
    assert is_sendable(addr)


def test_domain_of_takes_what_follows_the_last_at() -> None:
    assert domain_of("a@b.test") == "b.test"
    assert domain_of('"a@c.test"@b.test') == "b.test"
    assert domain_of("nobody") == ""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Jane Doe", "Jane Doe"),
        ("ann@our.test", "ann our.test"),
        ('"Doe", Jane <x>; (y): z', "Doe Jane x y z"),
        ("a\r\nBcc: evil", "a Bcc evil"),
        ("\u202eenaJ\u200b\ufeff", "enaJ"),
        ("x" * 100, "x" * 64),
        ("\x00\x1b[31m", "[31m"),
        ("Łukasz Żak 山田", "Łukasz Żak 山田"),
        ("\ud800", ""),
    ],
)
def test_clean_display_name_is_safe_to_show(name: str, expected: str) -> None:
    assert clean_display_name(name) == expected


def test_t53_addresses_at_their_limit() -> None:
    for count, has_defect in ((ADDRESSES - 1, False), (ADDRESSES, False), (ADDRESSES + 1, True)):
        defects: list[Defect] = []
        found = read_mailboxes(",".join([f"a{n}@b.test" for n in range(count)]), defects)
        assert len(found) == min(count, ADDRESSES)
        assert bool(defects) is has_defect


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from('<>"(),;:@\\ \t=?aB.ä\udcff\x00'), max_size=60))
def test_parse_mailboxes_never_raises(value: str) -> None:
    for box in parse_mailboxes(value):
        assert box.addr == normalise(box.addr) != ""
        assert "\x00" not in box.name
        (box.name + box.addr).encode("utf-8")


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40))
def test_normalise_is_stable(text: str) -> None:
    for addr in (text, f"a@{text}", f"{text}@b.test"):
        once = normalise(addr)
        assert normalise(once) == once
        if is_sendable(addr) and addr.isascii():
            assert normalise(addr) == addr.lower()


@pytest.mark.parametrize("unit", ['"', "(", "<", "a@b.c,", "=?a?q?", ")", '\\"', '"a" ', "(a)", "<a>", ":", "a b "])
def test_t54_mailboxes_are_read_in_linear_time(unit: str) -> None:
    started = time.process_time()
    read_mailboxes(unit * (1_000_000 // len(unit)), [])
    assert time.process_time() - started < 0.3


@pytest.mark.parametrize("shape", ["{}", "a{}", '"{}', "{}<a@b.example", "a{}<", "{}a{}@"])
def test_t54_runs_of_blanks_take_linear_time(shape: str) -> None:
    import time

    started = time.process_time()
    parse_mailboxes(shape.replace("{}", " " * 15_000))
    assert time.process_time() - started < 0.5
