"""The doors we open: ports, sockets, certificates, Maildirs."""

import os
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mailproc.doctor import listeners
from mailproc.doctor.findings import Level
from mailproc.doctor.visit import Visit
from mailproc.settings import IntakeSettings
from tests.doctor.conftest import levels

CERTS = Path(__file__).parents[1] / "delivery" / "certs"


def greet(server: socket.socket, words: bytes) -> None:
    def run() -> None:
        connection, _ = server.accept()
        with connection:
            connection.sendall(words)

    threading.Thread(target=run, daemon=True).start()


@pytest.mark.parametrize(
    ("greeting", "level", "words"),
    [
        (b"220 acme.example ESMTP mailproc\r\n", Level.OK, "mailproc listens"),
        (b"220 mail.acme.example ESMTP Postfix\r\n", Level.FAIL, "ESMTP Postfix"),
        (b"", Level.FAIL, "another program"),
    ],
)
def test_check_port_that_is_taken(greeting: bytes, level: Level, words: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        greet(server, greeting)
        found = levels(listeners.check_port("smtp", "127.0.0.1", server.getsockname()[1]))
    assert words in found[level]


def test_check_port_that_is_free_leaves_it_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    for _ in range(2):
        assert set(levels(listeners.check_port("smtp", "127.0.0.1", port))) == {Level.OK}
    assert "no address 192.0.2.1" in levels(listeners.check_port("smtp", "192.0.2.1", port))[Level.FAIL]


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    """A folder that everybody may pass, as the folders of tests are their owner's alone."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and str(folder).startswith("/tmp/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    made = tmp_path / "run"
    made.mkdir()
    made.chmod(0o755)
    return made


def test_check_socket_that_is_free(open_folder: Path) -> None:
    found = levels(listeners.check_socket("lmtp", open_folder / "lmtp.sock"))
    assert Level.FAIL not in found and "is free" in found[Level.OK]


def test_check_socket_where_mailproc_listens(open_folder: Path) -> None:
    path = open_folder / "lmtp.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        path.chmod(0o666)
        greet(server, b"220 acme.example LMTP mailproc\r\n")
        assert "mailproc listens" in levels(listeners.check_socket("lmtp", path))[Level.OK]
    assert "left from a daemon" in levels(listeners.check_socket("lmtp", path))[Level.OK]


def test_check_socket_that_cannot_be(open_folder: Path) -> None:
    assert "too long" in levels(listeners.check_socket("lmtp", open_folder / ("x" * 120)))[Level.FAIL]
    assert "no folder" in levels(listeners.check_socket("lmtp", open_folder / "a" / "b"))[Level.FAIL]
    (open_folder / "file").write_text("")
    assert "no socket" in levels(listeners.check_socket("lmtp", open_folder / "file"))[Level.FAIL]


def test_find_barrier_for_another_user(open_folder: Path) -> None:
    path = open_folder / "lmtp.sock"
    path.write_text("")
    stranger, group = 54_321, open_folder.stat().st_gid
    path.chmod(0o666)
    assert listeners.find_barrier(path, stranger, frozenset()) is None
    path.chmod(0o660)
    assert listeners.find_barrier(path, stranger, frozenset()) == path
    assert listeners.find_barrier(path, stranger, frozenset({group})) is None
    open_folder.chmod(0o700)
    assert listeners.find_barrier(path, stranger, frozenset()) == open_folder
    assert listeners.find_barrier(path, 0, frozenset()) is None


@pytest.mark.parametrize(
    ("line", "chrooted"),
    [
        ("lmtp      unix  -       -       y       -       -       lmtp", True),
        ("lmtp      unix  -       -       n       -       -       lmtp", False),
        ("lmtp      unix  -       -       -       -       -       lmtp", False),
        ("smtp      unix  -       -       y       -       -       smtp\n#lmtp unix - - y - - lmtp", False),
    ],
)
def test_is_lmtp_chrooted_as_master_cf_says(tmp_path: Path, line: str, chrooted: bool) -> None:
    file = tmp_path / "master.cf"
    file.write_text(f"# a comment\n\n{line}\n")
    assert listeners.is_lmtp_chrooted(file) is chrooted
    assert not listeners.is_lmtp_chrooted(tmp_path / "none")


def test_check_of_certificates_and_maildirs(make_visit: Callable[..., Visit], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    smtp = IntakeSettings("smtp", "smtp", "127.0.0.1", port, tls_certificate=str(CERTS / "localhost.crt"),
                          tls_key=str(CERTS / "localhost.key"))  # fmt: skip
    box = tmp_path / "box"
    for name in ("cur", "new", "tmp"):
        (box / name).mkdir(parents=True)
    (box / "new" / "1.a").write_text("x")
    found = levels(listeners.check(make_visit(intakes=(smtp, IntakeSettings("maildir", "box", path=str(box))))))
    assert set(found) == {Level.OK} and "1 new mail" in found[Level.OK] and "certificate is good" in found[Level.OK]
    wrong = replace(smtp, tls_key=str(CERTS / "localhost.crt"))
    found = levels(listeners.check(make_visit(intakes=(wrong, IntakeSettings("maildir", "no", path=str(tmp_path))))))
    assert "certificate cannot be used" in found[Level.FAIL] and "is no Maildir" in found[Level.FAIL]
