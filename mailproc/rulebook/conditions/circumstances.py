"""Conditions on what is known around a mail: when, from what kind of sender, what earlier rules made of it. Dry."""

from mailproc.records.ticket import PRIORITIES, State
from mailproc.rulebook.calendars import Calendar
from mailproc.rulebook.comparisons import NUMBERS, read_over_under
from mailproc.rulebook.conditions.registry import condition
from mailproc.rulebook.facts import AUTO_WORDS
from mailproc.rulebook.logic import Condition, Leaf, join_all, join_any
from mailproc.rulebook.reader import Reader
from mailproc.rulebook.schemashapes import FLAG, LANGUAGE, NAME, TEXT, Keys, about, closed, many, words
from mailproc.rulebook.view import View, shown
from mailproc.yamlnodes import Node

_DMARC = ("pass", "fail", "none", "temperror", "permerror")
_LEVELS = ("A0", "A1", "A2", "A3")
_SENDERS = ("agent", "customer")
_TIME: Keys = {
    "inside": about("Within the hours of one of these calendars.", many(NAME)),
    "outside": about("Outside the hours of one of these calendars.", many(NAME)),
}
_AUTH: Keys = {
    "dmarc": about("What DMARC says of the sender's domain.", many(words(_DMARC))),
    "level": about("How far the sender is proven: A0 (forged) to A3.", many(words(_LEVELS))),
}
_TICKET: Keys = {
    "state": about("The state of the ticket it belongs to.", many(words(State))),
    "department": about("The department so far: earlier rules count.", many(NAME)),
    "new": about("Whether it opens a ticket.", FLAG),
}


@condition("language", many(LANGUAGE))
def _read_language(reader: Reader, node: Node, path: str) -> Condition | None:
    """The language a rule set, else the one it is written in, else the default."""
    found = [reader.language(item, path) for item in reader.scalars(node, path)]
    wanted = frozenset(word for word in found if word is not None)
    if not wanted or len(wanted) < len(set(found)):
        return None
    return Leaf(
        "language",
        lambda view: view.draft.texts["language"] in wanted,
        lambda view: f"language={view.draft.texts['language']}",
        values=wanted,
        is_fixed=False,
    )


@condition("time", closed(_TIME, 1))
def _read_time(reader: Reader, node: Node, path: str) -> Condition | None:
    """Whether the mail arrived inside or outside a calendar's hours."""
    mapping = reader.mapping(node, path, _TIME, code="R031")
    if mapping is None:
        return None
    found: list[Condition] = []
    for key, value in mapping.entries:
        if key.value not in ("inside", "outside"):
            return None
        names = [reader.reference(item, f"{path}.{key.value}", "calendar", reader.names.calendars)
                 for item in reader.scalars(value, f"{path}.{key.value}")]  # fmt: skip
        leaves = [_time_leaf(key.value, reader.names.hours[name]) for name in names if name in reader.names.hours]
        if not leaves or len(leaves) < len(names):
            return None
        found.append(join_any(tuple(leaves)))
    if not found:
        reader.error(node, "R032", f"{path} says nothing", "Write  time: {outside: CALENDAR}")
        return None
    return join_all(tuple(found))


@condition("auto", many(words(AUTO_WORDS)))
def _read_auto(reader: Reader, node: Node, path: str) -> Condition | None:
    """What kind of automatic mail it is, or `human`."""
    wanted = frozenset(reader.words(node, path, "kind of mail", AUTO_WORDS))
    if not wanted:
        return None
    return Leaf(
        "auto",
        lambda view: not wanted.isdisjoint(view.facts.auto),
        lambda view: f"auto={','.join(sorted(view.facts.auto))}",
        values=wanted,
    )


@condition("known_sender", FLAG)
def _read_known_sender(reader: Reader, node: Node, path: str) -> Condition | None:
    """Whether the sender has written before."""
    wanted = reader.flag(node, path)
    if wanted is None:
        return None
    return Leaf(
        "known_sender",
        lambda view: view.facts.is_known_sender is wanted,
        lambda view: f"known_sender={'yes' if view.facts.is_known_sender else 'no'}",
        values=frozenset({str(wanted)}),
    )


@condition("sender", many(words(_SENDERS)))
def _read_sender(reader: Reader, node: Node, path: str) -> Condition | None:
    """Whether an agent or a customer wrote."""
    wanted = frozenset(reader.words(node, path, "sender", _SENDERS))
    if not wanted:
        return None
    return Leaf(
        "sender", lambda view: view.facts.sender in wanted, lambda view: f"sender={view.facts.sender}", values=wanted
    )


@condition("auth", closed(_AUTH, 1))
def _read_auth(reader: Reader, node: Node, path: str) -> Condition | None:
    """How well the sender is proven: the result of DMARC, or the level A0 to A3."""
    mapping = reader.mapping(node, path, _AUTH, code="R031")
    if mapping is None:
        return None
    found: list[Condition] = []
    for key, value in mapping.entries:
        if key.value == "dmarc" and (results := frozenset(reader.words(value, f"{path}.dmarc", "result", _DMARC))):
            found.append(_auth_leaf("dmarc", results))
        elif key.value == "level" and (levels := frozenset(reader.words(value, f"{path}.level", "level", _LEVELS))):
            found.append(_auth_leaf("level", levels))
        else:
            return None
    if not found:
        reader.error(node, "R032", f"{path} says nothing", "Write  auth: {dmarc: pass}  or  auth: {level: [A2, A3]}")
        return None
    return join_all(tuple(found))


