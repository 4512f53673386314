"""Fields: what a case of a kind must tell us, such as an order number. Dry: no I/O."""

from dataclasses import dataclass

from mailproc.rulebook.patterns import Pattern
from mailproc.rulebook.reader import Reader
from mailproc.rulebook.schemashapes import NAME, TEXT, Keys, about, named
from mailproc.rulebook.textoperators import read_pattern
from mailproc.yamlnodes import Node, Scalar

KEYS: Keys = {
    "label": about("What it is called in mail, in one language or several.", {"anyOf": [NAME, named(NAME)]}),
    "pattern": about("A regex that a value has to fit whole.", TEXT),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field; a value that its pattern does not fit whole is not taken."""

    key: str
    labels: tuple[tuple[str, str], ...] = ()  # (language, text)
    pattern: Pattern | None = None


def read_field(reader: Reader, key: str, node: Node) -> Field | None:
    """One field of `fields`."""
    path = f"fields.{key}"
    mapping = reader.mapping(node, path, KEYS)
    if mapping is None:
        return None
    labels: dict[str, str] = {}
    label = mapping.get("label")
    if isinstance(label, Scalar):
        text = reader.line(label, f"{path}.label")
        if text:
            labels = dict.fromkeys((*reader.site.languages, "en"), text)
    elif label is not None and (texts := reader.mapping(label, f"{path}.label")) is not None:
        for language, value in texts.entries:
            text = reader.line(value, f"{path}.label.{language.value}")
            if text:  # a label for a language the site does not speak (yet) does no harm
                labels[language.value.lower()] = text
    pattern_node = mapping.get("pattern")
    pattern = None
    if isinstance(pattern_node, Scalar) and reader.text(pattern_node, f"{path}.pattern"):
        pattern = read_pattern(reader, pattern_node, f"{path}.pattern")
    elif pattern_node is not None and not isinstance(pattern_node, Scalar):
        reader.text(pattern_node, f"{path}.pattern")
    return Field(key, tuple(labels.items()), pattern)
