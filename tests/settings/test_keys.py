"""The keys file: made once, for its owner only, never overwritten, rotated without breaking what was sent."""

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailproc import keys
from mailproc.errors import ConfigError, Permanent

NOW = datetime(2026, 1, 13, 10, 0, tzinfo=UTC)


def test_a_new_file_has_one_key_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "data" / "keys"
    old = os.umask(0)
    try:
        made = keys.create(path, NOW)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert keys.load(path, NOW) == made
    (key,) = made.keys
    assert (key.id, len(key.secret), key.created_at) == ("a", 32, NOW)


def test_two_sites_have_different_keys(tmp_path: Path) -> None:
    assert keys.create(tmp_path / "a").current.secret != keys.create(tmp_path / "b").current.secret


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("mine", "utf-8")
    with pytest.raises(Permanent, match="there is a keys file already; it was left as it is"):
        keys.create(path)
    assert path.read_text("utf-8") == "mine"


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o644, 0o602, 0o777])
def test_t62_a_file_others_may_read_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "my keys"
    keys.create(path)
    path.chmod(mode)
    with pytest.raises(ConfigError) as caught:
        keys.load(path)
    assert str(caught.value) == (
        f"{path}: others may read or change the keys file (mode {mode:04o}). Run  chmod 600 '{path}'"
    )
    path.chmod(0o400)
    assert len(keys.load(path).keys) == 1


def test_t62_old_keys_verify_for_thirty_days(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    first = keys.create(path, NOW).current
    rotated = keys.rotate(path, NOW + timedelta(days=1))
    assert rotated.current.id == "b" and rotated.current.secret != first.secret
    assert rotated.find("a") == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert keys.load(path, NOW + timedelta(days=30, hours=23)).find("a") == first
    late = keys.load(path, NOW + timedelta(days=31))
    assert late.find("a") is None and late.current == rotated.current


def test_a_rotation_drops_what_has_retired_and_reuses_its_id_last(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    keys.create(path, NOW)
    ids = []
    for month in range(1, 40):
        ring = keys.rotate(path, NOW + timedelta(days=31 * month))
        assert len(ring.keys) == 2
        ids.append(ring.current.id)
    assert ids[:3] == ["b", "c", "d"] and ids[30:33] == ["7", "a", "b"]


def test_many_rotations_at_once_end_when_ids_run_out(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    keys.create(path, NOW)
    for _ in range(31):
        ring = keys.rotate(path, NOW)
    assert len({key.id for key in ring.keys}) == 32
    assert keys.load(path, NOW) == ring
    with pytest.raises(Permanent, match="all 32 key ids are in use"):
        keys.rotate(path, NOW)


def test_a_clock_set_back_does_not_bury_the_new_key(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    keys.create(path, NOW)
    assert keys.rotate(path, NOW - timedelta(days=400)).current.id == "b"
    assert keys.load(path, NOW).current.id == "b"


def test_a_rotation_cut_short_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    made = keys.create(path, NOW)
    (tmp_path / "keys.new").write_text("half", "utf-8")
    with pytest.raises(Permanent, match=r"keys\.new is there: another rotation is running or was cut short"):
        keys.rotate(path, NOW)
    assert keys.load(path, NOW) == made


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", "this is not a keys file"),
        ("# only a comment\n", "this is not a keys file"),
        ("a 00ff 2026-01-13T10:00:00Z\n", ":1: this line is not a key"),
        ("a " + "0f" * 32 + " yesterday-or-so\n", ":1: this line is not a key"),
        ("A " + "0f" * 32 + " 2026-01-13T10:00:00Z\n", ":1: this line is not a key"),
        (("a " + "0f" * 32 + " 2026-01-13T10:00:00Z\n") * 2, ':2: this line has the id "a" of a key above'),
        ("\x00" * 50, ":1: this line is not a key"),
    ],
)
def test_a_damaged_file_is_refused_without_showing_it(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "keys"
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    with pytest.raises(ConfigError) as caught:
        keys.load(path)
    assert expected in str(caught.value) and "backup" in str(caught.value)
    assert "0f0f" not in str(caught.value)


def test_a_missing_file_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no keys file. `mailproc init` makes one"):
        keys.load(tmp_path / "keys")
    with pytest.raises(ConfigError, match="the keys file cannot be read: Is a directory"):
        keys.load(tmp_path)
