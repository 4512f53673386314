"""Tests of forwarded mail in the words of many mail clients, with everybody it was written to."""

import pytest

from mailproc.message.forwarded import find_forwarded
from mailproc.message.forwardheads import read_mailboxes
from mailproc.message.parts import Part

BODY = "My fridge is warm.\n\nPlease send somebody."
TO, CC = ("help@our.test", "bo@our.test"), ("cy@shop.test",)
TWO = "Help Desk <help@our.test>, Bo <bo@our.test>"
SEMI = "Help Desk <help@our.test>; Bo, Jr. <bo@our.test>"

# client: (text above the body, text below it, date is read)
CLIENTS: dict[str, tuple[str, str, bool]] = {
    "gmail": ("---------- Forwarded message ---------\nFrom: Mara Lind <mara@shop.test>\nDate: Tue, Nov 3, 2026 at "
              "10:15 AM\n"
              f"Subject: Warm fridge\nTo: {TWO}\nCc: Cy <cy@shop.test>\n\n\n", "", True),
    "gmail pl": ("---------- Forwarded message ---------\nOd: Mara Lind <mara@shop.test>\nDate: wt., 3 lis 2026 o "
                 "10:15\n"
                 f"Subject: Warm fridge\nTo: {TWO}\nCc: Cy <cy@shop.test>\n\n\n", "", True),
    "outlook": ("________________________________\nFrom: Mara Lind <mara@shop.test>\nSent: Tuesday, November 3, "
                "2026 10:15 AM\n"
                f"To: {SEMI}\nCc: Cy <cy@shop.test>\nSubject: Warm fridge\n\n", "", True),
    "outlook mailto": ("From: Mara Lind [mailto:mara@shop.test]\nSent: Tuesday, November 3, 2026 10:15 AM\nTo: Help "
                       "<help@our.test<mailto:help@our.test>>; Bo <bo@our.test<mailto:bo@our.test>>\nCc: cy@shop.test\n"
                       "Subject: Warm fridge\n\n", "", True),
    "outlook de": (f"Von: Mara Lind <mara@shop.test>\nGesendet: Dienstag, 3. November 2026 10:15\nAn: {SEMI}\n"
                   f"Cc: Cy <cy@shop.test>\nBetreff: Warm fridge\n\n", "", True),
    "outlook bold": (f"*From:* Mara Lind <mara@shop.test>\n*Sent:* Tuesday, November 3, 2026 10:15 AM\n*To:* {SEMI}\n"
                     f"*Cc:* Cy <cy@shop.test>\n*Subject:* Warm fridge\n\n", "", True),
    "outlook ja": (f"差出人: Mara Lind <mara@shop.test>\n送信日時: 2026年11月3日 10:15\n"
                   f"宛先: {SEMI}\nCC: Cy <cy@shop.test>\n"
                   "件名: Warm fridge\n\n", "", True),
    "outlook zh": (f"发件人: Mara Lind <mara@shop.test>\n发送时间: 2026年11月3日 10:15\n"
                   f"收件人: {SEMI}\n抄送: Cy <cy@shop.test>\n"
                   "主题: Warm fridge\n\n", "", True),
    "outlook ko": (f"보낸 사람: Mara Lind <mara@shop.test>\n보낸 날짜: 2026년 11월 3일\n"
                   f"받는 사람: {SEMI}\n참조: Cy <cy@shop.test>\n"
                   "제목: Warm fridge\n\n", "", True),
    "apple": ("Begin forwarded message:\n\nFrom: Mara Lind <mara@shop.test>\nSubject: Warm fridge\nDate: 3 "
              "November 2026 at "
              f"10:15:00 CET\nTo: {TWO}\nCc: Cy <cy@shop.test>\n\n", "", True),
    "apple quoted": ("> Begin forwarded message:\n> \n> From: Mara Lind <mara@shop.test>\n> Subject: Warm fridge\n> "
                     "Date: today\n"
                     f"> To: {TWO}\n> Cc: Cy <cy@shop.test>\n> \n", "", True),
    "thunderbird": ("-------- Forwarded Message --------\nSubject: \tWarm fridge\nDate: \tTue, 3 Nov 2026 10:15:00 "
                    "+0100\n"
                    f"From: \tMara Lind <mara@shop.test>\nTo: \t{TWO}\nCC: \tCy <cy@shop.test>\n\n\n\n", "", True),
    "roundcube": (f"-------- Original Message --------\nSubject: Warm fridge\nDate: 2026-11-03 10:15\nFrom: Mara Lind "
                  f"<mara@shop.test>\nTo: {TWO}\nCc: Cy <cy@shop.test>\n\n", "", True),
    "zimbra": (f"----- Forwarded Message -----\nFrom: \"Mara Lind\" <mara@shop.test>\nTo: {TWO}\nCc: Cy "
               "<cy@shop.test>\n"
               "Sent: Tuesday, November 3, 2026 10:15:00 AM\nSubject: Warm fridge\n\n", "", True),
    "samsung": ("-------- Original message --------\nFrom: Mara Lind <mara@shop.test>\nDate: 03/11/2026 10:15 "
                "(GMT+01:00)\n"
                f"To: {TWO}\nCc: Cy <cy@shop.test>\nSubject: Warm fridge\n\n", "", True),
    "kmail": ("----------  Forwarded Message  ----------\n\nSubject: Warm fridge\nDate: Tuesday 03 November 2026, "
              "10:15\n"
              f"From: Mara Lind <mara@shop.test>\nTo: {TWO}\nCC: Cy <cy@shop.test>\n\n", "", True),
    "em client": (f"------ Forwarded Message ------\nFrom: \"Mara Lind\" <mara@shop.test>\nTo: {SEMI}\nCc: \"Cy\" "
                  "<cy@shop.test>\n"
                  "Sent: 03.11.2026 10:15:00\nSubject: Warm fridge\n\n", "", True),
    "proton": ("------- Forwarded Message -------\nFrom: Mara Lind <mara@shop.test>\nDate: On Tuesday, November "
               "3rd, 2026 at 10:15\n"
               f"Subject: Warm fridge\nTo: {TWO}\nCC: Cy <cy@shop.test>\n\n\n", "", True),
    "evolution": (f"-------- Forwarded Message --------\nFrom: Mara Lind <mara@shop.test>\nTo: {TWO}\nCc: Cy "
                  "<cy@shop.test>\n"
                  "Subject: Warm fridge\nDate: Tue, 03 Nov 2026 10:15:00 +0100\n\n", "", True),
    "mail.ru": (f"-------- Пересылаемое сообщение --------\nОт: Mara Lind <mara@shop.test>\nКому: {TWO}\nКопия: Cy "
                "<cy@shop.test>\nДата: Вторник, 3 ноября 2026, 10:15 +03:00\nТема: Warm fridge\n\n", "", True),
    "qq": ("------------------ 原始邮件 ------------------\n发件人: \"Mara Lind\"<mara@shop.test>;\n"
           "发送时间: 2026年11月3日(星期二) "
           "10:15\n收件人: \"Help\"<help@our.test>;\"Bo\"<bo@our.test>;\n抄送: \"Cy\"<cy@shop.test>;\n主题: Warm "
           "fridge\n\n", "", True),
    "gmx": (f"Gesendet: Dienstag, 03. November 2026 um 10:15 Uhr\nVon: \"Mara Lind\" <mara@shop.test>\nAn: {TWO}\n"
            "CC: Cy <cy@shop.test>\nBetreff: Warm fridge\n\n", "", True),
    "ionos": (f"---------- Original Message ----------\nFrom: Mara Lind <mara@shop.test>\nTo: {TWO}\nCc: cy@shop.test\n"
              "Date: 11/03/2026 10:15 AM CET\nSubject: Warm fridge\n\n\n", "", True),
    "pine": ("---------- Forwarded message ----------\nDate: Tue, 3 Nov 2026 10:15:00 +0100\nFrom: Mara Lind "
             "<mara@shop.test>\n"
             f"To: {TWO}\nCc: Cy <cy@shop.test>\nSubject: Warm fridge\n\n", "", True),
    "mutt": ("----- Forwarded message from Mara Lind <mara@shop.test> -----\n\nDate: Tue, 3 Nov 2026 10:15:00 "
             "+0100\nFrom: Mara "
             f"Lind <mara@shop.test>\nTo: {TWO}\nCc: Cy <cy@shop.test>\nSubject: Warm fridge\n\n",
             "\n\n----- End forwarded message -----", True),
    "the bat": (f"This is a forwarded message\nFrom: Mara Lind <mara@shop.test>\nTo: {TWO}\nCc: Cy "
                "<cy@shop.test>\nDate: Tuesday, "
                "November 3, 2026, 10:15:00 AM\nSubject: Warm fridge\n\n", "", True),
    "squirrel": ("---------------------------- Original Message ----------------------------\nSubject: Warm "
                 "fridge\nFrom:    \"Mara "
                 f"Lind\" <mara@shop.test>\nDate:    Tue, November 3, 2026 10:15\nTo:      {TWO}\nCc:      "
                 "cy@shop.test\n"
                 "--------------------------------------------------------------------------\n\n", "", True),
    "claws": ("Begin forwarded message:\n\nDate: Tue, 3 Nov 2026 10:15:00 +0100\nFrom: Mara Lind "
              f"<mara@shop.test>\nTo: {TWO}\n"
              "Cc: Cy <cy@shop.test>\nSubject: Warm fridge\n\n\n", "", True),
    "163": (f"-------- 转发邮件信息 --------\n发件人：Mara Lind <mara@shop.test>\n"
            f"发送日期：2026-11-03 10:15:00\n收件人：{TWO}\n"
            "抄送：Cy <cy@shop.test>\n主题：Warm fridge\n\n", "", True),
    "notes": ("----- Forwarded by Jane Doe/ACME on 03/11/2026 10:20 AM -----\n\nFrom:\tMara Lind "
              f"<mara@shop.test>\nTo:\t{TWO}\n"
              "Cc:\tCy <cy@shop.test>\nDate:\t03/11/2026 10:15 AM\nSubject:\tWarm fridge\n\n", "", True),
    "hubspot": ("---------- Forwarded message ---------\nFrom: Mara Lind <mara@shop.test>\nDate: Nov 3, "
                "2026\nSubject: Warm fridge\n"
                f"To: {TWO}\nCc: cy@shop.test\n\n", "", True),
    "missive": ("---------- Forwarded message ----------\nFrom: Mara Lind <mara@shop.test>\nDate: on Nov 3, 2026 "
                "at 10:15 am\n"
                f"Subject: Warm fridge\nTo: {TWO}\nCc: Cy <cy@shop.test>\n\n", "", True),
}  # fmt: skip


