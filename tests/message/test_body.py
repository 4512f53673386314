"""Which text of a mail counts, and how it becomes plain text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproc.message.body import unflow
from mailproc.message.htmltext import html_to_text, is_simple, strip_tags
from mailproc.message.parse import parse

LONG = "Dear team, the printer on the second floor does not print any more since this morning."
RICH = f"<html><body><p>{LONG}</p></body></html>"


def part(kind: str, text: str, more: str = "") -> str:
    return f"Content-Type: {kind}; charset=utf-8\n{more}\n{text}\n"


def multipart(kind: str, *parts: str, boundary: str = "b") -> str:
    lines = "".join([f"--{boundary}\n{one}" for one in parts])
    return f"Content-Type: multipart/{kind}; boundary={boundary}\n\n{lines}--{boundary}--\n"


def text_of(mail: str) -> str:
    return parse(b"From: a@b.test\n" + mail.encode()).text


@pytest.mark.parametrize(
    ("plain", "rich", "expected"),
    [
        (LONG, RICH, LONG),
        ("", RICH, LONG),
        ("  \n ", RICH, LONG),
        ("see html", RICH, LONG),
        ("Your email client does not support HTML messages, please use another one.", RICH, LONG),
        ("This message is in HTML format. Open it in a modern program.", RICH, LONG),
        ("Ok, thanks!", "<p>Ok, thanks!</p>", "Ok, thanks!"),
        ("Ok", "<p>Ok</p>", "Ok"),
        (LONG, "", LONG),
        (LONG * 8 + " Our HTML format is broken.", "<p>x</p>", LONG * 8 + " Our HTML format is broken."),
    ],
)
def test_alternatives_are_read_plain_unless_that_is_a_stub(plain: str, rich: str, expected: str) -> None:
    assert text_of(multipart("alternative", part("text/plain", plain), part("text/html", rich))) == expected
    assert text_of(multipart("alternative", part("text/html", rich), part("text/plain", plain))) == expected


@pytest.mark.parametrize(
    ("mail", "expected"),
    [
        (part("text/plain", "one"), "one"),
        (part("text/html", RICH), LONG),
        (multipart("mixed", part("text/plain", "one"), part("text/plain", "two")), "one\n\ntwo"),
        (multipart("mixed", part("text/plain", "one"), part("text/html", "<p>two</p>")), "one\n\ntwo"),
        (multipart("mixed", part("text/plain", LONG), part("text/html", RICH)), LONG),
        (
            multipart("mixed", part("text/plain", "one"), part("text/plain", "f", "Content-Disposition: attachment\n")),
            "one",
        ),
        (multipart("mixed", part("text/plain", "one"), part("text/csv", "a,b")), "one"),
        (multipart("mixed", part("text/plain", "one"), part("text/plain; name=log.txt", "log")), "one"),
        (multipart("mixed", part("text/plain; name=mail.txt", "one")), "one"),
        (multipart("related", part("text/html", "<p>one</p>"), part("text/plain", "two")), "one"),
        (multipart("signed", part("text/plain", "one"), part("application/pgp-signature", "x")), "one"),
        (multipart("alternative", part("text/plain", LONG), part("text/x-amp-html", "<p>amp</p>")), LONG),
        (
            multipart(
                "alternative", part("text/plain", LONG), multipart("related", part("text/html", RICH), boundary="r")
            ),
            LONG,
        ),
        (
            multipart(
                "mixed",
                multipart("alternative", part("text/plain", "no"), part("text/html", RICH), boundary="a"),
                part("text/plain", "footer"),
            ),
            LONG + "\n\nfooter",
        ),
        (multipart("mixed", part("image/png", "x")), ""),
        (multipart("alternative"), ""),
        (part("text/enriched", "<bold>Hello</bold> you"), "Hello you"),
    ],
)
def test_text_is_put_together_from_the_parts(mail: str, expected: str) -> None:
    assert text_of(mail) == expected


def test_has_html_when_a_part_is_shown_as_markup() -> None:
    mail = multipart("mixed", part("text/plain", "one"), part("text/html", "x", "Content-Disposition: attachment\n"))
    assert not parse(mail.encode()).has_html
    assert parse(part("text/html", "x").encode()).has_html


@pytest.mark.parametrize(
    ("flowed", "delsp", "expected"),
    [
        ("one \ntwo", False, "one two"),
        ("one \ntwo", True, "onetwo"),
        ("one\ntwo", False, "one\ntwo"),
        ("> one \n> two\nthree", False, "> one two\nthree"),
        ("> one \n>> two", False, "> one \n>> two"),
        (">> one \n>> two", False, ">> one two"),
        (" >no quote", False, ">no quote"),
        (" From here", False, "From here"),
        ("text \n-- \nAnn", False, "text \n-- \nAnn"),
        ("one \n\ntwo", False, "one \ntwo"),
        ("", False, ""),
    ],
)
def test_unflow_joins_what_belongs_together(flowed: str, delsp: bool, expected: str) -> None:
    assert unflow(flowed, delsp) == expected


def test_flowed_text_is_joined_when_the_mail_says_so() -> None:
    assert text_of("Content-Type: text/plain; charset=utf-8; Format=Flowed; DelSp=Yes\n\nlong \nline\n") == "longline"


def test_text_has_no_nul_and_one_kind_of_line_end() -> None:
    inbound = parse(b"From: a@b.test\r\n\r\none\r\ntwo\rthree\x00four\r\n")
    assert inbound.text == "one\ntwo\nthree\ufffdfour"


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        (b"text/html", b"<meta charset=koi8-r><p>\xf0\xd2\xc9\xd7\xc5\xd4</p>", "Привет"),
        (b"text/html; charset=us-ascii", b"<meta charset=koi8-r><p>\xf0\xd2\xc9\xd7\xc5\xd4</p>", "Привет"),
        (b"text/html; charset=utf-8", b'<?xml version="1.0" encoding="latin-1"?><p>caf\xc3\xa9</p>', "café"),
        (b"text/html", b"<p>a &amp; b &lt; c&nbsp;d</p><script>x()</script><style>p{}</style>", "a & b < c d"),
    ],
)
def test_html_is_read_in_its_own_charset(content_type: bytes, body: bytes, expected: str) -> None:
    assert parse(b"From: a@b.test\nContent-Type: " + content_type + b"\n\n" + body).text == expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>one</p><p>two</p>", ["one", "two"]),
        ("one<br>two", ["one", "two"]),
        ("<div>one</div>two", ["one", "two"]),
        ("<!-- <p>no</p> -->yes", ["yes"]),
        ("<style>no</style>yes<script>no", ["yes"]),
        ("<!doctype html><?php no ?>yes", ["yes"]),
        ("1 < 2 &amp; 3", ["1 < 2 & 3"]),
        ("<a href='x'>link</a>", ["link"]),
        ("<unclosed", []),
        ("<!-- open", []),
        ("", []),
    ],
)
def test_strip_tags_keeps_the_text_and_the_lines(markup: str, expected: list[str]) -> None:
    assert [line for line in strip_tags(markup).split("\n") if line] == expected


@pytest.mark.parametrize("depth", [10, 150, 300, 5_000, 60_000])
def test_html_of_any_depth_gives_its_text(depth: int) -> None:
    assert html_to_text("<div>" * depth + "the end", []).strip() == "the end"
    assert html_to_text("<table><tr><td>" * depth + "the end", []).strip() == "the end"
    assert is_simple("<div></div>" * 100)
    assert not is_simple("<div></b>" * 300)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "<p>",
                "</p>",
                "<table>",
                "<td>",
                "<",
                ">",
                "&#0;",
                "&#xD800;",
                "x",
                "<!--",
                "<style>",
                "\x00",
                " ",
                "<li",
                "=",
            ]
        ),
        max_size=30,
    )
)
def test_html_to_text_never_raises(pieces: list[str]) -> None:
    text = html_to_text("".join(pieces), [])
    assert text.encode("utf-8").decode("utf-8") == text


PICTURE = "Content-Type: image/png; name={0}\nContent-ID: <{0}@x>\n\nx\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hi\n\na1.pngb2.png\n", "Hi"),
        ("Hi\n<a1.png>\nthere", "Hi\nthere"),
        ("Hi\na1.png b2.png", "Hi"),
        ("Look at a1.png please", "Look at a1.png please"),
        ("c3.png", "c3.png"),
        ("a1.png", ""),
    ],
)
def test_lines_that_only_name_pictures_of_the_mail_are_left_out(text: str, expected: str) -> None:
    pictures = [PICTURE.format(name) for name in ("a1.png", "b2.png")]
    mail = multipart("related", part("text/plain", text), *pictures)
    assert text_of(mail) == expected
    assert len(parse(b"From: a@b.test\n" + mail.encode()).attachments) == 2
