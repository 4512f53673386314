"""Three hundred mails of real clients: every command as meant, none out of quoted text."""

import pytest

from mailproc.desk.commands.mailcommands import read_commands
from mailproc.message.parse import parse
from tests.desk.commandmails import CLIENTS, LANGUAGES, NAME, QUOTED, make_all, make_greeted, make_prose

MAILS = list(make_all())


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_commands_of_real_clients_are_read_as_meant(client: str, language: str) -> None:
    for made in MAILS:
        if not made.name.startswith(f"{client}-{language}-"):
            continue
        inbound = parse(made.raw, languages=LANGUAGES)
        mail = read_commands(inbound.new_text, names=(NAME, NAME.split()[0]))
        assert mail.problems == (), made.name
        assert tuple(command.verb for command in mail.commands) == made.verbs, made.name
        assert mail.text.split() == made.text.split(), made.name
        assert not any(line in mail.text for line in QUOTED), made.name


def test_there_are_three_hundred_of_them() -> None:
    assert len(MAILS) >= 300
    assert len({made.raw for made in MAILS}) == len(MAILS)


@pytest.mark.parametrize("client", CLIENTS)
def test_prose_above_quoted_commands_holds_none(client: str) -> None:
    for made in make_prose():
        if made.name.startswith(f"{client}-{made.name.rsplit('-', 2)[1]}-"):
            mail = read_commands(parse(made.raw, languages=LANGUAGES).new_text, names=(NAME, NAME.split()[0]))
            assert (mail.commands, mail.problems) == ((), ()), made.name
            assert mail.text.split()[: len(made.text.split())] == made.text.split(), made.name


@pytest.mark.parametrize("client", CLIENTS)
def test_a_command_below_a_greeting_is_neither_done_nor_sent(client: str) -> None:
    for made in make_greeted():
        if made.name.startswith(f"{client}-{made.name.rsplit('-', 2)[1]}-"):
            mail = read_commands(parse(made.raw, languages=LANGUAGES).new_text, names=(NAME, NAME.split()[0]))
            assert mail.commands == (), made.name
            assert [problem.values[1][1] for problem in mail.problems] == [made.text], made.name
