"""What a YAML file is once it is read: nodes with their places, and what is wrong with it. Dry: data only."""

from dataclasses import dataclass

CODES: dict[str, str] = {
    "R001": "the text is not YAML",
    "R002": "anchors (&name) and aliases (*name) are not used",
    "R003": "tags (!name) are not used",
    "R004": "the file is larger than 1 MB",
    "R005": "the file is not UTF-8 text",
    "R006": "a control character stands in the file",
    "R007": "lists and mappings are nested too deeply",
    "R008": "the file holds more than one document",
    "R009": "a key must be plain text",
    "R010": "a bracket, brace or quote is never closed",
    "R011": "the indentation does not fit",
    "R012": "a character that cannot start a value without quotes",
    "R013": "a key appears twice",
    "R014": "warning: a # hides the rest of a value",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a file; `line` and `column` count from 1, 0 means the file as a whole."""

    file: str
    line: int
    column: int
    code: str
    text: str
    hint: str = ""
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text; a key without a value has the text ""."""

    value: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: "tuple[Node, ...]"
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values in the order of the file; a key that appears twice is here once, as it stood first."""

    entries: "tuple[tuple[Scalar, Node], ...]"
    line: int
    column: int

    def get(self, key: str) -> "Node | None":
        """The value of `key`, None when the key is not there."""
        for name, node in self.entries:
            if name.value == key:
                return node
        return None

    def find_key(self, key: str) -> Scalar | None:
        """The key itself, for its position."""
        for name, _ in self.entries:
            if name.value == key:
                return name
        return None


Node = Scalar | Sequence | Mapping


@dataclass(frozen=True, slots=True)
class Document:
    """A file, read: `root` is None when it is empty or not YAML; it may be there next to problems."""

    root: Node | None
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that make the file unusable."""
        return tuple(problem for problem in self.problems if not problem.is_warning)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The problems that do not."""
        return tuple(problem for problem in self.problems if problem.is_warning)
