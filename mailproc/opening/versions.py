"""Which version of the rules serves on this host, and how a good set of files becomes the newest one.

A note per host and folder says which files were last taken up there: only files that differ from it are news.
"""

import socket
from dataclasses import dataclass
from datetime import datetime

from mailproc import maillog
from mailproc.errors import ConfigError
from mailproc.opening.rulefiles import (
    Judged,
    count_rules,
    find_author,
    judge_folder,
    judge_stored,
)
from mailproc.opening.rulefolder import Stamp, name_whole
from mailproc.rulebook.book import Rulebook, load
from mailproc.settings import Settings
from mailproc.store import meta, rulebooks
from mailproc.store.database import Store, Tx
from mailproc.store.rulebooks import Arriving, Files, Version

TROUBLES = ("files", "version")  # what may be wrong: the files of this host, or what another one put in force


@dataclass(frozen=True, slots=True)
class Serving:
    """The book a process works with."""

    book: Rulebook
    version: int  # 0: it is not in the store
    digest: str
    files: Files
    stamp: Stamp = ()  # of the rules folder when it was read
    problem: str = ""
    trouble: str = ""  # one of TROUBLES


def choose(loaded: Settings, store: Store, now: datetime, *, keeps: bool) -> Serving:
    """The book that serves at start. `keeps`: news in the files becomes a version, as a daemon does it.

    Raises ConfigError when the files are wrong and no version was ever good.
    """
    with store.read() as tx:
        last = rulebooks.newest(tx)
        stored = rulebooks.get_files(tx, last.id) if last else None
        seen = seen_digest(tx, loaded)
    # A command of a moment leaves the tests to the daemon: in force is the same book however they end
    judged = judge_folder(loaded, stored, last.digest if last and not keeps else "")
    if judged.book is None:
        if last is None or stored is None:
            raise ConfigError(judged.problems)
        maillog.rules_kept(str(last.id), problem=judged.problem)
        # The last good book must serve whatever became of its templates and test mails
        book = load(name_whole(stored, loaded.rules_dir), loaded.site)
        return Serving(book, last.id, last.digest, stored, judged.stamp, judged.problem, "files")
    problem = ""
    if last is not None and stored is not None and judged.digest in (last.digest, seen):
        if judged.digest == last.digest:
            return Serving(judged.book, last.id, last.digest, judged.files, judged.stamp)
        later = judge_stored(stored, loaded)
        if later.book is not None:
            maillog.warned("rules", problem=describe_difference(last, loaded))
            return Serving(later.book, last.id, last.digest, stored, judged.stamp)
        problem = describe_refused(last, later)
        maillog.rules_kept("files", problem=problem)
    if problem or not keeps:
        return Serving(judged.book, 0, judged.digest, judged.files, judged.stamp, problem, "version" if problem else "")
    version = keep(loaded, store, judged, "start", now)
    maillog.rules_loaded(str(version.id), origin=version.origin, rules=version.rules)
    return Serving(judged.book, version.id, version.digest, judged.files, judged.stamp)


def keep(
    loaded: Settings, store: Store, judged: Judged, origin: str, now: datetime, *, author: str = "", note: str = ""
) -> Version:
    """Make files of the folder that were found good the newest version; the one that holds them already if it does."""
    assert judged.book is not None
    arriving = Arriving(
        judged.files, origin, author or find_author(loaded.rules_dir), note, count_rules(judged.book)
    )

    def job(tx: Tx) -> Version:
        version, _ = rulebooks.save(tx, arriving, now)
        note_seen(tx, loaded, judged.digest)
        return version

    return store.run(job)


def seen_digest(tx: Tx, loaded: Settings) -> str | None:
    """The digest of the folder's files that were taken up last."""
    return meta.get_value(tx, _seen_key(loaded))


def note_seen(tx: Tx, loaded: Settings, digest: str) -> None:
    """These files of the folder are taken up: until they change, a later version overrules them."""
    meta.set_value(tx, _seen_key(loaded), digest)


def describe_difference(version: Version, loaded: Settings) -> str:
    """That the files and the version in force are not the same, and what to do about it."""
    return (
        f"version {version.id} of the rules is in force, and the files in {loaded.rules_dir} hold another book that was"
        f" taken up before it. `mailproc rules rollback {version.id}` writes its files, `mailproc rules apply` puts the"
        " files in force"
    )


def describe_refused(version: Version, judged: Judged) -> str:
    """That the version in force elsewhere cannot serve on this host."""
    return f"version {version.id} of the rules cannot serve on this host:\n{judged.problem}"


def host_key(name: str, loaded: Settings) -> str:
    """The name of a value that each host keeps for its own rules folder."""
    return f"{name} {socket.gethostname()} {loaded.rules_dir}"


def _seen_key(loaded: Settings) -> str:
    return host_key("rules-seen", loaded)