@condition("form", many(NAME))
def _read_form(reader: Reader, node: Node, path: str) -> Condition | None:
    """Which of the book's forms it came from."""
    found = [reader.reference(item, path, "form", reader.names.forms) for item in reader.scalars(node, path)]
    wanted = frozenset(name for name in found if name is not None)
    if not wanted or len(wanted) < len(set(found)):
        return None

    def name_of(view: View) -> str:
        form = view.facts.inbound.form
        return form.name if form is not None else "none"

    return Leaf("form", lambda view: name_of(view) in wanted, lambda view: f"form={name_of(view)}", values=wanted)


@condition("spam_score", NUMBERS)
def _read_spam_score(reader: Reader, node: Node, path: str) -> Condition | None:
    """The score of a spam filter at a trusted border; no score is neither over nor under anything."""
    compare = read_over_under(reader, node, path, reader.number)
    if compare is None:
        return None

    def test(view: View) -> bool:
        score = view.facts.spam_score
        return score is not None and compare(score)

    def seen(view: View) -> str:
        return "no spam_score" if view.facts.spam_score is None else f"spam_score={view.facts.spam_score:g}"

    return Leaf("spam_score", test, seen)


@condition("priority", many(words(PRIORITIES)))
def _read_priority(reader: Reader, node: Node, path: str) -> Condition | None:
    """The priority so far: earlier rules count."""
    wanted = frozenset(reader.words(node, path, "priority", PRIORITIES))
    if not wanted:
        return None
    return Leaf(
        "priority",
        lambda view: view.draft.texts["priority"] in wanted,
        lambda view: f"priority={view.draft.texts['priority']}",
        values=wanted,
        is_fixed=False,
    )


@condition("tags", many(TEXT))
def _read_tags(reader: Reader, node: Node, path: str) -> Condition | None:
    """Whether earlier rules gave one of these tags."""
    wanted = frozenset(item.value.strip().casefold() for item in reader.scalars(node, path))
    if not wanted:
        return None
    return Leaf(
        "tags",
        lambda view: any(tag.casefold() in wanted for tag in view.draft.lists.get("tags", ())),
        lambda view: f"tags={shown(','.join(view.draft.lists.get('tags', ()))) or 'none'}",
        values=wanted,
        is_fixed=False,
    )


@condition("ticket", closed(_TICKET, 1))
def _read_ticket(reader: Reader, node: Node, path: str) -> Condition | None:
    """The ticket the mail belongs to: its state and department, or whether it is a new one."""
    mapping = reader.mapping(node, path, _TICKET, code="R031")
    if mapping is None:
        return None
    found: list[Condition] = []
    for key, value in mapping.entries:
        below = f"{path}.{key.value}"
        leaf: Condition | None = None
        if key.value == "new" and (wanted := reader.flag(value, below)) is not None:
            leaf = _ticket_leaf("new", frozenset({"yes" if wanted else "no"}))
        elif key.value == "state" and (states := frozenset(reader.words(value, below, "state", tuple(State)))):
            leaf = _ticket_leaf("state", states)
        elif key.value == "department":
            known = reader.names.departments
            names = [reader.reference(item, below, "department", known) for item in reader.scalars(value, below)]
            if names and None not in names:
                leaf = _ticket_leaf("department", frozenset(name for name in names if name))
        if leaf is None:
            return None
        found.append(leaf)
    if not found:
        reader.error(node, "R032", f"{path} says nothing", "Write  ticket: {new: yes}")
        return None
    return join_all(tuple(found))


def _time_leaf(side: str, calendar: Calendar) -> Leaf:
    name, is_inside = f"time.{side}({calendar.name})", side == "inside"
    return Leaf(
        name,
        lambda view: calendar.is_inside(view.facts.at) is is_inside,
        lambda view: f"{name}: {calendar.describe(view.facts.at)}",
        values=frozenset({""}),
    )


def _auth_leaf(name: str, wanted: frozenset[str]) -> Leaf:
    def value(view: View) -> str:
        return view.facts.dmarc if name == "dmarc" else view.facts.level

    return Leaf(f"auth.{name}", lambda view: value(view) in wanted, lambda view: f"{name}={value(view)}", values=wanted)


def _ticket_leaf(name: str, wanted: frozenset[str]) -> Leaf:
    def value(view: View) -> str:
        if name == "new":
            return "yes" if view.facts.is_new else "no"
        if name == "state":
            return view.facts.ticket_state or State.NEW.value
        return view.draft.texts["department"]

    return Leaf(
        f"ticket.{name}",
        lambda view: value(view) in wanted,
        lambda view: f"ticket.{name}={value(view)}",
        values=wanted,
        is_fixed=name != "department",
    )
