"""Which lines are commands, and what is left to send."""

import pytest

from mailproc.desk.mailcommands import read_commands


@pytest.mark.parametrize(
    ("text", "verbs", "left"),
    [
        ("Hello", [], "Hello"),
        ("#resolve\nThanks", [("resolve", "")], "Thanks"),
        ("#resolve", [("resolve", "")], ""),
        ("#Resolve\n#tag refund -waiting\n\nDone.", [("resolve", ""), ("tag", "refund -waiting")], "Done."),
        ("\n\n  #close\n\nBye", [("close", "")], "Bye"),
        ("!take\n/priority high\ntext", [("take", ""), ("priority", "high")], "text"),
        ("Please try again.\n\n#resolve", [("resolve", "")], "Please try again."),
        ("Please try again.\n\n#resolve\n\n", [("resolve", "")], "Please try again."),
        ("one\n#resolve\ntwo", [], "one\n#resolve\ntwo"),  # in the middle of prose it is a word
        ("one\n#resolve", [], "one\n#resolve"),  # no empty line before it: not a block of its own
        ("our hashtag:\n\n#winter sale", [], "our hashtag:\n\n#winter sale"),
        ("/etc/passwd is wrong", [], "/etc/passwd is wrong"),
        ("!important", [], "!important"),
        ("#note\u00a0call back", [("note", "call back")], ""),
        ("#field order=1234567\nok", [("field", "order=1234567")], "ok"),
    ],
)
def test_read_commands_takes_the_first_or_last_block(text: str, verbs: list[tuple[str, str]], left: str) -> None:
    mail = read_commands(text)
    assert mail.problems == ()
    assert [(command.verb, command.argument) for command in mail.commands] == verbs
    assert mail.text == left


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("#clsoe\nDone", "line 1 `#clsoe`: did you mean `#close`?"),
        ("#12 is the house number", "line 1 `#12 is the house number`: not a command we know"),
        ("#resolve now", "line 1 `#resolve now`: `#resolve` takes nothing after it"),
        ("#to", "line 1 `#to`: `#to` needs a department, as in `#to billing`"),
        ("#priority soon", "line 1 `#priority soon`: the priority is one of low, normal, high, urgent"),
        ("#merge ACME-482-170", "line 1 `#merge ACME-482-170`: `#merge` is not available in this version"),
        ("#resolve\n#bogus", "line 2 `#bogus`: not a command we know"),
    ],
)
def test_read_commands_names_the_line_that_is_wrong(text: str, problem: str) -> None:
    assert read_commands(text).problems == (problem,)


def test_read_commands_takes_linear_time() -> None:
    import time

    started = time.process_time()
    for text in ("#" + " " * 100_000, "\n".join(["#tag x"] * 20_000), "a\n\n#note " + "x" * 100_000, "#x\n" * 100_000):
        read_commands(text)
    assert time.process_time() - started < 2
