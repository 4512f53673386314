"""docs/trust.md against the program: its settings load, its commands run, its tables say what the desk does."""

import re
import shlex
from collections.abc import Callable
from datetime import timedelta

import pytest

from mailproc import keys, settings
from mailproc.desk import reasons, speakers
from mailproc.settings.schema import TRUST_KEYS
from mailproc.tickets import token
from tests.cli.conftest import Shell, fresh_mail, shell  # noqa: F401
from tests.desk import trusttable
from tests.desk.test_trusttable import decide, what_became
from tests.handbook import DOCS, SITE, read_blocks, replace_settings

TEXT = (DOCS / "trust.md").read_text("utf-8")
BLOCKS = read_blocks("trust")
COMMANDS = [line for block in BLOCKS if block.language == "sh" for line in block.text.splitlines()[1:]]


def test_it_is_one_page() -> None:
    assert len(TEXT.split()) < 1_400


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.label == SITE], ids=lambda block: block.section)
def test_its_settings_load_without_a_word(block: object, shell: Shell) -> None:  # noqa: F811
    path = shell.folder / SITE
    read = settings.parse(replace_settings(path.read_text("utf-8"), block.text), path, {})  # type: ignore[attr-defined]
    assert read.warnings == ()


def test_its_commands_run_as_they_stand(shell: Shell, fresh_mail: Callable[..., bytes]) -> None:  # noqa: F811
    """On a site with a case and held mail; numbers that a reader replaces are replaced here."""
    shell.take(fresh_mail(to="support@acme.example"))
    (number,) = [ticket["number"] for ticket in shell.json("ticket", "list")]
    for turn in range(2):
        shell.take(fresh_mail(sender="a@b.example, c@d.example", message_id=f"<h{turn}@x>", text=f"Hello {turn}"))
    held = [str(row["id"]) for row in shell.json("hold", "list")]
    assert len(held) == 2 and len(COMMANDS) >= 10
    (shell.folder / "complaint.eml").write_bytes(fresh_mail(message_id="<c@x>"))
    for line in COMMANDS:
        program, *words = shlex.split(line)
        assert program == "mailproc"
        words = [number if re.fullmatch(r"ACME-[0-9-]+", word) else word for word in words]
        words = [str(shell.folder / word) if word.endswith(".eml") else word for word in words]
        if words[:2] in (["hold", "show"], ["hold", "release"]):
            words[2] = held[0]
        elif words[:2] == ["hold", "discard"]:
            words[2] = held[1]
        code, out, err = shell(*words)
        assert code in ((0, 1) if words[0] == "doctor" else (0,)), (line, err)
        assert out.strip()
    assert held[1] not in [str(row["id"]) for row in shell.json("hold", "list")]


def test_its_numbers_are_the_programs() -> None:
    assert "agents' addresses for 30 days and customers' for 180" in TEXT
    assert token.AGENT_TOKEN_LIFE.days == 30 and token.CUSTOMER_TOKEN_LIFE.days == 180
    assert keys.RETIRES_AFTER == token.CUSTOMER_TOKEN_LIFE
    assert "not after 7 days" in TEXT and timedelta(days=7) == speakers.AGENT_MAIL_LIFE
    for reason in re.findall(r"`(agent-[a-z-]+|would-leak|sender-contradicted)`", TEXT):
        assert reason in reasons.REASONS
    for key in re.findall(r"^  (\w+): ", "\n".join(b.text for b in BLOCKS if b.label == SITE), re.MULTILINE):
        assert key in TRUST_KEYS


@pytest.mark.parametrize("mode", trusttable.MODES)
def test_its_table_of_modes_is_what_the_desk_does(mode: str) -> None:
    """One row a mode, and what each believes, by the desk itself."""
    assert re.search(rf"^\| `{mode}`", TEXT, re.MULTILINE)

    def believes(level: str, *, dkim: bool = False, handed_in: bool = False) -> bool:
        cell = trusttable.Cell(trusttable.ANN, level, True, "own", "human", mode, handed_in, dkim)
        return what_became(decide(cell)) == trusttable.ANSWER

    assert believes("A3") and believes("A1", dkim=True)
    assert believes("A2", handed_in=True) is (mode in ("network", "token"))
    assert believes("A1") is believes("A2") is (mode == "token")
    assert not believes("A0", dkim=True, handed_in=True)
