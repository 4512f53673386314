"""What must hold of every answer, whatever the mail: it comes, in time, it is JSON, no line of the text is lost.

Judges one mail at a time; must not read or write a file.
"""

import json
import re
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from mailproc.cli.parsed import as_object, describe
from mailproc.message.parse import parse
from mailproc.message.trust import assess
from mailproc.records.mail import Envelope, Inbound, Level
from mailproc.records.site import Site, TrustPolicy

CPU_SECONDS = 1.0
ENVELOPE = Envelope("pipe", datetime(2026, 3, 2, 8, 0, tzinfo=UTC))
SITE = Site("Acme", "ACME", ("support@acme.example",), "acme.example", trust=TrustPolicy(("mx.acme.example",)))
# Text may be longer than its bytes: tables are padded, entities and encoded words unfold
MOST_TEXT, SPARE_TEXT = 10, 100_000
_FROM = re.compile(rb"(?im)^from[ \t]*:")
_BLANK = re.compile(rb"\r?\n\r?\n")
# What is no address whatever it holds: names in quotes, comments, encoded words
_HIDDEN = re.compile(r'"(?:[^"\\]|\\.)*"|\((?:[^()\\]|\\.)*\)|=\?[^?\s]+\?[bBqQ]\?[^?\s]*\?=')
_PLAIN_ADDRESS = re.compile(r"[^\s<>@,;:()\"\\\[\]]+@(?:[^\s<>@,;:()\"\\\[\]]+)")


@dataclass(frozen=True, slots=True)
class Failure:
    """One case that broke the reader or was answered wrongly."""

    index: int
    kind: str  # exception | slow | answer | lost-text | from | memory | hang | crash
    text: str


def judge(index: int, raw: bytes) -> tuple[Failure | None, float]:
    """What is wrong with the answer to this mail, if anything, and the seconds of CPU it took."""
    started = time.process_time()
    try:
        found = parse(raw)
    except BaseException:  # whatever it is, RecursionError and SystemExit too, it should not have come out
        return Failure(index, "exception", traceback.format_exc()), time.process_time() - started
    seconds = time.process_time() - started
    if not isinstance(found, Inbound):
        return Failure(index, "exception", f"parse returned {type(found).__name__}"), seconds
    try:
        kind, text = judge_answer(raw, found)
    except Exception:
        kind, text = "exception", traceback.format_exc()
    if not text and seconds > CPU_SECONDS:
        kind, text = "slow", f"{seconds:.1f} s of CPU for {len(raw):,} bytes"
    return (Failure(index, kind, text) if text else None), seconds


def judge_answer(raw: bytes, found: Inbound) -> tuple[str, str]:
    """(kind, words) of what is wrong with an answer, two empty strings when nothing is."""
    # Each reader's exceptions are caught and become defects; that saves the mail, and hides what has to be mended
    caught = [defect for defect in found.defects if defect.code == "parser-error" or defect.code.startswith("unread-")]
    if caught:
        return "exception", "; ".join(f"{defect.code}: {defect.text}" for defect in caught)
    trust = assess(found, ENVELOPE, SITE)
    facts = as_object(found, trust)
    try:
        again = json.loads(json.dumps(facts, ensure_ascii=False).encode("utf-8"))
    except UnicodeEncodeError as error:
        return "answer", f"half a character that UTF-8 cannot hold: {error}"
    if again != facts:
        return "answer", "the JSON read again is not what was written"
    describe(found, trust)
    if problem := _find_lost(found):
        return "lost-text", problem
    if found.from_ok and (problem := _doubt_from(raw, found)):
        return "from", problem
    if not found.from_ok and (not found.from_defect or trust.level is not Level.A0):
        return "from", f"a From that cannot be relied on has level {trust.level.name}, {found.from_defect!r}"
    if found.is_unparsable and not found.defects:
        return "answer", "it was not read and nobody is told why"
    if len(found.text) > MOST_TEXT * len(raw) + SPARE_TEXT:
        return "answer", f"{len(found.text):,} characters of text from {len(raw):,} bytes"
    if any("\0" in value for value in (found.text, found.new_text, found.subject)):
        return "answer", "a NUL that a database will not take"
    if len(found.attachments) > 1000 or any(not item.filename for item in found.attachments):
        return "answer", "attachments without end or without a name"
    return "", ""


def _find_lost(found: Inbound) -> str:
    """What of the text is neither in the new nor in the cut text."""
    if found.cut_text == "" and found.new_text == found.text:
        return ""
    kept = {" ".join(line.split()) for line in f"{found.new_text}\n{found.cut_text}".split("\n")}
    lines = [" ".join(line.split()) for line in found.text.split("\n")]
    if all(line in kept or not line for line in lines):
        return ""
    # A line may be cut in two, and a text without end at a blank: then all of its characters are still there
    missing = Counter("".join(found.text.split())) - Counter("".join(f"{found.new_text}{found.cut_text}".split()))
    if not missing:
        return ""
    lost = [line for line in lines if line and line not in kept]
    return f"{missing.total()} characters are in neither part, of {len(lost)} lines such as {ascii(lost[0][:200])}"


def _doubt_from(raw: bytes, found: Inbound) -> str:
    """Why another reader might see somebody else in From, by rules that are stricter than those of our reader."""
    blank = _BLANK.search(raw)
    head = raw[:blank.start()] if blank else raw
    if found.from_ is None or not found.from_.addr:
        return "From is relied on and names nobody"
    if len(_FROM.findall(head)) > 1:
        return "there are two From fields"
    value = next((value for name, value in found.headers if name == "from"), "")
    shown = _HIDDEN.sub(" ", value)
    if shown.count("@") != 1 or any(mark in shown for mark in ",;\0") or shown.count("<") > 1 or shown.count(">") > 1:
        return f"From may be read in two ways: {ascii(value[:200])}"
    address = shown.partition("<")[2].partition(">")[0] if "<" in shown else shown
    if not _PLAIN_ADDRESS.fullmatch(address.strip()):
        return f"From is no plain address: {ascii(value[:200])}"
    return ""
