"""Which settings file is used, and what is said when there is none."""

from pathlib import Path

import pytest

from mailproc import settings
from mailproc.errors import ConfigError


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """A file at each place mailproc looks, by name; nothing outside of tmp_path."""
    here, home = tmp_path / "here", tmp_path / "home"
    found = {
        "config": tmp_path / "given.yaml",
        "environ": tmp_path / "environ.yaml",
        "here": here / "mailproc.yaml",
        "home": home / ".config/mailproc/mailproc.yaml",
        "system": tmp_path / "etc/mailproc.yaml",
    }
    for path in found.values():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(here)
    monkeypatch.setattr(settings, "SYSTEM_FILE", found["system"])
    return found


def test_the_order_of_the_places(places: dict[str, Path], tmp_path: Path) -> None:
    environ = {"MAILPROC_CONFIG": str(places["environ"]), "HOME": str(tmp_path / "home")}
    assert settings.find(places["config"], environ) == places["config"]
    assert settings.find(None, environ) == places["environ"]
    del environ["MAILPROC_CONFIG"]
    assert settings.find(None, environ) == Path("mailproc.yaml")
    places["here"].unlink()
    assert settings.find(None, environ) == places["home"]
    places["home"].unlink()
    assert settings.find(None, environ) == places["system"]
    places["system"].unlink()
    with pytest.raises(ConfigError) as caught:
        settings.find(None, environ)
    assert str(caught.value) == (
        f"no settings file: looked for\n    {places['here']}\n    {places['home']}\n    {places['system']}\n"
        "    Run  mailproc init  to make a site."
    )


def test_a_named_file_that_is_missing_is_no_reason_to_take_another(places: dict[str, Path], tmp_path: Path) -> None:
    missing = tmp_path / "nope" / "mailproc.yaml"
    with pytest.raises(ConfigError) as caught:
        settings.find(missing, {})
    assert str(caught.value) == (
        f"{missing}: there is no such settings file (--config names it).\n"
        f"    Run  mailproc init {missing.parent}  to make a site."
    )
    with pytest.raises(ConfigError, match=r"\(\$MAILPROC_CONFIG names it\)"):
        settings.find(None, {"MAILPROC_CONFIG": str(missing)})


def test_a_folder_stands_for_the_file_in_it(places: dict[str, Path]) -> None:
    assert settings.find(places["here"].parent, {}) == places["here"]


def test_a_file_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="S008 the settings file cannot be read: Is a directory"):
        settings.load(tmp_path, {})
    with pytest.raises(ConfigError, match="there is no such settings file"):
        settings.load(tmp_path / "nope.yaml", {})
