"""`hold` as a person at a terminal uses it: every verb once, twice, for a program, and only tried."""

import pytest

from tests.builders import make_mail

JOE = "joe@elsewhere.example"


def junk(message_id: str = "<j1@x.example>") -> bytes:
    return make_mail("ann@acme.example <evil@x.example>, b@x.example", message_id=message_id)


@pytest.mark.parametrize(("verb", "after"), [("release", "done"), ("discard", "done")])
def test_a_verb_tried_done_and_done_again(shell, verb: str, after: str) -> None:  # type: ignore[no-untyped-def]
    shell.take(junk())
    held = str(shell.json("hold", "list")[0]["id"])
    assert "would be" in shell("hold", verb, held, "--dry-run")[1]
    assert shell.json("hold", verb, held, "--dry-run")["state"] == "held"
    assert shell.json("hold", verb, held)["state"] == after
    again = shell.json("hold", verb, held)
    assert again["done"] == "nothing to do, it is not held" and shell.json("hold", "list") == []
    assert len(shell.json("ticket", "list")) == (verb == "release")


def test_trust_releases_and_remembers_the_exact_sender(shell) -> None:  # type: ignore[no-untyped-def]
    rules = shell.folder / "rules" / "routing.yaml"
    text = rules.read_text("utf-8")
    rule = "route:\n  - {name: doubtful, when: {subject: {contains: lottery}}, do: {hold: spam}}\n"
    rules.write_text(text.replace("route:\n", rule, 1), "utf-8")

    def write(sender: str, message_id: str) -> None:
        shell.take(make_mail(sender, subject="The lottery", message_id=message_id))

    write(JOE, "<l1@x.example>")
    held = str(shell.json("hold", "list")[0]["id"])
    assert JOE in shell("hold", "trust", held, "--dry-run")[1] and len(shell.json("hold", "list")) == 1
    assert shell.json("hold", "trust", held)["done"] == f"{JOE} is trusted"
    assert shell("hold", "trust", held)[0] == 0
    write(JOE, "<l2@x.example>")
    assert shell.json("hold", "list") == [] and len(shell.json("ticket", "list")) == 2
    write("sue@elsewhere.example", "<l3@x.example>")
    assert [row["from"] for row in shell.json("hold", "list")] == ["sue@elsewhere.example"]
    shell("hold", "trust", held, "--forget")
    write(JOE, "<l4@x.example>")
    assert len(shell.json("hold", "list")) == 2


def test_what_names_nobody_and_what_is_not_there(shell) -> None:  # type: ignore[no-untyped-def]
    shell.take(junk())
    held = str(shell.json("hold", "list")[0]["id"])
    assert shell("hold", "trust", held)[0] == 2
    for verb in ("release", "discard", "trust", "show"):
        code, _, err = shell("hold", verb, "999")
        assert code == 2 and "there is no mail 999" in err
