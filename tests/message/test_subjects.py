"""Prefixes of replies and forwards in many languages, and subjects as keys."""

import time

import pytest

from mailproc.message.subjects import comparable, strip_prefixes


@pytest.mark.parametrize(
    "prefix",
    [
        "Re:",
        "RE:",
        "re :",
        "Re[3]:",
        "Re(2):",
        "Re^2:",
        "Re*2:",
        "AW:",
        "Antw:",
        "SV:",
        "VS:",
        "VL:",
        "Odp:",
        "PD:",
        "RES:",
        "ENC:",
        "R:",
        "I:",
        "RIF:",
        "TR:",
        "RV:",
        "Fwd:",
        "FW:",
        "Fw:",
        "WG:",
        "Doorst:",
        "VB:",
        "Videresend:",
        "YNT:",
        "İLT:",
        "Vá:",
        "Válasz:",
        "Továbbítás:",
        "Rép:",
        "REF:",
        "ΑΠ:",
        "ΣΧΕΤ:",
        "ΠΡΘ:",
        "FS:",
        "BLS:",
        "TRS:",
        "ATB:",
        "YML:",
        "На:",
        "Пер:",
        "השב:",
        "תגובה:",
        "הועבר:",
        "رد:",
        "إعادة توجيه:",
        "回复：",
        "回覆：",
        "转发：",
        "轉寄:",
        "返信:",
        "転送:",
        "회신:",
        "전달:",
        "Trả lời:",
        "Chuyển tiếp:",
        "Redir.:",
        "Răspuns:",
        "Re: AW: Fwd:",
        "AW:WG:",
    ],
)
def test_strip_prefixes_knows_the_mail_clients(prefix: str) -> None:
    assert strip_prefixes(f"{prefix} Printer broken") == "Printer broken"
    assert strip_prefixes(f"{prefix}Printer broken") == "Printer broken"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("PC: broken", "PC: broken"),
        ("Reply: x", "Reply: x"),
        ("Regarding: x", "Regarding: x"),
        ("Printer Re: x", "Printer Re: x"),
        ("Re:", "Re:"),
        ("Re: Re: ", "Re:"),
        ("", ""),
        ("  Re:  x  ", "x"),
        ("Re: " * 10 + "x", "x"),
        ("Re: " * 12 + "x", "Re: Re: x"),
        ("Re: [ACME-482-170] x", "[ACME-482-170] x"),
    ],
)
def test_strip_prefixes_keeps_what_is_none(subject: str, expected: str) -> None:
    assert strip_prefixes(subject) == expected


@pytest.mark.parametrize(
    "subject",
    [
        "Printer  broken",
        "RE: printer broken",
        "Re: [ACME-482-170] Printer broken",
        "[Ticket#4711] AW: Printer Broken",
        "WG: Re: ｐrinter broken",
    ],
)
def test_comparable_is_one_key_for_one_matter(subject: str) -> None:
    assert comparable(subject) == "printer broken"


def test_comparable_tells_matters_apart() -> None:
    assert comparable("Printer [urgent]") != comparable("Printer")
    assert comparable("[ACME-482-170]") != ""


def test_t58_subjects_are_read_in_linear_time() -> None:
    started = time.process_time()
    for unit in ("Re: ", "Re[", "[1] ", "[", "Re ", " ", "re(1)", "[[1]"):
        comparable(unit * 200_000)
    assert time.process_time() - started < 0.5
