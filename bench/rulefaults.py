"""Rule files broken in every way: cut short, or changed at random; and whether a wrong book would have served.

What serves must say exactly what its files say, as another YAML reader reads them; a file cut short must not serve at
all, unless what is left decides as the whole did. Makes and judges; reads no file.
"""

import random
from collections.abc import Iterator

import yaml

from mailproc.errors import ConfigError
from mailproc.records.site import Site
from mailproc.rulebook.book import Rulebook, load
from mailproc.rulebook.check import run_tests
from mailproc.rulebook.rules import Rule, walk

Files = tuple[tuple[str, str], ...]

TOKENS = (
    ": ", "- ", "[", "]", "{", "}", '"', "'", "#", "\n", "  ", "\t", "*", "&a ", "!x ", "|", ">", "? ", "---\n",
    "...\n", "\x00", "\x1b", "\ufeff", "\u2028", "ü", "🙂", "no", "null", "1e999", "{x}", "(?P<a>", "(a+)+$", "\\",
    "when: ",
    "do: {ticket: none}", "continue: yes", "mode: shadow", "any: ", "name: money", "<<: ", "%", "@", "`",
)  # fmt: skip


def cut(files: Files, number: int) -> Iterator[Files]:
    """That many ways to cut one of the files short: every place there is, in even steps through all of them."""
    raw = [(name, text.encode()) for name, text in files]
    places = sum(len(content) for _, content in raw)
    for step in range(number):
        place = step * places // number
        for index, (_, content) in enumerate(raw):
            if place < len(content):
                yield _with(files, index, content[:place].decode("utf-8", "ignore"))
                break
            place -= len(content)


def change(files: Files, number: int, seed: int = 1) -> Iterator[Files]:
    """That many sets with one to three changes in one of the files; the same seed makes the same."""
    rng = random.Random(seed)
    for _ in range(number):
        index = rng.randrange(len(files))
        text = files[index][1]
        for _ in range(rng.randint(1, 3)):
            text = _change_once(text, rng)
        yield _with(files, index, text)


def judge_cut(files: Files, whole: Rulebook, site: Site) -> str:
    """What is wrong with what became of files cut short, "" when it is as it should be."""
    book = _load(files, site)
    if book is None or describe(book) == describe(whole):
        return ""
    return "" if not all(result.passed for result in run_tests(book, site)) else "a part of the book would serve"


def judge_changed(files: Files, site: Site) -> str:
    """What is wrong with what became of changed files."""
    book = _load(files, site)
    if book is None:
        return ""
    run_tests(book, site)
    said, read = _outline(files), _outline_of(book)
    return "" if said == read else f"the files say {said}, the book {read}"


def describe(book: Rulebook) -> tuple[object, ...]:
    """All of a book that decides anything."""
    rules = tuple((rule.path, rule.actions, rule.continues, rule.is_shadow) for rule in _all_rules(book))
    return rules, book.departments, book.agents, book.lists, book.defaults, book.fields, book.slas, book.calendars


def _load(files: Files, site: Site) -> Rulebook | None:
    try:
        return load(files, site)
    except ConfigError as error:
        assert error.problems and all(problem for problem in error.problems)
        return None


def _with(files: Files, index: int, text: str) -> Files:
    return (*files[:index], (files[index][0], text), *files[index + 1 :])


def _change_once(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    at, line = rng.randrange(len(text) + 1), rng.randrange(len(lines))
    what = rng.randrange(9)
    if what == 0:
        return text[:at] + text[at + rng.choice((1, 1, 2, 5, 40, 400)) :]
    if what == 1:
        return text[:at] + rng.choice(TOKENS) + text[at:]
    if what == 2:
        return text[:at] + chr(rng.choice((rng.randrange(32, 127), rng.randrange(0x3000)))) + text[at + 1 :]
    if what == 3:
        other = rng.randrange(len(lines))
        lines[line], lines[other] = lines[other], lines[line]
    elif what == 4:
        lines.insert(line, lines[rng.randrange(len(lines))])
    elif what == 5:
        lines[line] = " " * rng.randint(1, 4) + lines[line] if rng.random() < 0.5 else lines[line].lstrip(" ")
    elif what == 6:
        del lines[line : line + rng.randint(1, 6)]
    elif what == 7:
        lines[line] = lines[line].partition(":")[0] + ": " + rng.choice(TOKENS)
    else:
        end = at + rng.randint(1, 60)
        return text[:end] + text[at:end] * rng.randint(1, 3) + text[end:]
    return "\n".join(lines)


def _outline(files: Files) -> list[object]:
    """What another reader finds in the files: the names of all rules and tests, and the keys of all else."""
    sections: dict[str, list[object]] = {}
    for _, text in files:
        tree = yaml.load(text.removeprefix("\ufeff"), yaml.CBaseLoader)
        for key, value in tree.items():
            sections.setdefault(key, []).extend(value.items() if isinstance(value, dict) else value)

    def names(rules: list[object]) -> list[object]:
        return [[_clean(rule["name"]), names(rule.get("rules") or [])] for rule in rules if isinstance(rule, dict)]

    found: list[object] = [names(sections.get(key, [])) for key in ("classify", "route", "tests")]
    for key in ("departments", "lists", "fields", "slas", "calendars"):
        found.append([item[0] for item in sections.get(key, []) if isinstance(item, tuple)])
    return found


def _outline_of(book: Rulebook) -> list[object]:
    def names(rules: tuple[Rule, ...]) -> list[object]:
        return [[rule.name, names(rule.children)] for rule in rules]

    found: list[object] = [names(book.classify), names(book.route), [[test.name, []] for test in book.tests]]
    for part in (book.departments, book.lists, book.fields, book.slas):
        found.append(list(part))
    return [*found, [name for name in book.calendars if name != "24x7"]]


def _clean(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _all_rules(book: Rulebook) -> tuple[Rule, ...]:
    return (*book.classify, *walk(book.route))
