"""Message ids as clients write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailproc.message.ids import MOST, find_ids


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("<a@b>", ("<a@b>",)),
        ("<[x@y]>", ("<[x@y]>",)),
        ("a@b.test", ("<a@b.test>",)),
        ("<a@b> <c@d>", ("<a@b>", "<c@d>")),
        ("<a@b><c@d>\t<e@f>", ("<a@b>", "<c@d>", "<e@f>")),
        ("<a@b>, <c@d>", ("<a@b>", "<c@d>")),
        ("<a@b> (my comment)", ("<a@b>",)),
        ('Your message of "Mon, 5 Oct" <a@b>', ("<a@b>",)),
        ("a@b.test c@d.test", ("<a@b.test>", "<c@d.test>")),
        ("<a b@c>", ("<ab@c>",)),
        ("<a@b> <a@b>", ("<a@b>",)),
        ("<no-at-sign>", ("<no-at-sign>",)),
        ("opaque-token", ("<opaque-token>",)),
        ("two words", ()),
        ("", ()),
        ("<", ()),
        ("<[", ()),
        ("<@", ()),
        ("<>", ()),
        ("<a\x00b@c>", ("<ab@c>",)),
        ("<a\r\nBcc: x@c>", ("<aBcc:x@c>",)),
        ("<\udcc3\udca9@c>", ("<é@c>",)),
        ("<a@b", ()),
    ],
)
def test_find_ids_keeps_what_can_be_an_id(value: str, expected: tuple[str, ...]) -> None:
    assert find_ids(value) == expected


def test_find_ids_when_there_are_too_many_keeps_the_first_and_the_newest() -> None:
    ids = find_ids(" ".join([f"<{n:05d}-{'x' * 40}@b.test>" for n in range(1_000)]))
    assert len(ids) == MOST
    assert ids[0].startswith("<00000-") and ids[-1].startswith("<00999-")


@given(st.text(max_size=80))
def test_find_ids_never_raises(value: str) -> None:
    for one in find_ids(value):
        assert one[0] == "<" and one[-1] == ">" and " " not in one and "\x00" not in one
        one.encode("utf-8")
