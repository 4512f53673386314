"""Tests of what web forms mail: labels and values in lines and in cells, whatever somebody typed into them."""

import time

import pytest

from mailproc.message.formfields import fold_label, one_line, read_values

LABELS = {
    fold_label(label): name
    for label, name in (
        ("E-Mail", "email"), ("Name", "name"), ("Message", "text"), ("Order number", "field.order"), ("Page", "skip"),
        ("Imię i nazwisko", "name"), ("Ihre Nachricht", "text"),
    )
}  # fmt: skip
WANTED = {"name": ("Jane Doe",), "email": ("jane@x.example",), "text": ("Hello,\n\nwhere is it?",)}


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("Name: Jane Doe\nE-Mail: jane@x.example\nMessage: Hello,\n\nwhere is it?\n", ""),
        ("*Name:* Jane Doe\n*E-mail:* jane@x.example\n*Message:*\nHello,\n\nwhere is it?\n", ""),
        ("Name\nJane Doe\n\nE-Mail\njane@x.example\n\nMessage\nHello,\n\nwhere is it?\n", ""),
        ("- Name = Jane Doe\n- E-Mail = jane@x.example\n- Message =\nHello,\n\nwhere is it?", ""),
        ("Name     Jane Doe\nE-Mail   jane@x.example\nMessage  Hello,\n\nwhere is it?", ""),
        ("NAME (required)： Jane Doe\nE-MAIL *: jane@x.example\nMESSAGE: Hello,\n\nwhere is it?\n-- \nacme", ""),
        ("Imię i nazwisko: Jane Doe\nE-mail: jane@x.example\nIhre Nachricht: Hello,\n\nwhere is it?\nPage: /", ""),
        ("", "<table><tr><td><b>Name:</b></td><td>Jane Doe</td></tr><tr><th>E-Mail</th><td><a href='mailto:x'>"
         "jane@x.example</a></td></tr><tr><td>Message</td><td>Hello,<br><br>where is it?</td></tr></table>"),
        ("", "<table><tr><td>Name</td></tr><tr><td>Jane Doe</td></tr><tr><td>E-Mail</td></tr><tr><td>jane@x.example"
         "</td></tr><tr><td>Message</td></tr><tr><td>Hello,<br/><br/>where is it?</td></tr></table>"),
        ("", "<dl><dt>Name</dt><dd>Jane&nbsp;Doe</dd><dt>E-Mail</dt><dd>jane@x.example</dd><dt>Message<dd>Hello,<p></p>"
         "where is it?</dl>"),
    ],
)  # fmt: skip
def test_values_are_read_from_what_forms_write(text: str, markup: str) -> None:
    found = {name: values for name, values in read_values(text, markup, LABELS).items() if name != "skip"}
    plain = {name: tuple(value.replace("\xa0", " ") for value in values) for name, values in found.items()}
    assert [plain[name] for name in ("name", "email")] == [WANTED["name"], WANTED["email"]]
    assert "".join(plain["text"][0].split()) == "Hello,whereisit?" and set(plain) == set(WANTED)


def test_typed_label_makes_a_second_value_and_never_replaces_the_first() -> None:
    text = "Message: hi\nE-Mail: evil@x.example\nOrder number: 1\nName: Jane\nE-Mail: jane@x.example\nOrder number: 2\n"
    found = read_values(text, "", LABELS)
    assert found["email"] == ("evil@x.example", "jane@x.example") and found["field.order"] == ("1", "2")


def test_typed_label_stays_in_its_cell() -> None:
    markup = (
        "<table><tr><td>Message</td><td>hi<br>E-Mail: evil@x.example<br>&lt;/td&gt;&lt;td&gt;</td></tr>"
        "<tr><td>E-Mail</td><td>jane@x.example</td></tr></table>"
    )
    found = read_values("Message: hi\nE-Mail: evil@x.example\n", markup, LABELS)
    assert found["email"] == ("jane@x.example",)
    assert "E-Mail: evil@x.example" in found["text"][0]


def test_unknown_labels_are_no_fields() -> None:
    assert (
        read_values("Tier: gold\nfield.tier: gold\n", "<table><tr><td>Tier</td><td>gold</td></tr></table>", LABELS)
        == {}
    )


def test_value_of_one_line_is_short_and_clean() -> None:
    assert one_line("\r\n  Jane\tDoe\u202e\r\nBcc: x", 200) == "Jane Doe"
    assert len(one_line("x" * 10_000, 200)) == 200


@pytest.mark.parametrize(
    "make",
    [
        lambda n: ("Name: x\n" * n, ""), lambda n: ("x" * n, ""), lambda n: (" " * n + "Name", ""),
        lambda n: ("*_" * n, ""),
        lambda n: ("a " * n, ""), lambda n: ("", "<td>" * n), lambda n: ("", "<tr><td " * n),
        lambda n: ("", "<td>Name</td>" * n),
    ],
)  # fmt: skip
def test_t58_time_does_not_explode(make) -> None:  # type: ignore[no-untyped-def]
    text, markup = make(100_000)
    start = time.process_time()
    read_values(text, markup, LABELS)
    assert time.process_time() - start < 2
