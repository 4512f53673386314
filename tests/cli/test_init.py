"""`mailproc init`: a site that works at once, from an empty folder, an existing one, and a terminal."""

import os
import pty
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mailproc import keys, settings
from mailproc.cli.init import Answers, fill_template, init
from mailproc.errors import ConfigError
from mailproc.rulebook import book
from mailproc.rulebook.check import run_tests
from mailproc.settings import DeliverySettings, IntakeSettings
from mailproc.settings.doors import DELIVERY_KEYS, INTAKE_KEYS
from mailproc.settings.oauth import OAUTH_KEYS
from mailproc.settings.providers import PROVIDERS
from mailproc.settings.schema import ALARM_KEYS, HEALTH_KEYS, LIMIT_KEYS, SITE_KEYS, TOP_KEYS, TRUST_KEYS
from mailproc.stock.providers import PRESETS

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(init, [str(argument) for argument in arguments])


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_new_site_loads_and_equals_the_defaults(tmp_path: Path) -> None:
    result = run(tmp_path / "site", "--yes", "--timezone", "UTC")
    assert result.exit_code == 0, result.output
    made = settings.load(tmp_path / "site" / "mailproc.yaml", {})
    minimal = (
        "site:\n  name: Acme Support\n  prefix: ACME\n  addresses: [support@acme.example, billing@acme.example]\n"
        'operator: postmaster@acme.example\nintake: [{kind: smtp, listen: "127.0.0.1:2525"}]\n'
    )
    assert made == settings.parse(minimal, tmp_path / "site" / "mailproc.yaml", {})
    assert made.intakes == (IntakeSettings("smtp", "smtp", "127.0.0.1", 2525),)
    assert made.delivery == DeliverySettings("maildir", path=str(tmp_path / "site/data/sent"))
    assert made.warnings == ()


def test_the_new_file_shows_every_key(tmp_path: Path) -> None:
    run(tmp_path, "--yes")
    text = (tmp_path / "mailproc.yaml").read_text("utf-8")
    tree = yaml.safe_load(text)
    assert set(tree) == set(TOP_KEYS)
    assert set(tree["site"]) == set(SITE_KEYS)
    assert set(tree["limits"]) == set(LIMIT_KEYS)
    in_comments = {"trusted_authserv_ids", "border_hosts", "logins", "resolver"}
    assert set(tree["trust"]) | in_comments == set(TRUST_KEYS) and all(f"  # {key}: " in text for key in in_comments)
    for keys_of_kind in (*INTAKE_KEYS.values(), *DELIVERY_KEYS.values(), OAUTH_KEYS, HEALTH_KEYS, ALARM_KEYS):
        assert [key for key in keys_of_kind if not re.search(rf"\b{key}\b", text)] == []
    assert max(map(len, text.splitlines())) <= 120


def test_the_folders_and_their_modes(tmp_path: Path) -> None:
    result = run(tmp_path / "a" / "site", "--yes")
    site = tmp_path / "a" / "site"
    assert stat.S_IMODE((site / "data").stat().st_mode) == 0o700
    assert stat.S_IMODE((site / "data" / "keys").stat().st_mode) == 0o600
    assert (site / "mailproc.yaml").stat().st_mode & 0o007 == 0
    assert len(keys.load(site / "data" / "keys").keys) == 1
    assert "received.txt.j2" in (site / "templates" / "README").read_text("utf-8")
    for name in ("mailproc.yaml", "data/", "data/keys", "rules/", "templates/"):
        assert re.search(rf"^  {re.escape(name)} ", result.output, re.M), result.output
    assert "acme.example is an example" in result.output
    assert f"mailproc --config {site}/mailproc.yaml run" in result.output


