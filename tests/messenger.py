"""Runs `mailproc` for a mail server that calls it as an unprivileged user.

Such a user may not be able to read this checkout or its Python. So what the mail server calls is a messenger: it
carries arguments and input to this process, which runs the command, and brings back how that ended.
"""

import contextlib
import json
import shutil
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
USER = "nobody"
_PROGRAM = """\
#!{python}
import json, socket, sys
with socket.socket(socket.AF_UNIX) as door:
    door.connect({door!r})
    door.sendall(json.dumps(sys.argv[1:]).encode() + b"\\n" + sys.stdin.buffer.read())
    door.shutdown(socket.SHUT_WR)
    answer = door.makefile("rb").read()
sys.stderr.buffer.write(answer[1:])
sys.stderr.flush()
sys.exit(answer[0])
"""


class _Runner(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    class RequestHandlerClass(socketserver.StreamRequestHandler):
        """One messenger."""

        def handle(self) -> None:
            arguments, raw = json.loads(self.rfile.readline()), self.rfile.read()
            command = [sys.executable, str(ROOT / "cli.py"), *arguments]
            done = subprocess.run(command, input=raw, capture_output=True)
            self.wfile.write(bytes([done.returncode]) + done.stdout + done.stderr)


@contextlib.contextmanager
def standing_in(folder: Path) -> Iterator[Path]:
    """A program in `folder` that anybody may run as if it were `mailproc`."""
    door, program = folder / "door", folder / "mailproc"
    program.write_text(_PROGRAM.format(python=find_interpreter(), door=str(door)))
    program.chmod(0o755)
    with _Runner(str(door), _Runner.RequestHandlerClass) as runner:
        door.chmod(0o777)
        thread = threading.Thread(target=runner.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield program
        finally:
            runner.shutdown()
            thread.join()


def find_interpreter() -> str:
    """A Python that mail servers' users may run; skips the test where there is none."""
    for path in (sys.executable, "/usr/bin/python3", shutil.which("python3", path="/usr/local/bin") or ""):
        try:
            if path and subprocess.run([path, "-c", ""], user=USER, group="nogroup", extra_groups=[]).returncode == 0:
                return path
        except (OSError, LookupError):
            continue
    pytest.skip(f"no Python that user {USER} may run")
