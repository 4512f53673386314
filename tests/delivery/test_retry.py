"""When a deferred mail is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from mailproc.delivery.retry import next_attempt

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
