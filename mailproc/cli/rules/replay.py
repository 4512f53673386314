"""`mailproc rules replay`: stored mail decided again by old and new rules, and what would differ. Changes nothing."""

import json
import sys
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailproc.cli.rules.baseline import RUNNING, read_baseline
from mailproc.cli.rules.source import find_source, show_findings
from mailproc.errors import ConfigError

if TYPE_CHECKING:
    from mailproc.cli.rules.source import Source
    from mailproc.replaying import Findings, Replay
    from mailproc.rulebook.book import Rulebook
    from mailproc.rulebook.difference import Group, Tally
    from mailproc.settings import Settings
    from mailproc.store.database import Store

_CHUNK = 50  # mails of one task
_FEW = 300  # mails that are judged faster than processes are started
_SHOWN = 3  # examples of a group
_LONGEST_SUBJECT = 50

# Of a process that judges: the open database and both books, made once
_judge: "tuple[Store, Replay] | None" = None


@dataclass(slots=True)
class Outcome:
    """What the replay as a whole came to."""

    since: datetime
    until: datetime
    tally: "Tally"
    routed: int = 0
    changed: int = 0
    not_routed: Counter[str] = field(default_factory=Counter)
    timed_out: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


@click.command()
@click.option("--since", default="30d", show_default=True, metavar="TIME", help="30d, 12h, or a date: 2026-01-31.")
@click.option("--against", default=RUNNING, show_default=True, metavar="running|GIT-REF|DIR",
              help="The rules to compare with.")
@click.option("--rules", "folder", type=click.Path(exists=True, path_type=Path),
              help="The new rule files (a folder or a file) instead of the site's.")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="N mails of that time, always the same ones.")
@click.option("--jobs", type=click.IntRange(1, 256), metavar="N", help="Processes. Default: one a core.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output, with more examples.")
@click.pass_obj
def replay(
    config: Path | None,
    since: str,
    against: str,
    folder: Path | None,
    sample: int | None,
    jobs: int | None,
    as_json: bool,
) -> None:
    """Decide stored mail again by the rule files, and show what would differ from the rules of --against.

    Each mail counts at the moment it arrived, with what was known then. Nothing is sent and nothing is stored.
    New requests are compared as a whole, replies in what rules with `also: [reply]` may change; bounces, duplicates
    and mail that was held for another reason than a rule are no matter of rules.

    \b
    Examples:
      mailproc rules replay --since 30d
      mailproc rules replay --since 2026-01-01 --against HEAD~1
      mailproc rules replay --rules draft/ --against rules/ --sample 2000 --json
    """  # fmt: skip
    from datetime import UTC

    from mailproc import settings
    from mailproc.store.database import open_store

    loaded = settings.load(settings.find(config), needs_secrets=False)
    new = _read_new(find_source(config, (folder,) if folder else (), ()))
    until = datetime.now(UTC)
    start = _read_since(since, until, loaded.site.timezone)
    store = open_store(loaded.database)
    try:
        with store.read() as tx:
            files = read_baseline(against, folder or loaded.rules_dir, tx)
    finally:
        store.close()
    old = _read_old(files, loaded, against)
    done = replay_books(loaded, old, new, start, until, sample=sample, jobs=jobs)
    if as_json:
        click.echo(json.dumps(as_object(done, against), ensure_ascii=False, indent=1))
    else:
        show_outcome(done)
    for text in done.problems:
        click.echo(text, err=True)
    sys.exit(1 if done.problems else 0)


def replay_books(
    loaded: "Settings",
    old: "Rulebook",
    new: "Rulebook",
    since: datetime,
    until: datetime,
    *,
    sample: int | None = None,
    jobs: int | None = None,
) -> Outcome:
    """What the two books make of the mail that the site got in [since, until)."""
    from mailproc import keys
    from mailproc.replaying import Replay
    from mailproc.rulebook.difference import Tally
    from mailproc.store import history
    from mailproc.store.database import open_store

    store = open_store(loaded.database)
    try:
        with store.read() as tx:
            ids = history.list_ids(tx, since, until)
    finally:
        store.close()  # before there are processes: a connection must not be carried over into them
    if sample is not None:
        ids = pick_sample(ids, sample)
    judge = Replay(loaded.site, keys.load(loaded.keys_file), old, new)
    done = Outcome(since, until, Tally())
    for mails, found in _with_progress(_judge_all(ids, loaded.database, judge, jobs), len(ids)):
        if isinstance(found, str):
            done.problems.append(f"mails {mails[0]} to {mails[-1]} were not judged: the process {found}")
        else:
            _add(done, found)
    return done


def pick_sample(ids: "array[int]", count: int) -> "array[int]":
    """So many of the ids, spread by a hash of the id: the same mails today and tomorrow."""
    from mailproc.store.values import to_hash

    if count >= len(ids):
        return ids
    return array("q", sorted(sorted(ids, key=lambda mail: to_hash("sample", str(mail)))[:count]))


def as_object(done: Outcome, against: str) -> dict[str, Any]:
    """The answer as JSON has it."""
    return {
        "since": done.since.isoformat(),
        "until": done.until.isoformat(),
        "against": against,
        "mails": done.routed,
        "unchanged": done.routed - done.changed,
        "changed": done.changed,
        "not_routed": dict(sorted(done.not_routed.items())),
        "groups": [_group_as_object(group) for group in done.tally.groups()],
        "timed_out": dict(sorted(done.timed_out.items())),
        "problems": done.problems,
    }


