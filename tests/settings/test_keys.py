"""The keys file: made once, for its owner only, never overwritten, rotated without breaking what was sent."""

import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailproc import keys
from mailproc.errors import ConfigError, Permanent, UsageError

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


def test_t62_old_keys_verify_for_the_life_of_what_they_signed(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    first = keys.create(path, NOW).current
    rotated = keys.rotate(path, NOW + timedelta(days=1))
    assert rotated.current.id == "b" and rotated.current.secret != first.secret
    former = rotated.find("a")
    assert former is not None and former.secret == first.secret and former.retired_at == NOW + timedelta(days=1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert former.verifies(timedelta(days=30), NOW + timedelta(days=30, hours=23))
    assert not former.verifies(timedelta(days=30), NOW + timedelta(days=31))
    assert keys.load(path, NOW + timedelta(days=180, hours=23)).find("a") == former
    late = keys.load(path, NOW + timedelta(days=181))
    assert late.find("a") is None and late.current == rotated.current


def test_a_rotation_drops_what_has_retired_and_reuses_its_id_last(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    keys.create(path, NOW)
    ids = []
    for turn in range(1, 40):
        ring = keys.rotate(path, NOW + timedelta(days=181 * turn))
        assert len(ring.keys) == 2
        ids.append(ring.current.id)
    assert ids[:3] == ["b", "c", "d"] and ids[30:33] == ["7", "a", "b"]


def test_shuffled_numbers_keep_their_secret_whatever_keys_come_and_go(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    secret = keys.create(path, NOW).numbering_secret
    for turn in range(1, 6):
        keys.rotate(path, NOW + timedelta(days=181 * turn))
    assert keys.revoke(path, keys.load(path).current.id).numbering_secret == secret
    assert keys.load(path).numbering_secret == secret


def test_a_file_of_before_gets_its_numbering_from_the_oldest_key_and_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("b " + "0e" * 32 + " 2026-01-13T10:00:00Z\na " + "0f" * 32 + " 2025-01-13T10:00:00Z\n", "utf-8")
    path.chmod(0o600)
    assert keys.load(path, NOW + timedelta(days=365)).numbering_secret == b"\x0f" * 32
    keys.rotate(path, NOW + timedelta(days=365))
    ring = keys.load(path, NOW + timedelta(days=366))
    assert (ring.numbering_secret, [key.id for key in ring.keys]) == (b"\x0f" * 32, ["c", "b"])


def test_t62_a_revoked_key_is_gone_at_once_and_the_others_keep_their_times(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    keys.create(path, NOW)
    keys.rotate(path, NOW + timedelta(days=1))
    ring = keys.revoke(path, "b", NOW + timedelta(days=20))
    assert [key.id for key in ring.keys] == ["c", "a"] and ring == keys.load(path, NOW + timedelta(days=20))
    former = ring.find("a")
    assert former is not None and former.retired_at == NOW + timedelta(days=1)  # not the day of the revocation
    assert [key.id for key in keys.revoke(path, "a", NOW + timedelta(days=20)).keys] == ["c"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(UsageError, match="there is no key 'a'; the keys are c"):
        keys.revoke(path, "a", NOW)


def test_two_changes_at_once_are_both_made(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    keys.create(path)
    script = "import sys; from pathlib import Path; from mailproc import keys; keys.rotate(Path(sys.argv[1]))"
    running = [subprocess.Popen([sys.executable, "-c", script, str(path)]) for _ in range(4)]
    assert [process.wait(60) for process in running] == [0, 0, 0, 0]
    assert sorted(key.id for key in keys.load(path).keys) == ["a", "b", "c", "d", "e"]


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


def test_a_rotation_cut_short_changes_nothing_and_is_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    made = keys.create(path, NOW)
    (tmp_path / "keys.new").write_text("half", "utf-8")
    assert keys.load(path, NOW) == made
    assert keys.rotate(path, NOW).current.id == "b"
    assert not (tmp_path / "keys.new").exists()


def test_a_folder_that_cannot_be_written_leaves_the_keys_as_they_are(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        path = tmp_path / "keys"
        made = keys.create(path, NOW)
        (tmp_path / "keys.new").mkdir()
    else:
        path = tmp_path / "closed" / "keys"
        made = keys.create(path, NOW)
        path.parent.chmod(0o500)
    with pytest.raises(Permanent, match="the keys file cannot be written"):
        keys.rotate(path, NOW)
    path.parent.chmod(0o700)
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
