"""`mailproc rules apply, rollback, log`: which version of the rules is in force, and who brought it."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailproc.cli.rules.source import count, examine, find_source, shorten, show_findings

if TYPE_CHECKING:
    from mailproc.cli.rules.source import Findings
    from mailproc.rulebook.book import Rulebook
    from mailproc.settings import Settings
    from mailproc.store.database import Store
    from mailproc.store.rulebooks import Files, Version

_REPLAYED_DAYS = 30
_REPLAYED_MAILS = 2_000  # a summary in seconds; `rules replay` takes them all

_NOTE = click.option("--note", default="", metavar="TEXT", help="What it is for; `rules log` shows it.")
_AUTHOR = click.option("--author", metavar="NAME", help="Who brings it. Default: the login name.")
_YES = click.option("--yes", "-y", is_flag=True, help="Do not ask on a terminal.")
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
_JSON = click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")


@click.command()
@_NOTE
@_AUTHOR
@click.option("--no-replay", is_flag=True, help="Do not decide stored mail again to show what changes.")
@_DRY_RUN
@_YES
@_JSON
@click.pass_obj
def apply(
    config: Path | None, note: str, author: str | None, no_replay: bool, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Put the rule files in force: checked, tested, kept as a new version.

    Shows first what the new rules would change about mail of the last days. Running daemons take the version up within
    two seconds, on every host of the site. Errors and failed tests change nothing (exit code 1).

    \b
    Examples:
      mailproc rules apply --note "refunds go to billing"
      mailproc rules apply --dry-run
    """
    from datetime import UTC, datetime

    from mailproc.opening.rulefiles import Judged, find_cut
    from mailproc.opening.rulefolder import name_below
    from mailproc.opening.versions import keep
    from mailproc.store import rulebooks

    loaded = _load_settings(config)
    source = find_source(config, (), ())
    findings = examine(source)
    _show_trouble(findings, as_json=as_json)
    if findings.errors or findings.failed or findings.book is None:
        click.echo("Nothing was changed.", err=as_json)
        sys.exit(1)
    whole = zip(source.paths, source.files, strict=True)
    files = name_below(tuple((str(path), text) for path, (_, text) in whole), loaded.rules_dir)
    with _open_store(loaded) as store:
        with store.read() as tx:
            last = rulebooks.newest(tx)
            former = rulebooks.get_files(tx, last.id) if last else None
        digest = rulebooks.digest_of(files)
        if last is not None and last.digest == digest:
            _sign(store, loaded, last, note, author, dry_run=dry_run, as_json=as_json)
            return
        if not as_json:
            _show_changes(former, files)
        cut = find_cut(former, files, Path(shorten(loaded.rules_dir))) if former else ()
        for line in cut:
            click.echo(line, err=as_json)
        if former is not None and not no_replay:
            _replay(loaded, former, findings.book, as_json=as_json)
        if dry_run:
            _say(as_json, last, "These files would become the version in force. Nothing was changed.", changed=False)
            return
        if not yes and sys.stdin.isatty() and not click.confirm("Put them in force?"):
            sys.exit(1)
        if cut and not yes and not sys.stdin.isatty():
            click.echo("Nothing was changed; with --yes the shorter files count.", err=as_json)
            sys.exit(1)
        judged = Judged(files, digest, findings.book)
        author = author or _login_name()
        version = keep(loaded, store, judged, "apply", datetime.now(UTC), author=author, note=note)
    _say(as_json, version, f"Version {version.id} is in force.", changed=True)


