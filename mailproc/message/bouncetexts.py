"""Reads the delivery reports that programs write for people only: qmail, Exim, Postfix, Exchange, Yahoo and others.

Dry: no I/O. One pass over the lines above the returned mail; patterns are linear (T58). A mail counts as a report
only when a mail system wrote it and it says that a delivery failed.
"""

import re
from collections.abc import Iterable
from itertools import islice

from mailproc.message.addresses import normalise
from mailproc.message.charsets import clean_text
from mailproc.message.parts import Headers, first

MAX_LINES = 400  # lines of the text that are read
_MAX_LINE = 500
_MAX_IN_LINE = 20  # addresses looked at in one line
_MAX_BEFORE = 60  # characters before an address that say what it is

_HOST = r"A-Za-z0-9\u0080-\uffff"
ADDRESS = re.compile(rf"""[^\s<>()\[\],;:"'|\\/]{{1,64}}@[{_HOST}](?:[{_HOST}._-]{{0,253}}[{_HOST}])?""")
STATUS = re.compile(r"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.]*\d)")
_REPLY_CODE = re.compile(r"(?<![\d.:/-])([45])[0-7]\d(?![\d.:/])[ -]")

# Who writes reports: the local part or the display name of From.
_SYSTEM_SENDER = re.compile(
    r"mailer[-_. ]?daemon|postmaster|post_master|mail[ ._-]?deliver|mail delivery|mail subsystem|mail[- ]?system|"
    r"undeliver|bounce|mail administrator|mail[ _]service|system administrator|ndr administrator|mta[-_@]|"
    r"delivery (?:subsystem|service|status|agent)|mail(?:er)? router|mailadmin|mail[-_]?gateway|imss|mdaemon|"
    r"antivirus|amavis|"
    r"ses\.com|no-?reply@.{0,60}amazonses|мейлер|почтов"
)
_DAEMON = re.compile(r"mailer[-_. ]?daemon|mail delivery (?:sub)?system|mail deliver system|mail\.delivery\.system@")
_NO_REPLY = re.compile(r"(?:no|do[-_.]?not)[-_.]?reply@")
# Subjects that only reports have.
_SUBJECT = re.compile(
    r"(?:undeliver|undelivered mail|failure notice|mail delivery fail|mail delivery (?:problem|error|"
    r"status)|"
    r"delivery (?:status notification|failure|has failed|report|notification|problem)|returned mail|mail error|"
    r"mail system error|message (?:undeliver|could not be delivered|delivery (?:failure|has failed))|mail returned|"
    r"non[- ]?delivery|nondeliver|mail (?:could not be delivered|failed|undeliver)|warning: (?:message|could not send)|"
    r"delayed mail|could not (?:deliver|send)|unable to deliver|returned to sender|rejected:|\*\*message you sent|"
    r"error sending|unzustellbar|nicht zustellbar|zustellung fehlgeschlagen|zustellungsfehler|mail delivery system|"
    r"fehlgeschlagen|échec de (?:la )?remise|non remis|message non délivré|no se puede entregar|no entregado|"
    r"devuelto|mancato recapito|mensagem não entregue|falha na entrega|onbestelbaar|niet (?:te )?bestellen|"
    r"nie można dostarczyć|niedostarczon|zwrot|oleveringsbar|kan inte levereras|kunne ikke leveres|"
    r"недоставлен|не доставлен|доставка не удалась|配信不能|配達不能|送信エラー|delivery failure|failed delivery|"
    r"mail delivery subsystem|permanent delivery failure|delivery delayed|delivery incomplete|"
    r"your message couldn.t be delivered|email delivery failure|e-mail delivery|problem delivering)"
)
# Words by which a report says that a delivery failed.
_FAILURE = re.compile(
    r"not yet been delivered|error delivering|invalid final delivery|malformed address|could not be delivered|"
    r"couldn.t be delivered|cannot be delivered|can.t be delivered|can not be delivered|"
    r"was not delivered|were not delivered|wasn.t delivered|not been delivered|not delivered|"
    r"unable to deliver|wasn.t able to deliver|was not able to deliver|not able to deliver|failed to deliver|"
    r"could not deliver|did not reach|didn.t reach|delivery (?:to the following|has failed|failed|failure|attempts)|"
    r"undeliverable|undelivered|permanent fatal error|fatal errors|transient non-fatal|delivery errors|"
    r"delivery problems|"
    r"had delivery|following (?:address|recipient)\(?e?s?\)?(?:es)? (?:failed|had|was|were)|failed addresses|"
    r"failed recipients?|has been returned|returned (?:mail|to sender)|been rejected|was rejected|is rejecting|"
    r"rejected (?:your|the|by)|delivery (?:is|has been) delayed|delayed|temporary failure|could not be sent|"
    r"no such user|user unknown|unknown user|mailbox (?:unavailable|not found|is full|full)|quota|"
    r"recipient (?:address rejected|not found|unknown|name is not recognized)|does not exist|not listed in|"
    r"invalid (?:user|recipient|address|mailbox)|transcript of session|returned mail|too many hops|error-for:|"
    r"undeliverable address|message could not|no valid recipients|unrouteable|address unknown|host unknown|"
    r"unknown host|attempting to deliver|mail system error|unsent message|failure reasons|non-delivered|"
    r"delivery status notification|status of the message|error message below|was undeliverable|unable to send|"
    r"nicht zugestellt|unzustellbar|nicht übermittelt|nicht ausgeliefert|n.a pas (?:pu être|été) (?:remis|délivré|"
    r"distribué)|"
    r"impossible de (?:remettre|distribuer)|no se (?:ha podido|pudo) entregar|no ha podido ser entregado|"
    r"non è stato possibile (?:recapitare|consegnare)|não pôde ser entregue|não foi possível entregar|"
    r"niet worden (?:bezorgd|afgeleverd)|nie (?:mogła|może|można|została) (?:być |zostać )?dostarczon|"
    r"kunne ikke leveres|"
    r"kunde inte levereras|не (?:может быть|было|был|удалось) доставлен|недоставлен|送信できません|配信できません|"
    r"届けることができ|"
    r"送信に失敗|配送できません|エラー|无法投递|无法送达|退信|投递失败|被退回|не удалось доставить|550[ -]|554[ -]|"
    r"5\.[0-9]\.[0-9]",
)
_TEMPORARY = re.compile(
    r"delayed|still being retried|will (?:continue to|keep) (?:retry|try)|will be retried|temporary (?:failure|"
    r"error|problem)|"
    r"deferred|not yet been delivered|you do not need to resend|no action is required|warning message only|"
    r"transient non-fatal|will retry|retry time not reached|still in the queue|"
    r"could not send message for past|delivery attempts will continue|this is a warning"
)
_GIVEN_UP = re.compile(r"permanent|giv(?:en|ing) up|has failed|fatal error|couldn.t be delivered to")
# The returned mail begins below one of these lines.
_COPY = re.compile(
    r"[-=_* |<>]{2,}.{0,12}(?:below this line is|this is a copy|copy of (?:the|your)|original message|"
    r"returned (?:mail|message)|"
    r"message (?:header|text|body|headers)|unsent message|undelivered message|header of the|start of returned|"
    r"the (?:header|headers) of the original|the body of the message|returned copy|original (?:mail|header)|"
    r"message follows|"
    r"included is a copy|non-delivered message|headers of the)|"
    r"(?:here is a copy of|included is a copy of|a copy of the original message|below is a copy of the original|"
    r"original message (?:follows|headers|attached|below|details)|original message\s*:|message headers? follow|"
    r"the following is a copy|----- original|--- original|-------original message|received: (?:from|by) |return-path:|"
    r"header of the (?:original|source)|original message headers:)"
)
_OTHER_PARTY = re.compile(
    r"(?:contact|questions|support|report(?:s|ed)?|help|write|sent by|mail from|envelope.?from|from|sender|"
    r"reporting-mta|message-id|forwarded by|original sender|abuse|message from|return-path|administrator|reply-to|x-)\W"
)
_LIST_ITEM = re.compile(r"[\s>*•<\-.\"'(]*$")
_BEFORE_FAILURE = re.compile(
    r"rcpt to:?\s?<?$|original-recipient:\s?(?:rfc822;)?\s?<?$|final-recipient:\s?(?:rfc822;)?\s?<?$|"
    r"undeliverable address:\s?<?$|error-for:\s{0,5}<?$|recipient(?: address)?:\s?<?$|addressed to '?<?$|"
    r"deliver(?:y|ed|ing)?(?: your)?(?: message| mail)? to:? <?$|generated from <?$|smtp=$|for <?$|to:? <?$|"
    r"user\s\(?<?$|"
    r"mailbox <?$|address <?$|failed:? <?$|expanded from: <?$|recipients?:? <?$|smtp: ?<?$|rfc822; ?<?$"
)

