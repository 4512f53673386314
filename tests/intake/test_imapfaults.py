"""Tests of the IMAP intake against a server that misbehaves, and over a network that does."""

import base64
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mailproc.errors import Temporary
from mailproc.intake import imapconnection
from mailproc.intake.imapconnection import LoginRefused
from tests.dovecot import Dovecot, shared
from tests.intake.imaphouse import House, numbered, open_house, wait_for
from tests.proxies import FakeImap, Proxy

KNOWN = re.compile(
    r"\S+ (?:CAPABILITY|LOGIN .*|NAMESPACE|LIST \"\" \"?[*]?\"?|NOOP|LOGOUT|IDLE|EXAMINE \S+|SELECT \S+|CREATE \S+"
    r"|SUBSCRIBE \S+|UID SEARCH (?:RETURN \(ALL\) )?UID [\d:*,]+(?: SINCE [\w-]+)?|UID SEARCH [1*]"
    r"|UID FETCH [\d:,]+ \((?:UID BODY\.PEEK\[\]|UID RFC822\.SIZE INTERNALDATE)\)|UID (?:MOVE|COPY) [\d:,]+ \"?\w+\"?"
    r"|UID STORE [\d:,]+ \+FLAGS\.SILENT \(\\(?:Seen|Deleted)\)|UID EXPUNGE [\d:,]+"
    r"|AUTHENTICATE XOAUTH2)|DONE||[A-Za-z0-9+/=]{20,}"
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture
def dovecot() -> Dovecot:
    return shared()


@pytest.fixture
def serve() -> Iterator[Callable[..., FakeImap]]:
    servers: list[FakeImap] = []

    def start(*mails: bytes, **changes: Any) -> FakeImap:
        servers.append(FakeImap(dict(enumerate(mails, 1)), **changes))
        return servers[-1]

    yield start
    for server in servers:
        for line in server.lines:
            assert KNOWN.fullmatch(line), f"not a command of ours: {line!r}"
        server.close()


def test_f16_a_mail_that_is_cut_at_any_kilobyte_is_stored_whole_or_not_at_all(
    house: House, serve: Callable[..., FakeImap]
) -> None:
    raw = numbered(1, text="0123456789abcde\r\n" * 3855)
    server = serve(raw, numbered(2))
    intake = house.open(server.port, "u", max_message_size=200_000)
    for size in range(0, len(raw), 1024):
        server.cut_body_after = size
        with pytest.raises(Exception, match="failed"):
            intake.poll_once()
    assert raw not in house.raws()
    server.cut_body_after = None
    intake.poll_once()
    intake.poll_once()
    assert sorted(house.raws()) == sorted([raw, numbered(2)]) or len(house.raws()) == 2
    assert raw in house.raws()


@pytest.mark.parametrize("difference", [-10, 10, 10**9, 10**19])
def test_f16_a_literal_of_another_size_than_announced_is_not_taken(
    house: House, serve: Callable[..., FakeImap], difference: int
) -> None:
    raw = numbered(1)
    server = serve(raw, announce=lambda uid, body: len(body) + difference)
    intake = house.open(server.port, "u", timeout_seconds=1)
    with pytest.raises(Exception, match="failed|unexpected|does not answer"):
        intake.poll_once()
    assert house.stored() == 0
    server.announce = lambda uid, body: len(body)
    assert intake.poll_once() == 1
    assert house.raws() == [raw]


def test_a_mail_that_breaks_every_connection_does_not_stop_the_others(
    house: House, serve: Callable[..., FakeImap]
) -> None:
    server = serve(*(numbered(n) for n in range(12)))
    server.body_of = lambda uid, raw: raw if uid != 5 else raw[:9]
    server.announce = lambda uid, raw: len(raw) if uid != 5 else 10**9
    intake = house.open(server.port, "u", batch=4)
    intake.start()
    wait_for(lambda: house.stored() == 11)
    wait_for(lambda: any("UID 5" in text for _, text in house.told))
    server.body_of, server.announce = (lambda uid, raw: raw), (lambda uid, raw: len(raw))
    wait_for(lambda: house.stored() == 12)
    wait_for(lambda: not server.mails)
    assert house.stored() == 12


def test_a_mail_the_server_refuses_to_give_does_not_stop_the_others(
    house: House, serve: Callable[..., FakeImap]
) -> None:
    server = serve(*(numbered(n) for n in range(3)), refuse={"UID FETCH 1:3 (UID BODY": "[SERVERBUG] broken"})
    server.refuse["UID FETCH 2 (UID BODY"] = "[SERVERBUG] broken"
    intake = house.open(server.port, "u")
    assert intake.poll_once() == 2
    for _ in range(6):
        assert intake.poll_once() == 0
    assert len(house.told) == 1 and "UID 2" in house.told[0][1]
    server.refuse.clear()
    assert intake.poll_once() == 1
    assert server.mails == {}


@pytest.mark.parametrize("after", ["move:Processed", "delete"])
def test_without_move_mail_is_copied_and_only_that_is_expunged(
    house: House, serve: Callable[..., FakeImap], after: str
) -> None:
    server = serve(numbered(1), numbered(2, text="x" * 9000), numbered(3), capabilities="IMAP4rev1 UIDPLUS")
    server.flagged[2] = {"\\Deleted"}  # by somebody else, and too large for us
    assert house.open(server.port, "u", after=after, max_message_size=5000).poll_once() == 2
    assert list(server.mails) == [2]
    assert server.copied == ([1, 3] if after != "delete" else [])


@pytest.mark.parametrize("after", ["move:Processed", "delete"])
def test_without_uidplus_mail_stays_and_the_operator_is_told(
    house: House, serve: Callable[..., FakeImap], after: str
) -> None:
    server = serve(numbered(1), numbered(2), capabilities="IMAP4rev1")
    intake = house.open(server.port, "u", after=after)
    assert (intake.poll_once(), intake.poll_once()) == (2, 0)
    assert (len(server.mails), server.flagged, server.copied) == (2, {}, [])
    assert len(house.told) == 1 and "neither MOVE nor UIDPLUS" in house.told[0][1]


def test_a_full_target_keeps_mail_where_it_is(house: House, serve: Callable[..., FakeImap]) -> None:
    server = serve(numbered(1), refuse={"UID MOVE": "[OVERQUOTA] mailbox is full"})
    intake = house.open(server.port, "u")
    assert (intake.poll_once(), intake.poll_once()) == (1, 0)
    assert "OVERQUOTA" in intake.status.problem and len(house.told) == 1
    server.refuse.clear()
    assert intake.poll_once() == 0
    assert (server.mails, intake.status.problem) == ({}, "")


def test_a_target_that_was_removed_is_made_again(house: House, serve: Callable[..., FakeImap]) -> None:
    server = serve(numbered(1))
    server.folders.remove("Processed")
    assert house.open(server.port, "u").poll_once() == 1
    assert server.folders == ["INBOX", "Processed"]


def test_a_server_without_uidnext_is_no_new_turn(house: House, serve: Callable[..., FakeImap]) -> None:
    server = serve(numbered(1), numbered(2), uidnext=0)
    intake = house.open(server.port, "u")
    assert (intake.poll_once(), intake.poll_once()) == (2, 0)
    server.mails[7] = numbered(7)
    assert intake.poll_once() == 1
    assert house.told == []


@pytest.mark.parametrize("command", ["LOGIN", "SELECT", "UID SEARCH", "UID FETCH", "UID MOVE"])
def test_a_bye_at_any_moment_costs_no_mail(house: House, serve: Callable[..., FakeImap], command: str) -> None:
    server = serve(*(numbered(n) for n in range(4)), bye_on=command)
    intake = house.open(server.port, "u", batch=2)
    intake.start()
    wait_for(lambda: intake.status.failing_since)
    server.bye_on = ""
    wait_for(lambda: not server.mails)
    assert house.stored() == 4


@pytest.mark.parametrize("has_token", [False, True])
def test_a_server_that_says_goodbye_at_the_login_is_no_refused_login(
    house: House, serve: Callable[..., FakeImap], has_token: bool
) -> None:
    server = serve(bye_on="AUTHENTICATE" if has_token else "LOGIN")
    asked: list[tuple[str, ...]] = []

    def token(*refused: str) -> str:
        asked.append(refused)
        return "good"

    intake = house.open(server.port, "u", **({"token": token} if has_token else {}))
    with pytest.raises(Temporary) as caught:
        intake.poll_once()
    assert not isinstance(caught.value, LoginRefused) and "check user" not in intake.status.problem
    assert asked == ([()] if has_token else []), "a good token is not given up"


def test_t49c_nothing_of_a_mail_is_ever_part_of_a_command(house: House, serve: Callable[..., FakeImap]) -> None:
    evil = b'From: a@b.example\r\nMessage-ID: <x>"\r\n A9 DELETE INBOX\r\nSubject: {3}\r\n\r\n* 1 EXPUNGE\r\nA9 OK\r\n'
    server = serve(evil, numbered(2))
    assert house.open(server.port, "u").poll_once() == 2  # what was sent is checked when the server ends
    assert house.raws()[0] == evil
    assert not any("DELETE INBOX" in line for line in server.lines)


def test_mail_that_is_announced_in_another_answer_does_not_wait_for_the_next_sweep(
    house: House, serve: Callable[..., FakeImap]
) -> None:
    server = serve(numbered(1), after_search=[(3, numbered(3)), (2, numbered(2))])
    intake = house.open(server.port, "u")  # IDLE stays silent about it, and lasts five minutes
    intake.start()
    wait_for(lambda: house.stored() == 3)
    assert house.stored() == 3 and not intake.status.problem


# ---- the network


def test_f15_a_connection_that_is_swallowed_in_idle_is_noticed(
    house: House, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imapconnection, "_DONE_SECONDS", 0.5)
    user = dovecot.new_user()
    with Proxy(dovecot.port) as proxy:
        intake = house.open(proxy.port, user, sweep_seconds=1, timeout_seconds=5)
        intake.start()
        wait_for(lambda: intake.status.last_success)
        proxy.is_swallowing = True
        dovecot.append(user, numbered(1))
        wait_for(lambda: intake.status.failing_since)
        proxy.is_swallowing = False
        wait_for(lambda: house.stored() == 1)
        wait_for(lambda: intake.status.failing_since is None)
    assert house.stored() == 1


def test_f16_cuts_in_mid_fetch_lose_and_double_nothing(house: House, dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    mails = [numbered(n, text="y" * 3000) for n in range(30)]
    dovecot.append(user, *mails)
    with Proxy(dovecot.port) as proxy:
        proxy.cut_after = 9_000
        intake = house.open(proxy.port, user, batch=5)
        intake.start()
        cuts = iter(range(15_000, 400_000, 4_000))
        while dovecot.contents(user):
            before = proxy.connections
            wait_for(lambda before=before: proxy.connections > before or not dovecot.contents(user))  # type: ignore[misc]
            proxy.cut_after = next(cuts)
        intake.stop()
    assert sorted(house.raws()) == sorted(mails)


def test_stopping_does_not_wait_for_a_silent_server(house: House, dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    with Proxy(dovecot.port) as proxy:
        intake = house.open(proxy.port, user, idle=False, poll_seconds=1, timeout_seconds=600)
        intake.start()
        wait_for(lambda: intake.status.last_success)
        proxy.is_swallowing = True
        pause = threading.Event()
        pause.wait(1.5)  # now it waits for the answer to NOOP
        stopper = threading.Thread(target=intake.stop)
        stopper.start()
        stopper.join(30)
        assert not stopper.is_alive()


# ---- tokens


def test_an_expired_token_is_replaced_at_the_next_login(house: House, serve: Callable[..., FakeImap]) -> None:
    tokens = iter(["old", "new", "new"])
    refused: list[str] = []

    def find_token(*bad: str) -> str:
        refused.extend(bad)
        return next(tokens)

    server = serve(numbered(1), capabilities="IMAP4rev1 MOVE AUTH=XOAUTH2")
    server.tokens = {"new"}
    intake = house.open(server.port, "u@acme.example", password="", token=find_token)
    with pytest.raises(LoginRefused, match="access token"):
        intake.poll_once()
    assert "old" not in intake.status.problem
    assert refused == ["old"]
    assert intake.poll_once() == 1
    sent = [base64.b64decode(line) for line in server.lines if re.fullmatch(r"[A-Za-z0-9+/=]{20,}", line)]
    assert b"user=u@acme.example\1auth=Bearer new\1\1" in sent
