"""Case numbers: every way people write them, and every near miss."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailproc.tickets.casenumber import (
    damm,
    find_case_numbers,
    format_number,
    format_tag,
    parse_number,
    shuffle_serial,
    strip_tags,
)

ACME = ("ACME",)


def number(serial: int) -> str:
    return format_number(serial, "ACME")


def test_damm_of_the_published_example() -> None:
    assert damm("572") == 4
    assert damm("5724") == 0


@pytest.mark.parametrize(
    ("serial", "groups"),
    [
        (48217, [3, 3]),
        (482175, [3, 4]),
        (4821759, [4, 4]),
        (48217593, [3, 3, 3]),
        (482175937, [3, 3, 4]),
        (4821759370, [3, 4, 4]),
    ],
)
def test_format_number_groups_so_that_the_last_has_three_or_four(serial: int, groups: list[int]) -> None:
    prefix, *parts = number(serial).split("-")
    assert prefix == "ACME"
    assert [len(part) for part in parts] == groups
    assert damm("".join(parts)) == 0


N = number(48217)  # ACME-482-17x
D = N.replace("ACME-", "")
PLAIN = D.replace("-", "")


@pytest.mark.parametrize(
    "subject",
    [
        f"[{N}] Printer",
        f"Re: [{N}] Printer",
        f"RE: {N} printer",
        f"re {N.lower()}",
        f"[ACME {D}]",
        f"[ACME#{PLAIN}]",
        f"ACME: {PLAIN}",
        f"ACME{PLAIN}",
        f"[{N}",  # the closing bracket was cut off
        N.replace("-", "\u2011"),  # non-breaking hyphens of a rich-text editor
        N.replace("-", "\u2013"),
        N.replace("-", "\u2212"),
        N.replace("-", " "),
        N.replace("-", "\u00a0"),
        N.replace("-", "_"),
        f"\u2066[{N}]\u2069",  # isolates of a right-to-left client
        f"[AC\u200dME-{D}]",  # zero-width joiner inside
        f"[ACME-{''.join(chr(0x0660 + int(c)) if c.isdigit() else c for c in D)}]",  # Arabic-Indic digits
        f"[ACME-{''.join(chr(0xFF10 + int(c)) if c.isdigit() else c for c in D)}]",  # full width
        f"[ACME-{''.join(chr(0x0966 + int(c)) if c.isdigit() else c for c in D)}]",  # Devanagari
        f"[АСМЕ-{D}]",  # typed on a Cyrillic keyboard
        f"Fwd: [other #12] [{N}] x",
        f"{N} 2026 budget",
        f"AW: AW: ({N})",
    ],
)
def test_find_case_numbers_reads_every_variant(subject: str) -> None:
    assert find_case_numbers(subject, ACME).serials == (48217,)


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "ACME order 12",
        "[OTHER-482-170]",
        f"X{N}",
        "ACME-48-21",
        "ACME-012-340",
        "ACME 2026",
        "ACME-" + "9" * 40,
        D,
    ],
)
def test_find_case_numbers_finds_nothing(subject: str) -> None:
    assert find_case_numbers(subject, ACME).serials == ()


def test_find_case_numbers_never_guesses_a_wrong_check_digit() -> None:
    wrong = N[:-1] + str((int(N[-1]) + 1) % 10)
    found = find_case_numbers(f"[{wrong}] hello", ACME)
    assert found.serials == ()
    assert found.doubtful == (wrong,)


def test_find_case_numbers_knows_former_prefixes_and_several_tags() -> None:
    other = format_number(50000, "OLDCO")
    assert find_case_numbers(f"[{N}] [{other}]", ("ACME", "OLDCO")).serials == (48217, 50000)
    assert find_case_numbers(f"[{other}]", ACME).serials == ()


@given(st.integers(10_000, 10**12))
def test_every_number_is_found_again_and_every_wrong_digit_is_not(serial: int) -> None:
    written = number(serial)
    assert find_case_numbers(f"Re: {format_tag(written)} x", ACME).serials == (serial,)
    digits = [i for i, c in enumerate(written) if c.isdigit()]
    for i in digits[1:]:
        wrong = written[:i] + str((int(written[i]) + 1) % 10) + written[i + 1 :]
        assert serial not in find_case_numbers(wrong, ACME).serials


@given(st.text(max_size=300))
def test_find_case_numbers_takes_any_text(text: str) -> None:
    assert all(serial >= 10_000 for serial in find_case_numbers(text, ACME).serials)
    assert len(strip_tags(text, ACME)) <= len(text) + 1


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (f"[{N}] Printer", "Printer"),
        (f"Re: [{N}] Printer [{N}]", "Re: Printer"),
        ("Re: [other #12] Printer", "Re: [other #12] Printer"),
        ("[ACME-482-179] Printer", "[ACME-482-179] Printer"),
        ("acme printers", "acme printers"),
    ],
)
def test_strip_tags_removes_only_our_own(subject: str, expected: str) -> None:
    assert strip_tags(subject, ACME) == expected


@pytest.mark.parametrize("text", [N, N.lower(), D, PLAIN, f"[{N}]", f" {PLAIN} "])
def test_parse_number_takes_what_people_type(text: str) -> None:
    assert parse_number(text, ACME) == 48217


@pytest.mark.parametrize("text", ["", "482", "ACME-482-179", "hello", "0123456"])
def test_parse_number_refuses_what_is_none(text: str) -> None:
    assert parse_number(text, ACME) is None


def test_shuffle_serial_is_a_permutation_within_its_length() -> None:
    shuffled = {shuffle_serial(count, b"k" * 32) for count in range(10_000, 100_000)}
    assert len(shuffled) == 90_000
    assert min(shuffled) >= 10_000 and max(shuffled) <= 99_999
    assert [shuffle_serial(c, b"k" * 32) for c in (10_000, 10_001)] != [10_000, 10_001]
    assert 100_000 <= shuffle_serial(100_000, b"k" * 32) <= 999_999
