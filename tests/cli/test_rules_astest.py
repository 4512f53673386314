"""Tests `mailproc rules ticket NUMBER --as-test`: a test that passes, without what nobody may read in it."""

import time
from collections.abc import Callable

import pytest

from mailproc.cli.rules.redaction import find_pieces
from tests.cli.conftest import Shell

MORE = """\
lists:
  friends: [friends.example]
fields:
  contract: {label: Contract, pattern: '[0-9]{5}'}
classify:
  - name: contract number
    when: {body: {regex: 'contract (?P<contract>[0-9]{5})\\b'}}
    set: {field.contract: "{contract}"}
route:
  - name: friends
    when: {from: {list: friends}}
    do: {department: engineering}
  - name: by machine
    when: {header: {name: X-Machine, contains: press}}
    do: {department: engineering, tags: [machine]}
  - name: plans
    when: {attachment: {ext: [dwg]}}
    do: {department: engineering, tags: [plan]}
"""


@pytest.fixture
def site(shell: Shell) -> Shell:
    rules = shell.folder / "rules"
    text = (rules / "desk.yaml").read_text(encoding="utf-8")
    extra = MORE
    for key in ("lists", "fields"):
        if f"\n{key}:" in text:
            head, _, rest = extra.partition(f"{key}:\n")
            line, _, rest = rest.partition("\n")
            text = text.replace(f"\n{key}:\n", f"\n{key}:\n{line}\n")
            extra = head + rest
    (rules / "desk.yaml").write_text(text, encoding="utf-8")
    (rules / "00-more.yaml").write_text(extra, encoding="utf-8")
    code, out, _ = shell("rules", "check")
    assert code == 0, out
    return shell


def make(site: Shell, mail: bytes) -> tuple[str, str]:
    """(the number of the ticket that the mail opens, the test made of it)."""
    site.take(mail)
    number = site.json("ticket", "list")[0]["number"]
    code, out, err = site("rules", "ticket", number, "--as-test")
    assert code == 0, err
    return number, out


def write(fresh_mail: Callable[..., bytes], body: str = "Nothing special.", **headers: str) -> bytes:
    """A mail of a person with a name, from an address that says more."""
    values = {
        "From": "Walburga Zimt <walburga.zimt@privat.example>", "To": "support@acme.example",
        "Subject": "A question", "Message-ID": f"<{abs(hash((body, *headers.items())))}@privat.example>",
    } | {name.replace("_", "-"): value for name, value in headers.items()}  # fmt: skip
    from email.utils import formatdate

    lines = [f"{name}: {value}" for name, value in values.items()]
    lines += [f"Date: {formatdate()}", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body.replace("\n", "\r\n") + "\r\n").encode()


INVOICE = "Invoice 2026-4711 for Walburga Zimt, walburga@privat.example"
BOTH = "billing@acme.example, Ludmilla Pfeffer <ludmilla.pfeffer@other.example>"
CASES: dict[str, tuple[dict[str, str], str, list[str]]] = {
    "nothing": ({}, "Dear Ann,\nmy card is 4111111111111111.\nWalburga", ["department: frontdesk"]),
    "money": ({"Subject": INVOICE}, "x", ["Invoice", "department: billing"]),
    "field": ({}, "Hello,\nmy contract 48213 is wrong.\nCall +49 170 5550123.\n", ["48213", "field.contract"]),
    "friend": ({"From": "Walburga Zimt <wz77@friends.example>"}, "x", ["someone@friends.example", "rule: friends"]),
    "header": ({"X_Machine": "big press 77123", "X_Other": "geheim"}, "x", ["X-Machine", "press", "tags: [machine]"]),
    "two": ({"To": BOTH}, "x", ["department: billing"]),
    "quotes": ({"Subject": 'She said: "no" # 1 \\b {x} [y]'}, "x", []),
    "umlauts": ({"Subject": "Störung: Drucker geht nicht"}, "x", ["Störung", "priority: urgent"]),
}
PRIVATE = (
    "Walburga", "Zimt", "privat.example", "4111", "5550123", "77123", "geheim", "Ludmilla", "pfeffer", "4711",
)  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_ticket_when_made_a_test_passes_and_tells_nobody_apart(
    site: Shell, fresh_mail: Callable[..., bytes], name: str
) -> None:
    headers, body, expected = CASES[name]
    site.take(write(fresh_mail, body, **headers))
    number = site.json("ticket", "list")[0]["number"]
    file = site.folder / "rules" / "tests.yaml"
    code, out, err = site("rules", "ticket", number, "--as-test")
    assert code == 0, err
    for word in expected:
        assert word in out
    for word in PRIVATE:
        assert word.lower() not in out.lower(), out
    # Pasted behind the last test, and appended by the command itself
    before = file.read_text(encoding="utf-8")
    file.write_text(before.rstrip("\n") + "\n\n" + out, encoding="utf-8")
    code, text, _ = site("rules", "test")
    assert code == 0, text
    code, text, err = site("rules", "ticket", number, "--as-test", "--append", str(file))
    assert code == 0 and f"as ticket {number} (2)" in text, err
    code, text, _ = site("rules", "check")
    assert code == 0, text
    assert file.read_text(encoding="utf-8").startswith(before.rstrip("\n"))


def test_append_when_the_file_has_other_keys_finds_the_end_of_its_tests(
    site: Shell, fresh_mail: Callable[..., bytes]
) -> None:
    number, _ = make(site, write(fresh_mail))
    file = site.folder / "rules" / "90-mine.yaml"
    assert site("rules", "ticket", number, "--as-test", "--append", str(file))[0] == 0
    assert file.read_text(encoding="utf-8").startswith(f"tests:\n  - name: as ticket {number}\n")
    file.write_text(file.read_text(encoding="utf-8") + "# the end\nclassify: []\n", encoding="utf-8")
    assert site("rules", "ticket", number, "--as-test", "--append", str(file))[0] == 0
    text = file.read_text(encoding="utf-8")
    assert text.index("(2)") < text.index("# the end") < text.index("classify:")
    file.write_text("tests: []\n", encoding="utf-8")
    code, _, err = site("rules", "ticket", number, "--as-test", "--append", str(file))
    assert code == 2 and "without --append" in err
    assert file.read_text(encoding="utf-8") == "tests: []\n"


def test_ticket_when_there_is_none_exits_2(site: Shell) -> None:
    assert site("rules", "ticket", "ACME-000-000", "--as-test")[0] == 2
    assert site("rules", "ticket", "ACME-000-000")[0] == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("call 0170 5551234 or 22", "call 1234 1234567 or 12"),
        ("see https://a.example/?user=jane&t=1 now", "see https://customer.example/ now"),
        ("jane.doe@x.example wrote", "someone@customer.example wrote"),
        ("Jane and JANET", "Someone and JANET"),
        ("A4 paper", "A4 paper"),
    ],
)
def test_pieces_when_replaced_leave_the_rest(text: str, expected: str) -> None:
    for old, new in find_pieces(text, ("Jane",)):
        text = old.sub(new, text)
    assert text == expected


def test_redaction_of_hostile_text_ends_soon() -> None:
    started = time.process_time()
    for text in ("a" * 100_000, "1" * 100_000, "@" * 50_000, "a@" * 50_000, "www." * 25_000, "Mr " * 30_000):
        find_pieces(text, ("Jane",))
    assert time.process_time() - started < 5
