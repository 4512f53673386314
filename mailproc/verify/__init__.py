"""DKIM, SPF and DMARC of mail that our own listener received: DNS answers as evidence for `message.trust`.

dnspython and cryptography are imported with the first mail, so that importing this room costs nothing.
"""

from mailproc.verify.evidence import Verifier, wants
from mailproc.verify.waiting import WaitingRoom

__all__ = ["Verifier", "WaitingRoom", "wants"]
