"""What SMTP and LMTP sessions answer when a mail cannot be taken: text alone."""

from mailproc.intake.smtpdata import Fault
from mailproc.intake.smtpgrammar import TOO_BIG

SENT_ON = "421 4.5.0 You sent on without waiting for our answer; goodbye"
TRY_LATER = "451 4.3.0 We cannot store mail at the moment; please send it again later"
NO_SPACE = "452 4.3.1 Our disk is nearly full; please send it again later"
FAULTS = {
    Fault.TOO_BIG: TOO_BIG,
    Fault.BARE_NEWLINE: "521 5.5.2 The mail has a CR or LF that stands alone (RFC 5321 section 2.3.8); goodbye",
    Fault.LONG_LINE: "521 5.5.2 The mail has a line that is too long (RFC 5321 section 4.5.3.1.6); goodbye",
    Fault.NO_MEMORY: "452 4.3.1 We are receiving too much at once; please send it again later",
}
