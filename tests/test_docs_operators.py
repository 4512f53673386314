"""The documents for operators against the program: settings load, commands exist, links lead somewhere.

What they say of mail servers is lived through in test_docs_servers.py.
"""

import re
import shlex
import sqlite3
import subprocess
import sys
import tarfile
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner, Result

from mailproc import settings
from mailproc.cli import cli
from mailproc.daemon import endpoint
from mailproc.stock.providers import PRESETS
from tests.handbook import DOCS, SITE, Block, find, read_blocks, replace_settings

NAMES = ("postfix", "exim", "dovecot", "gmail", "microsoft365", "hosting", "operations")
SECRET_FILES = ("data/imap-password", "data/gmail-password", "data/mail-password", "data/client-secret", "google.json")
BLOCKS = [(name, block) for name in NAMES for block in read_blocks(name)]
SETTINGS = [(name, block) for name, block in BLOCKS if block.label == SITE]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], catch_exceptions=False)


@pytest.fixture(scope="module", params=["generic"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site as `init` makes it for a provider, with the secrets that the documents speak of."""
    folder = tmp_path_factory.mktemp("operators") / "site"
    assert run("init", folder, "--yes", "--provider", request.param).exit_code == 0
    for name in SECRET_FILES:
        (folder / name).write_text("secret\n")
        (folder / name).chmod(0o600)
    return folder


@pytest.mark.parametrize(
    ("site", "block"),
    [(name if name in PRESETS else "generic", block) for name, block in SETTINGS],
    ids=[f"{name}-{block.section}" for name, block in SETTINGS],
    indirect=["site"],
)
def test_every_settings_block_loads_without_a_word(site: Path, block: Block) -> None:
    path = site / SITE
    read = settings.parse(replace_settings(path.read_text("utf-8"), block.text), path, {})
    assert read.warnings == ()
    for key in yaml.safe_load(block.text):
        assert key in settings.schema.TOP_KEYS


def find_commands() -> list[tuple[str, str]]:
    """(document, `mailproc ...` as it stands there), in blocks and in the text."""
    found = []
    for name in (*NAMES, "oauth"):
        text = (DOCS / f"{name}.md").read_text("utf-8")
        blocks = [block for block in read_blocks(name) if block.language in ("sh", "ini", "")]
        lines = [line for block in blocks for line in block.text.splitlines()]
        words = [word.replace("\n", " ") for word in re.findall(r"`(mailproc [^`]+)`", text)]
        for line in (*lines, *words):
            called = re.search(r"(?:^|[\s/\"=])mailproc((?: --config \S+)? [a-z][a-z-]+.*)$", line)
            if called and not re.match(r" (?:unix|mailproc\.yaml)\b", called[1]):
                found.append((name, re.split(r" (?:>>|#|\\)|\"", called[1])[0].strip()))
    return found


COMMANDS = sorted(set(find_commands()))


@pytest.mark.parametrize(("name", "line"), COMMANDS, ids=[f"{name}: {line}" for name, line in COMMANDS])
def test_every_command_exists_with_its_options(name: str, line: str) -> None:
    words = shlex.split(line)
    if words[0] == "--config":
        words = words[2:]
    command: click.Command = cli
    with click.Context(cli) as context:
        while isinstance(command, click.Group) and words:
            inner = command.get_command(context, words[0])
            assert inner is not None, f"docs/{name}.md: mailproc {line}"
            command, words = inner, words[1:]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known


def test_every_metric_that_is_named_exists() -> None:
    source = Path(endpoint.__file__).read_text("utf-8")
    named = set(re.findall(r"mailproc_(\w+)", find("operations", "Metrics", "/etc/prometheus/mailproc.rules.yml")))
    assert named and [name for name in named if f'"{name}"' not in source] == []
    assert yaml.safe_load(find("operations", "Metrics", "/etc/prometheus/mailproc.rules.yml"))["groups"]


@pytest.mark.parametrize("name", (*NAMES, "oauth"))
def test_every_link_leads_somewhere(name: str) -> None:
    text = (DOCS / f"{name}.md").read_text("utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
        file, _, anchor = target.partition("#")
        path = DOCS / file if file else DOCS / f"{name}.md"
        headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert not anchor or anchor in anchors, f"docs/{name}.md: {target}"


def test_a_backup_holds_all_that_a_site_is(site: Path) -> None:
    assert run("--config", site / SITE, "ticket", "list").exit_code == 0  # makes the database
    commands = find("operations", "Backup", "as mailproc")
    for word, ours in {
        "/var/lib/mailproc/site": str(site),
        "/var/lib/mailproc/backup": str(site.parent / "backup"),
        "/opt/mailproc/bin/python": sys.executable,
    }.items():
        commands = commands.replace(word, ours)
    subprocess.run(["bash", "-euc", commands], check=True, timeout=60)
    with sqlite3.connect(site.parent / "backup" / "mailproc.db") as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert copy.execute("SELECT count(*) FROM schema_version").fetchone() != (0,)
    with tarfile.open(site.parent / "backup" / "site.tar.gz") as archive:
        assert {SITE, "data/keys", "rules/desk.yaml", "templates/README"} <= set(archive.getnames())


@pytest.mark.parametrize(
    ("name", "section", "file"),
    [
        ("dovecot", "A mailbox", "data/imap-password"),
        ("gmail", "An app password", "data/gmail-password"),
        ("microsoft365", "The application", "data/client-secret"),
        ("hosting", "IMAP and submission", "data/mail-password"),
    ],
)
def test_secrets_are_made_for_their_owner_only(name: str, section: str, file: str, site: Path) -> None:
    user = "acme" if name == "hosting" else "mailproc"
    commands = find(name, section, f"as {user}")
    for place in ("/var/lib/mailproc/site", "/home/acme/site"):
        commands = commands.replace(place, str(site))
    (site / file).unlink()
    subprocess.run(["bash", "-euc", commands], check=True, timeout=60)
    assert (site / file).stat().st_mode & 0o777 == 0o600
    assert len((site / file).read_text().splitlines()) == 1


def test_what_init_says_of_postfix_is_what_the_document_says(tmp_path: Path) -> None:
    addresses = ("--address", "support@acme.example", "--address", "billing@acme.example")
    said = run("init", tmp_path / "site", "--yes", "--provider", "postfix", *addresses).output
    for section, label in (("SMTP", "/etc/postfix/transport"), ("LMTP", "/etc/postfix/main.cf")):
        for line in find("postfix", section, label).splitlines()[1:]:
            assert line in said, said
    commands = find("postfix", "LMTP", "as root").splitlines()
    assert all(line in said for line in commands if line.startswith(("postmap", "postfix"))), said
    made = settings.load(tmp_path / "site" / SITE, {})
    documented = settings.parse(
        replace_settings((tmp_path / "site" / SITE).read_text("utf-8"), find("postfix", "SMTP", SITE)), made.path, {}
    )
    assert made == documented


def test_what_init_says_of_microsoft_365_is_what_the_document_says(tmp_path: Path) -> None:
    options = ("--yes", "--provider", "microsoft365", "--address", "support@acme.example")
    said = run("init", tmp_path / "site", *options).output
    text = (DOCS / "microsoft365.md").read_text("utf-8")
    commands = [line.strip() for line in said.splitlines() if re.match(r" +(New|Add)-", line)]
    assert len(commands) == 3 and all(line in text for line in commands)
    assert all(word in said and word in text for word in ("IMAP.AccessAsApp", "SMTP.SendAsApp"))
