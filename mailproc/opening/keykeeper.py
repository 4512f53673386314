"""Watches the keys file for a running daemon: what `mailproc keys` changed counts at once, here and on other hosts.

Nothing here sleeps: the daemon calls `poll` about once a second. A file that cannot be read changes nothing.
"""

from dataclasses import replace

from mailproc import keys, maillog
from mailproc.errors import ConfigError
from mailproc.opening.site import OpenSite

Stamp = tuple[int, int, int, int]


class KeyKeeper:
    """The keys of one running daemon; called from one thread, the one that swaps the rules."""

    def __init__(self, site: OpenSite) -> None:
        self.site = site
        self.problem = ""  # why the file as it stands does not serve, in words with the remedy
        self._stamp: Stamp | None = (0, 0, 0, 0)  # the first look reads it: it may have changed since the start

    def poll(self) -> None:
        """One look at the file."""
        stamp = self._take_stamp()
        if stamp == self._stamp and not self.problem:
            return  # trouble may end without a change of the file: its mode does not show here
        self._stamp = stamp
        path, engine = self.site.settings.keys_file, self.site.engine
        try:
            ring = keys.load(path, engine.clock())
        except ConfigError as error:
            problem = " ".join(error.problems)
            if problem != self.problem:
                maillog.warned("keys", problem=problem)
            self.problem = problem
            return
        self.problem = ""
        if ring != engine.policy.keys:
            engine.policy = replace(engine.policy, keys=ring)
            maillog.keys_loaded(str(path), current=ring.current.id, keys=len(ring.keys))

    def _take_stamp(self) -> Stamp | None:
        try:
            found = self.site.settings.keys_file.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size
