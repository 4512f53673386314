"""`mailproc outbox`: choosing mails, trying them again, cancelling them, and what is said of each."""

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def stuck(shell: Any, fresh_mail: Any) -> Any:
    """A site whose mail server cannot be reached, with two requests: two forwards and two acknowledgements wait."""
    path: Path = shell.folder / "mailproc.yaml"
    text = path.read_text(encoding="utf-8")
    start = text.index("\ndelivery:")
    dead = "\ndelivery: {kind: smtp, host: 127.0.0.1, port: 1, tls: none}"
    path.write_text(text[:start] + dead + text[text.index("\n", start + 1) :], encoding="utf-8")
    shell.take(fresh_mail(), fresh_mail(sender="Bo <bo@other.example>"))
    return shell


def ids(shell: Any, *filters: str) -> list[int]:
    return [row["id"] for row in shell.json("outbox", "list", *filters)]


def test_filters_choose_and_come_together(stuck: Any) -> None:
    everything = ids(stuck)
    assert len(everything) == 4
    received = ids(stuck, "--purpose", "received")
    assert len(received) == 2
    assert ids(stuck, "--to", "BO@other.example") == ids(stuck, "--to", "@other.example")
    assert len(ids(stuck, "--to", "@other.example", "--purpose", "received", "--state", "queued")) == 1
    assert ids(stuck, "--state", "sent", "--state", "failed") == []
    number = stuck.json("outbox", "list")[0]["ticket"]
    assert len(ids(stuck, "--ticket", number)) == 2
    assert ids(stuck, "--limit", "1") == everything[-1:]
    assert ids(stuck, "--since", "2000-01-01") == everything and ids(stuck, "--since", "2999-01-01") == []
    assert stuck("outbox", "list", "--ticket", "ACME-1")[0] == 2
    assert stuck("outbox", "list", "--since", "tomorrow")[0] == 2


def test_a_waiting_mail_says_why_and_when_it_goes(stuck: Any) -> None:
    out = stuck("outbox", "list")[1]
    assert "next try" in out and "127.0.0.1:1" in out
    shown = stuck.json("outbox", "show", str(ids(stuck)[0]))
    assert [entry["kind"] for entry in shown["tries"]][:2] == ["mail-queued", "mail-deferred"]
    assert "127.0.0.1:1" in shown["tries"][1]["answer"]


def test_all_of_a_state_are_cancelled_and_queued_again(stuck: Any) -> None:
    code, out, _ = stuck("outbox", "cancel", "--state", "queued", "--to", "@other.example", "--dry-run")
    assert code == 0 and "would be cancelled" in out and ids(stuck, "--state", "cancelled") == []
    done = stuck.json("outbox", "cancel", "--state", "queued", "--to", "@other.example")
    assert [entry["was"] for entry in done] == ["queued"]
    assert ids(stuck, "--state", "cancelled") == [entry["id"] for entry in done]
    again = stuck.json("outbox", "retry", "--state", "cancelled")
    assert [entry["id"] for entry in again] == [entry["id"] for entry in done]
    assert len(ids(stuck, "--state", "queued")) == 4
    assert stuck("outbox", "cancel", "--purpose", "nothing")[1] == "nothing there\n"


def test_nothing_changes_when_one_of_the_mails_is_not_there(stuck: Any) -> None:
    first = ids(stuck)[0]
    code, _, err = stuck("outbox", "cancel", str(first), "999")
    assert code == 2 and "999" in err and ids(stuck, "--state", "cancelled") == []
    assert stuck("outbox", "cancel")[0] == 2
    assert "cannot be cancelled" in stuck("outbox", "cancel", "--state", "sent")[2]
