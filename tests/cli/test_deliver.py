"""`deliver` and `feed`: sysexits, envelopes, and nothing lost on bad input."""

import os
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mailproc.store import inbox
from mailproc.store.database import open_store
from mailproc.store.inbox import InboxRow

ROOT = Path(__file__).resolve().parents[2]


def pipe(shell: Any, raw: bytes | None, *arguments: str, **how: Any) -> subprocess.CompletedProcess[bytes]:
    """`mailproc deliver` as an MTA starts it: a process of its own."""
    command = [sys.executable, str(ROOT / "cli.py"), "--config", str(shell.folder / "mailproc.yaml"), "deliver"]
    known: dict[str, Any] = {"capture_output": True} | ({} if raw is None else {"input": raw})
    return subprocess.run([*command, *arguments], **(known | how))


def last_row(shell: Any) -> InboxRow:
    """The mail that was stored last."""
    with open_store(f"sqlite:///{shell.folder}/data/mailproc.db") as store, store.read() as tx:
        row = inbox.get(tx, tx.execute("SELECT max(id) FROM inbox").fetchone()[0])
    assert row is not None
    return row


def change_setting(shell: Any, old: str, new: str) -> None:
    path = shell.folder / "mailproc.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


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


@pytest.mark.parametrize(
    ("arguments", "sender", "recipients"),
    [
        (["--sender=", "--recipient=support@acme.example"], "", ("support@acme.example",)),
        (["--sender", "MAILER-DAEMON", "--recipient", "support@acme.example"], "", ("support@acme.example",)),
        (
            ["--sender=jane@customer.example", "--recipient=support@acme.example", "--recipient=Billing@acme.example"],
            "jane@customer.example",
            ("support@acme.example", "billing@acme.example"),
        ),
        # What Postfix makes of `--recipient ${recipient}` for a mail to two of our addresses
        (
            ["--sender", "jane@customer.example", "--recipient", "support@acme.example", "billing@acme.example"],
            "jane@customer.example",
            ("support@acme.example", "billing@acme.example"),
        ),
        (["--recipient=support+x2c100@acme.example"], None, ("support+x2c100@acme.example",)),
        (["--recipient=somebody@elsewhere.example"], None, ("somebody@elsewhere.example",)),
        ([], None, ("support@acme.example",)),
    ],
)
def test_envelope_is_what_the_mta_says(  # type: ignore[no-untyped-def]
    shell, fresh_mail, arguments: list[str], sender: str | None, recipients: tuple[str, ...]
) -> None:
    assert shell("deliver", *arguments, stdin=fresh_mail()) == (0, "", "")
    envelope = last_row(shell).envelope
    assert (envelope.kind, envelope.sender, envelope.recipients) == ("pipe", sender, recipients)


def test_a_forward_files_pipe_finds_its_envelope_in_the_bytes(shell, fresh_mail) -> None:  # type: ignore[no-untyped-def]
    """Postfix's local(8) puts these lines before the mail; the account's own address is none of ours."""
    head = (
        b"From jane@customer.example  Sun Nov 22 12:00:00 2026\n"
        b"Return-Path: <jane@customer.example>\n"
        b"X-Original-To: billing@acme.example\n"
        b"Delivered-To: mailproc@host.acme.example\n"
    )
    assert shell("deliver", stdin=head + fresh_mail().replace(b"\r\n", b"\n"))[0] == 0
    envelope = last_row(shell).envelope
    assert (envelope.sender, envelope.recipients) == ("jane@customer.example", ("billing@acme.example",))


def test_a_process_of_its_own_loads_no_driver_it_does_not_need(shell, fresh_mail) -> None:  # type: ignore[no-untyped-def]
    """A third of its time was spent on PostgreSQL's driver, on sites that have none."""
    command = [sys.executable, "-X", "importtime", str(ROOT / "cli.py")]
    done = subprocess.run(
        [*command, "--config", str(shell.folder / "mailproc.yaml"), "deliver"], input=fresh_mail(), capture_output=True
    )
    assert done.returncode == 0
    loaded = {line.rpartition(b"|")[2].strip().decode() for line in done.stderr.splitlines()}
    assert "peewee" in loaded and "mailproc.store.sqlite" in loaded
    unwanted = {"psycopg.types", "jinja2.nodes", "aiosmtpd.smtp", "asyncio.events", "dns.name", "numpy.random", "regex"}
    assert not loaded & unwanted


def test_standard_input_that_is_closed_or_empty_keeps_the_mail(shell) -> None:  # type: ignore[no-untyped-def]
    done = pipe(shell, None, preexec_fn=lambda: os.close(0))
    assert done.returncode == 75 and done.stderr.startswith(b"4.3.0 ")
    assert pipe(shell, b" \n\n").returncode == 75


