"""What people write who come from other programs, and how it is said here. Dry: data only."""

from collections.abc import Collection

# (what is unknown, the word) -> what to write
_ACTIONS = {
    "nothing is deleted: ticket: none keeps the mail and opens no case": (
        "delete", "discard", "drop", "trash", "ignore"),
    "mail for people goes to a department; a copy to an address is  copy_to: [jane@acme.example]": (
        "forward", "forward_to", "send_to", "redirect", "move", "move_to", "folder"),
    "write  department: NAME": ("queue", "group", "team", "mailbox", "assign_to_group"),
    "write  assign: NAME": ("owner", "agent", "assignee", "assign_to"),
    "write  copy_to": ("cc", "bcc", "copy"),
    "write  tags": ("label", "labels", "add_tag", "add_tags"),
    "write  reply: TEMPLATE": ("autoreply", "auto_reply", "respond", "answer", "template"),
    "write  ack: none": ("silent", "no_reply", "noreply"),
}  # fmt: skip
_CONDITIONS = {
    "write  from": ("sender_address", "sender_email", "email", "address"),
    "write  to": ("recipient", "recipients", "mailbox"),
    "write  body": ("text", "content", "message"),
    "write  attachment": ("attachments", "file", "files"),
    "write  time: {inside: CALENDAR}": ("hours", "business_hours", "schedule", "weekday", "day"),
    "write  spam_score: {over: 5}": ("spam", "is_spam"),
}
_KEYS = {
    "write  when": ("if", "condition", "conditions", "match", "matches", "where"),
    "write  do": ("then", "action", "actions"),
    "write  continue: yes; without it the first rule that matches wins": ("stop", "final", "last"),
    "write  mode: shadow, or put # in front of its lines": ("enabled", "disabled", "active"),
}
_OPERATORS = {
    "write  glob: for a whole text with *, or  regex:": ("matches", "match", "like", "pattern"),
    "write  equals": ("is", "eq", "equal", "exact"),
    "write  glob: 'text*'": ("starts_with", "startswith", "begins_with", "prefix"),
    "write  glob: '*text'": ("ends_with", "endswith", "suffix"),
    "write  not: in front of the condition": (
        "not", "is_not", "not_contains", "excludes", "doesnt_contain", "not_equals"),
    "write  contains": ("has", "includes", "substring", "text"),
}  # fmt: skip
_SAID = {
    (kind, word): advice
    for kind, table in (
        ("action", _ACTIONS), ("condition", _CONDITIONS), ("key", _KEYS), ("operator", _OPERATORS),
    )
    for advice, words in table.items()
    for word in words
}


def find_advice(kind: str, word: str, choices: Collection[str]) -> str:
    """How that unknown action, condition, operator or key is written here, "" when it is no habit we know.

    `choices` are the words that may stand there: keys are not the same everywhere.
    """
    advice = _SAID.get((kind, word.strip().lower().replace("-", "_").replace(" ", "_")), "")
    return advice if kind != "key" or advice[7:].partition(":")[0] in choices else ""
