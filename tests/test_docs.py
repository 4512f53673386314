"""The documentation against the code: what it names exists, and what exists is named."""

import re
from pathlib import Path

import pytest

from mailproc.cli import COMMANDS
from mailproc.desk.commands.mailcommands import VERBS
from mailproc.desk.reasons import REASONS, SUPPRESSED
from mailproc.records.decision import Outcome
from mailproc.render import VARIABLES
from mailproc.store.commit import HANDLERS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
HACKING = (ROOT / "HACKING.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_readme_names_every_command(name: str) -> None:
    assert re.search(rf"(?<![\w-]){name}(?![\w-])", README), f"README.md does not mention `mailproc {name}`"


@pytest.mark.parametrize("verb", VERBS)
def test_readme_names_every_mail_command(verb: str) -> None:
    assert f"#{verb}" in README


@pytest.mark.parametrize("target", ["demo", "run", "test", "check", "bench", "crash", "fuzz"])
def test_every_make_target_is_there_and_named(target: str) -> None:
    assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)
    assert f"make {target}" in README + HACKING


def test_the_tests_that_hacking_names_exist() -> None:
    named = re.findall(r"`(test_[a-z0-9_]+)`", HACKING)
    assert named
    source = (ROOT / "tests" / "test_crashes.py").read_text(encoding="utf-8")
    assert [name for name in named if f"def {name}(" not in source] == []


def test_the_files_that_hacking_names_exist() -> None:
    missing = []
    for name in re.findall(r"`((?:[a-z_]+/)+[a-z_]*(?:\.py)?|tests/[a-z_]+\.py)`", HACKING):
        places = (ROOT / name, ROOT / "mailproc" / name)
        if not any(place.exists() for place in places):
            missing.append(name)
    assert missing == []


def test_every_effect_has_a_handler() -> None:
    from typing import get_args

    from mailproc.records.effects import Effect

    assert set(get_args(Effect)) == set(HANDLERS)


def test_every_reason_is_used_and_every_used_reason_is_listed() -> None:
    source = "\n".join(
        path.read_text(encoding="utf-8")
        for path in [
            *(ROOT / "mailproc" / "desk").rglob("*.py"),
            ROOT / "mailproc/engine.py",
            ROOT / "mailproc/store/inbox.py",
        ]
        if path.name != "reasons.py"
    )
    assert [reason for reason in (*REASONS, *SUPPRESSED) if f'"{reason}"' not in source] == []


def test_every_notice_has_a_template() -> None:
    mails = ROOT / "mailproc" / "desk" / "mails"
    source = "\n".join((mails / name).read_text() for name in ("notices.py", "outgoing.py"))
    templates = set(re.findall(r'template="([a-z]+)"', source))
    assert templates and templates <= set(VARIABLES)


def test_every_outcome_is_spoken_of_in_the_design_words() -> None:
    assert {str(outcome) for outcome in Outcome} >= {"opened", "appended", "held", "duplicate", "loop", "bounce"}


def test_changelog_has_an_unreleased_part() -> None:
    assert "## Unreleased" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
