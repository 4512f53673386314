"""Whole conversations as mail programs show them: ours and a customer's mails stay one, whatever the program drops.

The algorithms are others': a real Dovecot's THREAD, jwz's, models of Gmail's and Outlook's (`bench.threadmodels`).
"""

import re
import tempfile
from email import message_from_bytes
from functools import cache
from pathlib import Path

import pytest

from bench import threadmodels, threads
from bench.threads import CUSTOMER, DESK, EXTENSIONS, PROGRAMS, TAGS, Program, Talk
from mailproc.records.site import Site
from tests import dovecot

BY_NAME = {program.name: program for program in PROGRAMS}
OUTLOOKS = [program.name for program in PROGRAMS if program.is_outlook]
# Every program in every tag mode; every form of reply address with the first program and with the one that tells least
CASES = list(
    dict.fromkeys(
        (program.name, tag, extension)
        for program in PROGRAMS
        for tag in TAGS
        for extension in EXTENSIONS
        if extension == "plus" or (program is PROGRAMS[0] and tag == "always") or (extension, tag) == ("none", "never")
        if threads.is_possible(tag, extension, program)
    )
)


@cache
def talk(program: str, tag: str, extension: str) -> tuple[list[bytes], list[bytes]]:
    """(the customer's mailbox, the department's) after the conversation."""
    with tempfile.TemporaryDirectory() as folder:
        one = Talk(Path(folder), threads.make_site(tag, extension), BY_NAME[program])
        threads.converse(one)
        one.close()
    return one.jane.mailbox, one.desk


def groups_of(answer: str) -> list[set[int]]:
    """The threads of an IMAP THREAD answer: `(1 2)(3 (4)(5))`."""
    groups, depth, start = [], 0, 0
    for at, letter in enumerate(answer):
        depth += (letter == "(") - (letter == ")")
        if letter == "(" and depth == 1:
            start = at
        elif letter == ")" and depth == 0:
            groups.append({int(number) for number in re.findall(r"\d+", answer[start:at])})
    return groups


def thread(mailbox: list[bytes], *algorithms: str) -> list[list[set[int]]]:
    """The threads that a real Dovecot makes of a mailbox by each algorithm."""
    server = dovecot.shared()
    user = server.new_user()
    server.fill(user, mailbox)
    with server.connect(user) as client:
        client.select(readonly=True)
        answers = [client.thread(algorithm, "UTF-8", "ALL") for algorithm in algorithms]
    assert all(answer == "OK" for answer, _ in answers)
    return [groups_of(data[0].decode()) for _, data in answers]


@pytest.mark.parametrize("whose", ["customer", "desk"])  # in a row: a conversation is had once in a process
@pytest.mark.parametrize(("program", "tag", "extension"), CASES)
def test_a_conversation_of_ten_mails_is_one_in_other_peoples_programs(
    program: str, tag: str, extension: str, whose: str
) -> None:
    mailbox = talk(program, tag, extension)[whose == "desk"]
    assert len(mailbox) >= 11
    counts = threads.count(mailbox)
    assert counts["jwz+subject"] == 1
    if whose == "desk" or BY_NAME[program].answers and not BY_NAME[program].renames:
        assert counts["gmail"] == 1  # whose own mails do say what they answer
        assert tag != "never" or counts["gmail, brackets count"] == 1
    if whose == "desk" or not BY_NAME[program].renames:
        # a first mail that the sender keeps under another id is tied by its subject alone
        assert counts["jwz"] == 1
    if whose == "desk" or program in OUTLOOKS:
        assert counts["exchange"] == 1
    if whose == "customer" and program in OUTLOOKS:
        assert counts["outlook by topic"] == 1


@pytest.mark.parametrize("whose", ["customer", "desk"])  # in a row: a conversation is had once in a process
@pytest.mark.parametrize(("program", "tag", "extension"), CASES)
def test_a_conversation_of_ten_mails_is_one_in_a_real_imap_server(
    program: str, tag: str, extension: str, whose: str
) -> None:
    mailbox = talk(program, tag, extension)[whose == "desk"]
    by_references, by_subject = thread(mailbox, "REFERENCES", "ORDEREDSUBJECT")
    assert by_references == [set(range(1, len(mailbox) + 1))]
    if BY_NAME[program].prefix.lower() == "re: ":
        assert by_subject == by_references
    else:  # RFC 5256 knows no prefix but `Re:` and `Fwd:`; ours are one all the same, and with the mail they answer
        ours = {number for number, raw in enumerate(mailbox, 1) if number == 1 or b"\nX-Loop-Guard: " in raw}
        assert any(ours <= group for group in by_subject)


@pytest.mark.parametrize("tag", TAGS)
def test_two_cases_with_one_subject_stay_apart_for_a_department(tag: str, tmp_path: Path) -> None:
    one = Talk(tmp_path, threads.make_site(tag, "plus"), PROGRAMS[0])
    for text in ("The lamp is dark since Monday.", "Another lamp is dark since Tuesday."):
        one.write(one.jane, text)
        one.write(one.ann, "Which lamp is it?", to=one.last(DESK, "forward"))
    one.close()
    seen = [threadmodels.read(raw) for raw in one.desk]
    assert len(threadmodels.jwz(seen)) == len(threadmodels.gmail(seen)) == len(threadmodels.exchange(seen)) == 2
    ours = [mail for mail in seen if mail.topic.startswith("ACME-")]
    assert len(threadmodels.outlook_by_topic(ours)) == 2


