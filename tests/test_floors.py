"""Tests that imports in mailproc point down only and dry rooms stay dry; reads the sources, runs none of them."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "mailproc"

# Lowest first. A room may import the rooms of lower lines and itself, never one that stands beside it.
DRY_FLOORS = (
    ("errors", "records", "yamlnodes"),
    ("message",),
    ("tickets",),
    ("rulebook",),
    ("desk",),
)
WET_FLOORS = (
    ("maillog", "stock", "settings", "keys"),
    ("store", "render", "verify", "intake", "delivery", "oauth"),
    ("reports", "sending"),
    ("holding",),
    ("engine", "replaying"),
    ("opening",),
    ("doctor",),
    ("daemon", "cli", "__main__"),
)
FLOORS = DRY_FLOORS + WET_FLOORS
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
DRY_ROOMS = {room for rooms in DRY_FLOORS for room in rooms}
# `mailproc run` and `mailproc demo` start the daemon: the one step sideways.
SIDEWAYS = {("cli", "daemon"), ("__main__", "cli")}

# Sockets, clocks, randomness, logging, databases, templates, terminals, files, other processes and threads.
WET_MODULES = frozenset(
    """
    aiosmtpd asyncio atexit click concurrent ctypes curses dbm dns fcntl fileinput ftplib getpass glob grp http
    imapclient imaplib importlib jinja2 linecache locale logging mailbox mmap multiprocessing netrc os
    pathlib peewee pickle pkgutil platform playhouse poplib psycopg pty pwd queue random requests resource runpy sched
    secrets select selectors shelve shutil signal smtplib socket socketserver sqlite3 ssl subprocess syslog
    tempfile termios threading time tkinter tty urllib3 uuid webbrowser xmlrpc _thread
    """.split()
)
# Calls that read a clock, a file or a terminal without an import that gives them away.
WET_CALLS = frozenset(
    "open io.open input print breakpoint exec eval "
    "datetime.now datetime.utcnow datetime.today date.today datetime.datetime.now datetime.datetime.utcnow "
    "datetime.datetime.today datetime.date.today email.utils.localtime email.utils.make_msgid utils.make_msgid".split()
)
PEEWEE = {"peewee", "playhouse"}

BROAD = {"Exception", "BaseException"}
MAY_CATCH_ALL = {
    "cli/__init__.py",
    "cli/deliver.py",
    "daemon/service.py",
    "engine.py",
    "intake/imap.py",
    "intake/lmtp.py",
    "intake/maildir.py",
    "intake/smtp.py",
    "message/headers.py",
    "store/writer.py",
    "verify/evidence.py",
}

SHADOWING = frozenset("calendar email html http io json logging mailbox queue re signal socket string threading "
                      "time types".split())
NAMELESS = {"utils", "util", "helpers", "helper", "manager", "managers", "misc", "common"}
MAX_LINES = 400


def find_violations(path: str, text: str) -> Iterator[str]:
    """What is wrong with one file, as `path:line: words`; `path` is relative to the package's folder."""
    tree = ast.parse(text)
    room = path.split("/")[0].removesuffix(".py")
    parts = path.removesuffix(".py").split("/")
    lines = text.count("\n")
    if lines > MAX_LINES:
        yield f"{path}:1: {lines} lines; past {MAX_LINES} a file becomes a folder of the same name"
    if tree.body and not ast.get_docstring(tree):
        yield f"{path}:1: no module docstring"
    for name in parts:
        if name in SHADOWING:
            yield f"{path}:1: the name {name} shadows the standard library"
        if name in NAMELESS:
            yield f"{path}:1: the name {name} says nothing"
    if room != "__init__" and room not in FLOOR_OF:
        yield f"{path}:1: {room} stands on no floor"
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for problem in _find_import_problems(room, node):
                yield f"{path}:{node.lineno}: {problem}"
        elif isinstance(node, ast.ExceptHandler):
            if _is_broad(node.type) and path not in MAY_CATCH_ALL:
                yield f"{path}:{node.lineno}: a broad except"
        elif isinstance(node, ast.Call):
            name = _dotted(node.func)
            is_suppress = name.removeprefix("contextlib.") == "suppress"
            if is_suppress and any(map(_is_broad, node.args)) and path not in MAY_CATCH_ALL:
                yield f"{path}:{node.lineno}: a broad suppress"
            if room in DRY_ROOMS and name in WET_CALLS:
                yield f"{path}:{node.lineno}: {room} is dry and calls {name}()"
            if name in ("__import__", "importlib.import_module") and room != "cli":
                yield f"{path}:{node.lineno}: an import that no reader can follow"


def _find_import_problems(room: str, node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom):
        if node.level:
            yield "a relative import"
            return
        module = node.module or ""
        # `from mailproc import store` imports a room as much as `from mailproc.store import x` does.
        names = [f"{module}.{alias.name}" for alias in node.names] if module in (PACKAGE, "email") else [module]
    else:
        names = [alias.name for alias in node.names]
    for name in names:
        top, _, rest = name.partition(".")
        if top == PACKAGE:
            problem = _judge_step(room, rest.split(".")[0])
            if problem:
                yield problem
        if room in DRY_ROOMS and (top in WET_MODULES or name in ("urllib.request", "xml.sax")):
            yield f"{room} is dry and imports {name}"
        if top in PEEWEE and room not in ("store", *DRY_ROOMS):
            yield f"{room} imports {name}; only store may"


