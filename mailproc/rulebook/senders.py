"""Whether the rules name the sender of a mail with `from:`. Dry: no I/O."""

from collections.abc import Callable, Iterator

from mailproc.rulebook.book import Rulebook
from mailproc.rulebook.draft import Draft
from mailproc.rulebook.facts import Facts
from mailproc.rulebook.logic import All, Any, Condition, Leaf
from mailproc.rulebook.patterns import Budget
from mailproc.rulebook.rules import walk
from mailproc.rulebook.view import View


def names_sender(book: Rulebook, find_facts: Callable[[], Facts]) -> bool:
    """True when a live rule has a `from:` that this mail meets, whatever else the rule asks for."""
    live = [rule for rule in (*book.classify, *walk(book.route)) if not rule.is_shadow]
    tests = [leaf for rule in live for item in rule.when for leaf in _leaves(item) if leaf.name.startswith("from")]
    if not tests:
        return False
    view = View(find_facts(), Draft({}), book.site, Budget())
    return any(leaf.test(view) for leaf in tests)


def _leaves(condition: Condition) -> Iterator[Leaf]:
    """The conditions on one thing that help this one to match; what a `not` excludes is none of them."""
    if isinstance(condition, Leaf):
        yield condition
    elif isinstance(condition, All | Any):
        for item in condition.items:
            yield from _leaves(item)
