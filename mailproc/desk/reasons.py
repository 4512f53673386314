"""The closed list of reasons a decision can have, each with the words an operator reads."""

REASONS: dict[str, str] = {
    # new tickets
    "new": "A new request.",
    "new-stranger": "It cites a case its sender has no part in, so it became a case of its own, linked to that one.",
    "new-two-tags": "It cites several cases, so it became a case of its own, linked to them.",
    "new-after-close": "The case it belongs to has been closed for too long, so it became a new case, linked to it.",
    "new-by-agent": "An agent wrote in as a customer would.",
    "new-by-agent-to": "An agent began a case with a customer, who gets it from the support address.",
    "new-on-behalf": "An agent forwarded somebody's mail; the case belongs to whoever wrote it.",
    "new-logged": "An agent wrote down what somebody said; the case belongs to that person.",
    "new-form": "Somebody filled in a form; the case belongs to that person.",
    # mail on a ticket
    "follow-up": "The customer wrote on their case.",
    "follow-up-thanks": "The customer only said thanks, or that it works; the case stays finished.",
    "follow-up-solved": "The requester says that it works; the case is resolved.",
    "follow-up-status": "The customer only asked how the case stands, and was told.",
    "follow-up-unverified": "It cites the case and claims to be from its customer; nothing proves it.",
    "machine-on-ticket": "It looks like a machine that answers our mail; kept on the case, and nothing is sent back.",
    "automatic-on-ticket": "An automatic mail about a case; kept as a note.",
    "agent-answer": "An agent answered; the customer gets the text.",
    "agent-note": "An agent left an internal note.",
    "agent-resolved": "An agent answered or finished the case, and it is resolved.",
    "agent-forward": "An agent forwarded a mail to the case; it stays inside.",
    "agent-logged": "An agent wrote down what was said about the case; it stays inside.",
    "agent-commands": "An agent changed the case by mail.",
    "agent-undo": "An agent took back what their last mail did.",
    "agent-overview": "An agent asked for cases, or named several, and was answered by mail.",
    "overview-refused": "A mail of commands alone, one of which cannot be done: nothing was, and its agent is told.",
    "agent-automatic": "An automatic mail of an agent; never shown to the customer.",
    # recorded
    "duplicate": "The same mail has come before.",
    "duplicate-new-route": "The same mail has come before, now to another of our addresses.",
    "own-mail": "A mail of ours that came back; answering it would start a loop.",
    "bounce": "A delivery report about a mail of ours.",
    "bounce-unknown": "A delivery report about a mail that is not ours.",
    "no-ticket": "A rule says that mail like this opens no case.",
    # held
    "unparsable": "The mail is past a safety limit or too broken to read.",
    "from-malformed": "The From line is not one plain address, so nobody knows who wrote.",
    "sender-contradicted": "The domain in From says this mail is not from there (DMARC failed).",
    "spam": "A trusted border or a rule calls it spam.",
    "rule-hold": "A rule holds mail like this for a person.",
    "agent-inactive": "The agent is no longer active.",
    "agent-not-entitled": "The agent does not belong to the case's department.",
    "agent-without-token": "An agent's mail on a case, but not an answer to a notification of ours.",
    "agent-unproven": "It claims to be from an agent, and nothing proves it; see `trust` in mailproc.yaml.",
    "agent-reply-to": "An agent's mail that wants its answers to go elsewhere.",
    "agent-replay": "An agent's mail with a Message-ID that has come before: a copy that was changed on its way.",
    "agent-redirected": "An agent's mail whose own To and Cc do not name this case: it may have been meant for others.",
    "department-not-agent": "A department's own mailbox answered; only people listed under `agents` can speak for it.",
    "agent-stale": "An agent's mail without a date or more than seven days old; it may be a copy somebody kept.",
    "unknown-command": "A line in the command block is no command we know.",
    "empty-answer": "There is no new text in the agent's answer.",
    "no-recipient": "There is nobody the answer could be sent to.",
    "attachments-too-large": "An agent's files are larger than one mail may carry.",
    "would-leak": "The answer holds what only the inside may know.",
    "collision": "A colleague has just answered the same mail of the customer.",
    "hold-answer-unproven": "An answer about held mail, and nothing proves who wrote it.",
    "poison": "Deciding about it failed three times.",
    # answers about held mail
    "hold-answered": "An answer about held mail; it was done.",
    "hold-settled": "An answer about held mail that somebody had decided about before.",
    "hold-answer-unclear": "An answer about held mail that could not be carried out; its writer was told.",
    "hold-answer-automatic": "An automatic answer to a mail about held mail.",
    # requests and the clock
    "requested": "Asked for at the command line.",
    "discarded": "An operator discarded it.",
    "delivery-refused": "A mail server refused a mail of ours for good.",
    "promise-lapsed": "What is promised to the customer is overdue; the department is told.",
    "update-due": "The customer is told how the case stands, as it is promised.",
    "promises-counted": "What is promised was counted again.",
    "holds-old": "Mail has been held for hours; the operator is told.",
    "holds-digest": "The mail that is held, once a day.",
    "waited": "A moment that an agent set has come.",
    "auto-close": "Resolved, and nobody wrote for the time the site has set.",
    "nothing-to-do": "Nothing changes.",
}

