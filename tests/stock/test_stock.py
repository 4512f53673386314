"""What ships with mailproc is found, in a checkout and in an installed package."""

import shutil
import subprocess
import sys
from pathlib import Path

from mailproc import settings, stock
from mailproc.stock.providers import PRESETS

ROOT = Path(__file__).resolve().parents[2]


def test_the_shipped_folders_hold_what_they_should() -> None:
    assert (stock.templates_dir() / "en" / "received.txt.j2").is_file()
    assert list(stock.rules_dir().glob("*.yaml"))
    assert any(path.is_dir() for path in stock.samples_dir().iterdir())
    assert "site:" in stock.site_template()


def test_an_installed_package_finds_its_own_folders(tmp_path: Path) -> None:
    package = tmp_path / "lib" / "mailproc"
    shutil.copytree(ROOT / "mailproc", package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "lib" / "rules").mkdir()  # somebody else's, next to the package and empty
    script = (
        "from mailproc import stock\n"
        "from mailproc.errors import Permanent\n"
        "try:\n    stock.rules_dir()\n"
        "except Permanent as error:\n    print(error)\n"
        "(stock._PACKAGE / 'rules').mkdir()\n"
        "(stock._PACKAGE / 'rules' / 'desk.yaml').touch()\n"
        "print(stock.rules_dir())\n"
        "print(len(stock.site_template()) > 1000)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path / "lib")}, text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    missing, found, has_template = run.stdout.splitlines()
    assert missing.startswith("the shipped rules are missing") and missing.endswith("Install mailproc again")
    assert found == str(package / "stock" / "rules")
    assert has_template == "True"


def test_every_preset_fills_whole_lines() -> None:
    for preset in PRESETS.values():
        assert preset.title
        for block in (preset.intake, preset.delivery, preset.trust, preset.oauth):
            assert block == "" or block.endswith("\n")
        assert preset.oauth.startswith("oauth:")
        active = [line for line in preset.delivery.splitlines() if not line.startswith("#")]
        assert len(active) == 1 and active[0].startswith("delivery: ")


def test_the_shipped_languages_have_templates() -> None:
    folders = {path.name for path in stock.templates_dir().iterdir() if path.is_dir()}
    assert folders <= set(settings.SHIPPED_LANGUAGES) and "en" in folders
