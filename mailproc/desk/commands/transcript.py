"""The mail that tells an agent, and nobody else, what became of their commands. Dry.

Silent success: it goes out for a mail of commands alone, and where there is something to tell.
"""

from collections.abc import Sequence

from mailproc.desk.draft import Draft, Policy
from mailproc.desk.mails.outgoing import build_mail, department_headers, department_of, inner_language
from mailproc.desk.words.saying import Saying, put_all
from mailproc.records.effects import Mail
from mailproc.records.ticket import Ticket
from mailproc.rulebook.book import Agent


def agent_language(policy: Policy, agent: Agent, ticket: Ticket | None = None) -> str:
    """The language an agent is written to: their own, else that of the case's department, else of their first one."""
    departments = policy.book.departments
    first = next((departments[key] for key in agent.departments if key in departments), None)
    department = department_of(policy, ticket) if ticket is not None else first
    return inner_language(policy, agent.addresses[0], department or departments[policy.book.defaults.department])


def tell(
    draft: Draft,
    agent: Agent,
    ticket: Ticket | None,
    *,
    done: Sequence[str] = (),
    failed: Sequence[Saying | str] = (),
    lines: Sequence[str] = (),
    in_reply_to: str = "",
) -> None:
    """The transcript, in the case's thread where there is a case."""
    policy, to = draft.policy, agent.addresses[0]
    language = agent_language(policy, agent, ticket)
    wrong = "\n".join(put_all(failed, language))
    context = (("done", "\n".join(done)), ("failed", wrong), ("lines", "\n".join(lines)))
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
