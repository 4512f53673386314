"""Wires the rooms together: receive, work, tick, act, send, preview. Wet, and without any policy of its own.

The way of a message: `receive` stores its bytes (one durable commit), `work` claims, parses, and in one transaction
looks up, decides, composes and commits; `send` hands finished mails to a delivery. Daemon, command line and tests
all use this one engine.
"""

import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from mailproc import holding, maillog, sending
from mailproc.delivery.base import Delivery
from mailproc.delivery.dispatch import Exchange
from mailproc.desk.clock.deadlines import decide_clock
from mailproc.desk.commands.overview import find_asks
from mailproc.desk.contactform import read_form
from mailproc.desk.contacts.brought import find_behalf, travelling_files
from mailproc.desk.decide import decide_mail
from mailproc.desk.draft import Policy
from mailproc.desk.requests import Request, decide_request
from mailproc.desk.speakers import class_at_site
from mailproc.errors import StoreUnavailable, Temporary, UsageError
from mailproc.message import languagemodel
from mailproc.message.parse import parse
from mailproc.message.trust import assess
from mailproc.records.decision import Decision, Outcome
from mailproc.records.effects import ComposedMail, SendMail
from mailproc.records.mail import Attachment, Envelope, Inbound, MailClass, Trust, Verified
from mailproc.records.ticket import Known
from mailproc.render import Renderer
from mailproc.render.composer import compose_mail
from mailproc.rulebook.slas import describe_terms
from mailproc.store import clockwork, commit, inbox, outbox
from mailproc.store.budgets import within_limits
from mailproc.store.database import Store
from mailproc.store.inbox import InboxRow
from mailproc.store.lookup import Query, lookup, make_query
from mailproc.store.outbox import OutboxMail
from mailproc.store.packing import pack
from mailproc.store.transaction import Tx
from mailproc.tickets.casenumber import format_number
from mailproc.tickets.followup import Keys, Match, find_keys, match_ticket
from mailproc.tickets.replay import make_marks
from mailproc.verify import Verifier, WaitingRoom, wants
from mailproc.verify.waiting import PATIENCE

