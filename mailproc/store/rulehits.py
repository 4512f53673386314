"""Which rules had a part in a decision, as the column `decision.rules` holds it for reports. Pure functions.

The trace says the same in words; words hold what strangers wrote and are no good to count by.
"""

from collections.abc import Iterable
from typing import NamedTuple

from mailproc.records.decision import Decision, Step
from mailproc.store.values import from_json, to_json

_ROOM = "rules"
_SHADOW = " (shadow: would have set "


class RuleHits(NamedTuple):
    """Paths of the rules that matched a mail: live ones, and shadow ones that only say what they would have done.

    Those in which a regex ran out of its time may be among them or not.
    """

    live: tuple[str, ...]
    shadow: tuple[str, ...]
    timed_out: tuple[str, ...] = ()


def hits_to_json(decision: Decision) -> str | None:
    """The value of the column; None where no rule was asked."""
    is_asked = False
    shadow: list[str] = []
    for step in decision.trace:
        if step.room == _ROOM:
            is_asked = True
            if step.matched and (path := _path_of(step, decision.rules)):
                shadow.append(path)
    if not is_asked and not decision.rules:
        return None
    data: dict[str, object] = {"live": decision.rules, "shadow": shadow}
    return to_json(data | {"timed_out": decision.timed_out} if decision.timed_out else data)


def hits_from_json(text: str) -> RuleHits:
    """What the column says."""
    data = from_json(text)
    return RuleHits(tuple(data["live"]), tuple(data["shadow"]), tuple(data.get("timed_out", ())))


def hits_from_trace(steps: Iterable[Step]) -> RuleHits | None:
    """The same for decisions older than the column, read from the words of the trace; None where no rule was asked."""
    live: list[str] = []
    shadow: list[str] = []
    is_asked = False
    for step in steps:
        if step.room == _ROOM:
            is_asked = True
            path, mark, rest = step.text.partition(" ✓")
            if step.matched and mark:
                (shadow if _SHADOW in rest and rest.endswith(")") else live).append(path)
    return RuleHits(tuple(live), tuple(shadow)) if is_asked else None


def _path_of(step: Step, live: tuple[str, ...]) -> str:
    """The shadow rule that a step is about; "" for a live one."""
    path, mark, _ = step.text.partition(" ✓")
    if not mark or path in live or any(step.text.startswith(f"{rule} ✓") for rule in live):
        return ""
    return path
