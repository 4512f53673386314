"""Takes mail out of one IMAP folder: which UIDs are new, their bytes to the store, and then what `after` says.

What counts as taken is what the store says, by (UIDVALIDITY, UID) and by the bytes; no flag is ever asked (F18). While
one batch is being committed the next are on their way and the last is being moved, all over one connection.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime

from mailproc import maillog
from mailproc.errors import Temporary
from mailproc.intake.base import find_recipients, read_fields
from mailproc.intake.imapconnection import Connection
from mailproc.intake.imapfolder import Home, Memory, Renumbered, is_before, list_wanted
from mailproc.intake.imapwire import Listed, Refused
from mailproc.message.dates import parse_date
from mailproc.message.parse import fingerprint
from mailproc.records.mail import Envelope
from mailproc.records.polledfolder import LeftMail

LATE_UIDS = 10_000  # a UID that far below the newest does not turn up any more
_BATCH_BYTES = 8_000_000  # of one batch; two are on their way and one is being stored
_AHEAD = 2
_MOST_STRIKES = 5


class Taker:
    """One folder over one connection; `poll` may raise whatever the connection or the store does."""

    def __init__(self, home: Home, connection: Connection, memory: Memory, stopping: Callable[[], bool]) -> None:
        self._home = home
        self._connection = connection
        self._memory = memory
        self._state = memory.state
        self._stopping = stopping
        self._verb, _, folder = home.after.partition(":")
        self._wanted_target = folder
        self._target = ""
        self.taken = 0
        self.problem = ""  # what does not work although mail is taken
        may_remove = {"MOVE", "UIDPLUS"} & connection.capabilities
        if self._verb in ("move", "delete") and not may_remove:
            self._warn("uidplus", "the server offers neither MOVE nor UIDPLUS: mail that was taken stays in"
                       f" {self._state.folder}, since removing it could remove other mail")  # fmt: skip
        self._is_keeping = self._verb == "keep" or (self._verb in ("move", "delete") and not may_remove)
        # What this connection has not shown may have changed behind the last one's back
        memory.settled.clear()
        self._refresh_left()

    # ---- one look

    def poll(self, *, is_full: bool) -> int:
        """Take what is there; how many mails. A full look compares every UID that may be open with the store."""
        memory, state = self._memory, self._state
        taken_before = self.taken
        self._connection.forget_news()
        if is_full:
            self.problem = ""
            self._find_target()
        low = max(memory.top_uid, state.done_uid) + 1
        if is_full:
            low = max(min(state.done_uid, max(memory.top_uid, state.done_uid) - LATE_UIDS), 0) + 1
        seen: set[int] = set()
        for uids in list_wanted(self._connection, state, low):
            is_done = self._take_all([uid for uid in uids if uid not in memory.settled and uid not in memory.left])
            if is_full:
                seen.update(uid for uid in uids if uid in memory.open_uids or uid in memory.left)
            if self._stopping():
                return self.taken - taken_before
            if not is_done:
                break  # no room: what follows is listed again
            memory.top_uid = max(memory.top_uid, uids[-1])
            self._advance(memory.top_uid)
        else:
            if is_full:
                self._prune(seen, low)
            self._advance(memory.top_uid)
            if is_full:
                self._retry_unreadable()
        return self.taken - taken_before

    def _take_all(self, uids: list[int]) -> bool:
        if not uids:
            return True
        state, memory = self._state, self._memory
        names = {state.identify(uid): uid for uid in uids if uid not in memory.stored}
        stored = self._home.mailbox.find_stored(list(names))
        found = {names[name] for name in stored}
        self._compare({names[name]: at for name, at in stored.items() if at is not None})
        # What was settled earlier needs nothing more; the backlog of a new turn is, without a name in the store
        earlier = {uid for uid in uids if uid <= state.done_uid and uid not in memory.open_uids
                   and (uid in found or (state.turn and uid < state.backlog_below))}  # fmt: skip
        memory.settled |= earlier
        uids = [uid for uid in uids if uid not in earlier]
        memory.open_uids.update(uids)
        memory.stored |= found - earlier
        finished = [uid for uid in uids if uid in memory.stored]
        if finished:
            self._end_after(self._send_after(finished))
        return self._take([uid for uid in uids if uid not in memory.stored and uid not in memory.settled])

    def _compare(self, stored_at: dict[int, datetime]) -> None:
        """Raise Renumbered when one of these mails is not the one that is stored under its UID.

        RFC 9051 forbids it; folders that are restored, or removed and made again within a second, do it.
        """
        own = [uid for uid in stored_at if not (self._state.turn and uid < self._state.backlog_below)]
        if not own:
            return
        listed = self._connection.ask_sizes(own)
        for uid in own:
            mail = listed.get(uid)
            if mail is not None and mail.stored_at is not None and mail.stored_at != stored_at[uid]:
                raise Renumbered(f"UID {uid} of {self._state.folder} is another mail than before")

    def _take(self, uids: list[int]) -> bool:
        """Fetch, store, move, three batches at a time in different stages; False when there was no room for all."""
        if not uids:
            return True
        if not self._home.has_room():
            return False
        queue = deque(self._plan(uids))
        ahead: deque[tuple[str, list[int], dict[int, Listed]]] = deque()
        moving: deque[tuple[list[tuple[str, list[int]]], list[int]]] = deque()
        storing: list[tuple[int, Future[int] | None]] = []
        has_room = True
        while queue or ahead or storing:
            has_room = has_room and self._home.has_room()
            if not has_room or self._stopping():
                has_room = False
                queue.clear()
            while queue and len(ahead) < _AHEAD:
                batch, listed = queue.popleft()
                ahead.append((self._connection.send_fetch(batch), batch, listed))
            stored: list[tuple[int, Future[int] | None]] = []
            if ahead:
                stored = self._deposit(*ahead.popleft())
            if storing:
                moving.append(self._send_after(self._wait(storing)))
            storing = stored
            while len(moving) > 1:
                self._end_after(moving.popleft())
        while moving:
            self._end_after(moving.popleft())
        return has_room

    def _plan(self, uids: list[int]) -> Iterator[tuple[list[int], dict[int, Listed]]]:
        """The mails to fetch, in batches that fit into memory; what is too large is recorded and stays."""
        listed = self._connection.ask_sizes(uids)
        batch: list[int] = []
        size = 0
        for uid in uids:
            mail = listed.get(uid)
            if mail is None:
                continue  # expunged meanwhile: the next full look does not see it any more, or sees it again
            if is_before(self._state, uid, mail):
                self._settle(uid)
                continue
            if mail.size > self._home.max_message_size:
                self._leave(uid, mail.size, "too-large")
                continue
            is_suspect = uid in self._memory.suspects
            if batch and (len(batch) >= self._home.batch or size + mail.size > _BATCH_BYTES or is_suspect):
                yield batch, listed
                batch, size = [], 0
            batch.append(uid)
            size += mail.size
            if is_suspect:
                yield batch, listed
                batch, size = [], 0
        if batch:
            yield batch, listed

    # ---- one batch

    def _deposit(self, tag: str, batch: list[int], listed: dict[int, Listed]) -> list[tuple[int, Future[int] | None]]:
        bodies = self._read(tag, batch)
        known: set[str] = set()
        prints: dict[int, str] = {}
        if self._state.turn and batch[0] < self._state.backlog_below:
            # Seen in another turn under another UID: the bytes tell (F14)
            prints = {uid: fingerprint(raw) for uid, raw in bodies.items() if raw and uid < self._state.backlog_below}
            known = self._home.mailbox.find_fingerprints(set(prints.values()))
        stored: list[tuple[int, Future[int] | None]] = []
        for uid in batch:
            if uid not in bodies:
                maillog.vanished(self._home.name, folder=self._state.folder, uid=uid)
                continue
            raw = bodies[uid]
            if raw is None or (not raw and listed[uid].size):
                self._strike(uid, listed[uid].size, "the server gives no bytes for it")
            elif len(raw) > self._home.max_message_size:
                self._leave(uid, len(raw), "too-large")
            elif prints.get(uid) in known:
                stored.append((uid, None))
            elif not self._stopping():
                stored.append((uid, self._home.deposit(raw, self._describe(uid, raw, listed[uid]))))
        return stored

    def _read(self, tag: str, batch: list[int]) -> dict[int, bytes | None]:
        memory = self._memory
        former, memory.suspects = memory.suspects, memory.suspects | frozenset(batch)
        if len(batch) == 1:
            # Alone on the wire: should the connection break now, it is this mail's doing, or once in a while not
            memory.strikes[batch[0]] += 1
            if memory.strikes[batch[0]] > _MOST_STRIKES:
                self._leave(batch[0], 0, "unreadable")
        try:
            bodies = self._connection.finish_fetch(tag, batch)
        except Refused as error:
            if len(batch) == 1:
                self._strike(batch[0], 0, str(error))
                return {}
            # One of them is broken on the server, and the others can do nothing for it
            bodies = {}
            for uid in batch:
                bodies |= self._read(self._connection.send_fetch([uid]), [uid])
        memory.suspects = former - frozenset(batch)
        if len(batch) == 1 and bodies.get(batch[0]) is not None:
            del memory.strikes[batch[0]]
        return bodies

    def _describe(self, uid: int, raw: bytes, listed: Listed) -> Envelope:
        stored_at = listed.stored_at
        if self._state.turn and uid < self._state.backlog_below:
            # A restored mailbox may call everything new; old mail must not be acknowledged for that
            dates = [parse_date(value) for _, value in read_fields(raw, frozenset({"date"}))]
            stored_at = min([moment for moment in (stored_at, *dates) if moment is not None], default=None)
        return Envelope(
            "imap",
            self._home.clock().astimezone(UTC),
            recipients=find_recipients(raw, self._home.addresses, self._home.accepts),
            identity=self._state.identify(uid),
            stored_at=stored_at,
        )

    def _wait(self, storing: list[tuple[int, Future[int] | None]]) -> list[int]:
        """The UIDs whose bytes are durably stored. Raises Temporary when the store takes none now."""
        done = []
        for uid, future in storing:
            error = future.exception() if future is not None else None
            if isinstance(error, Temporary):
                raise error
            if error is not None:
                self._strike(uid, 0, f"it cannot be stored: {error}")
                continue
            self.taken += future is not None
            done.append(uid)
        self._memory.stored.update(done)
        return done

    # ---- after the commit

    def _send_after(self, uids: list[int]) -> tuple[list[tuple[str, list[int]]], list[int]]:
        """Have the server do what `after` says; (commands under way, UIDs). All of it may be done twice."""
        if not uids or self._is_keeping or (self._verb == "move" and not self._target):
            if self._is_keeping:
                self._settle(*uids)
            return [], []
        if self._verb == "seen":
            return [(self._connection.send_seen(uids), uids)], uids
        if self._verb == "move" and "MOVE" in self._connection.capabilities:
            return [(self._connection.send_move(uids, self._target), uids)], uids
        try:
            if self._verb == "move":
                self._connection.copy_and_delete(uids, self._target)
            else:
                self._connection.delete(uids)
        except Refused as error:
            self._refused_after(error)
            return [], []
        self._settle(*uids)
        return [], uids

    def _end_after(self, sent: tuple[list[tuple[str, list[int]]], list[int]]) -> None:
        for tag, uids in sent[0]:
            try:
                self._connection.finish(tag)
            except Refused as error:
                self._refused_after(error)
            else:
                self._memory.warned.discard("after")
                self._settle(*uids)

    def _find_target(self) -> None:
        if self._verb != "move" or self._target:
            return
        try:
            self._target = self._connection.find_or_create(self._wanted_target)
        except Refused as error:
            self._warn("target", f"mail stays in {self._state.folder} after it was taken: {error}")

    def _refused_after(self, error: Refused) -> None:
        # The mail is stored, so nothing is lost; the next full look tries again
        if error.code in ("TRYCREATE", "NONEXISTENT"):  # RFC 9051 section 6.4.8: the folder was removed meanwhile
            self._target = ""
        self._warn("after", f"mail that was taken stays in {self._state.folder}: the server refuses"
                   f" {self._home.after}: {error}")  # fmt: skip

    # ---- bookkeeping

    def _settle(self, *uids: int) -> None:
        memory = self._memory
        memory.settled.update(uids)
        memory.open_uids.difference_update(uids)
        memory.stored.difference_update(uids)
        taken_after_all = [uid for uid in uids if uid in memory.left]
        if taken_after_all:
            self._home.mailbox.forget_left(self._state, taken_after_all)
            for uid in taken_after_all:
                del memory.left[uid]

    def _retry_unreadable(self) -> None:
        """Last and seldom: such a mail may end the connection."""
        memory = self._memory
        uids = sorted(uid for uid, mail in memory.left.items() if mail.reason == "unreadable")
        if uids and time.monotonic() >= memory.retry_at:
            memory.retry_at = time.monotonic() + self._home.retry_seconds
            memory.suspects |= frozenset(uids)
            self._take_all(uids)

    def _strike(self, uid: int, size: int, problem: str) -> None:
        self._memory.strikes[uid] += 1
        if self._memory.strikes[uid] >= _MOST_STRIKES:
            self._leave(uid, size, "unreadable", problem)

    def _leave(self, uid: int, size: int, reason: str, problem: str = "") -> None:
        memory = self._memory
        memory.open_uids.discard(uid)
        if uid not in memory.left:
            memory.left[uid] = mail = LeftMail(uid, size, reason)
            self._home.mailbox.leave(self._state, mail)
            maillog.left(self._home.name, folder=self._state.folder, uid=uid, size=size, reason=reason, problem=problem)
            self._tell_left()

    def _refresh_left(self) -> None:
        """What stayed behind in earlier runs; a limit that was raised lets it in."""
        memory = self._memory
        memory.left = {mail.uid: mail for mail in self._home.mailbox.list_left(self._state)}
        fits = [mail.uid for mail in memory.left.values()
                if mail.reason == "too-large" and mail.size <= self._home.max_message_size]  # fmt: skip
        if fits:
            self._home.mailbox.forget_left(self._state, fits)
            for uid in fits:
                del memory.left[uid]
            memory.top_uid = min(memory.top_uid, min(fits) - 1)
        self._tell_left()

    def _tell_left(self) -> None:
        """Mail that stays behind is told of once, what is new in one word, even if the daemon is killed meanwhile."""
        memory, folder = self._memory, self._state.folder
        fresh = [mail for mail in memory.left.values() if not mail.is_told]
        lines = []
        for mail in fresh:
            why = (
                f"it has {mail.size} bytes, more than max_message_size allows ({self._home.max_message_size})"
                if mail.reason == "too-large"
                else "the server does not give its bytes; it is tried again"
            )
            lines.append(f"A mail stays in the folder {folder} of {self._home.name} (UID {mail.uid}): {why}.")
        if fresh:
            uids = ",".join(str(mail.uid) for mail in fresh)
            self._home.tell(f"left {self._home.name} {folder} {self._state.epoch} {uids}", "\n".join(lines))
            memory.left |= {mail.uid: replace(mail, is_told=True) for mail in fresh}
            self._home.mailbox.mark_told(self._state, [mail.uid for mail in fresh])

    def _prune(self, seen: set[int], low: int) -> None:
        """Forget what is not in the folder any more: others may remove mail at any time (F17)."""
        memory = self._memory
        memory.open_uids = {uid for uid in memory.open_uids if uid in seen or uid < low}
        memory.stored &= memory.open_uids
        for uid in [uid for uid in memory.strikes if uid not in memory.open_uids and uid not in memory.left]:
            del memory.strikes[uid]
        gone = [uid for uid in memory.left if uid not in seen and uid >= low]
        if gone:
            self._home.mailbox.forget_left(self._state, gone)
            for uid in gone:
                del memory.left[uid]

    def _advance(self, top: int) -> None:
        memory, state = self._memory, self._state
        done = min((min(memory.open_uids) - 1) if memory.open_uids else top, top)
        if done > state.done_uid:
            self._home.mailbox.advance(state, done)
            self._state = memory.state = replace(state, done_uid=done)
        if len(memory.settled) > LATE_UIDS:
            memory.settled = {uid for uid in memory.settled if uid > memory.top_uid - LATE_UIDS}

    def _warn(self, key: str, text: str) -> None:
        """Once a run: the same word at every poll would bury it."""
        self.problem = text
        if key not in self._memory.warned:
            self._memory.warned.add(key)
            maillog.warned(key, intake=self._home.name, problem=text)
            self._home.tell(f"{key} {self._home.name} {self._state.folder}", text)
