"""`mailproc templates`: what there is, what is wrong, how it looks."""

import importlib
import json
from pathlib import Path

import pytest

from mailproc.cli import COMMANDS
from mailproc.render import VARIABLES
from tests.cli.conftest import Shell


@pytest.fixture(autouse=True)
def _listed(monkeypatch: pytest.MonkeyPatch) -> None:
    importlib.import_module("mailproc.cli.templates")
    monkeypatch.setitem(COMMANDS, "templates", ("templates", "List, check and preview the mails that are written."))


def write(shell: Shell, name: str, content: str) -> Path:
    path = shell.folder / "templates" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, "utf-8")
    return path


def test_list_names_every_mail_and_what_the_site_changed(shell: Shell) -> None:
    write(shell, "de/received.txt.j2", "Subject: Servus\nNummer {{ number }}\n")
    write(shell, "en/sorry.txt.j2", "Subject: Sorry\nNumber {{ number }}\n")
    code, out, _ = shell("templates", "list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines() if line and line[0].islower()] == [*VARIABLES, "sorry"]
    assert "changed: de" in out and "the site's own: en" in out
    listed = {mail["name"]: mail for mail in shell.json("templates", "list")["mails"]}
    assert listed["received"]["changed"] == ["de"] and listed["received"]["to"] == "customer"
    assert listed["received"]["shipped"] == ["de", "en", "es", "fr", "it", "no", "pl"]
    assert "number" in listed["sorry"]["variables"] and "subject*" in listed["sorry"]["variables"]


def test_check_when_all_is_well_and_when_not(shell: Shell) -> None:
    code, out, _ = shell("templates", "check")
    assert code == 0 and "all is well" in out
    write(shell, "de/received.txt.j2", "Subject: x\n{{ number }}\nHallo {{ nmber }}\n")
    code, out, _ = shell("templates", "check")
    assert code == 1
    assert 'de/received.txt.j2:3:10 T104 this mail has no variable nmber: did you mean "number"?' in out
    assert "    Hallo {{ nmber }}\n             ^\n" in out
    code, out, _ = shell("templates", "check", "--json")
    [problem, _] = json.loads(out)["problems"]
    assert code == 1
    assert (problem["line"], problem["column"], problem["code"], problem["severity"]) == (3, 10, "T104", "error")


def test_check_when_only_warnings_are_there(shell: Shell) -> None:
    write(shell, "en/answer.txt.j2", "Subject: x\n{{ number }}\n")
    code, out, _ = shell("templates", "check")
    assert code == 0 and "T304 warning" in out and "1 warning" in out
    assert shell("templates", "check", "--strict")[0] == 1


def test_check_of_a_folder_without_a_site(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "own" / "en").mkdir(parents=True)
    (tmp_path / "own" / "en" / "answer.txt.j2").write_text("no subject")
    code, out, _ = shell("templates", "check", "--templates", str(tmp_path / "own"))
    assert code == 1 and "T102" in out


@pytest.mark.parametrize(("language", "said"), [("en", "Your case number is"), ("pl", "Numer zgłoszenia:"),
                                                ("fr-CA", "Votre numéro de dossier"), ("sv", "Your case number")])  # fmt: skip  # noqa: E501
def test_preview_in_a_language(shell: Shell, language: str, said: str) -> None:
    code, out, _ = shell("templates", "preview", "received", "--lang", language)
    assert code == 0
    assert out.startswith("Subject: Re: Charged twice in October\n\n")
    assert said in " ".join(out.split()) and "ACME-482-170" in out


def test_preview_as_html_into_a_file(shell: Shell, tmp_path: Path) -> None:
    out_file = tmp_path / "mail.html"
    code, out, _ = shell("templates", "preview", "forward", "--lang", "de", "--html", "--out", str(out_file))
    assert code == 0 and "mail.html" in out
    markup = out_file.read_text("utf-8")
    assert markup.startswith("<!DOCTYPE html>") and 'lang="de"' in markup
    assert shell("templates", "preview", "forward", "--bare", "--html")[1].count("<a ") == 0


def test_preview_of_a_broken_template_shows_the_shipped_one_and_says_why(shell: Shell) -> None:
    write(shell, "en/received.txt.j2", "Subject: x\n{{ nmber }}\n")
    code, out, err = shell("templates", "preview", "received")
    assert code == 1
    assert "Your case number is" in " ".join(out.split())
    assert "received.txt.j2:2: 'nmber' is undefined" in err


def test_preview_of_no_mail(shell: Shell) -> None:
    code, _, err = shell("templates", "preview", "recieved")
    assert code == 2 and 'did you mean "received"' in err
