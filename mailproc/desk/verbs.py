"""What is done to a ticket when somebody asks for it: commands of a mail or of the terminal to effects. Dry."""

from collections.abc import Iterable
from dataclasses import dataclass

from mailproc.desk.draft import Draft, Policy
from mailproc.desk.mailcommands import Command
from mailproc.records.effects import AddTags, SetAttribute, SetField
from mailproc.records.ticket import State, Ticket
from mailproc.rulebook.book import Agent
from mailproc.tickets.lifecycle import may_change
from mailproc.yamlnodes import did_you_mean

_STATES = {
    "close": State.CLOSED,
    "resolve": State.RESOLVED,
    "reopen": State.OPEN,
    "pending": State.PENDING,
}


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
    problems: tuple[str, ...] = ()


def plan_change(commands: Iterable[Command], ticket: Ticket, agent: Agent, policy: Policy) -> Change:
    """The commands read together and checked against the ticket, the directory and the lifecycle."""
    state: State | None = None
    is_note, note, assignee, department, priority = False, "", "", "", ""
    add: list[str] = []
    remove: list[str] = []
    fields: list[tuple[str, str]] = []
    problems: list[str] = []
    commands = tuple(commands)
    # Who gets it is looked for in the department it goes to, wherever that line stands
    target = next((find_department(policy, c.argument)[0] for c in commands if c.verb == "to"), "") or ticket.department
    for command in commands:
        where = f"line {command.line} `#{command.verb} {command.argument}`".rstrip(" `") + "`"
        if command.verb in _STATES:
            wanted = _STATES[command.verb]
            if state is not None and state is not wanted:
                problems.append(f"{where}: the mail asks for two different states")
            elif wanted is not ticket.state and not may_change(ticket.state, wanted, "agent"):
                problems.append(f"{where}: a case that is {ticket.state} cannot become {wanted}")
            else:
                state = wanted
        elif command.verb == "note":
            is_note, note = True, command.argument
        elif command.verb == "take":
            assignee = agent.addresses[0]
        elif command.verb == "assign":
            assignee, problem = find_assignee(policy, command.argument, target)
            problems.extend([f"{where}: {problem}"] if problem else [])
        elif command.verb == "to":
            department, problem = find_department(policy, command.argument)
            problems.extend([f"{where}: {problem}"] if problem else [])
        elif command.verb == "priority":
            priority = command.argument.lower()
        elif command.verb == "tag":
            for word in command.argument.replace(",", " ").split():
                (remove if word.startswith("-") else add).append(word.lstrip("+-")[:60])
        elif command.verb == "field":
            name, _, value = command.argument.partition("=")
            if policy.book.fields and name.strip() not in policy.book.fields:
                near = did_you_mean(name.strip(), tuple(policy.book.fields))
                problems.append(f"{where}: no field {name.strip()!r}" + (f": {near}" if near else ""))
            fields.append((name.strip(), value.strip()))
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
    )


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


def find_assignee(policy: Policy, who: str, department: str) -> tuple[str, str]:
    """(the agent's first address, "") or ("", what is wrong): by address, name, or the only agent it can mean."""
    wanted = who.strip().strip("<>").lower()
    agents = [agent for agent in policy.book.agents if agent.is_active]
    by_address = [agent for agent in agents if wanted in agent.addresses]
    by_name = [agent for agent in agents if agent.name.lower() == wanted]
    by_part = [agent for agent in agents if wanted in (part.lower() for part in agent.name.split())]
    for found in (by_address, by_name, by_part):
        if len(found) == 1:
            if department not in found[0].departments:
                return "", f"{found[0].name} does not belong to department {department!r}"
            return found[0].addresses[0], ""
        if len(found) > 1:
            return "", f"{who!r} could be {' or '.join(agent.name for agent in found)}: write the address"
    near = did_you_mean(who.strip(), tuple(agent.name for agent in agents))
    return "", f"no agent {who!r}" + (f": {near}" if near else "")


def find_department(policy: Policy, name: str) -> tuple[str, str]:
    """(the department's key, "") or ("", what is wrong)."""
    wanted = name.strip().lower()
    for key, department in policy.book.departments.items():
        if wanted in (key.lower(), department.name.lower()):
            return key, ""
    near = did_you_mean(wanted, tuple(policy.book.departments))
    return "", f"no department {name!r}" + (f": {near}" if near else "")
