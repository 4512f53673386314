"""`mailproc keys` on a real site: what is shown, what a rotation and a revocation leave of what was sent."""

import re
import stat
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path

from mailproc import keys
from tests.cli.conftest import Shell


def test_keys_are_listed_without_a_secret(shell: Shell) -> None:
    code, out, _ = shell("keys", "list")
    secret = keys.load(shell.folder / "data" / "keys").current.secret.hex()
    assert code == 0 and out.startswith("a  made ") and out.splitlines()[0].endswith("  signs")
    assert secret not in out and not re.search("[0-9a-f]{20}", out)
    (fact,) = shell.json("keys", "list")
    assert (fact["id"], fact["signs"], fact["retired_at"], fact["agents_until"]) == ("a", True, None, None)


def test_a_rotation_says_what_it_did_and_the_list_until_when_the_former_counts(shell: Shell) -> None:
    code, out, _ = shell("keys", "rotate")
    assert code == 0 and "key b signs from now on; a verifies what it signed" in out
    path = shell.folder / "data" / "keys"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first, second = shell.json("keys", "list")
    assert (first["id"], first["signs"], second["id"], second["signs"]) == ("b", True, "a", False)
    assert second["agents_until"] < second["customers_until"]
    _, out, _ = shell("keys", "list")
    assert re.search(r"^a  made \S+  retired \S+; verifies agents' until \S+, customers' until \S+$", out, re.MULTILINE)


def test_a_revoked_key_is_gone_and_another_signs(shell: Shell) -> None:
    code, out, _ = shell("keys", "revoke", "A", "--yes")
    assert code == 0 and "key a is revoked" in out and "key b signs from now on" in out
    assert [fact["id"] for fact in shell.json("keys", "list")] == ["b"]
    code, _, err = shell("keys", "revoke", "a", "--yes")
    assert code == 2 and "there is no key 'a'; the keys are b" in err


def test_what_to_revoke_must_be_named_once(shell: Shell) -> None:
    for words in ((), ("a", "--ticket", "ACME-100-009")):
        code, _, err = shell("keys", "revoke", *words)
        assert code == 2 and "name one key" in err
    code, _, err = shell("keys", "revoke", "--ticket", "ACME-100-009")
    assert code == 2 and "there is no ticket" in err
    code, _, err = shell("keys", "revoke", "--ticket", "ACME-100-008")
    assert code == 2 and "is a digit mistyped?" in err


def reply_addresses(folder: Path) -> list[str]:
    mails = sorted((folder / "data" / "sent").glob("*/new/*")) + sorted((folder / "data" / "sent" / "new").glob("*"))
    made = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in mails]
    return [str(mail["Reply-To"]) for mail in made if "+" in str(mail["Reply-To"])]


def test_revoked_addresses_of_a_ticket_prove_nothing_and_new_mails_carry_others(
    shell: Shell, fresh_mail: Callable[..., bytes]
) -> None:
    shell.take(fresh_mail(to="support@acme.example"))
    (ticket,) = shell.json("ticket", "list")
    number = ticket["number"]
    before = set(reply_addresses(shell.folder))
    customers = next(address for address in before if re.search(r"\+[a-z2-7]c[0-9]", address))
    code, out, _ = shell("keys", "revoke", "--ticket", number)
    assert code == 0 and f"{number}: the reply addresses of its mails so far are revoked" in out
    assert shell("keys", "revoke", "--ticket", number)[1].startswith(f"{number}: nothing to do")
    shell.take(fresh_mail(to=customers, message_id="<m2@customer.example>", text="More."))
    shown = shell.json("ticket", "show", number)
    assert [event["kind"] for event in shown["events"]].count("tokens-revoked") == 1
    after = set(reply_addresses(shell.folder)) - before
    assert after and not after & before
    _, out, _ = shell("explain", "--ticket", number)
    assert "nothing proves the sender" in out
