"""Walks a settings tree: every wrong key and value becomes a problem with its place, and reading goes on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from mailproc import yamlnodes
from mailproc.settings.references import fill, has_reference
from mailproc.settings.values import BadValue, absolute, read_text
from mailproc.yamlnodes import Node, Problem, Scalar

T = TypeVar("T")

SECRET_KEYS = ("password", "token", "client_secret", "database")

CODES: dict[str, str] = {
    "S001": "a key that does not exist",
    "S002": "a key that is needed and missing",
    "S003": "a list, a mapping or a text stands where another of them belongs",
    "S004": "a value that is not possible",
    "S005": "two settings contradict each other",
    "S006": "${...} outside a secret",
    "S007": "a secret that cannot be read",
    "S008": "the settings file cannot be read",
    "S009": "warning: a setting that works and is not wise",
}


@dataclass(slots=True)
class Reader:
    """What all sections of one file share."""

    name: str
    folder: Path
    environ: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)
    needs_secrets: bool = (
        True  # else a secret that is not at hand is worth a warning only; the database's always counts
    )

    def report(self, node: Node | None, code: str, text: str, hint: str = "", *, is_warning: bool = False) -> None:
        """Notes what is wrong with a node; None is the file as a whole."""
        line, column = (node.line, node.column) if node else (0, 0)
        self.problems.append(Problem(self.name, line, column, code, text, hint, is_warning))


class Section:
    """One mapping of the file, read key by key; a key that fails gives its default, so that all errors show at once."""

    def __init__(
        self,
        reader: Reader,
        node: yamlnodes.Mapping,
        path: str,
        keys: tuple[str, ...],
        homes: Mapping[str, str],
        place: Node | None = None,
        *,
        is_written: bool = True,
    ) -> None:
        self.reader = reader
        self.node = node
        self.is_written = is_written  # False: not there or no mapping, and then nothing in it is called missing
        self.place = place or node  # where to point when something is missing: the section's key, if it has one
        self.path = path
        self._values = {key.value: value for key, value in node.entries}
        self._meant: set[str] = set()  # keys that are there, misspelt: not to be called missing as well
        former = ""
        for key, value in node.entries:
            is_bare = isinstance(value, Scalar) and not value.value
            if key.value in keys:
                former = key.value
            elif is_bare and former in SECRET_KEYS:
                text = f"what follows the comma in {former} is read as a key of its own"
                self.reader.report(key, "S001", text, f"Put the {former} between double quotes.")
            else:
                self._report_unknown(key, keys, homes)

    def _report_unknown(self, key: Scalar, keys: tuple[str, ...], homes: Mapping[str, str]) -> None:
        where = f" in {self.path}" if self.path else ""
        # `password hunter2` without its colon is a key too: no more than its first word is shown.
        first, _, rest = key.value.partition(" ")
        text = f'unknown key "{_shorten(first)}{" ..." if rest else ""}"{where}'
        home = homes.get(key.value, "")
        guess = "" if home else yamlnodes.find_nearest(key.value, keys)
        if guess:
            self._meant.add(guess)
            self.reader.report(key, "S001", f"{text}: {yamlnodes.did_you_mean(key.value, keys)}")
        elif home:
            self.reader.report(key, "S001", text, f'"{key.value}" belongs {home}.')
        else:
            self.reader.report(key, "S001", text, f"Possible here: {', '.join(keys)}.")

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def lacks(self, key: str) -> bool:
        """True where the key is neither there nor there misspelt, in which case it has been reported."""
        return key not in self._values and key not in self._meant

    def find(self, key: str) -> Node:
        """The node at `key`, else the section itself: a place to point at."""
        return self._values.get(key, self.place)

    def report(self, key: str, code: str, text: str, hint: str = "", *, is_warning: bool = False) -> None:
        """Notes what is wrong with a key's value."""
        self.reader.report(self.find(key), code, text, hint, is_warning=is_warning)

    def read(self, key: str, read: Callable[[str], T], default: T, *, needed: str = "") -> T:
        """The value of `key`; `needed` says what to write there when it must not be missing."""
        node = self._values.get(key)
        if node is None:
            if needed and self.is_written and key not in self._meant:
                self.report("", "S002", f'"{self._name(key)}" is missing', f"Write  {key}: {needed}")
            return default
        return self._convert(node, self._name(key), read, default)

    def read_list(
        self, key: str, read: Callable[[str], T], default: tuple[T, ...] = (), *, needed: str = ""
    ) -> tuple[T, ...]:
        """The values of a list, or of the single text that stands for a list of one; each value once."""

        def read_one(word: str) -> tuple[T, ...]:
            return (read(word),)

        node = self._values.get(key)
        if node is None or isinstance(node, Scalar):
            if node is not None and not node.value and not needed:
                return default
            return self.read(key, read_one, default, needed=needed)
        if isinstance(node, yamlnodes.Mapping):
            self.report(key, "S003", f"{self._name(key)} must be a list, not a mapping", f"Write  {key}: [one, two]")
            return default
        if needed and not node.items:
            self.report(key, "S002", f"{self._name(key)} is an empty list", f"Write  {key}: {needed}")
        count = len(self.reader.problems)
        nothing: tuple[T, ...] = ()
        values: dict[T, None] = {}
        for item in node.items:
            values.update(dict.fromkeys(self._convert(item, self._name(key), read_one, nothing)))
        return tuple(values) if len(self.reader.problems) == count else default

    def read_secret(self, key: str, *, needed: str = "", in_url: bool = False, default: str = "") -> str:
        """The text of a secret key, its references filled in."""
        node = self._values.get(key)
        if node is None or not isinstance(node, Scalar) or not node.value:
            return self.read(key, str, default, needed=needed)
        try:
            return fill(node.value, self.reader.environ, self.reader.folder, in_url=in_url)
        except BadValue as error:
            is_warning = not (in_url or self.reader.needs_secrets)
            self.report(key, "S007", f"{self._name(key)}: {error.text}", error.hint, is_warning=is_warning)
            return default

    def read_words(self, key: str) -> tuple[str, ...]:
        """The words of a list in their order, such as a command and its arguments."""
        node = self._values.get(key)
        if not isinstance(node, yamlnodes.Sequence):
            if node is not None:
                hint = f"Write  {key}: [/usr/local/bin/program, argument]"
                self.report(key, "S003", f"{self._name(key)} must be a list of words", hint)
            return ()
        if not node.items:
            self.report(key, "S002", f"{self._name(key)} is an empty list", "Name a program, or remove the key.")
        return tuple(self._convert(item, self._name(key), read_text, "") for item in node.items)

    def read_path(self, key: str, default: str = "", *, needed: str = "") -> str:
        """An absolute path, started from the settings file's folder when it is relative; "" stays ""."""
        word = self.read(key, read_text, default, needed=needed)
        return str(absolute(word, self.reader.folder)) if word else ""

    def section(
        self, key: str, keys: tuple[str, ...], homes: Mapping[str, str], *, needed: str = "", is_read: bool = False
    ) -> "Section":
        """The mapping at `key`; an empty one when it is missing or no mapping. `is_read`: its faults were reported."""
        if is_read:
            count = len(self.reader.problems)
            again = self.section(key, keys, homes)
            del self.reader.problems[count:]
            return again
        node = self._values.get(key)
        if isinstance(node, yamlnodes.Mapping):
            return Section(self.reader, node, self._name(key), keys, homes, self.node.find_key(key))
        if node is None or (isinstance(node, Scalar) and not node.value):
            if needed and key not in self._meant:
                self.report(key, "S002", f'"{self._name(key)}" is missing', needed)
        else:
            hint = f"Write  {key}: {{{keys[0]}: ...}}  or put its keys below it, indented."
            self.report(key, "S003", f"{self._name(key)} must be a mapping", hint)
        place = self.find(key)
        nothing = yamlnodes.Mapping((), place.line, place.column)
        return Section(self.reader, nothing, self._name(key), keys, homes, is_written=False)

    def _name(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _convert(self, node: Node, name: str, read: Callable[[str], T], default: T) -> T:
        report = self.reader.report
        if not isinstance(node, Scalar):
            kind = "list" if isinstance(node, yamlnodes.Sequence) else "mapping"
            report(node, "S003", f"{name} must be one value, not a {kind}")
        elif not node.value:
            report(node, "S004", f"{name} has no value", "Write one, or remove the key.")
        elif has_reference(node.value):
            hint = f"Only {', '.join(SECRET_KEYS)} may hold ${{env:NAME}} or ${{file:PATH}}; write the value itself."
            report(node, "S006", f"{name} is no secret: ${{...}} is not filled in here", hint)
        else:
            try:
                return read(node.value)
            except BadValue as error:
                report(node, "S004", f"{name}: {_shorten(error.text, 300)}", error.hint)
        return default


def _shorten(text: str, most: int = 80) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."