@click.command()
@click.argument("version", type=int, required=False)
@click.option("--store-only", is_flag=True, help="Leave the rule files as they are.")
@_NOTE
@_AUTHOR
@_DRY_RUN
@_YES
@_JSON
@click.pass_obj
def rollback(
    config: Path | None,
    version: int | None,
    store_only: bool,
    note: str,
    author: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Put an earlier version in force again, and write its files back.

    Without VERSION it is the one before what is in force. What it replaces in the rules folder stays beside it as
    NAME.before-rollback. VERSION may be the one in force: then only its files are written.

    \b
    Examples:
      mailproc rules rollback
      mailproc rules rollback 12 --note "the new tree lost refunds"
    """
    from datetime import UTC, datetime

    from mailproc.errors import UsageError
    from mailproc.opening.rulefiles import count_rules, judge_stored, write_back
    from mailproc.opening.versions import note_seen
    from mailproc.store import rulebooks
    from mailproc.store.database import Tx
    from mailproc.store.rulebooks import Arriving

    loaded = _load_settings(config)
    with _open_store(loaded) as store:
        with store.read() as tx:
            last = rulebooks.newest(tx)
            wanted = rulebooks.find_earlier(tx) if version is None else rulebooks.get(tx, version)
            files = rulebooks.get_files(tx, wanted.id) if wanted else None
            former = rulebooks.get_files(tx, last.id) if last else None
        if wanted is None or files is None or last is None:
            what = "there is no earlier version" if version is None else f"there is no version {version}"
            raise UsageError(f"{what}; `mailproc rules log` shows those that are kept")
        judged = judge_stored(files, loaded)
        if judged.book is None:
            click.echo(judged.problem, err=as_json)
            click.echo(f"Version {wanted.id} no longer serves on this site. Nothing was changed.", err=as_json)
            sys.exit(1)
        if not as_json:
            _show_changes(former, files)
        is_current = wanted.digest == last.digest
        if dry_run:
            text = "is in force already" if is_current else "would be in force again"
            _say(as_json, last, f"Version {wanted.id} {text}. Nothing was changed.", changed=False)
            return
        if not yes and sys.stdin.isatty() and not click.confirm(f"Go back to version {wanted.id}?"):
            sys.exit(1)
        if is_current:
            done = last
        else:
            arriving = Arriving(
                files, "rollback", author or _login_name(), note or f"back to version {wanted.id}",
                count_rules(judged.book), wanted.restores or wanted.id,
            )  # fmt: skip
            done, _ = store.run(lambda tx: rulebooks.save(tx, arriving, datetime.now(UTC)))
        # In force first: should writing the files break off, an unchanged folder does not overrule the store
        kept: tuple[Path, ...] = ()
        if not store_only:
            try:
                kept = write_back(files, loaded.rules_dir)
            except (OSError, ValueError) as error:
                click.echo(
                    f"Version {done.id} is in force, but its files could not be written to {shorten(loaded.rules_dir)}:"
                    f" {error}. As soon as a file there changes, the files are in force again.",
                    err=True,
                )
                sys.exit(1)

            def remember(tx: Tx) -> None:
                note_seen(tx, loaded, wanted.digest)

            store.run(remember)
    text = f"Version {done.id} is in force" + ("." if is_current else f": the files of version {wanted.id}.")
    aside = [shorten(path) for path in kept]
    _say(as_json, done, text, changed=not is_current, kept=aside)
    if aside and not as_json:
        click.echo(f"Kept: {', '.join(aside)}")


@click.command()
@click.argument("version", type=int, required=False)
@click.option("--diff", "as_diff", is_flag=True, help="What VERSION changed, instead of its files.")
@_JSON
@click.pass_obj
def log(config: Path | None, version: int | None, as_diff: bool, as_json: bool) -> None:
    """List the versions of the rules, newest first; with VERSION show its files.

    \b
    Examples:
      mailproc rules log
      mailproc rules log 12 --diff
    """
    from mailproc.errors import UsageError
    from mailproc.opening.rulefolder import name_below, read_rules
    from mailproc.store import rulebooks

    if as_diff and version is None:
        raise click.UsageError("--diff needs the VERSION whose changes are wanted")
    loaded = _load_settings(config)
    with _open_store(loaded) as store, store.read() as tx:
        versions = rulebooks.list_versions(tx)
        chosen = rulebooks.get(tx, version) if version is not None else None
        files = rulebooks.get_files(tx, chosen.id) if chosen else None
        earlier = next((item for item in versions if chosen is not None and item.id < chosen.id), None)
        former = rulebooks.get_files(tx, earlier.id) if earlier else None
    current = versions[0].id if versions else 0
    if version is None:
        if as_json:
            click.echo(json.dumps([_as_object(item, current) for item in versions], ensure_ascii=False, indent=1))
            return
        _print_log(versions, loaded)
        from mailproc.errors import ConfigError

        try:
            on_disk = rulebooks.digest_of(name_below(read_rules(loaded.rules_dir), loaded.rules_dir))
        except ConfigError:
            on_disk = ""
        if versions and on_disk != versions[0].digest:
            click.echo(
                f"The files in {shorten(loaded.rules_dir)}/ are not those of version {current}: `mailproc rules check`"
                " says whether they can serve, `mailproc rules apply` puts them in force."
            )
        return
    if chosen is None or files is None:
        raise UsageError(f"there is no version {version}; `mailproc rules log` shows those that are kept")
    if as_json:
        answer = {**_as_object(chosen, current), "files": [{"name": name, "text": text} for name, text in files]}
        if as_diff:
            answer["diff"] = "".join(_diff(former or (), files))
        click.echo(json.dumps(answer, ensure_ascii=False, indent=1))
    elif as_diff:
        click.echo("".join(_diff(former or (), files)), nl=False)
    else:
        for name, text in files:
            click.echo(f"──── {name}")
            click.echo(text, nl=not text.endswith("\n"))


def _load_settings(config: Path | None) -> "Settings":
    from mailproc import settings

    return settings.load(settings.find(config), needs_secrets=False)


def _open_store(loaded: "Settings") -> "Store":
    from mailproc.store.database import open_store

    return open_store(loaded.database)


def _login_name() -> str:
    import getpass
    import os

    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as containers have them
        return str(os.getuid())


def _show_trouble(findings: "Findings", *, as_json: bool) -> None:
    """What `check` would say, on standard error where standard output is for JSON."""
    from mailproc.rulebook.book import show_problems

    tests = tuple(test.problem for test in findings.failed if test.problem is not None)
    if not as_json:
        show_findings(findings, (*findings.problems, *tests), "text")
        return
    for text in show_problems((*findings.problems, *tests), findings.source.files):
        click.echo(text, err=True)


def _sign(
    store: "Store", loaded: "Settings", last: "Version", note: str, author: str | None, *, dry_run: bool, as_json: bool
) -> None:
    """These files are in force already: a name and a note can still be put to the version that came by itself."""
    from mailproc.opening.versions import note_seen
    from mailproc.store import rulebooks
    from mailproc.store.database import Tx

    text = f"These files are in force already: version {last.id}."
    if dry_run:
        _say(as_json, last, text, changed=False)
        return
    signed = replace(last, author=author or _login_name(), note=note or last.note) if author or note else last

    def job(tx: Tx) -> None:
        note_seen(tx, loaded, last.digest)
        if signed != last:
            rulebooks.sign(tx, last.id, signed.author, signed.note)

    store.run(job)
    if signed != last:
        text += f" It now bears the name {signed.author}" + (f' and the note "{signed.note}".' if note else ".")
    _say(as_json, signed, text, changed=False)


def _say(
    as_json: bool, version: "Version | None", text: str, *, changed: bool, kept: "list[str] | None" = None
) -> None:
    if not as_json:
        click.echo(text)
        return
    shown = _as_object(version, version.id) if version is not None else None
    click.echo(json.dumps({"changed": changed, "version": shown, "kept": kept or []}, ensure_ascii=False, indent=1))


def _show_changes(former: "Files | None", files: "Files") -> None:
    """Which files differ, and by how many lines."""
    import difflib

    old, new = dict(former or ()), dict(files)
    for name in sorted({*old, *new}):
        if old.get(name) == new.get(name):
            continue
        lines = list(difflib.unified_diff(old.get(name, "").splitlines(), new.get(name, "").splitlines(), n=0))[2:]
        added = sum(line.startswith("+") for line in lines)
        removed = sum(line.startswith("-") for line in lines)
        state = "new" if name not in old else "removed" if name not in new else "changed"
        click.echo(f"  {name:<24} {state:<8} +{added} -{removed}")


def _replay(loaded: "Settings", former: "Files", book: "Rulebook", *, as_json: bool) -> None:
    """Show what the new rules would have decided otherwise about the mail of the last days."""
    from datetime import UTC, datetime, timedelta

    from mailproc.cli.rules.replay import replay_books, show_outcome
    from mailproc.errors import ConfigError
    from mailproc.opening.rulefolder import name_whole
    from mailproc.rulebook.book import load

    try:
        old = load(name_whole(former, loaded.rules_dir), loaded.site)
    except ConfigError:
        click.echo("The version in force has errors by now: no replay.", err=as_json)
        return
    until = datetime.now(UTC)
    done = replay_books(loaded, old, book, until - timedelta(days=_REPLAYED_DAYS), until, sample=_REPLAYED_MAILS)
    if not as_json:
        show_outcome(done)


def _diff(former: "Files", files: "Files") -> "list[str]":
    import difflib

    old, new = dict(former), dict(files)
    lines: list[str] = []
    for name in sorted({*old, *new}):
        lines += difflib.unified_diff(
            old.get(name, "").splitlines(keepends=True), new.get(name, "").splitlines(keepends=True),
            f"a/{name}" if name in old else "/dev/null", f"b/{name}" if name in new else "/dev/null",
        )  # fmt: skip
    return [line if line.endswith("\n") else line + "\n" for line in lines]


def _as_object(version: "Version", current: int) -> dict[str, object]:
    return {
        "id": version.id,
        "at": version.saved_at.isoformat().replace("+00:00", "Z"),
        "author": version.author,
        "origin": version.origin,
        "note": version.note,
        "rules": version.rules,
        "restores": version.restores,
        "is_running": version.id == current,
    }


def _print_log(versions: "tuple[Version, ...]", loaded: "Settings") -> None:
    from zoneinfo import ZoneInfo

    zone = ZoneInfo(loaded.site.timezone)
    for item in versions:
        mark = "runs" if item.id == versions[0].id else ""
        rules = count(item.rules, "rule") if item.rules is not None else "?"
        at = f"{item.saved_at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
        row = f"{item.id:>4} {mark:<4} {at}  {item.origin:<11} {item.author:<12} {rules:>9}  {item.note}"
        click.echo(row.rstrip())
    if not versions:
        click.echo("no version is kept yet: the first comes with `mailproc run` or `mailproc rules apply`")
