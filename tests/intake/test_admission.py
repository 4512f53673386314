"""Who may come in: sessions and mails a client, with a clock of the test's own."""

from dataclasses import dataclass
from typing import Any

import pytest

from mailproc.intake.admission import BUSY, TOO_MANY_SESSIONS, TOO_MUCH_MAIL, Admission, name_of


@dataclass(eq=False)
class Guest:
    client: str
    stalled_at: float | None = None

    def stalled_since(self, now: float) -> float:
        return now if self.stalled_at is None else self.stalled_at


def make(**limits: Any) -> Admission[Guest]:
    known: dict[str, Any] = {"max_sessions": 10, "max_sessions_per_client": 5, "mails_per_minute": 3}
    return Admission(**{**known, **limits})


def come(admission: Admission[Guest], guest: Guest, now: float = 0.0) -> str:
    refusal = admission.make_room(guest.client, now, lambda displaced: gone.append(displaced))
    if not refusal:
        admission.enter(guest)
    return refusal


gone: list[Guest] = []


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("", ""),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("no:address", "no:address"),
    ],
)
def test_client_is_an_address_or_a_network(address: str, name: str) -> None:
    assert name_of(address) == name


def test_t52_sessions_are_limited_for_each_client_and_in_all() -> None:
    admission = make(max_sessions=3, max_sessions_per_client=2)
    first = [Guest("192.0.2.1"), Guest("192.0.2.1")]
    assert [come(admission, guest) for guest in first] == ["", ""]
    assert come(admission, Guest("192.0.2.1")) == TOO_MANY_SESSIONS
    assert come(admission, Guest("192.0.2.2")) == ""
    assert come(admission, Guest("192.0.2.3")) == BUSY
    admission.forget(first[0])
    admission.forget(first[0])
    assert len(admission) == 2 and come(admission, Guest("192.0.2.3")) == ""


def test_t52_the_one_who_stalls_longest_makes_room() -> None:
    gone.clear()
    admission = make(max_sessions=3)
    guests = [Guest("192.0.2.1", 5.0), Guest("192.0.2.2", 3.0), Guest("192.0.2.3")]
    for guest in guests:
        come(admission, guest)
    assert come(admission, Guest("192.0.2.4"), now=4.9) == BUSY  # less than two seconds is no stalling
    assert come(admission, Guest("192.0.2.4"), now=6.0) == "" and gone == [guests[1]]
    assert len(admission) == 3


def test_mails_are_limited_for_each_client_and_minute() -> None:
    admission = make()
    assert [admission.take_mail("192.0.2.1", 0.0) for _ in range(4)] == ["", "", "", TOO_MUCH_MAIL]
    assert admission.take_mail("192.0.2.2", 0.0) == ""
    assert admission.take_mail("192.0.2.1", 10.0) == TOO_MUCH_MAIL
    assert admission.take_mail("192.0.2.1", 21.0) == ""  # one more every twenty seconds
    assert admission.take_mail("192.0.2.1", 22.0) == TOO_MUCH_MAIL
    assert [admission.take_mail("192.0.2.1", 1000.0) for _ in range(4)] == ["", "", "", TOO_MUCH_MAIL]


@pytest.mark.parametrize(
    ("address", "limits", "is_counted"),
    [
        ("192.0.2.1", {}, True),
        ("192.0.2.1", {"trusted_networks": ("192.0.2.0/24",)}, False),
        ("192.0.3.1", {"trusted_networks": ("192.0.2.0/24",)}, True),
        ("2001:db8::1", {"trusted_networks": ("2001:db8::/32",)}, False),
        ("192.0.2.1", {"mails_per_minute": None}, False),
        ("127.0.0.1", {}, False),
        ("::1", {}, False),
        ("127.0.0.1", {"counts_loopback": True}, True),
        ("127.0.0.1", {"counts_loopback": True, "trusted_networks": ("127.0.0.0/8",)}, False),
        ("", {}, False),
    ],
)
def test_mails_of_trusted_clients_are_not_counted(address: str, limits: dict[str, Any], is_counted: bool) -> None:
    admission = make(**limits)
    replies = [admission.take_mail(address, 0.0) for _ in range(20)]
    assert (TOO_MUCH_MAIL in replies) is is_counted


def test_clients_are_forgotten_before_they_fill_the_memory() -> None:
    admission = make()
    for number in range(30_000):
        admission.take_mail(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", float(number) / 1000)
    assert len(admission._buckets) <= 10_000
