"""The operators that look at text: words, contains, equals, glob, regex, exists. Dry: no I/O.

To add one: a reader with `@operator`, which returns a `TextTest`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mailproc.rulebook.folding import Text, fold, is_unspaced, split_words
from mailproc.rulebook.patterns import Pattern, compile_glob, compile_pattern, is_slow
from mailproc.rulebook.reader import Reader, shorten
from mailproc.rulebook.requirements import may_match
from mailproc.rulebook.schemashapes import FLAG, TEXT, Shape, many
from mailproc.rulebook.view import View
from mailproc.yamlnodes import Node, Scalar, Sequence

Test = Callable[[tuple[Text, ...], View], bool]


@dataclass(frozen=True, slots=True)
class Quick:
    """What the words of the texts alone say: most rules are told apart by them."""

    singles: frozenset[str]  # one of them: passed
    needed: tuple[frozenset[str], ...]  # none of them whole: not passed


@dataclass(frozen=True, slots=True)
class TextTest:
    """A test of texts: true when one of them passes."""

    name: str
    test: Test
    groups: frozenset[str] = frozenset()
    values: frozenset[str] | None = None
    contains: Callable[[str], bool] | None = None  # as in `logic.Leaf`
    quick: "Quick | None" = None


Read = Callable[[Reader, Node, str], TextTest | None]


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator as it is registered."""

    read: Read
    shape: Shape


OPERATORS: dict[str, Operator] = {}


def operator(name: str, shape: Shape) -> Callable[[Read], Read]:
    """Registers the reader of an operator under its name in rules; its docstring says what it does."""

    def register(read: Read) -> Read:
        OPERATORS[name] = Operator(read, shape)
        return read

    return register


def read_text_test(reader: Reader, node: Node, path: str, others: tuple[str, ...] = ()) -> TextTest | None:
    """The test a node asks for: a scalar is `words`, a list any of its items, several operators all of them.

    `others` are keys of the mapping that somebody else reads.
    """
    if isinstance(node, Scalar):
        return read_words(reader, node, path)
    if isinstance(node, Sequence):
        if all(isinstance(item, Scalar) for item in node.items):
            return read_words(reader, node, path)
        tests = tuple(read_text_test(reader, item, f"{path}[{index}]") for index, item in enumerate(node.items))
        return _join(tests, any, " or ")
    found: list[TextTest | None] = []
    for key, value in node.entries:
        if key.value in others:
            continue
        operator = OPERATORS.get(key.value)
        if operator is None:
            reader.unknown(key, "R031", "operator", key.value, (*OPERATORS, *others), f" in {path}")
            found.append(None)
        else:
            found.append(operator.read(reader, value, f"{path}.{key.value}"))
    if not found:
        reader.error(node, "R032", f"{path} says nothing", f"Operators: {', '.join(OPERATORS)}")
        return None
    return _join(tuple(found), all, " and ")


@operator("words", many(TEXT))
def read_words(reader: Reader, node: Node, path: str) -> TextTest | None:
    """Whole words or phrases, without regard to case and accents."""
    singles: set[str] = set()
    phrases: list[str] = []
    fragments: list[str] = []
    scalars = reader.scalars(node, path)
    is_good = bool(scalars)
    for scalar in scalars:
        folded = fold(scalar.value.strip())
        words = split_words(folded)
        if not words or "*" in folded:
            hint = "For a part of a word write contains: or regex:, for a whole text with * write glob:"
            reader.error(scalar, "R033", f'{path}: "{shorten(scalar.value)}" is no whole word', hint)
            is_good = False
        elif is_unspaced(folded):
            fragments.append(folded)
        elif len(words) == 1:
            singles.add(words[0])
        else:
            phrases.append(f" {' '.join(words)} ")
    if not is_good:
        return None
    values = frozenset((*singles, *phrases, *fragments))
    found = _test_words(frozenset(singles), tuple(phrases), tuple(fragments))
    quick = None if fragments else Quick(frozenset(singles), tuple(frozenset(phrase.split()) for phrase in phrases))

    def contains(value: str) -> bool:
        """`server down` is found only where `down` is."""
        return not singles.isdisjoint(value.split()) or any(phrase in value for phrase in phrases)

    return TextTest("words", found, values=values, contains=contains, quick=quick)


@operator("contains", many(TEXT))
def read_contains(reader: Reader, node: Node, path: str) -> TextTest | None:
    """A piece of text anywhere, without regard to case."""
    pieces = tuple(Text(scalar.value).lowered for scalar in reader.scalars(node, path))

    def test(texts: tuple[Text, ...], view: View) -> bool:
        for text in texts:
            lowered = text.lowered
            for piece in pieces:
                if piece in lowered:
                    return True
        return False

    def contains(value: str) -> bool:
        return any(piece in value for piece in pieces)

    return TextTest("contains", test, values=frozenset(pieces), contains=contains) if pieces else None