def _judge_step(room: str, other: str) -> str:
    """Why `room` may not import the room `other`, "" when it may."""
    if other in ("", room) or other.startswith("__version"):
        return ""
    if room == "__init__":
        return f"the package itself imports {other}; it must stay empty so that any room can be imported alone"
    if other not in FLOOR_OF:
        return f"imports {other}, which stands on no floor"
    if FLOOR_OF[other] < FLOOR_OF[room] or (room, other) in SIDEWAYS:
        return ""
    where = "above" if FLOOR_OF[other] > FLOOR_OF[room] else "beside"
    return f"{room} imports {other}, which stands {where} it"


def _is_broad(node: ast.expr | None) -> bool:
    if isinstance(node, ast.Tuple):
        return any(_is_broad(element) for element in node.elts)
    return node is None or _dotted(node).removeprefix("builtins.") in BROAD


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _sources() -> list[str]:
    package = ROOT / PACKAGE
    return sorted(path.relative_to(package).as_posix() for path in package.rglob("*.py"))


@pytest.mark.parametrize("path", _sources())
def test_floors_of_every_file(path: str) -> None:
    found = list(find_violations(path, (ROOT / PACKAGE / path).read_text(encoding="utf-8")))
    assert not found, "\n" + "\n".join(found)


def test_every_room_of_the_floors_that_exists_is_seen() -> None:
    seen = {path.split("/")[0].removesuffix(".py") for path in _sources()}
    assert {"errors", "records", "message", "tickets"} <= seen


PLANTED = [
    # file, source, words of the violation ("" for none)
    ("desk/x.py", "from mailproc.store import inbox", "desk imports store, which stands above it"),
    ("desk/x.py", "from mailproc import store", "desk imports store, which stands above it"),
    ("desk/x.py", "import mailproc.store.inbox", "desk imports store, which stands above it"),
    ("desk/x.py", "def f():\n    from mailproc.engine import Engine", "desk imports engine, which stands above it"),
    ("desk/x.py", "from mailproc.rulebook.book import Rulebook\nfrom mailproc.records.mail import Mail", ""),
    ("message/x.py", "from mailproc.tickets import token", "message imports tickets, which stands above it"),
    ("records/x.py", "from mailproc.errors import Permanent", "records imports errors, which stands beside it"),
    ("store/x.py", "from mailproc.render import Renderer", "store imports render, which stands beside it"),
    ("store/x.py", "from mailproc.desk.decide import decide_mail\nimport peewee, os", ""),
    ("settings.py", "from mailproc.keys import load", "settings imports keys, which stands beside it"),
    ("settings.py", "from mailproc import yamlnodes, errors\nimport os", ""),
    ("settings.py", "from mailproc.desk import decide", ""),
    ("engine.py", "from mailproc.daemon import run", "engine imports daemon, which stands above it"),
    ("cli/run.py", "from mailproc.daemon import run", ""),
    ("daemon.py", "from mailproc.cli import main", "daemon imports cli, which stands beside it"),
    ("__init__.py", "from mailproc.engine import Engine", "the package itself imports engine"),
    ("gossip.py", "import os", "gossip stands on no floor"),
    ("desk/x.py", "from mailproc.gossip import x", "imports gossip, which stands on no floor"),
    ("desk/x.py", "from . import y", "a relative import"),
    ("records/x.py", "import time", "records is dry and imports time"),
    ("rulebook/x.py", "from os.path import join", "rulebook is dry and imports os.path"),
    ("message/x.py", "import urllib.request", "message is dry and imports urllib.request"),
    ("message/x.py", "import email.utils, urllib.parse, hashlib, re", ""),
    ("desk/x.py", "at = datetime.now(UTC)", "desk is dry and calls datetime.now()"),
    ("desk/x.py", "text = open('x').read()", "desk is dry and calls open()"),
    ("tickets/x.py", "import peewee", "tickets is dry and imports peewee"),
    ("engine.py", "import peewee", "engine imports peewee; only store may"),
    ("cli/db.py", "from playhouse.migrate import x", "cli imports playhouse.migrate; only store may"),
    ("store/x.py", "try:\n    pass\nexcept Exception:\n    pass", "a broad except"),
    ("store/x.py", "try:\n    pass\nexcept:\n    pass", "a broad except"),
    ("store/x.py", "try:\n    pass\nexcept (OSError, BaseException) as error:\n    pass", "a broad except"),
    ("store/x.py", "with contextlib.suppress(Exception):\n    pass", "a broad suppress"),
    ("store/x.py", "try:\n    pass\nexcept (OSError, ValueError):\n    pass", ""),
    ("verify/evidence.py", "try:\n    pass\nexcept Exception:\n    pass", ""),
    ("store/queue.py", "x = 1", "the name queue shadows the standard library"),
    ("store/helpers.py", "x = 1", "the name helpers says nothing"),
    ("store/x.py", "x = 1\n" * MAX_LINES, "past 400 a file becomes a folder"),
    ("store/x.py", "importlib.import_module(name)", "an import that no reader can follow"),
]


@pytest.mark.parametrize(("path", "source", "words"), PLANTED)
def test_checker_judges_a_planted_file(path: str, source: str, words: str) -> None:
    found = list(find_violations(path, f'"""A file."""\n{source}'))
    if words:
        assert len(found) == 1 and words in found[0], found
    else:
        assert not found


def test_checker_wants_a_docstring_when_a_file_has_code() -> None:
    assert list(find_violations("store/x.py", "x = 1")) == ["store/x.py:1: no module docstring"]
    assert not list(find_violations("store/__init__.py", ""))


def test_tables_of_the_checker_when_read_against_python() -> None:
    assert not SHADOWING - sys.stdlib_module_names
    assert len(FLOOR_OF) == sum(len(rooms) for rooms in FLOORS), "a room stands on two floors"
