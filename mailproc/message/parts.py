"""The leaves of a MIME tree as flat records that the readers of this room share. Dry: data only."""

from dataclasses import dataclass, field

# (lower-case name, unfolded undecoded value) in the order of the mail; bytes above 127 as surrogate escapes
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of the mail, or one message/rfc822 as a whole; `content` is transfer-decoded, not charset-decoded."""

    content_type: str  # lower case, "text/plain" when the mail does not say or says nonsense
    charset: str = ""  # as labelled, lower case
    filename: str = ""  # decoded and cleaned, "" when there is none
    is_attachment: bool = False  # Content-Disposition: attachment, or a part that is no body text
    content_id: str = ""
    parent_type: str = ""  # content type of the multipart that holds it
    report_type: str = ""  # report-type of an enclosing multipart/report
    depth: int = 0
    headers: Headers = ()
    content: bytes = field(default=b"", repr=False)


def first(headers: Headers, name: str) -> str:
    """The first value of that header, "" when the mail has none."""
    for key, value in headers:
        if key == name:
            return value
    return ""