@operator("equals", many(TEXT))
def read_equals(reader: Reader, node: Node, path: str) -> TextTest | None:
    """The whole text, without regard to case and to space around it."""
    wholes = frozenset(Text(scalar.value.strip()).lowered for scalar in reader.scalars(node, path))

    def test(texts: tuple[Text, ...], view: View) -> bool:
        return any(text.lowered.strip() in wholes for text in texts)

    return TextTest("equals", test, values=wholes) if wholes else None


@operator("glob", many(TEXT))
def read_glob(reader: Reader, node: Node, path: str) -> TextTest | None:
    """The whole text with * and ?."""
    sources = [scalar.value.strip() for scalar in reader.scalars(node, path)]
    globs = tuple(compile_glob(Text(source).raw) for source in sources)

    def test(texts: tuple[Text, ...], view: View) -> bool:
        return any(view.search(glob, text.stripped) for text in texts for glob in globs)

    return TextTest("glob", test, values=frozenset(sources)) if globs else None


@operator("regex", many(TEXT))
def read_regex(reader: Reader, node: Node, path: str) -> TextTest | None:
    """A regex of the `regex` library, searched; ignores case; its named groups can be used as {name}."""
    scalars = reader.scalars(node, path)
    found = [read_pattern(reader, scalar, path) for scalar in scalars]
    patterns = tuple(pattern for pattern in found if pattern is not None)
    if not patterns or len(patterns) < len(scalars):
        return None

    def test(texts: tuple[Text, ...], view: View) -> bool:
        for text in texts:
            for pattern in patterns:
                if pattern.leads:
                    if view.search_in(pattern, text):
                        return True
                elif (
                    may_match(pattern.words, text.lowered)
                    and (not pattern.digits or pattern.digits <= text.most_digits)
                    and view.search(pattern, text.searched)
                ):
                    return True
        return False

    groups = frozenset().union(*(pattern.groups for pattern in patterns))
    return TextTest("regex", test, groups, frozenset(pattern.source for pattern in patterns))


@operator("exists", FLAG)
def read_exists(reader: Reader, node: Node, path: str) -> TextTest | None:
    """Whether there is any text at all."""
    wanted = reader.flag(node, path)
    if wanted is None:
        return None

    def test(texts: tuple[Text, ...], view: View) -> bool:
        return any(text.raw and not text.raw.isspace() for text in texts) is wanted

    return TextTest("exists", test, values=frozenset({str(wanted)}))


def read_pattern(reader: Reader, node: Scalar, path: str) -> Pattern | None:
    """A regex of an admin, refused when it cannot be read (R112) or may hang (R115, T58)."""
    source = node.value
    try:
        pattern = compile_pattern(source)
    except ValueError as error:
        reader.error(node, "R112", f"{path}: the regex {shorten(source)} cannot be read: {error}")
        return None
    if is_slow(pattern):
        text = f"regex may take exponential time: {shorten(source)} ran out of its 100 ms on a probe text"
        reader.error(node, "R115", text, f"In {path}. Avoid a repetition inside a repetition, such as (a+)+")
        return None
    return pattern


def _test_words(singles: frozenset[str], phrases: tuple[str, ...], fragments: tuple[str, ...]) -> Test:
    if not phrases and not fragments:

        def test_singles(texts: tuple[Text, ...], view: View) -> bool:
            for text in texts:  # noqa: SIM110 - a loop: this runs for every rule and mail
                if not singles.isdisjoint(text.words):
                    return True
            return False

        return test_singles

    # A phrase is looked for only where all its words are: that needs no pass over a long text
    parts = tuple((frozenset(phrase.split()), phrase) for phrase in phrases)

    def test(texts: tuple[Text, ...], view: View) -> bool:
        for text in texts:
            words = text.words
            if not singles.isdisjoint(words):
                return True
            for needed, phrase in parts:
                if needed <= words and phrase in text.joined:
                    return True
            for fragment in fragments:
                if fragment in text.folded:
                    return True
        return False

    return test


def _join(tests: tuple[TextTest | None, ...], how: Callable[[Iterable[object]], bool], word: str) -> TextTest | None:
    """One test out of several, None when one of them could not be read."""
    good = tuple(test for test in tests if test is not None)
    if not good or len(good) < len(tests):
        return None
    if len(good) == 1:
        return good[0]
    parts = tuple(test.test for test in good)

    def joined(texts: tuple[Text, ...], view: View) -> bool:
        return how(part(texts, view) for part in parts)

    return TextTest(word.join(test.name for test in good), joined, frozenset().union(*(test.groups for test in good)))
