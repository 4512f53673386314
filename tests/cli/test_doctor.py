"""`mailproc doctor` and `mailproc health` as a shell sees them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailproc.cli.doctor import doctor
from mailproc.cli.health import health
from mailproc.store import vitals
from mailproc.store.database import open_store
from mailproc.store.vitals import Heartbeat
from tests.cli.conftest import Shell

Call = Callable[..., Result]


@pytest.fixture
def call(shell: Shell) -> Call:
    """`call(command, argument, ...)` on a fresh site."""

    def run(command: object, *arguments: str, text: str = "") -> Result:
        path = shell.folder / "mailproc.yaml"
        if text:
            path.write_text(path.read_text() + text)
        return CliRunner().invoke(command, arguments, obj=path)  # type: ignore[arg-type]

    return run


def folder_state(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*"))


def test_doctor_offline_changes_nothing_and_ends_well(call: Call, shell: Shell) -> None:
    before = folder_state(shell.folder)
    result = call(doctor, "--offline")
    assert result.exit_code == 0, result.output
    for words in ("OK    config", "OK    keys", "OK    rules", "WARN  sqlite", "0 FAIL"):
        assert words in result.output
    assert "dns" not in result.output and folder_state(shell.folder) == before


def test_doctor_as_json_gives_each_line_its_remedy(call: Call, shell: Shell) -> None:
    (shell.folder / "data/keys").chmod(0o644)
    result = call(doctor, "--offline", "--json")
    assert result.exit_code == 1
    found = json.loads(result.output)
    assert found["ok"] is False
    (wrong,) = (item for item in found["findings"] if item["level"] == "FAIL")
    assert wrong["subject"] == "keys" and "0600" in wrong["remedy"]
    assert all(item["remedy"] for item in found["findings"] if item["level"] != "OK")


def test_doctor_of_wrong_settings_names_each_line(call: Call) -> None:
    result = call(doctor, "--offline", text="\nnonsense: 1\nmore: 2\n")
    assert result.exit_code == 1
    assert result.output.count("FAIL  config") == 2 and "nonsense" in result.output and "aiosmtpd" in result.output


def test_doctor_without_its_secrets_looks_at_what_needs_none(call: Call, shell: Shell) -> None:
    path = shell.folder / "mailproc.yaml"
    text = path.read_text().replace(
        "intake:\n",
        'intake:\n  - {kind: imap, host: imap.acme.example, user: x, password: "${env:NO_SUCH_SECRET}"}\n',
        1,
    )
    path.write_text(text)
    result = call(doctor)
    assert "NO_SUCH_SECRET" in result.output and "environment of the service" in result.output
    assert "OK    rules" in result.output and "imap.acme.example cannot" not in result.output


def test_doctor_probe_with_dry_run_sends_nothing(call: Call, shell: Shell) -> None:
    path = shell.folder / "mailproc.yaml"
    path.write_text(path.read_text().replace('# resolver: "127.0.0.1:5353"', 'resolver: "127.0.0.1:1"'))
    result = call(doctor, "--probe", "--dry-run", "--timeout", "1")
    assert "nothing can be said" in result.output, "this test asks nobody outside"
    assert "would send a test mail to support+" in result.output
    assert "see that it does not come back" in result.output
    assert not list((shell.folder / "data").glob("sent/new/*"))


@pytest.mark.parametrize("arguments", [("--dry-run",), ("--probe", "--offline"), ("--timeout", "0")])
def test_doctor_of_options_that_do_not_go_together(call: Call, arguments: tuple[str, ...]) -> None:
    assert call(doctor, *arguments).exit_code == 2


def beat(shell: Shell, **changes: object) -> None:
    now = datetime.now(UTC)
    values = {"host": "mail1", "path": "x", "at": now, "started_at": now, "pid": 7, "version": "1", **changes}
    with open_store(f"sqlite:///{shell.folder}/data/mailproc.db") as store:
        store.run(lambda tx: vitals.write_heartbeat(tx, Heartbeat(**values)))  # type: ignore[arg-type]


def test_health_while_no_daemon_ever_ran(call: Call) -> None:
    result = call(health)
    assert result.exit_code == 1 and "mailproc run" in result.output


def test_health_of_a_daemon_that_lives(call: Call, shell: Shell) -> None:
    beat(shell)
    result = call(health)
    assert result.exit_code == 0 and result.output.startswith("well\n"), result.output
    found = json.loads(call(health, "--json").output)
    assert found["ok"] is True and found["problems"] == [] and found["daemons"][0]["pid"] == 7
    assert {"undecided", "held", "queued", "oldest_queued_at", "intakes", "disk_free_bytes"} <= set(found)


def test_health_of_a_daemon_that_fell_silent(call: Call, shell: Shell) -> None:
    beat(shell, at=datetime.now(UTC) - timedelta(hours=3), troubles=())
    result = call(health)
    assert result.exit_code == 1 and "(process 7) was last heard of 3 h ago" in result.output
    assert json.loads(call(health, "--json").output)["ok"] is False


def test_health_of_a_daemon_that_suffers(call: Call, shell: Shell) -> None:
    beat(shell, troubles=("delivery: no mail goes out",))
    result = call(health)
    assert result.exit_code == 1 and "delivery: no mail goes out" in result.output


def test_health_of_a_database_that_is_none(call: Call, shell: Shell) -> None:
    (shell.folder / "data/mailproc.db").write_bytes(b"this is no database" * 1000)
    result = call(health, "--json")
    assert result.exit_code == 1 and "not an SQLite database" in json.loads(result.output)["problems"][0]
