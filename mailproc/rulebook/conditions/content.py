"""Conditions on what a mail says: its addresses, texts, headers, attachments, size, and fields taken from it. Dry."""

from collections.abc import Callable

from mailproc.rulebook.addresspatterns import make_set, read_address_pattern
from mailproc.rulebook.comparisons import SIZES, read_over_under
from mailproc.rulebook.conditions.registry import condition
from mailproc.rulebook.folding import Text
from mailproc.rulebook.logic import Condition, Leaf, join_all, join_any
from mailproc.rulebook.reader import Reader, each
from mailproc.rulebook.schemashapes import FLAG, TEXT, Keys, about, closed, many, ref
from mailproc.rulebook.textoperators import OPERATORS, TextTest, read_text_test
from mailproc.rulebook.view import View, shown
from mailproc.tickets.token import split_reply_address
from mailproc.yamlnodes import Mapping, Node, Scalar

FIELD = "field."
_ATTACHMENT: Keys = {
    "name": about("Its file name.", ref("text")),
    "ext": about("The end of its name, without the dot.", many(TEXT)),
    "type": about("Its type: application/pdf, image/* or image.", many(TEXT)),
    "size": about("Its size.", SIZES),
    "exists": about("Whether there is any attachment.", FLAG),
}


@condition("to", ref("addresses"))
def _read_to(reader: Reader, node: Node, path: str) -> Condition | None:
    """Who it was sent to: envelope and Delivered-To first, then To and Cc; support@ fits support+x@ as well."""
    return _read_addresses(reader, node, path, "to")


@condition("from", ref("addresses"))
def _read_from(reader: Reader, node: Node, path: str) -> Condition | None:
    """Who wrote it; text operators see the address and the name."""
    return _read_addresses(reader, node, path, "from")


@condition("cc", ref("addresses"))
def _read_cc(reader: Reader, node: Node, path: str) -> Condition | None:
    """Who got a copy."""
    return _read_addresses(reader, node, path, "cc")


@condition("subject", ref("text"))
def _read_subject(reader: Reader, node: Node, path: str) -> Condition | None:
    """The subject, decoded."""
    return _text_leaf("subject", read_text_test(reader, node, path))


@condition("body", ref("text"))
def _read_body(reader: Reader, node: Node, path: str) -> Condition | None:
    """What was newly written; quoted text is cut."""
    return _text_leaf("body", read_text_test(reader, node, path))


@condition("header", ref("header"))
def _read_header(reader: Reader, node: Node, path: str) -> Condition | None:
    """A header by its name; without an operator it has to exist."""
    mapping = reader.mapping(node, path, ("name", *OPERATORS), code="R031")
    if mapping is None:
        return None
    name_node = mapping.get("name")
    if name_node is None:
        reader.error(node, "R024", f"{path} has no name", "Write  header: {name: X-Priority, regex: '^[12]'}")
        return None
    name = reader.line(name_node, f"{path}.name")
    if name is None:
        return None
    name = name.rstrip(":").lower()
    source = f"header.{name}"
    if len(mapping.entries) == 1:
        exists = TextTest("exists", lambda texts, view: bool(texts), values=frozenset({"True"}))
        return _text_leaf(source, exists)
    operators = _pick_operators(mapping)
    return _text_leaf(source, read_text_test(reader, operators, path)) if operators.entries else None


@condition("attachment", {"anyOf": [FLAG, closed(_ATTACHMENT, 1)]})
def _read_attachment(reader: Reader, node: Node, path: str) -> Condition | None:
    """One attachment that has all of name, ext, type and size; or whether there is any (exists)."""
    if isinstance(node, Scalar) and node.value.lower() in ("yes", "no"):
        node = Mapping(((Scalar("exists", node.line, node.column), node),), node.line, node.column)
    mapping = reader.mapping(node, path, _ATTACHMENT, code="R031")
    if mapping is None:
        return None
    names = extensions = types = size = wanted = None
    is_good = bool(mapping.entries)
    for key, value in mapping.entries:
        below = f"{path}.{key.value}"
        if key.value == "name":
            is_good &= (names := read_text_test(reader, value, below)) is not None
        elif key.value == "ext":
            found = reader.scalars(value, below)
            extensions = frozenset(item.value.strip().lower().lstrip("*.") for item in found)
            is_good &= bool(found)
        elif key.value == "type":
            found = reader.scalars(value, below)
            types = tuple(item.value.strip().lower() for item in found)
            is_good &= bool(found)
        elif key.value == "size":
            is_good &= (size := read_over_under(reader, value, below, reader.size)) is not None
        elif key.value == "exists":
            is_good &= (wanted := reader.flag(value, below)) is not None
    if not mapping.entries:
        reader.error(node, "R032", f"{path} says nothing", "Operators: name, ext, type, size, exists")
    if not is_good:
        return None
    asks_for_one = any(key.value != "exists" for key, _ in mapping.entries)

    def test(view: View) -> bool:
        attachments = view.facts.inbound.attachments
        if wanted is not None and bool(attachments) is not wanted:
            return False
        if not asks_for_one:
            return True
        for index, attachment in enumerate(attachments):
            if extensions is not None and attachment.filename.lower().rpartition(".")[2] not in extensions:
                continue
            if types is not None and not _is_type(attachment.content_type.lower(), types):
                continue
            if size is not None and not size(attachment.size):
                continue
            if names is None or names.test((view.texts["attachment"][index],), view):
                return True
        return False

    return Leaf("attachment", test, lambda view: view.seen["attachment"], names.groups if names else frozenset())


