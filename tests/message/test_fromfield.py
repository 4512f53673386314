"""Whether a From field can identify somebody: yes only where every reader sees the same single address."""

import pytest

from mailproc.message.parse import parse

IMPOSTOR = "evil@x.test"

# What readers make of these From strings differs
FROM_STRINGS = [
    (b"agent@corp.test)<evil@x.test>", False),
    (b"agent@corp.test <evil@x.test>", False),
    (b"<agent@corp.test>evil@x.test", False),
    (b"agent@corp.test,evil@x.test", False),
    (b"evil@x.test(<agent@corp.test>", False),
    (b"agent@corp.test@x.test", False),
    (b"<@x.test:agent@corp.test>", False),
    (b'"agent@corp.test\\"@x.test', False),
    (b"=?utf-8?q?agent=40corp.test=3E?= <evil@x.test>", True),
    (b"=?utf-8?q?agent=40corp.test=2C?=@x.test", False),
    (b"agent@corp.test\x00@x.test", False),
    (b"G: agent@corp.test, evil@x.test;", False),
    (b"evil@x.test <agent@corp.test> <z@x.test>", False),
    (b'"agent@corp.test" <evil@x.test>', True),
]


def mail(field: bytes) -> bytes:
    return b"To: support@our.test\r\n" + field + b"\r\nSubject: hello\r\n\r\ntext\r\n"


@pytest.mark.parametrize(("value", "ok"), FROM_STRINGS)
def test_t10_strings_that_parsers_disagree_on(value: bytes, ok: bool) -> None:
    inbound = parse(mail(b"From: " + value))
    assert inbound.from_ok is ok
    assert bool(inbound.from_defect) is not ok
    if ok:
        assert inbound.from_ is not None and inbound.from_.addr == IMPOSTOR


@pytest.mark.parametrize(
    ("field", "why"),
    [
        (b"From: ann@our.test\r\nFrom: evil@x.test", "2 From fields"),
        (b"From: ann@our.test\r\nfrom: ann@our.test", "2 From fields"),
        (b"From: ann@our.test, evil@x.test", "more than one address"),
        (b"From: Ann <ann@our.test>, Evil <evil@x.test>", "more than one address"),
        (b"From: Ann <ann@our.test>, <evil@x.test>", "more than one address"),
        (b"From: G: ann@our.test;", "group"),
        (b"From: G: Ann <ann@our.test>;", "group"),
        (b"From: undisclosed-recipients:;", "group"),
        (b"X-Nothing: 1", "no From field"),
        (b"From:", "empty"),
        (b"From: \r\n ", "empty"),
    ],
)
def test_t11_there_is_not_exactly_one_mailbox(field: bytes, why: str) -> None:
    inbound = parse(mail(field))
    assert not inbound.from_ok
    assert why in inbound.from_defect


@pytest.mark.parametrize(
    "field",
    [
        b"From : ann@our.test",
        b"From\t: ann@our.test",
        b"From : evil@x.test\r\nFrom: ann@our.test",
        b"From: ann@our.test\r\nFrom : evil@x.test",
        b"From: ann@our.test\r\nFrom\r\n : evil@x.test",
        b"\x00From: evil@x.test\r\nFrom: ann@our.test",
        b"Fr\x00om: evil@x.test\r\nFrom: ann@our.test",
        b"Fr\xefom: evil@x.test\r\nFrom: ann@our.test",
        b"From: ann@our.test\r\nX-Other: a\x00b",
        b"From: ann@our.test\r\nSubject: x\rFrom: evil@x.test",
        b"Subject: x\rBcc: evil@x.test\r\nFrom: ann@our.test",
        b"From: ann@our.test\x0b",
        b"From: ann@our.test\r\nno field at all\r\nFrom: evil@x.test",
        b"no field at all\r\nFrom: evil@x.test",
    ],
)
def test_t12_fields_that_other_readers_see_or_do_not_see(field: bytes) -> None:
    assert not parse(mail(field)).from_ok


@pytest.mark.parametrize(
    "field",
    [
        b"From: ann@our.test\r\nno field at all",
        b"From: ann@our.test\r\nContent-Type: multipart/mixed;\r\nboundary=b",
        b">From ann@our.test Mon Oct  5 10:00:00 2026\r\nFrom: ann@our.test",
        b"From: ann@our.test\r\nX-Other : 1",
    ],
)
def test_from_ok_when_stray_lines_leave_no_doubt(field: bytes) -> None:
    assert parse(mail(field)).from_ok