MOST_ATTEMPTS = 3
_BATCH = 50
_MUCH = 2_000_000  # bytes of one claim
_MOST_ROUNDS = 200  # of one tick
_WARM_UP_MAIL = b"""From: %s\r\nTo: %s\r\nSubject: Warm-up\r\n\r
This mail is never stored; reading it loads what reading mail needs.\r
"""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would become of a mail, with everything it was decided from; nothing of it has happened."""

    inbound: Inbound
    trust: Trust
    mail_class: MailClass
    match: Match
    decision: Decision
    mails: tuple[ComposedMail, ...]


@dataclass(frozen=True, slots=True)
class _Understood:
    """One mail as far as it can be read without the database."""

    inbound: Inbound
    trust: Trust
    keys: Keys


class Engine:
    """One site at work. `clock` gives aware UTC; `policy` is replaced as a whole when rules are reloaded.

    `verifier` looks up who may send for a domain, where the site does that itself.
    """

    def __init__(
        self,
        policy: Policy,
        store: Store,
        renderer: Renderer,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        worker: str = "worker",
        verifier: Verifier | None = None,
    ) -> None:
        self.policy = policy
        self.store = store
        self.renderer = renderer
        self.clock = clock
        self.worker = worker
        self.verifier = verifier
        self.has_more = False
        self.keeps_copies = False  # of what customers were sent, in a mailbox
        self._lost_claims: list[int] = []
        self._asking = WaitingRoom[tuple[inbox.Claimed, Inbound]](verifier) if verifier is not None else None

    # ---- in

    def receive(self, raw: bytes, envelope: Envelope) -> Future[int]:
        """Store a mail; the future gives its inbox id after the durable commit, and only then 250 may be said."""
        packed = pack(raw)  # before the transaction: compressing a big mail must not make others wait
        return self.store.submit(lambda tx: inbox.put(tx, packed, envelope), urgent=True)

    def work(self, limit: int = _BATCH) -> int:
        """Decide the mails that wait, up to `limit`; returns how many were in hand.

        Mail whose DNS answers are slow stays in hand for the next call. `has_more` tells afterwards whether there is
        such mail, or the claim left some behind; one that did not needs no second look.
        """
        now = self.clock()
        claims: tuple[inbox.Claimed, ...] = ()
        if self._asking is None or self._asking.has_room():
            claims = self.store.run(lambda tx: self._claim(tx, now, limit))
            del self._lost_claims[:500]
        is_second_try = any(claim.attempts > 1 for claim in claims)
        in_hand = len(claims) + self._count_asking()
        if is_second_try:
            # It may kill this process, and then no other mail pays for it (F06)
            self._decide_all(self._answered(None))
        # A claim ends early at its limit, at a big mail, or at one that is tried again and comes alone
        size = sum(len(claim.raw) for claim in claims)
        is_cut = len(claims) >= limit or size >= _MUCH or is_second_try
        # All are read before the first is decided: the two threads would only take turns at the interpreter
        self._decide_all(self._understand_all(claims))
        self._decide_all(self._answered(None if is_second_try else PATIENCE))
        self.has_more = is_cut or self._count_asking() > 0
        if self._lost_claims:
            raise StoreUnavailable(
                f"the database did not take {len(self._lost_claims)} decisions; they are tried again"
            )
        return in_hand

    def _decide_all(self, understood: Sequence[tuple[inbox.Claimed, "_Understood"]]) -> None:
        waiting = [(claim, self.store.submit(partial(self._work_job, claim, mail))) for claim, mail in understood]
        for claim, future in waiting:
            try:
                decision = future.result()
            except StoreUnavailable as error:
                self._lost_claims.append(claim.id)
                maillog.store_unavailable(self.policy.site.name, problem=str(error))
            except Exception as error:
                self._failed(claim, error)
            else:
                maillog.decided(
                    claim.id, outcome=decision.outcome, reason=decision.reason, ticket=self._number(decision.serial)
                )
                if decision.timed_out:
                    maillog.rules_timed_out(claim.id, rules=", ".join(decision.timed_out))

    def _claim(self, tx: Tx, now: datetime, limit: int) -> tuple[inbox.Claimed, ...]:
        if self._lost_claims:
            # The store was away in the middle of our work, and the mails in hand then are not to blame for it
            inbox.give_back(tx, self._lost_claims[:500])
        return inbox.claim(tx, worker=self.worker, now=now, limit=limit)

    def _number(self, serial: int | None) -> str:
        return format_number(serial, self.policy.site.prefix) if serial is not None else ""

    def warm_up(self) -> None:
        """Load what the first mail would otherwise wait for: the language model, the templates, compiled rules.

        Also keeps a daemon that is killed again and again from charging the same first mail with every try.
        """
        now = self.clock()
        sender = f"warm-up@{self.policy.site.domain}"
        raw = _WARM_UP_MAIL % (sender.encode("ascii"), self.policy.site.addresses[0].encode("ascii"))
        self.preview(raw, Envelope("smtp", now, sender, self.policy.site.addresses[:1]))
        languagemodel.load(self.policy.site.languages)
        if self.verifier is not None:
            self.verifier.warm_up()

    def preview(self, raw: bytes, envelope: Envelope) -> Preview:
        """What would become of this mail now; reads only, and asks no DNS."""
        mail = self._understand(parse(raw, languages=self.policy.site.languages), envelope)
        with self.store.read() as tx:
            return self._decide(tx, mail, envelope, inbox_id=None)

    def release(self, inbox_id: int, released_as: str, actor: str = "") -> InboxRow:
        """Decide a held mail again on an operator's word; releasing twice changes nothing the second time."""
        now = self.clock()
        if not self.store.run(lambda tx: inbox.release(tx, inbox_id, now, as_who=released_as, actor=actor)):
            raise UsageError(f"mail {inbox_id} is not held; `mailproc hold list` shows what is")
        while True:
            with self.store.read() as tx:
                row = inbox.get(tx, inbox_id)
            if row is not None and row.state != "received":
                return row
            if not self.work():
                time.sleep(0.05)  # a running daemon has it in hand

    # ---- the clock and requests

    def tick(self) -> int:
        """What the clock asks for, a few tickets in each transaction; returns how much changed."""
        done, terms, closes_after = 0, describe_terms(self.policy.book), self.policy.site.auto_close_after
        for _ in range(_MOST_ROUNDS):
            due = self.store.run(lambda tx: clockwork.claim(tx, self.clock(), terms, closes_after))
            changed = self.store.run(partial(self._tick_job, due)) if due else 0
            if not changed:
                break
            done += changed
        return done + holding.tick(self.store, self.policy, self.clock, self._commit)

    def _tick_job(self, due: tuple[int, ...], tx: Tx) -> int:
        now = self.clock()
        known = holding.see_absences(tx, clockwork.look_up(tx, Query(serials=due), now), now)
        decision = decide_clock(known, self.policy, now, promised=frozenset(due))
        self._commit(tx, decision, now, request_id=f"clock-{due[0]}-{now.isoformat()}")
        return len(decision.effects)

    def act(self, request: Request, request_id: str) -> Decision:
        """Carry out a request of the command line; `request_id` makes doing it twice do nothing."""

        def job(tx: Tx) -> Decision:
            now = self.clock()
            known = self._look_up(tx, Query(serials=request.serials, asks=request.asks, behalf=request.behalf), now)
            decision = within_limits(tx, decide_request(request, known, self.policy, now), self.policy.site, now)
            self._commit(tx, decision, now, request_id=request_id)
            return decision

        return self.store.run(job)

    def foresee(self, request: Request) -> Decision:
        """What a request would change; reads only."""
        with self.store.read() as tx:
            now = self.clock()
            known = self._look_up(tx, Query(serials=request.serials, asks=request.asks, behalf=request.behalf), now)
            return within_limits(tx, decide_request(request, known, self.policy, now), self.policy.site, now)

    # ---- out

    def send(self, delivery: Delivery, limit: int = 20) -> int:
        """Hand the mails that are due to one delivery, one after the other; returns how many were tried."""
        mails = self.trade(Exchange(room=limit))
        for mail in mails:
            self.trade(Exchange(((mail, delivery.deliver(mail)),)), str(delivery))
        return len(mails)

    def trade(self, exchange: Exchange[OutboxMail], host: str = "") -> tuple[OutboxMail, ...]:
        """Settle what was tried, take back what was not, lease what is due: one transaction. The mails to deliver."""
        try:
            mails = self.store.run(partial(self._trade_job, exchange))
        except StoreUnavailable:
            raise
        except Exception as error:  # a receipt that cannot be written down must not keep the others from it
            if len(exchange.done) > 1:
                for one in exchange.done:
                    self.trade(Exchange((one,)), host)
                return self.trade(replace(exchange, done=()), host)
            if not exchange.done:
                raise
            maillog.loop_failed("send", error=error)  # its lease ends, and it is tried again
            return ()
        sending.log(host, exchange.done)
        return mails

    def _trade_job(self, exchange: Exchange[OutboxMail], tx: Tx) -> tuple[OutboxMail, ...]:
        copies = self.keeps_copies
        return sending.trade(tx, exchange, self.worker, self.policy, self.clock(), self._commit, keeps_copies=copies)

    def compose_again(self, outbox_id: int) -> bool:
        """Make the bytes of a mail that was held because they could not be made, and queue it; False for any other.

        Raises UsageError when they still cannot be made (F27).
        """

        def job(tx: Tx) -> bool:
            mail = outbox.held_mail(tx, outbox_id)
            if mail is None:
                return False
            raw = inbox.raw_of(tx, outbox.cause_of(tx, outbox_id)) if mail.attaches else None
            attachments = parse(raw, languages=()).attachments if raw else ()
            now = self.clock()
            outbox.refill(tx, outbox_id, compose_mail(mail, attachments, now, self.policy, self.renderer), now)
            return True

        return self.store.run(job)

    # ---- inside

    def _work_job(self, claim: inbox.Claimed, mail: "_Understood", tx: Tx) -> Decision:
        done = self._decide(tx, mail, claim.envelope, inbox_id=claim.id, released_as=claim.release_as)
        inbound, keys = mail.inbound, mail.keys
        commit.commit(
            tx,
            done.decision,
            done.mails,
            inbox_id=claim.id,
            now=self.clock(),
            summary=(inbound.from_.addr if inbound.from_ else "", inbound.subject),
            subject_key=keys.subject_key,
            recipients=keys.recipients,
            fingerprint=keys.fingerprint,
        )
        return done.decision

    def _understand_all(self, claims: Sequence[inbox.Claimed]) -> list[tuple[inbox.Claimed, "_Understood"]]:
        """What each mail says and who proves to have written it; those that DNS is asked about are told later."""
        site = self.policy.site
        understood = []
        for claim in claims:
            if claim.attempts > MOST_ATTEMPTS:
                self._hold_poison(claim, "deciding about it failed three times")
                continue
            try:
                inbound = parse(claim.raw, languages=site.languages)
                if self._asking is not None and wants(claim.envelope, site):
                    self._asking.add((claim, inbound), (claim.raw, inbound, claim.envelope))
                else:
                    understood.append((claim, self._understand(inbound, claim.envelope)))
            except Exception as error:  # a poison mail must not stop the others (F06)
                self._failed(claim, error)
        return understood

    def _answered(self, patience: float | None) -> list[tuple[inbox.Claimed, "_Understood"]]:
        """The mails that DNS has said enough about by then."""
        understood = []
        for (claim, inbound), verified in self._asking.take(patience) if self._asking is not None else ():
            try:
                understood.append((claim, self._understand(inbound, claim.envelope, verified)))
            except Exception as error:
                self._failed(claim, error)
        return understood

    def _count_asking(self) -> int:
        return len(self._asking) if self._asking is not None else 0

    def _understand(self, inbound: Inbound, envelope: Envelope, verified: Verified | None = None) -> "_Understood":
        site = self.policy.site
        inbound, trust = read_form(inbound, envelope, assess(inbound, envelope, site, verified), self.policy)
        keys = find_keys(inbound, envelope, site, self.policy.keys)
        if not keys.marks and self.policy.book.find_agent(keys.sender) is not None:
            keys = replace(keys, marks=make_marks(inbound))  # their work without a case's token (T19)
        return _Understood(inbound, trust, keys)

    def _decide(
        self,
        tx: Tx,
        mail: "_Understood",
        envelope: Envelope,
        *,
        inbox_id: int | None,
        released_as: str = "",
    ) -> Preview:
        now, inbound, trust, keys = self.clock(), mail.inbound, mail.trust, mail.keys
        asks, behalf = find_asks(inbound, keys, self.policy), find_behalf(inbound, keys, self.policy)
        query = make_query(inbound, keys, inbox_id, asks, behalf, is_released=bool(released_as))
        known = holding.recall(tx, self._look_up(tx, query, now), keys, inbound, self.policy, now, inbox_id)
        decision = decide_mail(inbound, envelope, trust, keys, known, self.policy, now, released_as=released_as)
        decision = within_limits(tx, holding.number_decision(tx, decision), self.policy.site, now, known, keys.sender)
        mails = self._compose_all(decision, travelling_files(decision, inbound), now)
        kind = class_at_site(inbound, keys, self.policy.site)
        return Preview(inbound, trust, kind, match_ticket(keys, known), decision, mails)

    def _look_up(self, tx: Tx, query: Query, now: datetime) -> Known:
        return (clockwork.look_up if self.policy.book.slas else lookup)(tx, query, now)

    def _commit(self, tx: Tx, decision: Decision, now: datetime, *, request_id: str) -> None:
        if decision.outcome is Outcome.NOTHING:
            return
        decision = within_limits(tx, decision, self.policy.site, now)
        mails = self._compose_all(decision, (), now)
        commit.commit(tx, decision, mails, inbox_id=None, now=now, request_id=request_id)

    def _compose_all(
        self, decision: Decision, attachments: Sequence[Attachment], now: datetime
    ) -> tuple[ComposedMail, ...]:
        mails = [effect.mail for effect in decision.effects if isinstance(effect, SendMail)]
        return tuple(compose_mail(mail, attachments, now, self.policy, self.renderer) for mail in mails)

    def _failed(self, claim: inbox.Claimed, error: Exception) -> None:
        """One more failed try; after the third the mail is held with its traceback (F06)."""
        trace = "".join(traceback.format_exception(error))[-4000:]
        maillog.failed_work(claim.id, attempts=claim.attempts, error=error)
        if isinstance(error, Temporary):
            return
        if claim.attempts >= MOST_ATTEMPTS:
            self._hold_poison(claim, trace)
        else:
            self.store.run(lambda tx: inbox.postpone(tx, claim.id, self.clock()))

    def _hold_poison(self, claim: inbox.Claimed, text: str) -> None:
        self.store.run(lambda tx: inbox.hold(tx, claim.id, "poison", text, self.clock()))
        maillog.held(claim.id, reason="poison")