def test_an_unproven_senders_acknowledgement_is_a_thread_of_its_own_and_the_answer_joins_theirs(tmp_path: Path) -> None:
    """By decision: no id that the sender chose goes back (T30). What an agent writes does belong to their mail."""
    one = Talk(tmp_path, threads.make_site("always", "plus"), PROGRAMS[1], is_proven=False)
    one.write(one.jane, "My printer prints nothing but blank pages since yesterday.")
    one.write(one.ann, "Which model is it?", to=one.last(DESK, "forward"))
    one.close()
    request, received, answer = [message_from_bytes(raw) for raw in one.jane.mailbox]
    assert received["In-Reply-To"] is received["Thread-Index"] is received["Thread-Topic"] is None
    assert request["Message-ID"] not in str(received["References"])
    assert answer["In-Reply-To"] == request["Message-ID"]
    seen = [threadmodels.read(raw) for raw in one.jane.mailbox]
    assert threadmodels.jwz(seen[:2]) == [{0}, {1}]
    assert threadmodels.jwz(seen) == [{0, 1, 2}]  # by the root that all of ours share
    assert threadmodels.gmail(seen) == [{0, 2}, {1}]


@pytest.mark.parametrize("tag", TAGS)
def test_the_subject_never_changes_once_it_is_there(tag: str) -> None:
    mailbox, desk = talk(PROGRAMS[0].name, tag, "plus")
    ours = [threadmodels.read(raw).subject for raw in mailbox if b"\nX-Loop-Guard: " in raw]
    tagged = f"[ACME-100-009] Re: {threads.SUBJECT}"
    plain = f"Re: {threads.SUBJECT}"
    assert ours == {"always": [tagged] * 6, "reply": [plain, *[tagged] * 5], "never": [plain] * 6}[tag]
    inside = {threadmodels.read(raw).subject for raw in desk if b"\nX-Loop-Guard: " in raw}
    assert inside == {threads.SUBJECT if tag == "never" else f"[ACME-100-009] {threads.SUBJECT}"}


def test_ids_go_out_as_the_policy_says() -> None:
    """Signed Message-ID, the root first, the mail that is answered last, never more than twenty, none of the inside."""
    mailbox, desk = talk(PROGRAMS[0].name, "always", "plus")
    roots, inner = set(), {message_from_bytes(raw)["Message-ID"] for raw in desk}
    for raw in (*mailbox, *desk):
        if b"\nX-Loop-Guard: " not in raw:
            continue
        mail = message_from_bytes(raw)
        ids = mail["References"].split()
        roots.add(ids[0])
        assert re.fullmatch(r"<t\.10000\.[1-9]\d*\.[a-z2-7]{17}@acme\.example>", mail["Message-ID"])
        assert len(ids) <= 20 and len(set(ids)) == len(ids)
        assert ids[-1] == mail["In-Reply-To"] or mail["In-Reply-To"] is None
        if mail["To"] == CUSTOMER:
            assert inner.isdisjoint(ids)
    assert len(roots) == 1 and re.fullmatch(r"<t\.10000\.0\.[a-z2-7]{17}@acme\.example>", roots.pop())


def test_a_long_conversation_keeps_the_root_and_the_newest_ids(tmp_path: Path) -> None:
    site: Site = threads.make_site("always", "plus")
    one = Talk(tmp_path, site, PROGRAMS[0])
    one.write(one.jane, "Mail number 0 of a long conversation about lamps.")
    for number in range(1, 13):
        one.write(one.ann, f"Answer number {number} about the lamp.", to=one.last(DESK))
        one.write(one.jane, f"Question number {number} about the lamp.", to=one.last(CUSTOMER, "answer"))
    one.close()
    assert threads.count(one.jane.mailbox)["jwz"] == threads.count(one.desk)["jwz"] == 1
    last = message_from_bytes(one.last(CUSTOMER, "answer"))
    assert len(last["References"].split()) <= 20 and last["References"].split()[0].startswith("<t.10000.0.")


@pytest.mark.parametrize("program", [program for program in PROGRAMS if program.is_outlook])
def test_outlooks_index_is_continued_with_one_more_reply(program: Program) -> None:
    mailbox, _ = talk(program.name, "always", "plus")
    seen = [(b"\nX-Loop-Guard: " in raw, threadmodels.read(raw)) for raw in mailbox]
    assert len({mail.index[:22] for _, mail in seen}) == 1
    theirs = seen[0][1].index
    for is_ours, mail in seen[1:]:
        if is_ours:
            assert len(mail.index) == len(theirs) + 5 and mail.index.startswith(theirs)
            assert mail.topic == threads.SUBJECT
        else:
            theirs = mail.index