def _write(name: str) -> str:
    head, tail, _date = CLIENTS[name]
    mark = "> " if head.startswith(">") else ""
    return head + "\n".join(f"{mark}{line}" for line in BODY.split("\n")) + tail


@pytest.mark.parametrize("above", ["", "Please look into this.\n\n-- \nJane Doe\nACME\n\n", "Tilman, kannst du?\n\n"])
@pytest.mark.parametrize("name", CLIENTS)
def test_forward_is_read_with_its_people_when_a_client_wrote_it(name: str, above: str) -> None:
    found = find_forwarded("Fwd: Warm fridge", above + _write(name), ())
    assert found is not None and found.from_ is not None
    assert (found.from_.addr, found.from_.name, found.subject) == ("mara@shop.test", "Mara Lind", "Warm fridge")
    assert tuple(box.addr for box in found.to) == TO
    assert tuple(box.addr for box in found.cc) == CC
    assert bool(found.date) == CLIENTS[name][2]
    assert found.text.startswith("My fridge is warm.") and "Please send somebody." in found.text


def test_yandex_forward_is_read_though_it_has_no_labels() -> None:
    text = (
        '-------- Пересылаемое сообщение --------\n03.11.2026, 10:15, "Mara Lind" <mara@shop.test>:\n\n'
        f"{BODY}\n\n-------- Конец пересылаемого сообщения --------"
    )
    found = find_forwarded("Fwd: Warm fridge", text, ())
    assert found is not None and found.from_ is not None
    assert (found.from_.addr, found.from_.name, found.subject) == ("mara@shop.test", "Mara Lind", "Warm fridge")
    assert found.text == BODY


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
@pytest.mark.parametrize("name", CLIENTS)
def test_forward_is_the_same_when_its_line_ends_are_others(name: str, newline: str) -> None:
    text = _write(name)
    assert find_forwarded("Fwd: x", text.replace("\n", newline), ()) == find_forwarded("Fwd: x", text, ())