@pytest.mark.parametrize(
    "options",
    [[], ["--domain", "firma.example"], ["--address", "help@firma.example"],
     ["--address", "hilfe@firma.example", "--address", "geld@firma.example", "--language", "de", "--language", "en"]],
)  # fmt: skip
def test_the_starter_rules_hold_and_their_tests_pass(tmp_path: Path, options: list[str]) -> None:
    assert run(tmp_path, "--yes", *options).exit_code == 0
    loaded = settings.load(tmp_path / "mailproc.yaml", {})
    files = tuple((path.name, path.read_text("utf-8")) for path in sorted((tmp_path / "rules").glob("*.yaml")))
    assert files
    rules = book.load(files, loaded.site)
    failed = [result.line for result in run_tests(rules, loaded.site) if not result.passed]
    assert failed == []
    if options:
        assert not any("acme.example" in text for _, text in files)
        assert all(loaded.site.addresses[0] in text for name, text in files if name == "routing.yaml")


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    run(tmp_path, "--yes")
    before = snapshot(tmp_path)
    result = run(tmp_path, "--yes", "--name", "Other", "--address", "x@other.example")
    assert result.exit_code == 0
    assert snapshot(tmp_path) == before
    assert "Made:" not in result.output
    for name in ("mailproc.yaml", "data/keys", "rules/", "templates/"):
        assert re.search(rf"^  {re.escape(name)} .*already", result.output, re.M), result.output


def test_an_existing_folder_keeps_its_files(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "mine.yaml").write_text("version: 1\n", "utf-8")
    (tmp_path / "notes.txt").write_text("hello", "utf-8")
    result = run(tmp_path, "--yes")
    assert "the starter rules were not copied" in result.output
    assert [path.name for path in (tmp_path / "rules").iterdir()] == ["mine.yaml"]
    assert (tmp_path / "notes.txt").read_text("utf-8") == "hello"
    assert (tmp_path / "data" / "keys").exists()


def test_the_places_of_existing_settings_are_honoured(tmp_path: Path) -> None:
    text = "site: {name: A, prefix: AA, addresses: a@b.example}\nkeys_file: secret/k\nrules: regeln\ntemplates: mails\n"
    (tmp_path / "mailproc.yaml").write_text(text, "utf-8")
    assert run(tmp_path, "--yes").exit_code == 0
    assert (tmp_path / "secret" / "k").exists() and (tmp_path / "mails" / "README").exists()
    assert "b.example" in (tmp_path / "regeln" / "desk.yaml").read_text("utf-8")
    assert (tmp_path / "mailproc.yaml").read_text("utf-8") == text


def test_existing_settings_with_errors_are_shown_and_kept(tmp_path: Path) -> None:
    (tmp_path / "mailproc.yaml").write_text("site: x\n", "utf-8")
    result = run(tmp_path, "--yes")
    assert isinstance(result.exception, ConfigError)
    assert "was left alone, but it has errors" in str(result.exception)
    assert "S003 site must be a mapping" in str(result.exception)
    assert (tmp_path / "mailproc.yaml").read_text("utf-8") == "site: x\n"