_AFTER_OTHER = re.compile(
    r"(?<!generated )(?<!expanded )\b(?:from|by|contact|sender|postmaster|reporter)\s{0,3}:?\s{0,3}<?$"
)
_ADDRESSEE = re.compile(r"(?:to|cc)\s{0,3}:")

Found = tuple[tuple[str, ...], str, bool, str]


def read_report(
    headers: Headers,
    subject: str,
    text: str,
    return_path: str | None,
    *,
    is_report: bool = False,
    has_returned: bool = False,
) -> Found | None:
    """(recipients, status, is permanent, explanation) of a report without machine-readable part; None for other "
    "mail."""
    named = [value for name, value in headers if name == "x-failed-recipients"]
    sender = clean_text(first(headers, "from"))[:1000].casefold()
    low_subject = subject[:300].strip().casefold()
    has_subject = _SUBJECT.match(low_subject) is not None
    is_null = return_path is not None and (not return_path or "mailer-daemon" in return_path.casefold())
    is_daemon = _DAEMON.search(sender) is not None
    is_system = bool(_SYSTEM_SENDER.search(sender)) or (bool(sender) and "@" not in sender)
    is_no_reply = has_returned and _NO_REPLY.search(sender) is not None
    if not (named or is_report or is_null or is_system or has_subject or is_no_reply) or _is_answer(headers):
        return None
    lines = _lines_above_copy(text)
    fails = [number for number, line in enumerate(lines) if _FAILURE.search(line.casefold())]
    has_copy = has_returned or find_copy(text) >= 0
    listed, weak = _find_recipients(lines, fails, _excluded(headers))
    if named:
        is_bounce = True
    elif is_report:
        is_bounce = bool(fails) or has_subject or is_null
    elif is_null:
        is_bounce = bool(fails) and (is_system or has_subject or has_copy)
    elif is_system:
        # A postmaster is a person too, and "Royal Mail Delivery" brings parcels
        is_bounce = bool(fails) and (is_daemon or has_copy or (has_subject and bool(listed)))
    else:
        is_told = has_returned or (bool(listed) and _has_real_copy(text))
        is_bounce = bool(fails) and is_told
    if not is_bounce:
        return None
    recipients = _addresses(named) or listed or weak
    status, explanation = _find_reason(lines, fails)
    return recipients, status, _is_permanent(lines, status, low_subject), explanation


