"""The short form of `make fuzz`: 2,000 broken mails through the reader; each is answered, in time and without loss."""

import signal
from collections.abc import Iterator
from types import FrameType

import pytest

from bench.fuzz import collect_seeds
from bench.judge import judge
from bench.mutate import make_case

SEED, CASES, PARTS = 3, 2000, 4
HANG_SECONDS = 10.0


class Hung(BaseException):
    """No reader catches it: a case that does not end shall end the test."""


@pytest.fixture(scope="module")
def seeds() -> list[bytes]:
    found = collect_seeds()
    for raw in found[:20]:
        judge(0, raw)  # what is loaded on first use is no case's time
    return found


@pytest.fixture(autouse=True)
def watch() -> Iterator[None]:
    """Ends a case that needs so much CPU that it may never end."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Hung

    former = signal.signal(signal.SIGVTALRM, stop)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, former)


@pytest.mark.parametrize("part", range(PARTS))
def test_t53_no_broken_mail_goes_without_an_answer(part: int, seeds: list[bytes]) -> None:
    failures = []
    for index in range(part, CASES, PARTS):
        raw = make_case(SEED, index, seeds)
        signal.setitimer(signal.ITIMER_VIRTUAL, HANG_SECONDS)
        failure, _ = judge(index, raw)
        if failure is not None:
            failures.append(f"{failure.kind}: python -m bench.fuzz --seed {SEED} --case {index}\n{failure.text}")
    assert not failures, "\n".join(failures[:5])


def test_cases_are_the_same_whenever_they_are_made(seeds: list[bytes]) -> None:
    assert [make_case(SEED, index, seeds) for index in range(40)] == [
        make_case(SEED, index, seeds) for index in range(40)
    ]
    assert len({make_case(SEED, index, seeds) for index in range(200)}) > 180


@pytest.mark.parametrize(
    "raw", [b"From: a@b.example\r\n\r\nHello.", b"", b"From: a@b.example, c@d.example\r\n\r\nHello."]
)
def test_judge_finds_nothing_wrong_when_mail_is_answered(raw: bytes) -> None:
    assert judge(0, raw)[0] is None


def test_judge_sees_what_is_wrong() -> None:
    """The harness itself can fail: lost words, a From that names two people, half a character."""
    from dataclasses import replace

    from bench.judge import judge_answer
    from mailproc.message.parse import parse
    from mailproc.records.mail import Defect

    raw = b"From: a@b.example\r\n\r\nHello.\r\n\r\nGood bye."
    good = parse(raw)
    assert judge_answer(raw, good) == ("", "")
    for kind, wrong in (
        ("lost-text", replace(good, new_text="Hello.")),
        ("from", replace(good, headers=(("from", "a@b.example, c@d.example"),))),
        ("from", replace(good, from_ok=False)),
        ("answer", replace(good, subject="\ud800")),
        ("answer", replace(good, text="x" * 200_000, new_text="x" * 200_000)),
        ("answer", replace(good, is_unparsable=True)),
        ("exception", replace(good, defects=(Defect("unread-text", "the text could not be read (KeyError)"),))),
    ):
        assert judge_answer(raw, wrong)[0] == kind
    assert judge_answer(b"From: a@b.example\r\n" + raw, good)[0] == "from"
