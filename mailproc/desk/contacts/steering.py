"""What the commands of an agent who brings a request in do to its routing: they count before the rules. Dry."""

from dataclasses import replace

from mailproc.desk.contacts.brought import Brought
from mailproc.rulebook.evaluate import Routing


def steer(routing: Routing, brought: Brought) -> Routing:
    """The routing as the agent wants it; what a person brought in is no spam and no machine's."""
    change = brought.change
    if change is None:
        return routing
    fields = {**dict(routing.fields), **dict(change.fields)}
    return replace(
        routing,
        department=change.department or routing.department,
        priority=change.priority or routing.priority,
        assign=change.assignee or routing.assign,
        tags=tuple(tag for tag in dict.fromkeys((*routing.tags, *change.add_tags)) if tag not in change.remove_tags),
        fields=tuple((name, value) for name, value in fields.items() if value),
        state="" if change.state is not None else routing.state,
        makes_ticket=True,
        hold="",
    )
