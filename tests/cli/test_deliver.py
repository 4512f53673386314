"""`deliver` and `feed`: sysexits, envelopes, and nothing lost on bad input."""

import os
from pathlib import Path

import pytest

from mailproc.store.database import open_store


def test_deliver_stores_and_run_once_decides(shell, fresh_mail) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = shell(
        "deliver", "--sender", "jane@customer.example", "--recipient", "support@acme.example", stdin=fresh_mail()
    )
    assert (code, out) == (0, "")
    assert shell.json("ticket", "list") == []
    assert shell("run", "--once")[0] == 0
    rows = shell.json("ticket", "list")
    assert [row["requester"] for row in rows] == ["jane@customer.example"]
    assert len(list((shell.folder / "data" / "sent" / "new").iterdir())) == 2


@pytest.mark.parametrize(
    "raw", [b"\x00\x01\x02", b"no header at all", b"From: " + b"\xff" * 4000 + b"\n\n", b"\n\n\n\nx"]
)
def test_deliver_stores_whatever_comes(shell, raw: bytes) -> None:  # type: ignore[no-untyped-def]
    assert shell("deliver", stdin=raw)[0] == 0
    assert shell("run", "--once")[0] == 0
    held = shell.json("hold", "list")
    assert len(held) == 1
    assert set(held[0]) == {"id", "reason", "from", "subject", "received_at"}


@pytest.mark.parametrize(
    ("arguments", "stdin", "code"),
    [(["--bogus"], b"x", 64), ([], b"", 75), ([], b"x" * 31_000_000, 69)],
)
def test_deliver_answers_in_sysexits(shell, arguments: list[str], stdin: bytes, code: int) -> None:  # type: ignore[no-untyped-def]
    assert shell("deliver", *arguments, stdin=stdin)[0] == code


def test_deliver_with_wrong_settings_is_78(shell, fresh_mail) -> None:  # type: ignore[no-untyped-def]
    (shell.folder / "mailproc.yaml").write_text("version: one\n", encoding="utf-8")
    code, _, err = shell("deliver", stdin=fresh_mail())
    assert code == 78
    assert err.startswith("4.3.5 ")


def test_f11_deliver_while_the_database_cannot_be_opened_is_75(shell, fresh_mail) -> None:  # type: ignore[no-untyped-def]
    database = shell.folder / "data" / "mailproc.db"
    database.mkdir()  # nothing can be opened there, not even by root
    code, _, err = shell("deliver", stdin=fresh_mail())
    assert code == 75
    assert err.startswith("4.3.0 ")
    database.rmdir()
    assert shell("deliver", stdin=fresh_mail())[0] == 0


def test_deliver_takes_the_envelope_from_arguments_first(shell, fresh_mail) -> None:  # type: ignore[no-untyped-def]
    raw = fresh_mail(to="billing@acme.example")
    shell("deliver", "--sender", "jane@customer.example", "--recipient", "support@acme.example", stdin=raw)
    shell(
        "deliver", stdin=fresh_mail(to="billing@acme.example", message_id="<m2@customer.example>", sender="x@y.example")
    )
    shell("run", "--once")
    assert {row["requester"]: row["department"] for row in shell.json("ticket", "list")} == {
        "jane@customer.example": "billing",  # To names billing, the envelope support: the first in To/Cc wins
        "x@y.example": "billing",
    }


def test_feed_files_old_mail_without_sending(shell, fresh_mail, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from tests.builders import make_mail

    folder = tmp_path / "old"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.eml").write_bytes(
            make_mail(f"c{number}@customer{number}.example", message_id=f"<{number}@x>")
        )
    assert shell("feed", "--dry-run", str(folder))[1] == "3 messages\n"
    code, out, _ = shell("feed", str(folder))
    assert code == 0 and out.startswith("3 messages stored")
    shell("run", "--once")
    assert len(shell.json("ticket", "list")) == 3
    assert shell.json("outbox", "list") == []
    shell("feed", str(folder))
    shell("run", "--once")
    assert len(shell.json("ticket", "list")) == 3  # the same files again add nothing


def test_feed_of_fresh_mail_is_answered(shell, fresh_mail, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "a.eml").write_bytes(fresh_mail())
    shell("feed", str(tmp_path / "a.eml"))
    shell("run", "--once")
    assert sorted(row["purpose"] for row in shell.json("outbox", "list")) == ["forward", "received"]


def test_raw_mail_is_kept_unchanged(shell, fresh_mail) -> None:  # type: ignore[no-untyped-def]
    raw = fresh_mail() + os.urandom(5000) + b"\r\n.\r\n\xff"
    shell("deliver", stdin=raw)
    store = open_store(f"sqlite:///{shell.folder}/data/mailproc.db")
    try:
        from mailproc.store import inbox

        with store.read() as tx:
            assert inbox.raw_of(tx, 1) == raw
    finally:
        store.close()


@pytest.mark.parametrize("arguments", [["--confg", "x", "deliver"], ["deliver", "--senderr", "x"]])
def test_a_mistyped_option_in_the_mtas_entry_keeps_the_mail(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Postfix bounces on 64 unless the output begins with 4.x.x."""
    from mailproc.cli import main

    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 64
    assert capsys.readouterr().err.startswith("4.3.5 ")


def test_settings_that_cannot_be_read_are_78(shell, fresh_mail) -> None:  # type: ignore[no-untyped-def]
    (shell.folder / "mailproc.yaml").rename(shell.folder / "gone.yaml")
    code, _, err = shell("deliver", stdin=fresh_mail())
    assert code == 78 and err.startswith("4.3.5 ")


def test_a_pipe_needs_no_password_of_the_smarthost(shell, fresh_mail) -> None:  # type: ignore[no-untyped-def]
    path = shell.folder / "mailproc.yaml"
    text = path.read_text(encoding="utf-8")
    start = text.index("\ndelivery:")
    end = text.index("\n", start + 1)
    delivery = (
        '\ndelivery: {kind: smtp, host: h.example, port: 587, tls: starttls, user: u, password: "${env:NOT_SET_HERE}"}'
    )
    path.write_text(text[:start] + delivery + text[end:], encoding="utf-8")
    assert shell("deliver", stdin=fresh_mail())[0] == 0
    assert shell("ticket", "list")[0] == 0
    code, _, err = shell("run", "--once")
    assert code == 1 and "NOT_SET_HERE is not set" in err