def find_copy(text: str) -> int:
    """Offset of the returned mail's headers in the text, -1 when the text has none."""
    offset = 0
    at = -1
    for number, line in enumerate(text.splitlines(keepends=True)):
        if number > MAX_LINES:
            break
        low = line[:_MAX_LINE].strip().casefold()
        if low.startswith(("received: ", "return-path: ", "message-id: ")):
            return offset
        if at < 0 and _COPY.match(low):
            at = offset + len(line)
        offset += len(line)
    return at


def _lines_above_copy(text: str) -> list[str]:
    lines: list[str] = []
    for raw in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:MAX_LINES]:
        line = raw[:_MAX_LINE].strip()
        if len(lines) > 1 and _COPY.match(line.casefold()):
            break
        lines.append(line)
    return lines


def _is_answer(headers: Headers) -> bool:
    """Out-of-office answers carry a null sender too (RFC 3834 section 3.3)."""
    return any(
        name == "auto-submitted" and "auto-replied" in value.casefold() and "failure" not in value.casefold()
        for name, value in headers
    ) and not any(name == "x-failed-recipients" for name, _ in headers) and not _SYSTEM_SENDER.search(
        first(headers, "from").casefold()
    )


def _has_real_copy(text: str) -> bool:
    """Whether header fields of a mail stand in the text, more than a word that looks like one."""
    at = find_copy(text)
    if at < 0:
        return False
    names = {line.partition(":")[0].strip().casefold() for line in text[at : at + 8000].splitlines()}
    return len(names & {"received", "message-id", "from", "to", "subject", "date", "return-path"}) >= 3


