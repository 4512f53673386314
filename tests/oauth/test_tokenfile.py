"""The token file: whole or not at all, for its owner only, and usable by the daemon when root wrote it."""

import os
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from mailproc.errors import Permanent
from mailproc.oauth import tokenfile
from mailproc.oauth.tokenfile import KeptLogin

KEPT = KeptLogin("refresh", "u@acme.example", "c", ("a", "b"), 1.5, 2.5, 3.5)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "token.json"
    former = os.umask(0)
    try:
        tokenfile.write(path, KEPT)
    finally:
        os.umask(former)
    assert tokenfile.read(path) == KEPT
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a", "a/b")] == [0o700, 0o700]
    tokenfile.write(path, replace(KEPT, refresh_expires_at=None))
    assert tokenfile.read(path) == replace(KEPT, refresh_expires_at=None)
    assert tokenfile.read(tmp_path / "none") is None


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o644, 0o602, 0o777])
def test_t62_a_file_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "my token"
    tokenfile.write(path, KEPT)
    path.chmod(mode)
    with pytest.raises(Permanent) as caught:
        tokenfile.read(path)
    text = f"{path}: others may read or change the token file (mode {mode:04o}). Run  chmod 600 '{path}'"
    assert str(caught.value) == text


def test_a_file_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(Permanent, match="the token file cannot be written: Not a directory"):
        tokenfile.write(tmp_path / "file" / "token.json", KEPT)


def test_a_link_that_somebody_left_is_not_followed(tmp_path: Path) -> None:
    path, victim = tmp_path / "token.json", tmp_path / "victim"
    victim.write_text("mine")
    path.with_name(f"token.json.{os.getpid()}.new").symlink_to(victim)
    tokenfile.write(path, KEPT)
    assert victim.read_text() == "mine" and tokenfile.read(path) == KEPT


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_writes_belongs_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    os.chown(data, 65534, 65534)
    tokenfile.write(data / "oauth" / "token.json", KEPT)
    with tokenfile.locked(data / "oauth" / "token.json"):
        pass
    for path in (data / "oauth", *(data / "oauth").iterdir()):
        assert (path.stat().st_uid, path.stat().st_gid) == (65534, 65534)


def test_f12_a_kill_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "token.json"
    tokenfile.write(path, KEPT)
    code = (
        "import sys; from pathlib import Path; from mailproc.oauth import tokenfile; n = 0\n"
        "while True:\n"
        "    n += 1; tokenfile.write(Path(sys.argv[1]), tokenfile.KeptLogin('r' * 5000 + str(n)))\n"
        "    print(n, flush=True)\n"
    )
    for pause in (0.002, 0.011):
        with subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(pause)
            child.kill()
        kept = tokenfile.read(path)
        assert kept is not None and kept.refresh_token.startswith("r" * 5000)