# Why a mail to a requester was not sent
SUPPRESSED: dict[str, str] = {
    "class": "only mail from people is acknowledged",
    "rule": "a rule says no acknowledgement",
    "old": "the mail is older than ack_max_age",
    "sender-unproven": "the envelope sender is not the From address and nothing proves the sender",
    "unproven": "nothing proves that whoever has this address asked for it",
    "not-sendable": "the address cannot be written to",
    "own-address": "the address is one of our own",
    "silenced": "the sender is silenced",
    "dead-address": "mail to this address came back",
    "sender-hour": "this address got its mails of the hour",
    "sender-day": "this address got its mails of the day",
    "unverified-day": "an unproven address gets one automatic mail a day",
    "domain-hour": "this domain got its mails of the hour",
    "ticket-hour": "this case sent its automatic mails of the hour",
    "ticket-day": "this case sent its automatic mails of the day",
    "breaker": "the whole site sent too many automatic mails this hour",
    "repeated-subject": "the same sender wrote the same subject three times in ten minutes",
    "challenged": "this agent was asked within the last hour whether a mail is theirs; the digest lists this one",
    "loop": "the mail came from that very address",
    "machine": "a machine answers from this address, as it seems; it gets no automatic mail for a day",
    "machine-told": "the department has seen, or soon sees, a mail of this machine; the others are on the case",
    "logged": "an agent wrote the request down; `#status` tells the customer how it stands",
    "quiet": "the agent who brought it in asked for no acknowledgement",
    "settled": "the agent who brought it in has settled it already",
    "form-unproven": "nothing proves that the form's mail came from the form",
    "old-feed": "old mail that was fed in sends nothing without --forward",
}

# What agents' mail did, and holds nothing
_AGENTS_WORK = frozenset(
    "agent-answer agent-note agent-resolved agent-commands agent-undo agent-overview agent-automatic agent-forward"
    " agent-logged".split()
)
# Holds of an agent's own mail: released without another word it is the agent's again
AGENT_HOLDS = frozenset(
    {reason for reason in REASONS if reason.startswith("agent-") and reason not in _AGENTS_WORK}
    | {"unknown-command", "empty-answer", "no-recipient", "attachments-too-large", "would-leak", "collision"}
)
# All that holds a mail
HELD = AGENT_HOLDS | {
    "unparsable",
    "from-malformed",
    "sender-contradicted",
    "spam",
    "rule-hold",
    "department-not-agent",
    "hold-answer-unproven",
    "poison",
}
