"""trust.logins: what an operator may write there, and what is refused."""

from pathlib import Path

import pytest

from mailproc import settings
from mailproc.settings.logins import read_login
from mailproc.settings.values import BadValue
from tests.settings.test_schema import FILE, SITE


@pytest.mark.parametrize(
    ("word", "pair"),
    [
        ("*@Acme.example", ("*@acme.example", "*@acme.example")),
        ("*=*@acme.example", ("*", "*@acme.example")),
        ("*@login.example=*@acme.example", ("*@login.example", "*@acme.example")),
        ("ASmith=Ann@acme.example", ("asmith", "ann@acme.example")),
        ("ann@acme.example", ("ann@acme.example", "ann@acme.example")),
        ("ann@acme.example=ann.smith@acme.example", ("ann@acme.example", "ann.smith@acme.example")),
    ],
)
def test_read_login(word: str, pair: tuple[str, str]) -> None:
    assert read_login(word) == pair


@pytest.mark.parametrize(
    "word",
    [
        "*", "ann", "*=*", "*=ann@acme.example", "ann=*@acme.example", "a*=ann@acme.example", "=ann@acme.example",
        "ann=", "ann=bo", "*@*.acme.example", "**@acme.example", "ann smith=ann@acme.example", "ann@", "*@",
        "asmith=ann@acme.example=x", 'a"b=ann@acme.example', "*ann@acme.example",
    ],
)  # fmt: skip
def test_what_could_mean_somebody_else_is_refused(word: str) -> None:
    with pytest.raises(BadValue):
        read_login(word)


def test_in_the_file() -> None:
    text = SITE + 'trust: {border_hosts: [mx.acme.example], logins: ["*@acme.example", asmith=ann@acme.example]}\n'
    loaded = settings.parse(text, FILE, {})
    assert loaded.warnings == ()
    assert loaded.site.trust.logins == (("*@acme.example", "*@acme.example"), ("asmith", "ann@acme.example"))


@pytest.mark.parametrize("more", ["", ", border_hosts: ['*.acme.example']"])
def test_without_a_host_it_is_warned_of(more: str) -> None:
    text = SITE + f'trust: {{logins: ["*@acme.example"]{more}}}\n'
    assert isinstance(FILE, Path)
    warnings = " ".join(settings.parse(text, FILE, {}).warnings)
    assert "logins does nothing while border_hosts names no host in full" in warnings
