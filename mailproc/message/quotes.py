"""Splits the text of a reply into what its author wrote and what was quoted or signed. Dry: no I/O.

Line based and linear (T58). Nothing is destroyed: both halves together hold every line that is not blank.
"""

from collections.abc import Sequence

from mailproc.message import htmlquotes, signatures
from mailproc.message import quotelines as words
from mailproc.message.quotemarks import (
    Block,
    Line,
    find_attribution_end,
    find_block,
    find_separator,
    is_forward_line,
    is_labelled_line,
    is_rule,
    next_filled,
    read_lines,
)
from mailproc.message.quotesattribution import holds_a_sentence
from mailproc.message.quotesours import find_ours

_MAX_CHECKS = 1500  # lines per mail that are looked at as possible marks: hostile mail has nothing else (T58)
_MAX_SEARCHED_LINES = 20_000  # below that, nothing but > is looked for


def split_reply(text: str, html: str = "", sent_texts: tuple[str, ...] = ()) -> tuple[str, str]:
    """(new text, cut text): what the author wrote, and quotes, attributions, signatures, footers and notices.

    `html` is the markup of the same mail, used where the text shows no mark of a quote; `sent_texts` are mails we
    sent on the ticket, whose lines are taken out first. A forwarded mail without words of its own is all new text.
    """
    if not text.strip():
        return "", ""
    lines = read_lines(text)
    is_ours = find_ours(lines, sent_texts) if sent_texts else ()
    splitter = _Splitter(lines, is_ours, html)
    splitter.run()
    # Whatever stands above a quote, a time, a label or an address is in it
    if html and not splitter.found_quote and (":" in text or "@" in text or "：" in text):
        splitter.cut_container(htmlquotes.find_quoted(html, lines))
    return splitter.finish()


