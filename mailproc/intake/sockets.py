"""The sockets that listeners listen on: made, and a Unix socket's file put where a mail server finds it and taken away.

Reads no mail and accepts no connection, except those it can only turn away: when no file descriptor is left.
"""

import contextlib
import errno
import grp
import os
import resource
import socket
import stat
from pathlib import Path

from mailproc.errors import Permanent

_PATH_BYTES = 107  # of sockaddr_un
_KEPT_BACK = 48  # file descriptors for the database, the log, rule files and whatever else the process opens
_BACKLOG = 512


class UnixSocket:
    """A listening Unix socket at an absolute path; its file goes with `remove`.

    Raises Permanent, with what to do, when it cannot be made. A file left behind by a process that died is replaced;
    a socket that somebody listens on, or anything that is no socket, is not touched.
    """

    def __init__(self, path: str, *, mode: int = 0o666, group: str = "") -> None:
        self.path = path
        if len(os.fsencode(path)) > _PATH_BYTES:
            raise Permanent(f"the path {path} is longer than the {_PATH_BYTES} bytes of a Unix socket's; use another")
        folder = Path(path).parent
        if not folder.is_dir():
            raise Permanent(f"{folder} is no folder; make it, writable by mailproc and open to the mail server")
        gid = _find_group(group)
        _remove_stale(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._bind(mode, gid)
        except Permanent:
            self.socket.close()
            raise

    def remove(self) -> None:
        """Take the file away, unless it is somebody else's by now."""
        with contextlib.suppress(OSError):
            found = os.lstat(self.path)
            if (found.st_dev, found.st_ino) == self._file:
                os.unlink(self.path)

    def _bind(self, bits: int, gid: int) -> None:
        try:
            self.socket.bind(self.path)
            found = os.lstat(self.path)
            self._file = (found.st_dev, found.st_ino)
        except OSError as error:
            raise Permanent(
                f"cannot make the socket {self.path}: {error.strerror}; mailproc's user needs write permission there"
            ) from error
        try:
            # Before anybody can connect, which takes `listen`: the umask would be the whole process's.
            if gid >= 0:
                os.chown(self.path, -1, gid, follow_symlinks=False)
            _set_mode(self.path, bits, self._file)
            self.socket.listen(_BACKLOG)
        except OSError as error:
            self.remove()
            raise Permanent(
                f"cannot give the socket {self.path} its group and mode: {error.strerror}; mailproc's user must belong "
                "to that group"
            ) from error


class Spare:
    """A file descriptor kept for the moment when no other is left: then clients can still be told so (F31)."""

    def __init__(self) -> None:
        self._descriptor: int | None = None
        self._keep()

    def turn_away(self, listening: socket.socket, last_words: bytes) -> int:
        """Tell everybody who waits at the door to come back later; how many that were."""
        turned_away = 0
        while turned_away < _BACKLOG:
            self.release()
            try:
                client, _ = listening.accept()
            except OSError:  # nobody waits any more, or another thread took the descriptor
                break
            with client, contextlib.suppress(OSError):
                client.setblocking(False)
                client.send(last_words)
            turned_away += 1
        self._keep()
        return turned_away

    def release(self) -> None:
        """Give the descriptor back."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _keep(self) -> None:
        with contextlib.suppress(OSError):
            self._descriptor = self._descriptor or os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)


def fit_sessions(wanted: int) -> int:
    """How many sessions this process can have open: `wanted`, or fewer where its limit of files is low.

    The limit is raised first as far as the system lets us.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _KEPT_BACK
    if soft != resource.RLIM_INFINITY and soft < needed:
        raised = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
            soft = raised
    return wanted if soft == resource.RLIM_INFINITY else min(wanted, max(4, soft - _KEPT_BACK))


def _set_mode(path: str, bits: int, file: tuple[int, int]) -> None:
    """Set the mode of that very socket.

    Who may write to its folder can put a link there after `bind`, and chmod(2) would open to all what it leads to.
    """
    descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISSOCK(found.st_mode) or (found.st_dev, found.st_ino) != file:
            raise OSError(errno.EEXIST, "another program put something else there")
        os.chmod(f"/proc/self/fd/{descriptor}", bits)  # no system call takes such a descriptor before Linux 6.6
    finally:
        os.close(descriptor)


def _remove_stale(path: str) -> None:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise Permanent(f"cannot look at {path}: {error.strerror}; mailproc needs access to its folder") from error
    if not stat.S_ISSOCK(found.st_mode):
        raise Permanent(f"{path} exists and is no socket; remove it, or name another path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        code = probe.connect_ex(path)
    if code != errno.ECONNREFUSED:
        raise Permanent(
            f"another program listens on {path}; stop it, or name another path"
            if code in (0, errno.EAGAIN)
            else f"cannot tell whether somebody listens on {path}: {os.strerror(code)}; remove it if nobody does"
        )
    try:
        os.unlink(path)
    except OSError as error:
        raise Permanent(f"cannot remove {path}, which a dead process left: {error.strerror}; remove it") from error


def _find_group(group: str) -> int:
    if not group:
        return -1
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise Permanent(f"socket_group: there is no group {group!r} on this machine") from None
