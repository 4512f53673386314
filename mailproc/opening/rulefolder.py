"""Which files of a rules folder are rules, and what they are called: the one place that knows. It judges nothing.

The rules of a site are `*.yaml` and `*.yml` of its rules folder, and after them those of its folder `tests`, each in
name order. A file's name in the store is its place below the folder (`routing.yaml`, `tests/refunds.yaml`), so that the
same files on two hosts are the same book and go back to where they came from; messages show the whole path. Hidden
files are none: editors keep locks and copies of that kind.
"""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from mailproc import yamlnodes
from mailproc.errors import ConfigError
from mailproc.yamlnodes import Problem

Files = tuple[tuple[str, str], ...]  # (name, text)
Stamp = tuple[tuple[str, int, int, int], ...]

TESTS = "tests"
_ENDINGS = (".yaml", ".yml")


def is_rule_name(name: str) -> bool:
    """Whether a file at that place below a rules folder holds rules or their tests."""
    folder, slash, plain = name.rpartition("/")
    return folder == (TESTS if slash else "") and plain.endswith(_ENDINGS) and not plain.startswith(".")


def order_of(name: str) -> tuple[bool, str]:
    """What names below a rules folder are sorted by: those of its `tests` come last."""
    return "/" in name, name


def find_rule_files(folder: Path) -> list[Path]:
    """The rule files there are, in the order in which they are read.

    Raises ConfigError for a folder that may not be listed, and for what is called a rule file and is none.
    """
    try:
        paths = [folder / name for name in _list_names(folder)]
    except OSError as error:
        raise ConfigError((f"{error.filename or folder}: cannot be listed: {error.strerror}",)) from None
    for path in paths:
        if path.exists() and not path.is_file():  # a pipe would keep us waiting for ever
            raise ConfigError((f"{path}: this is no file, though its name ends as those of rule files do",))
    return paths


def read_texts(files: Iterable[tuple[str, Path]]) -> tuple[Files, tuple[Problem, ...]]:
    """The files as (name given, text), and what is wrong with those that are no text.

    Raises ConfigError when one cannot be read.
    """
    texts: list[tuple[str, str]] = []
    broken: list[Problem] = []
    for name, path in files:
        try:
            with path.open("rb") as stream:
                raw = stream.read(yamlnodes.MAX_BYTES + 1)
        except OSError as error:
            link = " (a link that leads nowhere)" if path.is_symlink() and not path.exists() else ""
            raise ConfigError((f"{name}: cannot be read: {error.strerror}{link}",)) from None
        if len(raw) > yamlnodes.MAX_BYTES:
            broken += yamlnodes.load(raw, name).problems
            continue
        try:
            texts.append((name, raw.decode("utf-8")))
        except UnicodeDecodeError:
            broken += yamlnodes.load(raw, name).problems
    return tuple(texts), tuple(broken)


def read_rules(folder: Path) -> Files:
    """(whole path, text) of every rule file, in their order.

    Raises ConfigError when the folder or a file cannot be read.
    """
    paths = find_rule_files(folder)
    if not paths:
        raise ConfigError((say_empty(folder),))
    files, broken = read_texts((str(path), path) for path in paths)
    if broken:
        raise ConfigError(tuple(yamlnodes.format_problem(problem, "") for problem in broken))
    return files


def say_empty(folder: Path, shown: str = "") -> str:
    """That there are no rules, and how to get some."""
    shown = shown or str(folder)
    if not folder.is_dir():
        return f"{shown}: there is no such folder; `rules:` in mailproc.yaml names it, `mailproc init` makes one"
    return f"{shown}: no rule files (*.yaml) here; `mailproc init` writes a starter set into an empty folder"


def name_below(files: Files, folder: Path) -> Files:
    """The files as they are stored: named by their place below the folder."""
    return tuple((Path(name).relative_to(folder).as_posix(), text) for name, text in files)


def name_whole(files: Files, folder: Path) -> Files:
    """Stored files as messages show them."""
    return tuple((str(folder / name), text) for name, text in files)


def take_stamp(folder: Path) -> Stamp:
    """What changes when a file of the folder does, without reading any."""
    found = []
    with suppress(OSError):  # no longer there, or closed to us: judging the files says so
        for name in _list_names(folder):
            with suppress(OSError):  # gone meanwhile: the next look tells
                state = (folder / name).stat()
                found.append((name, state.st_mtime_ns, state.st_size, state.st_ino))
    return tuple(found)


def template_names(*folders: Path) -> frozenset[str]:
    """Every mail that templates of these folders make, each as `de/received`."""
    paths = (path for folder in folders for path in folder.glob("*/*.txt.j2"))
    return frozenset(f"{path.parent.name}/{path.name.removesuffix('.txt.j2')}" for path in paths)


def find_mail_places(base: Path, rule_files: Iterable[Path]) -> tuple[Path, ...]:
    """Where a mail is looked for that a test names as `eml`: the site's folder, the rule files', the ones above."""
    parents = [path.parent for path in rule_files]
    return tuple(dict.fromkeys((base, *parents, *(parent.parent for parent in parents))))


def read_mail(places: tuple[Path, ...], name: str, shown: str = "") -> bytes:
    """The bytes of that file in the first of the places that has it. Raises OSError when none does."""
    for place in places:
        path = place / name
        if path.is_file():
            return path.read_bytes()
    raise FileNotFoundError(f"there is no such file in {shown or ', '.join(map(str, places))}")


def _list_names(folder: Path) -> list[str]:
    """Names of rule files below the folder, in their order. Raises OSError for a folder that may not be listed."""
    found = []
    for place, prefix in ((folder, ""), (folder / TESTS, f"{TESTS}/")):
        with suppress(FileNotFoundError, NotADirectoryError):
            found += [name for path in place.iterdir() if is_rule_name(name := prefix + path.name)]
    return sorted(found, key=order_of)
