"""Subjects without what mail clients put in front of them. Dry: no I/O.

For display and comparing only: a prefix proves nothing, and `VS:` is a reply in Finnish and a forward in Danish.
"""

import re
import unicodedata

ROUNDS = 10
_LONGEST = 4_000

# By client and language: replies, then forwards
_PREFIXES = (
    "re aw sv antw antwoord odp res ynt vá válasz rép ref réf r rif vs blp bls atb απ σχετ räs răspuns",
    "на ответ отв відп השב תגובה رد 回复 回覆 答复 答覆 返信 回信 회신 답장",
    "fwd fw wg weiterl doorst doorgestuurd pd vb videresend vl tr i rv enc redir i̇lt ilt továbbítás přep fs trs yml",
    "πρθ пер пересл переадр הועבר 转发 轉寄 轉發 転送 전달",
)
_PHRASES = ("trả lời", "إعادة توجيه", "chuyển tiếp")


def _compile() -> re.Pattern[str]:
    words = {*" ".join(_PREFIXES).split(), *_PHRASES}
    alternatives = "|".join(sorted([re.escape(word) for word in words], key=lambda word: (-len(word), word)))
    # Counters: Re[3]: Re(2): Re^2: Re*2:
    return re.compile(rf"\s*(?:{alternatives})\.?\s?(?:\[\d{{1,3}}\]|\(\d{{1,3}}\)|[\^*]\d{{1,3}})?\s?[:：]\s*", re.I)


_PREFIX = _compile()
# A tag of any help desk: brackets around something that ends in a digit
_TAG = re.compile(r"\[[^\[\]]{0,60}\d\]")


def strip_prefixes(subject: str) -> str:
    """The subject without Re:, AW:, WG:, Fwd: and their kin of all languages; never made empty."""
    text = subject[:_LONGEST].strip()
    for _ in range(ROUNDS):
        match = _PREFIX.match(text)
        if match is None or match.end() == len(text):
            break
        text = text[match.end() :]
    return text


def comparable(subject: str) -> str:
    """The subject as a key for comparing: no prefixes, no tags in brackets, one case, single blanks."""
    text = unicodedata.normalize("NFKC", strip_prefixes(subject))
    # Prefixes and tags stand in any order: "Re: [ACME-482-170] AW: Invoice"
    for _ in range(3):
        shorter = strip_prefixes(_TAG.sub(" ", text))
        if shorter == text or not shorter:
            break
        text = shorter
    return " ".join(text.casefold().split())
