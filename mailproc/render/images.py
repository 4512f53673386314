"""Puts the images that travel with a mail where they stood in its text; the markup is ours, their names are escaped."""

from collections.abc import Sequence

from markupsafe import escape

from mailproc.desk.mails.relayed import ShownImage

_IMAGE = '<img src="cid:{}" alt="{}" style="max-width:100%;height:auto;border:0">'


def show_images(html: str, images: Sequence[ShownImage], words: str = "") -> str:
    """The markup with each image in place of what stands for it, else behind the words, where they are given.

    One that finds no place is not named, and travels as a file: in an answer it may belong to what was quoted.
    """
    homeless = []
    for image in images:
        tag = _IMAGE.format(escape(image.content_id), escape(image.name))
        mark = next((mark for one in image.marks if (mark := str(escape(one))) in html), None)
        if mark is None:
            homeless.append(tag)
        else:
            html = html.replace(mark, tag, 1)
    if not homeless or not words:
        return html
    block = f"<p>{'<br>'.join(homeless)}</p>"
    end = _end_of(html, words)
    return f"{html[:end]}{block}{html[end:]}" if end else html.replace("</body>", f"{block}</body>", 1)


def _end_of(html: str, words: str) -> int:
    """Where the element ends that holds the words, 0 when that cannot be told."""
    lines = words.strip("\n").rsplit("\n", 1)
    last = f"{str(escape(lines[-1].expandtabs(4))).replace('  ', '&nbsp; ')}</div>"
    at = html.find(last)
    return at + len(last) if at >= 0 else 0