def _excluded(headers: Headers) -> frozenset[str]:
    """Our own address and the reporter's are never the ones that failed."""
    return frozenset(_addresses(first(headers, name) for name in ("from", "to", "reply-to", "sender")))


def _addresses(values: Iterable[str]) -> tuple[str, ...]:
    found = (normalise(hit.strip(".")) for value in values for hit in ADDRESS.findall(value[:20_000]))
    return tuple(dict.fromkeys(address for address in found if address))


def _find_recipients(
    lines: list[str], fails: list[int], excluded: frozenset[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(addresses that open a line or follow a telling word, any others on a line that names a failure)."""
    strong: dict[str, None] = {}
    listed: dict[str, None] = {}
    weak: dict[str, None] = {}
    written_to: dict[str, None] = {}
    failing = set(fails)
    for number, line in enumerate(lines):
        if "@" not in line:
            continue
        low = line.casefold()
        for hit in islice(ADDRESS.finditer(low), _MAX_IN_LINE):
            address = normalise(hit.group().removeprefix("smtp=").rstrip("."))
            if not address or address.startswith(("postmaster@", "mailer-daemon@", "abuse@")):
                continue
            before, after = low[max(0, hit.start() - _MAX_BEFORE) : hit.start()], low[hit.end() :]
            is_first = hit.start() <= _MAX_BEFORE and _LIST_ITEM.match(before) is not None
            is_wrapped = before.endswith("<") and after.startswith(">")
            is_other = _OTHER_PARTY.match(low[:_MAX_BEFORE].lstrip(" <\"'")) or _AFTER_OTHER.search(before)
            if is_other and "rcpt to" not in before:
                continue
            if _ADDRESSEE.match(low):
                written_to.setdefault(address)
                continue
            if is_first and (after.lstrip(">\"' ").startswith(":") or (is_wrapped and not after.strip("> ,;"))):
                strong.setdefault(address)
            elif is_first or "smtp=" in hit.group() or _BEFORE_FAILURE.search(before):
                listed.setdefault(address)
            elif number in failing:
                weak.setdefault(address)
    told, guessed = [
        next((found for group in groups if (found := tuple(one for one in group if one not in excluded))), ())
        for groups in ((strong, listed), (weak, written_to))
    ]
    return told, guessed


def _find_reason(lines: list[str], fails: list[int]) -> tuple[str, str]:
    """(enhanced status code, the line that says why)."""
    for line in lines:
        match = STATUS.search(line)
        if match is not None:
            return match.group(), _to_line(line)
    for line in lines:
        if _REPLY_CODE.search(f"{line} "):
            return "", _to_line(line)
    return "", _to_line(lines[fails[-1]]) if fails else ""


def _to_line(line: str) -> str:
    return " ".join(clean_text(line).split())[:300]


def _is_permanent(lines: list[str], status: str, subject: str) -> bool:
    if status:
        return status[0] == "5"
    text = "\n".join(lines).casefold()
    if _TEMPORARY.search(text) or _TEMPORARY.search(subject):
        return _GIVEN_UP.search(text) is not None and "transient" not in text
    codes = {match.group(1) for line in lines for match in _REPLY_CODE.finditer(f"{line} ")}
    return codes != {"4"}
