"""Rules: conditions and actions under a name, in a list or a tree. Dry: no I/O."""

from dataclasses import dataclass, field, replace

from mailproc.rulebook.actions import read_action
from mailproc.rulebook.conditions import read_condition
from mailproc.rulebook.draft import Action
from mailproc.rulebook.logic import Condition, Not, join_all, join_any
from mailproc.rulebook.patterns import Pattern
from mailproc.rulebook.reader import Reader, shorten
from mailproc.rulebook.schemashapes import FLAG, NAME, Keys, about, listed, many, needed, ref, words
from mailproc.yamlnodes import Mapping, Node, Scalar, Sequence

_MODES = ("shadow", "live")
_ALSO = ("reply",)
_NAME = needed("Its name, unique in the book: histories and reports know it by that.", NAME)
_WHEN = about("Conditions that must all be met; without it the rule always matches.", ref("when"))
_LAST: Keys = {
    "mode": about("shadow: says in the trace what it would have done, and does nothing.", words(_MODES)),
    "also": about("[reply]: tried on replies too.", many(words(_ALSO))),
}
CLASSIFY_KEYS: Keys = {
    "name": _NAME,
    "when": _WHEN,
    "set": needed("The values it sets.", ref("set")),
    **_LAST,
}
ROUTE_KEYS: Keys = {
    "name": _NAME,
    "when": _WHEN,
    "do": about("What happens to the mail; rules below inherit it.", ref("do")),
    "rules": about("Rules tried when this one matched.", listed(ref("route"))),
    "continue": about("yes: go on to the next rule though this one matched.", FLAG),
    **_LAST,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `when` holds conditions that must all be met, () always matches."""

    name: str
    path: str  # parent/child
    when: tuple[Condition, ...]
    actions: tuple[Action, ...]
    children: "tuple[Rule, ...]" = ()
    continues: bool = False
    is_shadow: bool = False
    on_replies: bool = False
    sets_department: bool = False  # by itself or by a parent
    groups: frozenset[str] = frozenset()  # its regexes capture, and its parents'
    file: str = ""
    line: int = 0
    column: int = 0


@dataclass(slots=True)
class RuleReader:
    """Reads the rules of a book, file after file; knows the names that are taken."""

    patterns: dict[str, Pattern]  # of fields
    names: dict[str, str] = field(default_factory=dict)  # rule name -> file:line

    def read_list(
        self, reader: Reader, node: Node, path: str, parent: Rule | None = None, *, in_classify: bool = False
    ) -> tuple[Rule, ...]:
        """The rules of a list."""
        if not isinstance(node, Sequence):
            reader.error(node, "R022", f"{path} must be a list of rules", "Each rule starts with  - name: ...")
            return ()
        found = [
            self._read_rule(reader, item, f"{path}[{index}]", parent, in_classify)
            for index, item in enumerate(node.items)
        ]
        return tuple(rule for rule in found if rule is not None)

    def _read_rule(self, reader: Reader, node: Node, path: str, parent: Rule | None, in_classify: bool) -> Rule | None:
        mapping = reader.mapping(node, path, CLASSIFY_KEYS if in_classify else ROUTE_KEYS)
        if mapping is None:
            return None
        name = self._read_name(reader, mapping, path)
        when_node = mapping.get("when")
        when = read_when(reader, when_node, f"{path}.when") if when_node is not None else ()
        groups = frozenset[str]().union(*(item.groups for item in when), parent.groups if parent else ())
        verb = "set" if in_classify else "do"
        actions = self._read_actions(reader, mapping.get(verb), f"{path}.{verb}", groups, in_classify)
        rules_node = mapping.get("rules")
        if mapping.get(verb) is None and (rules_node is None or in_classify):
            other = "do" if in_classify else "set"
            hint = f"Write {verb}: {{...}} with what the rule sets."
            if mapping.get(other) is not None:
                hint = f"Rules of {'classify' if in_classify else 'route'} use {verb}: instead of {other}:"
            reader.error(node, "R024", f"{path} has no {verb}", hint)
        on_replies = self._read_also(reader, mapping.get("also"), f"{path}.also")
        if on_replies and parent is not None and not parent.on_replies:
            reader.warning(node, "R203", f'"{name}" is never tried on replies, because "{parent.name}" is not',
                           "Give the parent also: [reply] too.")  # fmt: skip
        mode_node, continue_node = mapping.get("mode"), mapping.get("continue")
        mode = reader.word(mode_node, f"{path}.mode", "mode", _MODES) if mode_node is not None else "live"
        continues = reader.flag(continue_node, f"{path}.continue") if continue_node is not None else False
        rule = Rule(
            name=name,
            path=f"{parent.path}/{name}" if parent else name,
            when=when,
            actions=actions,
            continues=continues is True,
            is_shadow=mode == "shadow" or (parent is not None and parent.is_shadow),
            on_replies=on_replies,
            sets_department=bool(parent and parent.sets_department) or any(one.name == "department" for one in actions),
            groups=groups,
            file=reader.file,
            line=node.line,
            column=node.column,
        )
        if rules_node is None or in_classify:
            return rule
        children = self.read_list(reader, rules_node, f"{path}.rules", rule)
        return replace(rule, children=children)

    def _read_name(self, reader: Reader, mapping: Mapping, path: str) -> str:
        node = mapping.get("name")
        if node is None:
            reader.error(
                mapping, "R020", f"{path} has no name", "A rule is known by its name: in histories and reports."
            )
            return ""
        name = reader.line(node, f"{path}.name")
        if name is None:
            return ""
        if "/" in name or len(name) > 100:
            reader.error(node, "R034", f'{path}: a name has no "/" and at most 100 characters: "{shorten(name)}"')
        elif name in self.names:
            reader.error(node, "R026", f'two rules are named "{shorten(name)}" (the first at {self.names[name]})')
        else:
            self.names[name] = f"{reader.file}:{node.line}"
        return name

    def _read_actions(
        self, reader: Reader, node: Node | None, path: str, groups: frozenset[str], in_classify: bool
    ) -> tuple[Action, ...]:
        mapping = reader.mapping(node, path) if node is not None else None
        if mapping is None:
            return ()
        if not mapping.entries:
            reader.error(mapping, "R032", f"{path} says nothing")
        found = [
            read_action(reader, key, value, f"{path}.{key.value}", groups, self.patterns, in_classify=in_classify)
            for key, value in mapping.entries
        ]
        return tuple(action for action in found if action is not None)

    def _read_also(self, reader: Reader, node: Node | None, path: str) -> bool:
        return node is not None and bool(reader.words(node, path, "word", _ALSO))


def read_when(reader: Reader, node: Node, path: str) -> tuple[Condition, ...]:
    """The conditions of `when` (or of one item of any, all, not), of which all must be met."""
    if isinstance(node, Sequence):
        hint = "Write  any: [...]  or  all: [...]  in front of a list of conditions."
        reader.error(node, "R022", f"{path} must be a mapping of conditions, not a list", hint)
        return ()
    mapping = reader.mapping(node, path)
    if mapping is None:
        return ()
    if not mapping.entries:
        reader.error(node, "R032", f"{path} is empty", "Leave when: out for a rule that always matches.")
    found: list[Condition] = []
    for key, value in mapping.entries:
        below = f"{path}.{key.value}"
        if key.value in ("any", "all"):
            found += _read_group(reader, key, value, below)
        elif key.value == "not":
            items = value.items if isinstance(value, Sequence) else (value,)
            for item in items:
                conditions = read_when(reader, item, below)
                if conditions:
                    found.append(Not(join_all(conditions)))
        else:
            condition = read_condition(reader, key, value, below)
            if condition is not None:
                found.append(condition)
    return tuple(found)


def walk(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """The rules and all below them, in order."""
    return tuple(found for rule in rules for found in (rule, *walk(rule.children)))


def _read_group(reader: Reader, key: Scalar, node: Node, path: str) -> list[Condition]:
    if not isinstance(node, Sequence):
        hint = f"Write  {key.value}: [{{to: ...}}, {{subject: ...}}]"
        reader.error(node, "R022", f"{path} must be a list of conditions", hint)
        return []
    if not node.items:
        reader.error(node, "R032", f"{path} is an empty list")
    read = [read_when(reader, item, f"{path}[{index}]") for index, item in enumerate(node.items)]
    items = tuple(join_all(conditions) for conditions in read if conditions)
    if not items:
        return []
    return [join_any(items) if key.value == "any" else join_all(items)]
