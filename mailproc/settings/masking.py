"""Takes the secrets out of a line of the settings file before it is shown. Pure text: the file may be no YAML."""

import re
from collections.abc import Iterable

_LONGEST_LINE = 1000  # a longer one is not shown at all: nobody wrote it by hand
_KEY_WORDS = "pass|pwd|token|secret|credential"
_REFERENCE = r"\$\{(?:env|file):[^}]*\}"
_IS_REFERENCE = re.compile(rf"""["']?{_REFERENCE}["']?""")
_PASSWORD_IN_URL = re.compile(r"(://[^:/@]*:)(.*)@|((?<![\w.%+-])[\w.%+-]+:)([^\s/@]\S*)@")
# A value that certainly ends where it seems to: in quotes, a reference or one bare word, and then another key, the end
# of the mapping, a comment or the end of the line. Of anything else the whole rest of the line is taken for secret.
_VALUE = re.compile(
    rf"""("[^"]*"|'[^']*'|{_REFERENCE}|[^\s"'\[\]{{}},#&*!|>@`%]+)"""
    r"""(?=\s*(?:,\s*(?:[\w-]+:|$)|[\]}]+[\s,]*$|[\]}]+\s+#|$)|\s+#\s)"""
)


def mask(line: str, keys: Iterable[str]) -> str:
    """The line, as long as before, with stars for what follows one of the keys; references stay readable."""
    if len(line) > _LONGEST_LINE:
        return ""
    line = _PASSWORD_IN_URL.sub(lambda match: (match[1] or match[3]) + _star(match[2] or match[4] or "") + "@", line)
    words = "|".join(re.escape(key) for key in keys)
    key = rf"""(?<![\w:/$-])["']?(?!token_(?:file|url)\b)(?:[\w-]*(?:{_KEY_WORDS})[\w-]*|{words})\b["']?"""
    secret = re.compile(rf"{key}[ \t]*[:=]?[ \t]*", re.IGNORECASE)
    done = 0
    while match := secret.search(line, done):
        value = _VALUE.match(line, match.end())
        done = value.end() if value else len(line)
        line = line[: match.end()] + _star(line[match.end() : done]) + line[done:]
    return line


def _star(text: str) -> str:
    """Stars, except for a reference and for blanks, so that columns stay."""
    return text if _IS_REFERENCE.fullmatch(text) else re.sub(r"\S", "*", text)