class _Splitter:
    """Walks once over the lines and notes which of them are cut."""

    def __init__(self, lines: Sequence[Line], is_ours: Sequence[bool], html: str) -> None:
        self.lines = lines
        self._html = html
        self.is_ours = is_ours
        self.is_cut = list(is_ours) if is_ours else [False] * len(lines)
        self.found_quote = any(is_ours)
        self._has_text = False  # the author said something above
        self._has_attribution = False
        self._hand_quotes: list[tuple[int, int]] = []
        self._checks = 0
        self._signature = -1  # its delimiter, while we are below one

    def run(self) -> None:
        lines = self.lines
        marks = [at for at, line in enumerate(lines) if line.depth or line.may_begin]
        marks.append(len(lines))
        index = signatures.find_banner_end(lines)
        self._cut(0, index)
        number = 0
        while index < len(lines):
            while marks[number] < index:
                number += 1
            mark = marks[number]
            if not self._has_text and self._signature < 0:
                self._has_text = any(self._is_said(at) for at in range(index, mark))
            index = mark
            if mark < len(lines):
                after = self._step(mark)
                if after < 0:
                    break
                index = after
        self._end_signature(index)
        self._settle_hand_quotes()

    def _step(self, index: int) -> int:
        """The line to go on with below a line that may be a mark; -1 when nothing below is to be read."""
        line = self.lines[index]
        if not line.bare or self.is_cut[index]:
            return index + 1
        if line.depth:
            self._end_signature(index)
            return self._take_quoted(index)
        if signatures.is_delimiter(line):
            self._signature = index if self._signature < 0 else self._signature
            return index + 1
        after = self._take_mark(index)
        if after:
            return after
        if not self._has_text and self._signature < 0:
            self._has_text = self._is_said(index)
        return index + 1

    def _is_said(self, index: int) -> bool:
        bare = self.lines[index].bare
        return bare != "" and not self.is_cut[index] and not is_rule(bare) and not signatures.is_footer(bare)

    def _take_mark(self, index: int) -> int:
        """The line to go on with when a quote begins here, 0 when none does, -1 when nothing below is to be read."""
        lines = self.lines
        end, kind = self._find_mark_end(index)
        if not end:
            return 0
        self._end_signature(index)
        self.found_quote = True
        if not kind and holds_a_sentence(" ".join([line.bare for line in lines[index:end]])):
            index, self._has_text = end, True  # words of the author stand before it: the line stays whole
        following = next_filled(lines, end)
        is_marked = following == len(lines) or lines[following].depth > 0 or _is_barred(lines[following])
        if kind != "block" and (is_marked or self._is_ours(following)):
            self._has_attribution = True
            self._cut(index, end)
            return self._take_bars(following) if following < len(lines) else end
        if kind == "original" and following < len(lines) and find_attribution_end(lines, following):
            self._cut(index, end)
            return end
        if not kind and self._cut_between_answers(index, end):
            return -1
        if self._has_text or self._is_answered_in_place(end):
            self._cut_rest(index, end)
        elif not kind:
            self._cut(index, end)  # a forwarded mail below its attribution: the text itself stays
        return -1

    def _find_mark_end(self, index: int) -> tuple[int, str]:
        """(the first line after the mark that begins here, its kind: "" for an attribution); 0 when none does."""
        if index >= _MAX_SEARCHED_LINES or self._checks >= _MAX_CHECKS or not self.lines[index].may_begin:
            return 0, ""
        self._checks += 1
        end = find_attribution_end(self.lines, index)
        return (end, "") if end else _find_head_end(self.lines, index)

    def _take_bars(self, index: int) -> int:
        """Cuts lines quoted with | or the author's initials instead of >."""
        while index < len(self.lines) and _is_barred(self.lines[index]):
            self.is_cut[index] = True
            index += 1
        return index

    def _take_quoted(self, start: int) -> int:
        """Cuts a run of lines marked with >, or notes it for later when nobody is said to have written it."""
        lines = self.lines
        end = start
        index = start
        while index < len(lines) and (lines[index].depth or not lines[index].bare):
            if lines[index].depth:
                end = index + 1
            index += 1
        head = start
        while head < end and not lines[head].bare:
            head += 1
        if head < end:
            mark, kind = (0, "") if self._has_attribution else self._find_mark_end(head)
            if mark and kind:
                self.found_quote = True
                if self._has_text:
                    self._cut(start, end)
                return end
            self._has_attribution = self._has_attribution or mark > 0
        if self._has_attribution:
            self.found_quote = True
            self._cut(start, end)
            following = next_filled(lines, end)
            if lines[head].raw.startswith(">>>>>") and following < len(lines) and _is_barred(lines[following]):
                return self._take_bars(following)
        else:
            self._hand_quotes.append((start, end))
        return end

    def _settle_hand_quotes(self) -> None:
        """A quote somebody typed himself stays as context of the words below it; below all words it is cut."""
        if not self._hand_quotes:
            return
        last = max((at for at, line in enumerate(self.lines) if line.bare and not line.depth and not self.is_cut[at]),
                   default=-1)
        for start, end in self._hand_quotes:
            if last >= 0 and start > last:
                self._cut(start, end)
                self.found_quote = True

    def _end_signature(self, end: int) -> None:
        if self._signature >= 0:
            if signatures.is_signature(self.lines, self._signature, end):
                self._cut(self._signature, end)
            else:
                self._has_text = True
            self._signature = -1

    def _is_ours(self, index: int) -> bool:
        return bool(self.is_ours) and index < len(self.lines) and self.is_ours[index]

    def _is_answered_in_place(self, start: int) -> bool:
        """Whether what stands below an unmarked quote head is a mail of ours with little else."""
        if not self.is_ours:
            return False
        filled = [at for at in range(start, len(self.lines)) if self.lines[at].bare]
        ours = sum(1 for at in filled if self.is_ours[at])
        return ours > 0 and ours * 2 >= len(filled)

    def _cut_between_answers(self, start: int, end: int) -> bool:
        """Whether the author wrote between or below the quotes of an HTML mail; then all but that is cut."""
        answers = htmlquotes.find_answers(self._html, self.lines, end) if self._html and not self.is_ours else []
        if not answers:
            return False
        self._cut(start, len(self.lines))
        signature = next((at for at in range(end, len(self.lines)) if signatures.is_delimiter(self.lines[at])), -1)
        if signature >= 0 and signatures.is_signature(self.lines, signature, len(self.lines)):
            answers = [index for index in answers if index < signature]
        for index in answers:
            self.is_cut[index] = False
        for index in answers:
            after, kind = self._find_mark_end(index)
            if after and not kind:
                self._cut(index, after)
        return True

    def _cut_rest(self, start: int, body: int) -> None:
        """Cuts everything from a quote head on; between lines we sent, words we did not send are the author's."""
        ours = [at for at in range(body, len(self.lines)) if self.is_ours[at]] if self.is_ours else []
        if not ours:
            self._cut(start, len(self.lines))
            return
        first, end = ours[0], len(self.lines)
        self._cut(start, first)
        index = first
        while index < end:
            is_foreign = bool(self.lines[index].bare) and not self.is_ours[index]
            if is_foreign and self._find_mark_end(index)[0]:
                break
            index += 1
        filled = [at for at in range(first, index) if self.lines[at].bare]
        if sum(1 for at in filled if self.is_ours[at]) * 10 < len(filled) * 6:
            self._cut(first, end)  # too little of it is ours to tell our words from the author's
        else:
            self._cut(index, end)

    def _cut(self, start: int, end: int) -> None:
        for index in range(start, end):
            self.is_cut[index] = True

    def cut_container(self, indices: Sequence[int]) -> None:
        """Cuts the lines of a quote that only the markup shows, with the line above them that names its author."""
        above = next((at for at in range(min(indices, default=0) - 1, -1, -1) if self.lines[at].bare), -1)
        if above >= 0 and htmlquotes.is_heading(self.lines[above].bare):
            if not any(line.bare for line in self.lines[:above]):
                return
            self.is_cut[above] = True
        for index in indices:
            self.is_cut[index] = True

    def finish(self) -> tuple[str, str]:
        """Both halves, after the footers and legal notices that end the new text were cut too."""
        lines, is_cut = self.lines, self.is_cut
        kept: Sequence[int] = range(len(lines))
        if True in is_cut:
            kept = [index for index, is_line_cut in enumerate(is_cut) if not is_line_cut]
        for index in signatures.find_footers(lines, kept):
            is_cut[index] = True
        closing = signatures.find_closing(lines, kept)
        for index in kept[len(kept) - closing :]:
            is_cut[index] = True
        first = is_cut.index(True) if True in is_cut else len(is_cut)
        if all(is_cut[first:]):
            new_text, cut_text = _join_run(lines[:first]), _join_run(lines[first:])
        else:
            new_text, cut_text = self._join(False), self._join(True)
        # Yahoo writes one blank before everything; more of them are the author's
        return new_text[1:] if new_text[:1] == " " != new_text[1:2] else new_text, cut_text

    def _join(self, is_cut: bool) -> str:
        """The lines of one half; where lines were taken out between blank ones, one blank line stays."""
        chosen: list[str] = []
        skipped = False
        for line, is_line_cut in zip(self.lines, self.is_cut, strict=True):
            if is_line_cut != is_cut:
                skipped = skipped or bool(line.bare)
                continue
            raw = line.raw.rstrip()
            if not raw:
                if chosen and not (skipped and not chosen[-1]):
                    chosen.append("")
                continue
            if skipped and chosen and chosen[-1]:
                chosen.append("")
            skipped = False
            chosen.append(raw)
        while chosen and not chosen[-1]:
            chosen.pop()
        return "\n".join(chosen)


