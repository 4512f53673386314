"""`ticket merge`, `split` and `link` as a person at a terminal uses them."""

import pytest


@pytest.fixture
def numbers(shell, fresh_mail) -> list[str]:  # type: ignore[no-untyped-def]
    """Two open requests, the older first."""
    shell.take(fresh_mail(message_id="<one@customer.example>"))
    shell.take(fresh_mail(message_id="<two@customer.example>", subject="Scanner"))
    return [found["number"] for found in reversed(shell.json("ticket", "list"))]


def test_ticket_merge_leaves_the_number_as_an_alias(shell, numbers: list[str]) -> None:  # type: ignore[no-untyped-def]
    one, two = numbers
    assert "would merge" in shell("ticket", "merge", two, one, "--dry-run")[1]
    assert shell.json("ticket", "show", two)["state"] == "new"
    assert shell("ticket", "merge", two, one)[0] == 0
    assert len([m for m in shell.json("ticket", "show", one)["messages"] if m["purpose"] == "request"]) == 2
    assert shell.json("ticket", "show", two)["state"] == "closed"
    code, out, err = shell("ticket", "merge", two, one)
    assert code != 0 and "one case" in out + err or "part of another" in out + err


def test_ticket_link_and_split(shell, numbers: list[str]) -> None:  # type: ignore[no-untyped-def]
    one, two = numbers
    assert shell("ticket", "link", one, two)[0] == 0
    assert [link["ticket"] for link in shell.json("ticket", "show", two)["links"]] == [one]
    code, out, err = shell("ticket", "split", one)
    assert code != 0 and "the mail the case began with" in out + err
