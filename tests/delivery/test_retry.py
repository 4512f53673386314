"""When a deferred mail is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from mailproc.delivery.retry import find_wanted_wait, next_attempt

CREATED = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(0, 5), (1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (6, 60), (1000, 60)]
)
def test_f22_wait_grows_to_an_hour(attempts: int, minutes: int) -> None:
    assert next_attempt(attempts, CREATED, CREATED) == CREATED + timedelta(minutes=minutes)


@pytest.mark.parametrize(("jitter", "seconds"), [(0.0, 300), (0.5, 315), (1.0, 330), (7.0, 330), (-1.0, 300)])
def test_jitter_makes_the_wait_up_to_a_tenth_longer(jitter: float, seconds: int) -> None:
    assert next_attempt(1, CREATED, CREATED, jitter) == CREATED + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("age", "wait"),
    [
        (timedelta(days=4, hours=22), timedelta(hours=1)),
        (timedelta(days=4, hours=23, minutes=30), timedelta(minutes=30)),  # the last try, when the time is over
        (timedelta(days=5), None),
        (timedelta(days=9), None),
        (timedelta(days=-1), timedelta(hours=1)),  # the clock was set back
    ],
)
def test_f22_mail_is_given_up_after_five_days(age: timedelta, wait: timedelta | None) -> None:
    now = CREATED + age
    assert next_attempt(99, now, CREATED) == (None if wait is None else now + wait)


def test_f22_a_mail_deferred_for_ever_ends_after_about_125_tries() -> None:
    now, attempts = CREATED, 0
    following: datetime | None = CREATED
    while following is not None:
        now, attempts = following, attempts + 1
        following = next_attempt(attempts, now, CREATED)
    assert now == CREATED + timedelta(days=5)
    assert 120 <= attempts <= 130


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        ("4.7.1 Greylisted, please try again in 300 seconds", 300),
        ("4.2.0 <a@b.test>: Recipient address rejected: Greylisted, see http://x.test/a.html", 0),
        ("Greylisting in action, please come back in 00:12:00", 720),
        ("Please retry in 10 minutes", 600),
        ("try again after 1 hour", 3600),
        ("temporarily deferred, wait 7 mins", 420),
        ("wait for at least 15 min", 900),
        ("4.7.0 try again in 99999 hours", 7200),
        ("mailbox full", 0),
        ("in 1 sentence", 0),
        ("in 5 mailboxes", 0),
        ("", 0),
    ],
)
def test_f22_a_server_that_says_when_to_come_back_is_believed(answer: str, seconds: int) -> None:
    assert find_wanted_wait(answer) == timedelta(seconds=seconds)