def _is_barred(line: Line) -> bool:
    """Whether a line below an attribution is quoted with a bar, or as Supercite does with initials: `JD> text`."""
    initials, bracket, _ = line.bare[:6].partition(">")
    return line.bare.startswith("|") or (bracket != "" and not line.depth and initials.isalpha() and initials.isupper())


def _join_run(lines: Sequence[Line]) -> str:
    return "\n".join([line.raw.rstrip() for line in lines]).strip("\n")


def _find_head_end(lines: Sequence[Line], index: int) -> tuple[int, str]:
    """(the first line after a separator or header block that begins here, its kind); (0, "") when none does."""
    bare = lines[index].bare
    kind, _rest = find_separator(bare)
    if not kind and is_forward_line(bare):
        kind = "forward"
    if kind or (is_rule(bare) and len(bare) >= 5):
        following = next_filled(lines, index + 1)
        if following < len(lines) and following - index <= 3:
            block = find_block(lines, following, least=2)
            if block is not None:
                return block.end, "block"
        return (index + 1, kind) if kind else (0, "")
    block = find_block(lines, index, least=2)
    if block is not None:
        block = find_block(lines, index) or _prove_short_block(lines, block)
    if block is not None:
        return block.end, "block"
    return (index + 1, "block") if is_labelled_line(bare) else (0, "")


def _prove_short_block(lines: Sequence[Line], block: Block) -> Block | None:
    """A header block of two labels, when an address beside From and a day and time beside Date prove it."""
    above = lines[block.start - 1].bare if block.start else ""
    if above and not is_rule(above):
        return None
    date = block.value(words.SENT)
    digits = sum(character.isdigit() for character in date)
    return block if "@" in block.value(words.FROM) and digits >= 6 and ":" in date else None
