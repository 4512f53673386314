"""Watches the rule files and the versions in the store for a running daemon, and swaps the book as a whole.

A change of the files is looked at once they have been still for a moment, so that no half-written file is judged.
Nothing here sleeps: the daemon calls `poll` about once a second.
"""

from mailproc import maillog
from mailproc.desk.draft import Policy
from mailproc.opening.alarm import clear_alarm, raise_alarm
from mailproc.opening.rulefiles import (
    Judged,
    count_rules,
    judge_folder,
    judge_stored,
    looks_unfinished,
)
from mailproc.opening.rulefolder import Stamp, take_stamp
from mailproc.opening.site import OpenSite
from mailproc.opening.versions import describe_difference, describe_refused, keep, note_seen, seen_digest
from mailproc.store import rulebooks
from mailproc.store.rulebooks import Version

STILL_SECONDS = 1.0  # F25: size and time of the files stay the same for so long
UNFINISHED_SECONDS = 5.0  # the same where the last line of a file has no end
RETRY_SECONDS = 30.0  # trouble may end without a change of the rule files: a template that was missing


class RuleKeeper:
    """The rules of one running daemon; called from one thread."""

    def __init__(self, site: OpenSite) -> None:
        self.site = site
        self.version = site.serving.version
        self._digest = site.serving.digest
        self._files = site.serving.files
        self._problems: dict[str, str] = {}  # trouble -> what was said of it
        if site.serving.trouble:
            self._problems[site.serving.trouble] = site.serving.problem
        self._judged: Stamp | None = site.serving.stamp  # of the files that were judged last
        self._pending: Stamp | None = None
        self._pending_since = 0.0
        self._retry_at = 0.0
        self._refused = 0  # a version that does not serve here

    def poll(self, now: float) -> None:
        """One look at the store and at the files; `now` is monotonic. Raises StoreUnavailable."""
        is_retry = bool(self._problems) and now >= self._retry_at
        if is_retry:
            self._retry_at = now + RETRY_SECONDS
            self._refused = 0
        self._look_at_store()
        folder = self.site.settings.rules_dir
        stamp = take_stamp(folder)
        if stamp == self._judged and not (is_retry and "files" in self._problems):
            return
        if stamp != self._pending:
            self._pending, self._pending_since = stamp, now
            return
        still_for = now - self._pending_since
        if still_for >= UNFINISHED_SECONDS or (still_for >= STILL_SECONDS and not looks_unfinished(folder)):
            self._take_files("file change", stamp)

    def reload(self) -> None:
        """SIGHUP: judge the files at once and say in the log what came of it. Raises StoreUnavailable."""
        self._look_at_store()
        self.site.engine.renderer.reload()
        self._take_files("SIGHUP", take_stamp(self.site.settings.rules_dir), is_asked=True)

    def _take_files(self, origin: str, stamp: Stamp, *, is_asked: bool = False) -> None:
        settings, store = self.site.settings, self.site.store
        judged = judge_folder(settings, self._files)
        if judged.stamp != stamp and not is_asked:
            return  # changed between two looks: judged once it is still
        if judged.book is None:
            self._suffer("files", judged.problem, is_asked=is_asked)
            self._judged = stamp
            return
        is_news = False
        if judged.digest != self._digest:
            with store.read() as tx:
                is_news = seen_digest(tx, settings) != judged.digest
                newest = rulebooks.newest(tx)
            if is_news:
                self._swap(judged, keep(settings, store, judged, origin, self.site.engine.clock()).id)
            elif is_asked and newest is not None:
                maillog.warned("rules", problem=describe_difference(newest, settings))
        else:
            store.run(lambda tx: note_seen(tx, settings, judged.digest))
        is_mended = self._recover("files")
        self._judged = stamp
        if is_news or is_asked or is_mended:
            self._say_loaded(origin, is_mended=is_mended or None)

    def _look_at_store(self) -> None:
        with self.site.store.read() as tx:
            newest = rulebooks.newest_id(tx)
            if newest in (self.version, self._refused):
                return
            version, files = rulebooks.newest(tx), rulebooks.get_files(tx, newest)
            seen = seen_digest(tx, self.site.settings)
        if version is None or files is None:
            return
        self._judged = None  # what was said of the files was said beside another version
        if version.digest != self._digest:
            judged = judge_stored(files, self.site.settings)
            if judged.book is None:
                self._suffer("version", describe_refused(version, judged))
                self._refused = newest
                return
            self._swap(judged, newest)
            self._say_loaded(version.origin, author=version.author or None)
            if seen != version.digest:
                maillog.warned("rules", problem=describe_difference(version, self.site.settings))
        self._accept(version)
        self._recover("version")

    def _accept(self, version: Version) -> None:
        self.version, self._digest, self._refused = version.id, version.digest, 0

    def _swap(self, judged: Judged, version: int) -> None:
        """The one place where a running daemon changes its book: a reference to a whole, checked one."""
        assert judged.book is not None
        engine = self.site.engine
        engine.renderer.reload()
        engine.policy = Policy(engine.policy.site, judged.book, engine.policy.keys)
        self.version, self._digest, self._files = version, judged.digest, judged.files

    def _suffer(self, trouble: str, problem: str, *, is_asked: bool = False) -> None:
        """Once in the log and once by mail for each trouble; who asked is answered again in the log."""
        if self._problems.get(trouble) == problem and not is_asked:
            return
        raise_alarm(self.site.settings, self.site.engine, trouble, problem)
        self._problems[trouble] = problem
        maillog.rules_kept(str(self.version), problem=problem)

    def _recover(self, trouble: str) -> bool:
        if trouble not in self._problems:
            return False
        clear_alarm(self.site.settings, self.site.store, trouble)
        del self._problems[trouble]
        return True

    def _say_loaded(self, origin: str, **fields: object) -> None:
        book = self.site.engine.policy.book
        warnings = len(book.warnings) or None  # `mailproc rules check` says what they are
        maillog.rules_loaded(str(self.version), origin=origin, rules=count_rules(book), warnings=warnings, **fields)
