"""Which refusals mean that an address is dead."""

import pytest

from mailproc.desk.receipts import says_no_such_address


@pytest.mark.parametrize(
    ("code", "text", "is_dead"),
    [
        (550, "5.1.1 <x@y.example>: user unknown", True),
        (550, "No such user", True),
        (553, "5.1.3 bad address", True),
        (550, "5.7.1 rejected by spam policy", False),
        (552, "5.2.2 mailbox full", False),
        (554, "refused", False),
        (550, "High probability of spam", False),
        (553, "relaying denied", False),
        (550, "5.7.1 blocked, see also 5.1.1", False),
        (0, "5.1.10 recipient not found", True),
        (0, "", False),
    ],
)
def test_says_no_such_address(code: int, text: str, is_dead: bool) -> None:
    assert says_no_such_address(code, text) is is_dead
