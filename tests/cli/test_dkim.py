"""`mailproc dkim` on a real site: a key is made, shown and compared with what DNS publishes."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.cli.conftest import Shell
from tests.verify.dnsserver import DnsServer, start


@pytest.fixture(scope="module")
def zone() -> Iterator[DnsServer]:
    server = DnsServer()
    running = start(server)
    yield server
    for one in running:
        one.shutdown()
        one.server_close()


def use(shell: Shell, zone: DnsServer, setting: str) -> None:
    """Put the line into mailproc.yaml as the program says, and ask that DNS server."""
    path = shell.folder / "mailproc.yaml"
    text = path.read_text("utf-8").replace('# resolver: "127.0.0.1:5353"', f'resolver: "{zone.address}"')
    head, _, rest = text.partition("\ndelivery:")
    block, _, rest = rest.partition("\n\n")
    path.write_text(f"{head}\ndelivery:\n  kind: maildir\n  path: data/sent\n  {setting}\n\n{rest}", "utf-8")


@pytest.mark.parametrize(("options", "algorithm", "bits"), [
    ((), "rsa-sha256", 2048), (("--bits", "3072"), "rsa-sha256", 3072),
    (("--algorithm", "ed25519"), "ed25519-sha256", None),
])  # fmt: skip
def test_a_key_is_made_and_its_record_shown(
    shell: Shell, options: tuple[str, ...], algorithm: str, bits: int | None
) -> None:
    facts = shell.json("dkim", "new", "--selector", "mail2027", "--domain", "acme.example", *options)
    path = Path(facts["key_file"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and path.name == "dkim-mail2027.pem"
    assert load_pem_private_key(path.read_bytes(), None)
    assert (facts["algorithm"], facts["bits"]) == (algorithm, bits)
    assert (facts["record_name"], facts["record_type"]) == ("mail2027._domainkey.acme.example", "TXT")
    assert facts["record"].startswith(f"v=DKIM1; k={algorithm.partition('-')[0]}; p=")
    assert facts["setting"].startswith("dkim: {selector: mail2027, domain: acme.example, key_file: data/dkim-mail2027")


def test_nothing_is_overwritten_and_no_private_key_is_shown(shell: Shell) -> None:
    code, out, _ = shell("dkim", "new")
    assert code == 0 and "PRIVATE" not in out and "_domainkey" in out and "IN TXT (" in out
    (made,) = (shell.folder / "data").glob("dkim-*.pem")
    before = made.read_bytes()
    code, _, err = shell("dkim", "new")
    assert code == 1 and "there is a key already" in err and made.read_bytes() == before
    assert all(len(line.strip()) <= 255 for line in out.partition("IN TXT")[2].splitlines())


@pytest.mark.parametrize("options", [("--selector", "a b"), ("--domain", "no domain"), ("--bits", "512")])
def test_what_cannot_be_a_key_is_refused(shell: Shell, options: tuple[str, str]) -> None:
    code, _, err = shell("dkim", "new", *options)
    assert code == 2 and err
    assert not list((shell.folder / "data").glob("dkim-*.pem"))


@pytest.mark.parametrize("verb", ["record", "check"])
def test_a_site_that_does_not_sign_is_told_how(shell: Shell, verb: str) -> None:
    code, _, err = shell("dkim", verb)
    assert code == 2 and "mailproc dkim new" in err


def test_the_record_in_dns_is_compared(shell: Shell, zone: DnsServer) -> None:
    made = shell.json("dkim", "new", "--domain", "acme.example", "--selector", "s1")
    other = shell.json("dkim", "new", "--domain", "acme.example", "--selector", "s2")
    use(shell, zone, made["setting"])
    assert shell.json("dkim", "record")["record"] == made["record"]

    def check(*rows: str) -> tuple[int, str]:
        zone.zone = {}
        zone.ttl = 0
        if rows:
            zone.add(made["record_name"], TXT=list(rows))
        code, out, err = shell("dkim", "check")
        assert not err
        return code, out

    code, out = check()
    assert code == 1 and "there is no record s1._domainkey.acme.example" in out and made["record"] in out
    code, out = check(made["record"])
    assert code == 0 and "publishes our key" in out
    code, out = check(other["record"])
    assert code == 1 and "another one than ours" in out
    code, out = check(made["record"], made["record"].replace("p=", "n=x; p="))
    assert code == 1 and "2 TXT records" in out
    code, out = check(made["record"].replace("v=DKIM1;", "v=DKIM1; t=y;"))
    assert code == 1 and "marked as a test" in out
    code, out = check("v=DKIM1; p=")
    assert code == 1 and "revoked" in out
    check(made["record"])
    code, out, _ = shell("dkim", "check", "--json")
    found = json.loads(out)
    assert code == 0 and found["ok"] is True and {item["level"] for item in found["findings"]} == {"OK"}
    Path(made["key_file"]).chmod(0o644)
    code, out, _ = shell("dkim", "check")
    assert code == 1 and "others on this machine can read" in out