def _group_as_object(group: "Group") -> dict[str, Any]:
    change = group.change
    return {
        "count": group.count,
        "text": change.text,
        "name": change.name,
        "rule": change.rule,
        "why": change.why,
        "examples": [
            {"mail": item.inbox_id, "ticket": item.number, "subject": item.subject, "old": item.old, "new": item.new}
            for item in group.examples
        ],
    }


def show_outcome(done: Outcome) -> None:
    """Print the difference as people read it."""
    parts = [f"{_number(done.routed)} mails", f"{_number(done.routed - done.changed)} unchanged"]
    click.echo(" · ".join((*parts, f"{_number(done.changed)} changed")))
    groups = done.tally.groups()
    width = max((len(_number(group.count)) for group in groups), default=0)
    text_width = min(max((len(group.change.text) for group in groups), default=0), 50)
    why_width = min(max((len(group.change.why) for group in groups), default=0), 40)
    for group in groups:
        change, examples = group.change, [_name(item.number, item.inbox_id, item.subject) for item in group.examples]
        line = f"  {_number(group.count):>{width}}  {change.text:<{text_width}}  {change.why:<{why_width}}  "
        click.echo(f"{line}e.g. {examples[0]}")
        for example in examples[1:_SHOWN]:
            click.echo(" " * (len(line) + 5) + example)
    for rule, count in done.timed_out.most_common():
        click.echo(f'rule "{rule}": a regex ran out of its time on {_number(count)} mails and did not match there')
    if done.not_routed:
        others = ", ".join(f"{_number(count)} {kind}" for kind, count in done.not_routed.most_common())
        click.echo(f"not asked about: {others}")


def _name(number: str, inbox_id: int, subject: str) -> str:
    cut = "".join(char if char.isprintable() else " " for char in subject[: _LONGEST_SUBJECT + 1])
    cut = cut if len(cut) <= _LONGEST_SUBJECT else cut[: _LONGEST_SUBJECT - 1] + "…"
    return f'{number or f"mail {inbox_id}"} "{cut}"'


def _number(count: int) -> str:
    return f"{count:,}".replace(",", " ")


def _add(done: Outcome, found: "Findings") -> None:
    done.routed += found.routed
    done.changed += len(found.changed)
    done.not_routed += found.not_routed
    done.timed_out += found.timed_out
    done.problems += found.unreadable
    for example, changes in found.changed:
        done.tally.add(example, changes)


def _read_new(source: "Source") -> "Rulebook":
    """The book of the new files; ends the command with what is wrong with them."""
    from mailproc.cli.rules.source import Findings
    from mailproc.rulebook.book import read_book

    book, problems = (None, source.broken) if source.broken else read_book(source.files, source.site, source.templates)
    if book is None:
        findings = Findings(source, None, problems, ())
        show_findings(findings, findings.errors, "text")
        sys.exit(1)
    return book


def _read_old(files: tuple[tuple[str, str], ...], loaded: "Settings", against: str) -> "Rulebook":
    from mailproc.rulebook.book import load

    try:
        return load(files, loaded.site)  # its templates may have gone since
    except ConfigError as error:
        raise ConfigError((f"the rules of --against {against} have errors:", *error.problems)) from None


def _read_since(text: str, now: datetime, timezone: str) -> datetime:
    """The moment so long ago, or of that date at the site."""
    from zoneinfo import ZoneInfo

    from mailproc.rulebook.calendars import find_zone
    from mailproc.settings.values import BadValue, read_duration

    try:
        return now - read_duration(text)
    except BadValue:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"--since {text!r}: write 30d, 12h or a date such as 2026-01-31") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=find_zone(timezone) or ZoneInfo("UTC"))


def _judge_all(
    ids: "array[int]", database: str, judge: "Replay", jobs: int | None
) -> Iterator[tuple[tuple[int, ...], "Findings | str"]]:
    """The ids of each task with what came of it, in their order; few are judged in this process."""
    from mailproc.cli.workers import Died, Limits, count_cores, run_ordered

    tasks = (tuple(ids[start : start + _CHUNK]) for start in range(0, len(ids), _CHUNK))
    work: Callable[[tuple[int, ...]], Findings] = partial(judge_mails, database=database, judge=judge)
    processes = jobs or (1 if len(ids) <= _FEW else count_cores())
    if processes == 1:
        try:
            for task in tasks:
                yield task, work(task)
        finally:
            _close()
        return
    import mailproc.message.parse  # noqa: F401  once, before there are processes

    # Hostile mail may use up the time of all regexes of both books
    limits = Limits(cpu_seconds=120, wall_seconds=600)
    for task, found in run_ordered(tasks, work, processes, limits):
        yield task, found.reason if isinstance(found, Died) else found


def judge_mails(ids: tuple[int, ...], database: str, judge: "Replay") -> "Findings":
    """Judge the mails with these ids; opens the database the first time in each process."""
    from mailproc.store.database import open_store

    global _judge
    if _judge is None:
        _judge = open_store(database), judge
    store, judge = _judge
    with store.read() as tx:
        return judge.judge(tx, ids)


def _close() -> None:
    global _judge
    if _judge is not None:
        _judge[0].close()
    _judge = None


def _with_progress(
    answers: Iterator[tuple[tuple[int, ...], "Findings | str"]], total: int
) -> Iterator[tuple[tuple[int, ...], "Findings | str"]]:
    """The same answers; on a terminal a bar on standard error moves with them."""
    if not sys.stderr.isatty() or total < _FEW:
        yield from answers
        return
    with click.progressbar(length=total, label="replaying", file=sys.stderr) as bar:
        for task, found in answers:
            yield task, found
            bar.update(len(task))