@pytest.mark.parametrize(
    "options, expected",
    [
        (["--prefix", "TICKET"], '"TICKET" cannot be a prefix'),
        (["--prefix", "acme"], "Write ACME"),
        (["--address", "support"], "is not an e-mail address"),
        (["--timezone", "Mars/Base"], "is not a time zone"),
        (["--language", "german"], "is not a language code"),
        (["--domain", "http://x"], "is not a domain"),
        (["--provider", "aol"], "'aol' is not one of"),
    ],
)
def test_a_wrong_option_is_a_usage_error_and_makes_nothing(tmp_path: Path, options: list[str], expected: str) -> None:
    result = run(tmp_path / "site", "--yes", *options)
    assert result.exit_code == 2 and expected in result.output
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize("provider", PRESETS)
@pytest.mark.parametrize("is_filled_in", [False, True])
def test_every_provider_makes_settings_that_load(tmp_path: Path, provider: str, is_filled_in: bool) -> None:
    result = run(tmp_path, "--yes", "--provider", provider, "--address", "help@firma.example")
    assert result.exit_code == 0
    text = (tmp_path / "mailproc.yaml").read_text("utf-8")
    assert "@ADDRESS" not in text and "@DOMAIN" not in text and "@HOSTNAME" not in text
    assert max(map(len, text.splitlines())) <= 120
    if is_filled_in and provider == "generic":  # as an admin would: the comment signs off, the stand-in out
        text = re.sub(r"^# - \{kind: imap", "  - {kind: imap", text, flags=re.M)
        text = re.sub(r"^#    folder", "     folder", text, flags=re.M)
        text = re.sub(r"^delivery:.*\n", "", text, flags=re.M).replace("# delivery:", "delivery:")
        text = re.sub(r"^#( {6,}password)", r" \1", text, flags=re.M)
    if is_filled_in:
        text = text.replace("00000000-0000-0000-0000-000000000000", "c0ffee00-0000-0000-0000-000000000001")
    path = tmp_path / "mailproc.yaml"
    environ = {"MAIL_PASSWORD": "a", "OAUTH_SECRET": "b"} if is_filled_in else {}
    loaded = settings.parse(text, path, environ, needs_secrets=is_filled_in)
    is_hosted = provider in ("gmail", "microsoft365", "fastmail")
    assert all(" S007 " in warning for warning in loaded.warnings)
    assert bool(loaded.warnings) == (is_hosted and not is_filled_in)
    is_live = is_hosted or (is_filled_in and provider == "generic")
    assert loaded.delivery.kind == ("smtp" if is_live or provider == "postfix" else "maildir")
    assert [intake.kind for intake in loaded.intakes] == (["smtp", "imap"] if is_live else ["smtp"])
    if is_hosted:
        known = PROVIDERS[provider]
        assert loaded.site.trust.trusted_authserv_ids == known.trusted_authserv_ids
        assert loaded.site.trust.border_hosts == known.border_hosts
        assert loaded.intakes[1].host == known.imap.host and loaded.delivery.host == known.smtp.host
    assert "@ADDRESS@" not in result.output


@hypothesis_settings(deadline=None, max_examples=100)
@given(st.text(alphabet=st.characters(exclude_categories=("C", "Z")) | st.sampled_from(" '\"#:@{}"), min_size=1))
def test_any_name_is_quoted_so_that_it_comes_back(name: str) -> None:
    name = name.strip().replace("${", "$") or "x"  # refused by `init`: a reference to a secret
    answers = Answers("generic", name, "ACME", ("o'neil@acme.example",), "acme.example", ("en",), "UTC")
    assert settings.parse(fill_template(answers), Path("mailproc.yaml"), {}).site.name == name


@pytest.mark.parametrize(
    "domain, name, prefix",
    [
        ("firma.example", "Firma Support", "FIRMA"),
        ("mail.averylongname.example", "Averylongname Support", "AVERYLON"),
        ("case.example", "Case Support", "HELP"),
        ("x1.example", "X1 Support", "HELP"),
    ],
)
def test_name_and_prefix_are_suggested_from_the_domain(tmp_path: Path, domain: str, name: str, prefix: str) -> None:
    run(tmp_path, "--yes", "--address", f"help@{domain}")
    site = settings.load(tmp_path / "mailproc.yaml", {}).site
    assert (site.name, site.prefix, site.domain) == (name, prefix, domain)


def test_a_terminal_is_asked_and_asked_again_after_a_mistake(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from mailproc.cli import main; main()", "init", str(tmp_path / "site")]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    with subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environ
    ) as child:
        answers = ["help", "help@firma.example, rechnung@firma.example", "postfix", "Firma Hilfe", "re", "FIRM"]
        os.write(ours, "".join(answer + "\n" for answer in [*answers, "de", "", ""]).encode())
        output = child.communicate(timeout=20)[0].decode()
    os.close(ours)
    os.close(theirs)
    assert child.returncode == 0, output
    assert '"help" is not an e-mail address' in output and '"re" cannot be a prefix' in output
    site = settings.load(tmp_path / "site" / "mailproc.yaml", {}).site
    assert (site.name, site.prefix, site.languages) == ("Firma Hilfe", "FIRM", ("de",))
    assert site.addresses == ("help@firma.example", "rechnung@firma.example")


def test_a_folder_that_cannot_be_written_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    result = run(tmp_path / "file" / "site", "--yes")
    assert result.exit_code != 0 and "Not a directory" in f"{result.exception}{result.output}"