@pytest.mark.parametrize(
    "value",
    [
        b"=?utf-8?q?a=40b?=@our.test",
        b"<=?utf-8?q?ann?=@our.test>",
        b"Ann <=?utf-8?q?ann=40our.test?=>",
        b"ann@=?utf-8?q?our?=.test",
        b"=?utf-8?q?agent=40our.test=2C?=@x.test",
        b"=?utf-7?q?ann+AEA-our.test?=@x.test",
        b"=?utf-8?b?YW5uQG91ci50ZXN0?=",
    ],
)
def test_t13_encoded_words_in_the_address(value: bytes) -> None:
    assert not parse(mail(b"From: " + value)).from_ok


@pytest.mark.parametrize(
    "value",
    [
        "kim@\u212aorp.test",
        "\u212aim@korp.test",
        "adm\u0131n@our.test",
        "ann@\uff4f\uff55\uff52.test",
        "ann@our\u3002test",
        "ann@our.t\u017ft",
    ],
)
def test_t14_letters_that_fold_into_ascii(value: str) -> None:
    inbound = parse(mail(b"From: " + value.encode()))
    known = {"kim@korp.test", "admin@our.test", "ann@our.test", "ann@our.tst"}
    assert inbound.from_ is None or inbound.from_.addr not in known


@pytest.mark.parametrize(
    ("value", "addr", "name"),
    [
        (b"ann@our.test", "ann@our.test", ""),
        (b"<ann@our.test>", "ann@our.test", ""),
        (b" Ann@Our.Test ", "ann@our.test", ""),
        (b"Ann Other <ann@our.test>", "ann@our.test", "Ann Other"),
        (b'"Other, Ann" <ann@our.test>', "ann@our.test", "Other, Ann"),
        (b'"Ann \\"A\\" Other" <ann@our.test>', "ann@our.test", 'Ann "A" Other'),
        (b"John Q. Public <john@our.test>", "john@our.test", "John Q. Public"),
        (b"Ann (Desk) <ann@our.test>", "ann@our.test", "Ann"),
        (b"Ann <ann@our.test> (Desk)", "ann@our.test", "Ann"),
        (b"ann@our.test (Ann Other)", "ann@our.test", "Ann Other"),
        (b"=?utf-8?q?J=C3=B6rg?= <joerg@our.test>", "joerg@our.test", "Jörg"),
        (b"J\xc3\xb6rg <joerg@our.test>", "joerg@our.test", "Jörg"),
        (b"J\xf6rg <joerg@our.test>", "joerg@our.test", "Jörg"),
        (b"[Shop] Orders <orders@our.test>", "orders@our.test", "[Shop] Orders"),
        (b"Ann\r\n <ann@our.test>", "ann@our.test", "Ann"),
        (b"a+b'c/d@sub.our.test", "a+b'c/d@sub.our.test", ""),
        ("ann@bücher.test".encode(), "ann@xn--bcher-kva.test", ""),
        (b"root@localhost", "root@localhost", ""),
    ],
)
def test_from_ok_when_there_is_one_plain_mailbox(value: bytes, addr: str, name: str) -> None:
    inbound = parse(mail(b"From: " + value))
    assert inbound.from_ok, inbound.from_defect
    assert inbound.from_ is not None
    assert (inbound.from_.addr, inbound.from_.name) == (addr, name)


@pytest.mark.parametrize(
    "value",
    [
        b'"ann"@our.test',
        b"ann(comment)@our.test",
        b"ann@our.test(comment) <x>",
        b"ann @our.test",
        b"ann@",
        b"@our.test",
        b"ann",
        b"Ann <ann>",
        b"Ann <ann@our.test",
        b"ann@[192.0.2.1]",
        b"Ann @ Desk <ann@our.test>",
        b"ann@our..test",
        b"Ann <ann@our.test> trailing",
        b"<<ann@our.test>>",
        b"ann@our.test;",
        b'"Ann <ann@our.test>',
        b"Other, Ann <ann@our.test>",
    ],
)
def test_from_ok_when_the_field_is_not_plain(value: bytes) -> None:
    assert not parse(mail(b"From: " + value)).from_ok