@pytest.mark.parametrize("name", CLIENTS)
def test_answer_is_no_forward_when_it_quotes_the_block_of_a_client(name: str) -> None:
    assert find_forwarded("Re: Warm fridge", f"It is fixed.\n\n{_write(name)}", ()) is None


@pytest.mark.parametrize(
    "text",
    [
        "I got a Forwarded message from mara@shop.test, what is it?",
        "Begin forwarded message:",
        "---------- Forwarded message ---------\n\nmara@shop.test wrote nothing.",
        "From: mara@shop.test is not a valid sender, is it?\n\nRegards",
        "Our form:\nName: Mara\nE-Mail: mara@shop.test\nSubject: Warm fridge\nMessage: My fridge is warm.",
    ],
)
def test_text_that_only_speaks_of_a_forward_is_none(text: str) -> None:
    assert find_forwarded("Question", text, ()) is None


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        ("", ()),
        ("Help Desk", ()),
        ("help@our.test", ("help@our.test",)),
        ("help@our.test, bo@our.test", ("help@our.test", "bo@our.test")),
        ("Lind, Mara <a@b.test>; Doe, Jo <c@d.test>", ("a@b.test", "c@d.test")),
        ('"Lind, Mara" <a@b.test>, "Doe, Jo" <c@d.test>', ("a@b.test", "c@d.test")),
        ("A <a@b.test>, Unknown, C <c@d.test>", ("a@b.test", "c@d.test")),
        ("a@b.test <mailto:a@b.test>", ("a@b.test",)),
        ("A <a@b.test>; A <A@B.test>", ("a@b.test",)),
        ("x@y.test;" * 1000, ("x@y.test",)),
    ],
)
def test_mailboxes_are_read_as_clients_write_them(value: str, addresses: tuple[str, ...]) -> None:
    assert tuple(box.addr for box in read_mailboxes(value)) == addresses


