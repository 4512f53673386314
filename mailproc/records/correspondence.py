"""What is kept of a sender between two mails, so that a machine that answers us shows itself. Dry: data only."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailproc.records.making import quick_to_make


@quick_to_make
@dataclass(frozen=True, slots=True)
class Rhythm:
    """One sender's last mail and the series it stands in."""

    inbox_id: int  # of the last mail, whose words the next one is compared with
    at: datetime  # when it reached us
    serial: int  # the ticket on which the series began
    rounds: int = 0  # mails in a row that came after ours and were much like the one before
    same: int = 0  # of them in a row, word for word
    quick: int = 0  # mails in a row that came within moments of ours, whatever they say
    machine_until: datetime | None = None  # until then it counts as a machine
    machine_id: int = 0  # the mail that told
    why: str = ""
    subject: str = ""  # the subject that came too often, where that told
    told_at: datetime | None = None  # when its department gets, or got, the last forward of the series
    told: int = 0  # forwards since it counts as a machine


@dataclass(frozen=True, slots=True)
class Echo:
    """What the database knows of a sender who wrote lately."""

    rhythm: Rhythm
    answered_at: datetime | None  # when the newest mail that their last one caused had left us
    words: tuple[str, ...] = ()  # of the last mail, then of the one that told; as stored on their tickets
    files: tuple[tuple[tuple[str, int], ...], ...] = ()  # (name, size) of their files, in the same order


@dataclass(frozen=True, slots=True)
class KeepRhythm:
    """An effect: the series a sender's mail stands in; of `rhythm` the mail's own id is filled in by the store.

    A `machine_id` of -1 stands for that id too.
    """

    address: str
    rhythm: Rhythm


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a mail's place in its sender's series says of it."""

    rhythm: Rhythm | None = None  # to keep; a serial of 0 is the ticket this mail ends on
    is_machine: bool = False  # it goes to the ticket its series began on, and nothing is sent back
    is_automatic: bool = False  # its class is AUTO
    why: str = ""
    quiet: str = ""  # why its sender gets no automatic mail, a key of `desk.reasons.SUPPRESSED`
    pause: timedelta | None = None  # its department, which has read these very words, gets it so much later
