"""Which lines are commands, and what is left to send."""

import pytest

from mailproc.desk.commands.commandhelp import HELP, WORDS
from mailproc.desk.commands.commandwords import LIST_WORDS, PRIORITY_WORDS, UNIT_WORDS, VERB_WORDS
from mailproc.desk.commands.folding import fold
from mailproc.desk.commands.mailcommands import read_commands


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
        ("one\n# Status\n#vlax\ntwo", [], "one\n# Status\n#vlax\ntwo"),
        ("our hashtag:\n\n#winter sale", [], "our hashtag:\n\n#winter sale"),
        ("/etc/passwd is wrong", [], "/etc/passwd is wrong"),
        ("!important", [], "!important"),
        ("#note\u00a0call back", [("note", "call back")], ""),
        ("#field order=1234567\nok", [("field", "order=1234567")], "ok"),
        # clients, phones and word processors
        ("#Resolve\u200b \nok", [("resolve", "")], "ok"),
        ("\uff03close", [("close", "")], ""),
        ("# Close\nok", [("close", "")], "ok"),
        ("\\#close\n\nok", [("close", "")], "ok"),
        ("*#close*\n\nok", [("close", "")], "ok"),
        ("#close.\n\nok", [("close", "")], "ok"),
        ("#tag +vip \u2014wait \u2013late", [("tag", "+vip -wait -late")], ""),
        ("#Priority: High.", [("priority", "high")], ""),
        ("#close\n\n#tag vip\n\nok", [("close", ""), ("tag", "vip")], "ok"),
        ("ok\n\n#tag vip\n\n#resolve", [("tag", "vip"), ("resolve", "")], "ok"),
        ("#take #priority high", [("take", ""), ("priority", "high")], ""),
        ("#tag #vip", [("tag", "#vip")], ""),
        ("#note " + "he shouted " * 80, [("note", ("he shouted " * 80).strip())], ""),
        # languages
        ("#erledigt\n#Priorität Dringend\nok", [("resolve", ""), ("priority", "urgent")], "ok"),
        ("#RÉSOLU", [("resolve", "")], ""),
        ("#ZAMKNĄĆ", [("close", "")], ""),
        ("#warten bis morgen", [("wait", "bis morgen")], ""),
        # what mail clients put below
        ("#take\n\nBest regards\nAnn", [("take", "")], ""),
        ("#take\n\nAnn Kowalska\nAcme Support, tel. 555", [("take", "")], ""),
        ("Done.\n\n#resolve\n\nBest regards\nAnn", [("resolve", "")], "Done.\n\nBest regards\nAnn"),
        ("Done.\n\nBest regards\nAnn", [], "Done.\n\nBest regards\nAnn"),
        ("# Steps to follow\n1. restart", [], "# Steps to follow\n1. restart"),
    ],
)
def test_read_commands_takes_the_first_or_last_block(text: str, verbs: list[tuple[str, str]], left: str) -> None:
    mail = read_commands(text, names=("Ann Kowalska", "Ann"))
    assert mail.problems == ()
    assert [(command.verb, command.argument) for command in mail.commands] == verbs
    assert mail.text == left


STRAY = "it stands in the middle of the text, where no command is carried out; write it above the greeting"
KINDLY = "there are no knowledge articles in this version yet; please write the text into your answer"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("#clsoe\nDone", "line 1 `#clsoe`: did you mean `#close`?"),
        ("#12 is the house number", "line 1 `#12 is the house number`: not a command we know"),
        ("#resolve now", "line 1 `#resolve now`: `#resolve` takes nothing after it"),
        ("#to", "line 1 `#to`: something is missing after `#to`, as in `#to billing`"),
        ("#priority soon", "line 1 `#priority soon`: the priority is one of low, normal, high, urgent"),
        ("#kb intro", "line 1 `#kb intro`: " + KINDLY),
        ("#close now", "line 1 `#close now`: `#close` takes nothing after it, or case numbers"),
        ("#prioritat hohc", "line 1 `#prioritat hohc`: the priority is one of low, normal, high, urgent"),
        ("#schliesen\nFertig", "line 1 `#schliesen`: did you mean `#schließen`?"),
        ("#resolve\n\n#bogus", "line 3 `#bogus`: not a command we know"),
        ("# clsoe", "line 1 `# clsoe`: did you mean `#close`?"),
        ("#list yours", "line 1 `#list yours`: the lists are mine, department, open and overdue"),
        ("one\n#resolve\ntwo", "line 2 `#resolve`: " + STRAY),
        ("one\n#resolve", "line 2 `#resolve`: " + STRAY),
        ("Hi Jane,\n#Schließen\ndone", "line 2 `#Schließen`: " + STRAY),
        ("#resolve\n#bogus", "line 2 `#bogus`: not a command we know"),
    ],
)
def test_read_commands_names_the_line_that_is_wrong(text: str, problem: str) -> None:
    assert [str(found) for found in read_commands(text).problems] == [problem]


def test_read_commands_takes_linear_time() -> None:
    import time

    started = time.process_time()
    for text in ("#" + " " * 100_000, "\n".join(["#tag x"] * 20_000), "a\n\n#note " + "x" * 100_000, "#x\n" * 100_000):
        read_commands(text)
    assert time.process_time() - started < 2


def test_a_word_means_one_thing_in_all_languages() -> None:
    for lists in (VERB_WORDS, PRIORITY_WORDS, LIST_WORDS, UNIT_WORDS):
        meanings: dict[str, str] = {}
        for meaning, words in lists.items():
            for word in words.split():
                assert meanings.setdefault(fold(word), meaning) == meaning, word


def test_help_is_there_in_all_languages_and_what_it_shows_is_understood() -> None:
    assert set(HELP) == set(WORDS) == {"en", "de", "es", "fr", "it", "no", "pl"}
    for language, lines in HELP.items():
        assert set(WORDS[language]) == set(WORDS["en"])
        read = [read_commands(line) for line in lines]
        assert [mail.problems for mail in read] == [()] * len(read), language
        assert [mail.commands[0].verb for mail in read] == [read_commands(line).commands[0].verb for line in HELP["en"]]
