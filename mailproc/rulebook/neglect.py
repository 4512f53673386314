"""What a book defines and never uses, and what of the site it forgets: warnings about its parts. Dry: no I/O."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mailproc.records.site import Site
from mailproc.rulebook.addresspatterns import find_wider
from mailproc.rulebook.departments import Department
from mailproc.rulebook.logic import Condition, Leaf, Not
from mailproc.rulebook.reader import Names
from mailproc.rulebook.rules import Rule
from mailproc.yamlnodes import Problem, Scalar

# section of the file -> what one of its items is called, the code, and why it does nothing
_UNUSED = {
    "calendars": ("calendar", "R210", "no department, sla or rule uses it"),
    "slas": ("sla", "R211", "no department or rule uses it"),
    "lists": ("list", "R212", "no rule uses it"),
    "fields": ("field", "R213", "no rule sets it, asks for it or looks at it"),
}


@dataclass(frozen=True, slots=True)
class Parts:
    """What of a book is looked at here."""

    site: Site
    names: Names
    keys: Mapping[str, tuple[tuple[str, Scalar], ...]]  # section -> the file and key of each item
    departments: Mapping[str, Department]
    default: str  # the department where mail goes that no rule sends elsewhere
    rules: tuple[Rule, ...]  # all of them, classify first


def find_neglected(parts: Parts) -> tuple[Problem, ...]:
    """The warnings."""
    return (
        *_find_unused(parts),
        *_find_unrouted(parts),
        *_find_forgotten_addresses(parts),
        *_find_missing_templates(parts),
        *_find_overlaps(parts),
    )


def _find_unused(parts: Parts) -> Iterator[Problem]:
    for section, (kind, code, reason) in _UNUSED.items():
        for file, key in parts.keys[section]:
            if (kind, key.value) not in parts.names.used:
                text = f'the {kind} "{key.value}" has no effect: {reason}'
                yield _warn(file, key, code, text, "Use it or delete it.")


def _find_unrouted(parts: Parts) -> Iterator[Problem]:
    reached = {parts.default, *(department.escalate_to for department in parts.departments.values())}
    routed = (action for rule in parts.rules for action in rule.actions if action.name == "department")
    reached.update(value for action in routed for value in action.values)
    for file, key in parts.keys["departments"]:
        if key.value not in reached:
            text = f'no rule sends mail to the department "{key.value}"'
            hint = f"Write a rule with  department: {key.value}  or name it in escalate_to or defaults."
            yield _warn(file, key, "R206", text, hint)


def _find_forgotten_addresses(parts: Parts) -> Iterator[Problem]:
    """Addresses of ours that no `to` names, in a book that tells mail apart by them."""
    said: set[str] = set()
    for leaf in _leaves(condition for rule in parts.rules for condition in rule.when):
        if leaf.name.startswith("to."):
            return  # a text operator: nobody can say what it fits
        if leaf.name == "to" and leaf.values is not None:
            said |= leaf.values
    addresses = parts.site.addresses
    forgotten = [address for address in addresses if said.isdisjoint(find_wider(address))]
    if len(forgotten) == len(addresses):
        return
    [(file, key), *_] = parts.keys["route"] or parts.keys["classify"] or [("rules", Scalar("", 0, 0))]
    for address in forgotten:
        text = f"no rule names the intake address {address}"
        hint = f"Mail to it goes where other rules or the defaults send it. A rule for it:  when: {{to: {address}}}"
        yield _warn(file, key, "R207", text, hint)


def _find_missing_templates(parts: Parts) -> Iterator[Problem]:
    """Mails that a rule sends and that are not there in each language of the site."""
    there = parts.names.template_languages
    told: set[str] = set()
    for file, node, name in parts.names.wanted_templates:
        missing = [language for language in parts.site.languages if language not in there.get(name, ())]
        if not there or not missing or name in told:
            continue
        told.add(name)
        text = f'the template "{name}" is not there in {", ".join(missing)}'
        other, file_name = parts.site.default_language, f"templates/{missing[0]}/{name}.txt.j2"
        hint = f"Who writes in {missing[0]} is answered in {other} until there is {file_name}"
        yield _warn(file, node, "R208", text, hint)


def _find_overlaps(parts: Parts) -> Iterator[Problem]:
    owners: dict[str, list[str]] = {}
    for name, patterns in parts.names.lists.items():
        for pattern in patterns:
            owners.setdefault(pattern, []).append(name)
    found: dict[tuple[str, str], str] = {}
    for name, patterns in parts.names.lists.items():
        for pattern in sorted(patterns):
            for wider in find_wider(pattern):
                for other in owners.get(wider, ()):
                    if other != name:
                        words = f"both hold {pattern}" if wider == pattern else f"{pattern} is in {wider}"
                        first, second = sorted((name, other))
                        found.setdefault((first, second), words)
    places = {key.value: (file, key) for file, key in parts.keys["lists"]}
    for (first, second), words in found.items():
        later = max(first, second, key=lambda name: (places[name][1].line, places[name][1].column))
        earlier = first if later == second else second
        file, key = places[later]
        text = f'the lists "{earlier}" and "{later}" overlap: {words}'
        yield _warn(file, key, "R209", text, "Rules on the one match mail of the other too: keep each in one list.")


def _leaves(conditions: Iterable[Condition]) -> Iterator[Leaf]:
    for condition in conditions:
        if isinstance(condition, Leaf):
            yield condition
        else:
            yield from _leaves((condition.item,) if isinstance(condition, Not) else condition.items)


def _warn(file: str, node: Scalar, code: str, text: str, hint: str) -> Problem:
    return Problem(file, node.line, node.column, code, text, hint, is_warning=True)
