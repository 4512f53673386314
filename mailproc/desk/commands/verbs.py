"""What is done to a ticket when somebody asks for it: commands of a mail or of the terminal to effects. Dry."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from mailproc.desk.commands import casework
from mailproc.desk.commands.commandwords import ME_WORDS
from mailproc.desk.commands.folding import fold, fold_words
from mailproc.desk.commands.mailcommands import Command, is_overview, wrong
from mailproc.desk.draft import Draft, Policy
from mailproc.desk.words.saying import Saying, saying, word_for
from mailproc.records.effects import AddTags, SetAttribute, SetField
from mailproc.records.ticket import Known, State, Ticket
from mailproc.rulebook.book import Agent
from mailproc.rulebook.patterns import Budget
from mailproc.tickets.lifecycle import may_change
from mailproc.yamlnodes import find_nearest

_STATES = {
    "close": State.CLOSED,
    "resolve": State.RESOLVED,
    "reopen": State.OPEN,
    "pending": State.PENDING,
    "wait": State.ON_HOLD,
    "spam": State.CLOSED,
}
_ME = fold_words(ME_WORDS)


@dataclass(frozen=True, slots=True)
class Change:
    """What a mail's commands come to; with `problems` nothing of it happens."""

    state: State | None = None
    is_note: bool = False
    note: str = ""
    assignee: str = ""
    department: str = ""
    priority: str = ""
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    problems: tuple[Saying, ...] = ()
    more: casework.Plan = casework.Plan()


def plan_change(
    commands: Iterable[Command],
    ticket: Ticket,
    agent: Agent,
    policy: Policy,
    known: Known | None = None,
    now: datetime | None = None,
) -> Change:
    """The commands read together and checked against the ticket, the directory and the lifecycle.

    `known` holds the cases that are named; commands that only ask are none of its business.
    """
    state: State | None = None
    is_note, note, assignee, department, priority = False, "", "", "", ""
    add: list[str] = []
    remove: list[str] = []
    fields: list[tuple[str, str]] = []
    problems: list[Saying] = []
    commands = tuple(command for command in commands if not is_overview(command))
    more, more_problems = casework.plan(
        commands, ticket, agent, policy, known or Known(0), now or ticket.updated_at
    )
    problems.extend(more_problems)
    # Who gets it is looked for in the department it goes to, wherever that line stands
    target = next((find_department(policy, c.argument)[0] for c in commands if c.verb == "to"), "") or ticket.department
    for command in commands:
        problem: Saying | None = None
        if command.verb in _STATES:
            wanted = _STATES[command.verb]
            if state is not None and state is not wanted:
                problem = saying("two-states")
            elif wanted is not ticket.state and not may_change(ticket.state, wanted, "agent"):
                states = {"state": word_for("state", ticket.state), "wanted": word_for("state", wanted)}
                problem = saying("cannot-become", **states)
            else:
                state = wanted
        elif command.verb == "note":
            is_note, note = True, command.argument
        elif command.verb == "take":
            assignee = agent.addresses[0]
        elif command.verb == "escalate":
            department = more.escalates_to
        elif command.verb == "assign" and fold(command.argument) in _ME:
            assignee = agent.addresses[0]
        elif command.verb == "assign":
            assignee, problem = find_assignee(policy, command.argument, target)
        elif command.verb == "to":
            department, problem = find_department(policy, command.argument)
        elif command.verb == "priority":
            priority = command.argument.lower()
        elif command.verb == "tag":
            for word in command.argument.replace(",", " ").split():
                (remove if word.startswith("-") else add).append(word.lstrip("+-#")[:60])
        elif command.verb == "field":
            name, _, value = command.argument.replace(":", "=", 0 if "=" in command.argument else 1).partition("=")
            if policy.book.fields and name.strip() not in policy.book.fields:
                problem = _or_near(saying("no-field", name=name.strip()), name.strip(), policy.book.fields)
            else:
                problem = _refuse_value(policy, name.strip(), value.strip())
            fields.append((name.strip(), value.strip()))
        if problem is not None:
            problems.append(wrong(command, problem))
    return Change(
        state,
        is_note,
        note,
        assignee,
        department,
        priority,
        tuple(tag for tag in add if tag),
        tuple(tag for tag in remove if tag),
        tuple(fields),
        tuple(problems),
        more,
    )


def _refuse_value(policy: Policy, name: str, value: str) -> Saying | None:
    """Why a field does not take the value, None when it does; an empty one clears it."""
    field = policy.book.fields.get(name)
    if field is None or field.pattern is None or not value:
        return None
    try:
        fits = field.pattern.is_whole(value, Budget())
    except TimeoutError:
        fits = False
    return None if fits else saying("field-form", value=value[:80], pattern=field.pattern.source)


def _or_near(problem: Saying, wanted: str, known: Iterable[str]) -> Saying:
    """The problem, with the name that was probably meant."""
    near = find_nearest(wanted, tuple(known))
    return saying("near", problem=problem, near=near) if near else problem


def run_commands(draft: Draft, change: Change, ticket: Ticket, agent: Agent, actor: str) -> None:
    """The effects of a change that has no problems; its state is the caller's, who knows about the answer."""
    reason = f"agent {agent.name}"
    if change.assignee and change.assignee != ticket.assignee:
        draft.add(SetAttribute(ticket.serial, "assignee", change.assignee, reason, actor))
    if change.department and change.department != ticket.department:
        draft.add(SetAttribute(ticket.serial, "department", change.department, reason, actor))
        if ticket.assignee and not change.assignee and not may_keep(draft.policy, ticket.assignee, change.department):
            draft.add(SetAttribute(ticket.serial, "assignee", "", reason, actor))
    if change.priority and change.priority != ticket.priority:
        draft.add(SetAttribute(ticket.serial, "priority", change.priority, reason, actor))
    if change.add_tags or change.remove_tags:
        draft.add(AddTags(ticket.serial, change.add_tags, change.remove_tags, actor))
    for name, value in change.fields:
        draft.add(SetField(ticket.serial, name, value, reason, actor))


def may_keep(policy: Policy, assignee: str, department: str) -> bool:
    """True when an assignee also belongs to the department a case moves to."""
    agent = policy.book.find_agent(assignee)
    return agent is not None and agent.is_active and department in agent.departments


def find_assignee(policy: Policy, who: str, department: str) -> tuple[str, Saying | None]:
    """(the agent's first address, None) or ("", what is wrong): by address, name, or the only agent it can mean."""
    wanted = who.strip().strip("<>").lower()
    agents = [agent for agent in policy.book.agents if agent.is_active]
    by_address = [agent for agent in agents if wanted in agent.addresses]
    by_name = [agent for agent in agents if agent.name.lower() == wanted]
    by_part = [agent for agent in agents if wanted in (part.lower() for part in agent.name.split())]
    for found in (by_address, by_name, by_part):
        if len(found) == 1:
            if department not in found[0].departments:
                return "", saying("not-in-department", agent=found[0].name, department=department)
            return found[0].addresses[0], None
        if len(found) > 1:
            return "", saying("several-agents", who=who, names=" / ".join(agent.name for agent in found))
    return "", _or_near(saying("no-agent", who=who), who.strip(), (agent.name for agent in agents))


def find_department(policy: Policy, name: str) -> tuple[str, Saying | None]:
    """(the department's key, None) or ("", what is wrong)."""
    wanted = name.strip().lower()
    for key, department in policy.book.departments.items():
        if wanted in (key.lower(), department.name.lower()):
            return key, None
    return "", _or_near(saying("no-department", name=name), wanted, policy.book.departments)
