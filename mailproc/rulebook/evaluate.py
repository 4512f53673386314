"""A mail's facts through the rulebook: classify, then route, to one Routing with a trace. Dry: no I/O.

`classify`: every matching rule applies. `route`: the first match among siblings wins, then its children are tried;
`continue` goes on to the next sibling. On a reply only rules with `also: [reply]` are tried.
"""

from mailproc.records.decision import Step
from mailproc.rulebook.book import Rulebook
from mailproc.rulebook.draft import Draft, Routing
from mailproc.rulebook.facts import Facts
from mailproc.rulebook.logic import Any
from mailproc.rulebook.patterns import Budget
from mailproc.rulebook.rules import Rule
from mailproc.rulebook.view import View

__all__ = ["Routing", "evaluate"]

_ROOM = "rules"


def evaluate(book: Rulebook, facts: Facts, budget: Budget | None = None) -> Routing:
    """What the rules make of the mail. On a reply the values that no rule set are the ticket's.

    Who asks several times about one mail hands the same `budget` in, so that its regexes share their time.
    """
    draft = _start(book, facts)
    run = _Run(View(facts, draft, book.site, budget or Budget()))
    for rule in book.classify:
        run.try_rule(rule, {})
    run.try_siblings(book.route, {})
    return run.finish(book)


def _start(book: Rulebook, facts: Facts) -> Draft:
    """The draft before any rule: the defaults for a new ticket, the ticket's own values for a reply."""
    defaults = book.defaults
    texts = {
        "department": facts.ticket_department or defaults.department,
        "priority": facts.ticket_priority or defaults.priority,
        "language": facts.language or defaults.language,
        "ack": defaults.ack if facts.is_new else "none",
    }
    if facts.is_new:
        form = facts.inbound.form
        if form is not None:
            texts.update((f"field.{name}", value) for name, value in form.fields)
        return Draft(texts)
    texts.update((f"field.{name}", value) for name, value in facts.ticket_fields)
    return Draft(texts, {"tags": dict.fromkeys(facts.ticket_tags)} if facts.ticket_tags else {})


class _Run:
    """One walk through the rules; keeps what matched and what was seen."""

    __slots__ = ("draft", "has_language", "is_reply", "leaves", "rules", "shadow_rules", "timed_out", "trace", "view")

    def __init__(self, view: View) -> None:
        self.view = view
        self.draft = view.draft
        self.is_reply = not view.facts.is_new
        self.has_language = False
        self.trace: list[Step] = []
        self.rules: list[Rule] = []
        self.leaves: list[Rule] = []  # matched rules of route below which nothing matched
        self.timed_out: list[str] = []
        self.shadow_rules: list[str] = []

    def try_siblings(self, rules: tuple[Rule, ...], groups: dict[str, str]) -> bool:
        """Tries the rules of one list in order; true when one matched."""
        has_match = False
        for rule in rules:
            if not self.try_rule(rule, groups):
                continue
            captured = self.view.groups
            if rule.is_shadow:
                self._try_shadow_children(rule, captured)
                continue
            has_match = True
            if not (rule.children and self.try_siblings(rule.children, captured)):
                self.leaves.append(rule)
            if not rule.continues:
                break
        return has_match

    def try_rule(self, rule: Rule, groups: dict[str, str]) -> bool:
        """Tests one rule and, where it matches, carries its actions out; shadow rules only say what they would do."""
        if self.is_reply and not rule.on_replies:
            return False
        view = self.view
        if groups or view.groups:
            view.groups = dict(groups)
        unknowns = view.unknowns
        for condition in rule.when:
            if not condition.test(view):
                seen = condition.missed(view) if isinstance(condition, Any) else condition.seen(view)
                text = f"{rule.path} ✗ {seen}"
                if view.unknowns != unknowns:
                    self.timed_out.append(rule.path)
                    text += " (a regex ran out of its time: taken as not matching)"
                self.trace.append(Step(_ROOM, text, False))
                return False
        self._apply(rule, unknowns)
        return True

    def finish(self, book: Rulebook) -> Routing:
        """The routing that the walk ended with."""
        draft, texts = self.draft, self.draft.texts
        makes_ticket = texts.get("ticket") != "none"
        department = book.departments.get(texts["department"])
        return Routing(
            department=texts["department"],
            priority=texts["priority"],
            language=texts["language"] if self.has_language else "",
            sla=texts.get("sla") or (department.sla if department else ""),
            tags=draft.get_list("tags"),
            fields=tuple([(name[6:], value) for name, value in texts.items() if name[:6] == "field."]),
            assign=texts.get("assign", ""),
            copy_to=draft.get_list("copy_to"),
            notify=draft.get_list("notify"),
            ack=texts["ack"] if makes_ticket else "none",  # what opens no ticket has no number to acknowledge
            reply=texts.get("reply", ""),
            ask=draft.get_list("ask"),
            state=texts.get("state", ""),
            link_to=texts.get("link_to", ""),
            makes_ticket=makes_ticket,
            hold=texts.get("hold", ""),
            rule=self._find_rule(),
            rules=tuple([rule.path for rule in self.rules]),
            trace=tuple(self.trace),
            timed_out=tuple(self.timed_out),
            shadow_rules=tuple(self.shadow_rules),
            causes=tuple([(name, value, rule) for (name, value), rule in draft.causes.items()]),
        )

    def _apply(self, rule: Rule, unknowns: int) -> None:
        """Carries the rule out and notes it; `unknowns` is how many searches had no answer before it was tried."""
        view = self.view
        groups = view.groups
        text = f"{rule.path} ✓"
        if rule.when:
            if groups or rule.groups:
                view.groups = {}  # to say what was seen the conditions look again: what they capture then is nothing
            text = f"{text} {', '.join([condition.seen(view) for condition in rule.when])}"
            view.groups = groups
        is_out_of_time = view.unknowns != unknowns
        if rule.is_shadow:
            would = "; ".join(action.shown for action in rule.actions) or "nothing by itself"
            text = f"{text} (shadow: would have set {would})"
            self.shadow_rules.append(rule.path)
        else:
            for action in rule.actions:
                try:
                    refused = self.draft.apply(action, groups, view.budget, rule.path)
                except TimeoutError:
                    refused, is_out_of_time = f"{action.name}: the pattern of the field ran out of its time", True
                if refused:
                    text = f"{text} (not taken: {refused})"
                elif action.name == "language":
                    self.has_language = True
            self.rules.append(rule)
        if is_out_of_time:
            self.timed_out.append(rule.path)
        self.trace.append(Step(_ROOM, text, True))

    def _try_shadow_children(self, rule: Rule, groups: dict[str, str]) -> None:
        """All below a shadow rule is shadow too: tried for the trace alone."""
        for child in rule.children:
            if self.try_rule(child, groups):
                self._try_shadow_children(child, self.view.groups)
                if not child.continues:
                    break

    def _find_rule(self) -> str:
        """The deepest rule of the last branch that sets the department, else the last rule that matched."""
        for rule in reversed(self.leaves):
            if rule.sets_department:
                return rule.path
        return self.rules[-1].path if self.rules else ""