@condition("size", SIZES)
def _read_size(reader: Reader, node: Node, path: str) -> Condition | None:
    """The size of the whole mail."""
    compare = read_over_under(reader, node, path, reader.size)
    if compare is None:
        return None
    return Leaf("size", lambda view: compare(view.facts.inbound.size), lambda view: f"size={view.facts.inbound.size}")


def read_field(reader: Reader, key: Scalar, node: Node, path: str) -> Condition | None:
    """A field that earlier rules filled (or did not: exists)."""
    name = key.value.removeprefix(FIELD)
    if name not in reader.names.fields:
        reader.reference(Scalar(name, key.line, key.column), path, "field", reader.names.fields)
        return None
    reader.names.used.add(("field", name))
    test = read_text_test(reader, node, path)
    if test is None:
        return None
    check, source = test.test, key.value
    return Leaf(
        f"{source}.{test.name}",
        lambda view: check((Text(view.draft.texts.get(source, "")),), view),
        lambda view: f'{source}="{shown(view.draft.texts.get(source, ""))}"',
        test.groups,
        test.values,
        is_fixed=False,
    )


def _read_addresses(reader: Reader, node: Node, path: str, source: str) -> Condition | None:
    patterns: set[str] = set()
    others: list[Condition] = []
    items = each(node)
    is_good = bool(items)
    if not items:
        reader.error(node, "R032", f"{path} is an empty list")
    for item in items:
        if isinstance(item, Scalar):
            pattern = read_address_pattern(reader, item, path)
            is_good &= pattern is not None
            patterns.update((pattern,) if pattern else ())
            continue
        mapping = reader.mapping(item, path, ("list", *OPERATORS), code="R031")
        if mapping is None:
            return None
        parts: list[Condition] = []
        if (list_node := mapping.get("list")) is not None:
            names = [reader.reference(name, f"{path}.list", "list", reader.names.lists)
                     for name in reader.scalars(list_node, f"{path}.list")]  # fmt: skip
            listed = frozenset[str]().union(*(reader.names.lists[name] for name in names if name is not None))
            is_good &= bool(names) and None not in names
            parts.append(_address_leaf(reader, source, listed))
        operators = _pick_operators(mapping)
        if operators.entries or not mapping.entries:
            leaf = _text_leaf(source, read_text_test(reader, operators, path))
            is_good &= leaf is not None
            parts += [leaf] if leaf else []
        if not parts:
            return None
        if len(parts) == 1 and isinstance(parts[0], Leaf) and parts[0].name == source and parts[0].values is not None:
            patterns |= parts[0].values  # a list alone: one look-up together with the plain addresses
        else:
            others.append(join_all(tuple(parts)))
    if not is_good:
        return None
    if patterns or not others:
        others.insert(0, _address_leaf(reader, source, frozenset(patterns)))
    return join_any(tuple(others))


def _pick_operators(mapping: Mapping) -> Mapping:
    """The part of a condition's mapping that is about text."""
    entries = tuple(entry for entry in mapping.entries if entry[0].value in OPERATORS)
    return Mapping(entries, mapping.line, mapping.column)


def _address_leaf(reader: Reader, source: str, patterns: frozenset[str]) -> Leaf:
    wanted, site = make_set(patterns), reader.site

    addresses, domains, parents = wanted.addresses, wanted.domains, wanted.parents

    def test(view: View) -> bool:
        found = view.addresses[source]
        if addresses and not addresses.isdisjoint(found.all):
            return True
        if domains and not domains.isdisjoint(found.domains):
            return True
        return bool(parents) and not parents.isdisjoint(found.parents)

    def contains(pattern: str) -> bool:
        if wanted.contains(pattern):
            return True
        # support@ fits support+x@ too
        return source != "from" and "@" in pattern and split_reply_address(site, pattern)[0] in wanted.addresses

    return Leaf(source, test, lambda view: view.seen[source], values=patterns, contains=contains)


def _text_leaf(source: str, found: TextTest | None) -> Leaf | None:
    if found is None:
        return None
    return Leaf(
        f"{source}.{found.name}",
        _test_source(source, found),
        lambda view: view.seen[source],
        found.groups,
        found.values,
        contains=found.contains,
    )


def _test_source(source: str, found: TextTest) -> Callable[[View], bool]:
    check, quick = found.test, found.quick
    if quick is None:
        return lambda view: check(view.texts[source], view)
    singles, needed = quick.singles, quick.needed
    if not needed:
        return lambda view: not singles.isdisjoint(view.words[source])

    def test(view: View) -> bool:
        words = view.words[source]
        if not singles.isdisjoint(words):
            return True
        for phrase in needed:
            if phrase <= words:
                return check(view.texts[source], view)
        return False

    return test


def _is_type(content_type: str, wanted: tuple[str, ...]) -> bool:
    """`application/pdf`, `image/*` or just `image`."""
    kind = content_type.partition("/")[0]
    return content_type in wanted or kind in wanted or f"{kind}/*" in wanted
