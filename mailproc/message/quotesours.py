"""Finds the lines of a reply that we ourselves sent, however the client wrapped or marked them. Dry: no I/O."""

from collections.abc import Sequence

from mailproc.message.quotemarks import Line, read_lines

_MAX_COMPARED_LINES = 2000  # lines looked for inside the texts we sent
_LONG_ENOUGH = 24  # characters without white space: a shorter line may be equal by chance
_RUN_LONG_ENOUGH = 40
_LONGEST_TAIL = 60  # characters that tell where in our text a broken line goes on


def find_ours(lines: Sequence[Line], sent_texts: tuple[str, ...]) -> list[bool]:
    """Which lines we ourselves sent; unmarked ones only where they cannot be equal by chance."""
    all_sent = [read_lines(text) for text in sent_texts]
    known = {" ".join(line.bare.split()) for sent in all_sent for line in sent if line.bare}
    # Clients wrap anew, so that a line of theirs is often a piece of one of ours.
    squeezed = "\n".join(["".join([line.bare for line in sent]).replace(" ", "") for sent in all_sent])
    is_ours = [False] * len(lines)
    for index, line in enumerate(lines):
        if not line.bare:
            continue
        if " ".join(line.bare.split()) in known:
            is_ours[index] = True
        elif index < _MAX_COMPARED_LINES:
            piece = "".join(line.bare.split())
            is_ours[index] = len(piece) >= _LONG_ENOUGH and piece in squeezed
    _forget_chance_hits(lines, is_ours)
    _follow_broken_lines(lines, is_ours, squeezed)
    return is_ours


def _follow_broken_lines(lines: Sequence[Line], is_ours: list[bool], squeezed: str) -> None:
    """Marks the ends of lines of ours that a client broke and marked only once; with what they go on they are ours."""
    before = ""  # the end of the marked or known line right above, without white space
    for index, line in enumerate(lines[:_MAX_COMPARED_LINES]):
        piece = "".join(line.bare.split())
        if not piece:
            before = ""
            continue
        whole = (before + piece)[-_LONGEST_TAIL:]
        if before and not line.depth and not is_ours[index]:
            is_ours[index] = len(whole) >= _LONG_ENOUGH and whole in squeezed
        before = whole if is_ours[index] or line.depth else ""


def _forget_chance_hits(lines: Sequence[Line], is_ours: list[bool]) -> None:
    run: list[int] = []
    size = 0
    for index in range(len(lines) + 1):
        if index < len(lines) and (not lines[index].bare or (is_ours[index] and not lines[index].depth)):
            if lines[index].bare:
                run.append(index)
                size += len("".join(lines[index].bare.split()))
            continue
        if run and size < _RUN_LONG_ENOUGH:
            for hit in run:
                is_ours[hit] = len(lines[hit].bare) >= _LONG_ENOUGH * 2
        run, size = [], 0
