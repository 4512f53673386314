"""Two hundred mails of real clients: every command as meant, none out of quoted text."""

import pytest

from mailproc.desk.commands.mailcommands import read_commands
from mailproc.message.parse import parse
from tests.desk.commandmails import CLIENTS, LANGUAGES, NAME, QUOTED, make_all

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


def test_there_are_two_hundred_of_them() -> None:
    assert len(MAILS) >= 200
    assert len({made.raw for made in MAILS}) == len(MAILS)