def test_exit_code_counts_where_nobody_listens(shell, fresh_mail) -> None:  # type: ignore[no-untyped-def]
    def close_outputs() -> None:
        os.close(1)
        os.close(2)

    assert pipe(shell, fresh_mail(), capture_output=False, preexec_fn=close_outputs).returncode == 0
    assert pipe(shell, b"", capture_output=False, preexec_fn=close_outputs).returncode == 75
    with open("/dev/full", "wb") as full:
        assert pipe(shell, b"", capture_output=False, stdout=full, stderr=full).returncode == 75
        assert pipe(shell, b"", "--bogus", capture_output=False, stdout=full, stderr=full).returncode == 64


def test_t57_a_mail_past_the_limit_is_read_to_its_end_and_refused(shell) -> None:  # type: ignore[no-untyped-def]
    change_setting(shell, "max_message_size: 30MB", "max_message_size: 1MB")
    done = pipe(shell, b"x" * 20_000_000)
    assert done.returncode == 69
    assert done.stderr.startswith(b"5.3.4 the message is larger than ")


def test_f10_a_file_system_that_is_full_keeps_the_mail(shell, fresh_mail) -> None:  # type: ignore[no-untyped-def]
    def no_more_than(size: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    assert pipe(shell, fresh_mail()).returncode == 0
    database = shell.folder / "data" / "mailproc.db"
    size = max(database.stat().st_size, 65_536)
    huge = fresh_mail(text=os.urandom(1_000_000).hex())
    done = pipe(shell, huge, preexec_fn=lambda: no_more_than(size))
    assert done.returncode == 75, done.stderr
    assert done.stderr.startswith(b"4.3.0 StoreUnavailable: ")
    assert pipe(shell, huge).returncode == 0
    assert last_row(shell).size == len(huge)


def test_f10_nothing_is_taken_below_the_disk_floor(  # type: ignore[no-untyped-def]
    shell, fresh_mail, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a.eml").write_bytes(fresh_mail())
    real = os.statvfs(tmp_path)
    nearly_full = os.statvfs_result((*real[:4], 59_000_000 // real.f_frsize, *real[5:]))
    with monkeypatch.context() as patch:
        patch.setattr(os, "statvfs", lambda path: nearly_full)
        code, _, err = shell("deliver", stdin=fresh_mail())
        assert code == 75 and err.startswith("4.3.1 ") and "nearly full" in err
        code, _, err = shell("feed", str(tmp_path / "a.eml"))
        assert code == 1 and "nearly full; 0 messages are stored" in err
    assert shell("deliver", stdin=fresh_mail())[0] == 0
    assert shell("feed", str(tmp_path / "a.eml"))[0] == 0


def test_f11_a_locked_database_keeps_the_mail(  # type: ignore[no-untyped-def]
    shell, fresh_mail, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("mailproc.store.database.DEFAULT_BUSY_SECONDS", 0.1)
    monkeypatch.setattr(
        "mailproc.store.database.open_store.__kwdefaults__", {"checkpoints": False, "busy_seconds": 0.1}
    )
    assert shell("deliver", stdin=fresh_mail())[0] == 0
    other = sqlite3.connect(shell.folder / "data" / "mailproc.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    code, _, err = shell("deliver", stdin=fresh_mail())
    assert code == 75 and err.startswith("4.3.0 StoreUnavailable: ") and "locked" in err
    (tmp_path / "a.eml").write_bytes(fresh_mail())
    code, _, err = shell("feed", str(tmp_path / "a.eml"))
    assert code == 1 and "feed the same files again" in err
    other.execute("ROLLBACK")
    other.close()
    assert shell("deliver", stdin=fresh_mail())[0] == 0


def test_a_database_server_that_is_away_keeps_the_mail(shell, fresh_mail) -> None:  # type: ignore[no-untyped-def]
    change_setting(shell, "sqlite:///data/mailproc.db", "postgresql://nobody@127.0.0.1:1/nothing")
    code, _, err = shell("deliver", stdin=fresh_mail())
    assert code == 75 and err.startswith("4.3.0 StoreUnavailable: ") and "cannot be reached" in err


def test_feeding_again_adds_nothing_even_without_a_message_id(shell, fresh_mail, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    for number in range(3):
        (tmp_path / f"{number}.eml").write_bytes(fresh_mail(message_id="", subject=f"old {number}"))
    for _ in range(2):
        assert shell("feed", str(tmp_path))[0] == 0
    with open_store(f"sqlite:///{shell.folder}/data/mailproc.db") as store, store.read() as tx:
        assert tx.execute("SELECT count(*) FROM inbox").fetchone()[0] == 3