def test_long_list_of_recipients_is_read_over_its_lines() -> None:
    rows = ",\n    ".join(f"Person {number} <p{number}@our.test>" for number in range(8))
    text = (
        f"---------- Forwarded message ---------\nFrom: a@b.test\nDate: x\nSubject: y\nTo: {rows}\n"
        "Bcc: z@z.test\n\nBody"
    )
    found = find_forwarded("Fwd: y", text, ())
    assert found is not None and [box.addr for box in found.to] == [f"p{number}@our.test" for number in range(8)]
    assert found.cc == ()


ATTACHED = (
    b"From: Mara Lind <mara@shop.test>\nTo: Help <help@our.test>, bo@our.test\nCc: cy@shop.test\nSubject: Warm fridge\n"
    b"MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n<p>My fridge is <b>warm</b>.</p>\n"
)


@pytest.mark.parametrize("raw", [ATTACHED, b"From mara Tue Nov  3 10:15:00 2026\n" + ATTACHED])
def test_attached_mail_is_read_with_its_people_and_its_html(raw: bytes) -> None:
    found = find_forwarded("Fwd: x", "See below", (Part("message/rfc822", content=raw, depth=1),))
    assert found is not None
    assert (tuple(box.addr for box in found.to), tuple(box.addr for box in found.cc)) == (TO, CC)
    assert found.text == "My fridge is warm."


def test_t53_attached_mail_past_a_limit_is_read_by_its_header_alone() -> None:
    raw = b"From: a@b.test\nSubject: many\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * 300_000
    found = find_forwarded("Fwd: x", "", (Part("message/rfc822", content=raw, depth=1),))
    assert found is not None and (found.subject, found.text) == ("many", "")


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("-------- Пересылаемое сообщение --------\nОт кого: Mara Lind <mara@shop.test>\nКому: help@our.test\n"
         "Дата: Вторник, 3 ноября 2026, 10:15 +03:00\nТема: Warm fridge\n\nПривет", "Привет"),
        ("============ Forwarded message ============\nFrom: Mara Lind <mara@shop.test>\nTo: \"Desk\"<help@our.test>\n"
         "Date: Tue, 03 Nov 2026 10:15:01 +0000\nSubject: Warm fridge\n============ Forwarded message ============\n\n"
         "Hello", "Hello"),
        ("------ Forwarded Message ------\nFrom \"Mara Lind\" <mara@shop.test>\nTo help@our.test\n"
         "Date 03/11/2026 10:15:01\nSubject Warm fridge\n\nHello", "Hello"),
        ("----------  Forwarded Message  ----------\n\nSubject: Warm fridge\nDate: Tuesday, 3 November 2026, 10:15:01\n"
         "From: Mara Lind <mara@shop.test>\nTo: help@our.test\n\nHello\n-----------------------------------------",
         "Hello"),
        ("-------- Forwarded Message --------\nFrom: Mara Lind <mara@shop.test>\nTo: help@our.test\n"
         "Subject: Warm fridge\nDate: Tue, 03 Nov 2026 10:15:01 +0000\nMailer: Pump Mail 1.2\n\nHello", "Hello"),
    ],
)  # fmt: skip
def test_forward_is_read_when_its_frame_is_an_odd_one(text: str, body: str) -> None:
    forwarded = find_forwarded("Fwd: x", text, ())
    assert forwarded is not None and forwarded.from_ is not None
    assert (forwarded.from_.addr, forwarded.subject, forwarded.text) == ("mara@shop.test", "Warm fridge", body)
