"""The mail that tells an agent, and nobody else, what became of their commands. Dry.

Silent success: it goes out for a mail of commands alone, and where there is something to tell.
"""

from collections.abc import Sequence

from mailproc.desk.draft import Draft, Policy
from mailproc.desk.mails.outgoing import build_mail, department_headers, department_of
from mailproc.records.effects import Mail
from mailproc.records.ticket import Ticket
from mailproc.rulebook.book import Agent


def agent_language(policy: Policy, agent: Agent) -> str:
    """The language an agent is written to."""
    return agent.language or policy.site.default_language


def tell(
    draft: Draft,
    agent: Agent,
    ticket: Ticket | None,
    *,
    done: Sequence[str] = (),
    failed: Sequence[str] = (),
    lines: Sequence[str] = (),
    in_reply_to: str = "",
) -> None:
    """The transcript, in the case's thread where there is a case."""
    context = (("done", "\n".join(done)), ("failed", "\n".join(failed)), ("lines", "\n".join(lines)))
    policy, to = draft.policy, agent.addresses[0]
    language = agent_language(policy, agent)
    if ticket is None:
        draft.send(_without_case(policy, to, language, context, in_reply_to))
        return
    department = department_of(policy, ticket)
    draft.send(
        build_mail(
            draft,
            ticket,
            to,
            purpose="transcript",
            template="transcript",
            role="agent",
            identity=to,
            subject=ticket.subject,
            language=language,
            in_reply_to=in_reply_to,
            headers=department_headers(policy, ticket, department, ""),
            context=(("subject", ticket.subject), *context),
        )
    )


def _without_case(
    policy: Policy, to: str, language: str, context: tuple[tuple[str, str], ...], in_reply_to: str
) -> Mail:
    site = policy.site
    return Mail(
        serial=0,
        n=0,  # the engine numbers mails of no case
        purpose="transcript",
        template="transcript",
        recipient=to,
        language=language,
        identity="",
        role="agent",
        tag="",
        subject="",
        from_name=site.name,
        from_address=site.addresses[0],
        in_reply_to=in_reply_to,
        context=(("site_name", site.name), ("number", ""), *context),
    )
