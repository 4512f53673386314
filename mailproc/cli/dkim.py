"""`mailproc dkim`: the key that signs outgoing mail, its DNS record, and whether the two fit. Shows no private key."""

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mailproc.delivery.dkim import Signer
    from mailproc.settings import Settings

_PIECE = 250  # characters of one string of a TXT record; DNS takes 255


@click.group()
def dkim() -> None:
    """Make the key that signs outgoing mail, show its DNS record, check it."""


@dkim.command()
@click.option("--selector", help="The name of the key in DNS; default: mail and the year.")
@click.option("--domain", help="Whose key it is; default: the domain of the site's first address.")
@click.option("--algorithm", type=click.Choice(["rsa", "ed25519"]), default="rsa", show_default=True)
@click.option("--bits", type=click.Choice(["2048", "3072", "4096"]), default="2048", show_default=True, help="Of RSA.")
@click.option("--out", type=click.Path(path_type=Path), help="The file; default: dkim-SELECTOR.pem beside keys_file.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_obj
def new(
    config: Path | None, selector: str | None, domain: str | None, algorithm: str, bits: str, out: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Make a key; then publish the record that is shown, and put the line into mailproc.yaml.

    Overwrites nothing. Take RSA: not everybody verifies ed25519 yet. To change keys, make the new one under another
    selector, publish it, wait a day, and only then change mailproc.yaml; the old record stays for a week.

    \b
    Example:
      mailproc dkim new --selector mail2027
    """
    from mailproc import settings
    from mailproc.delivery.dkim import Signer, make_key
    from mailproc.message.addresses import domain_of
    from mailproc.settings.values import BadValue, read_domain
    from mailproc.settings.wayout import read_selector

    loaded = settings.load(settings.find(config), needs_secrets=False)
    try:
        name = read_selector(selector or f"mail{datetime.now(UTC):%Y}")
        whose = read_domain(domain or domain_of(loaded.site.addresses[0]))
    except BadValue as error:
        raise click.UsageError(f"{error.text}. {error.hint}") from None
    path = (out or loaded.keys_file.parent / f"dkim-{name}.pem").absolute()
    make_key(path, f"{algorithm}-sha256", int(bits))
    signer = Signer(name, whose, path, f"{algorithm}-sha256")
    facts = {**_facts(signer), "key_file": str(path), "setting": _setting(signer, path, loaded)}
    if as_json:
        _print_json(facts)
        return
    click.echo(f"made {path} (mode 0600; keep a copy where only you can read it)\n")
    _show_record(facts)
    click.echo(f"\nthen put this into {loaded.path}, below  delivery:\n\n  {facts['setting']}\n")
    click.echo("and look whether all fits:  mailproc dkim check")


@dkim.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_obj
def record(config: Path | None, as_json: bool) -> None:
    """Show the DNS record of the key that mailproc.yaml names."""
    from mailproc import settings

    facts = _facts(_signer(settings.load(settings.find(config), needs_secrets=False)))
    if as_json:
        _print_json(facts)
    else:
        _show_record(facts)


@dkim.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_obj
def check(config: Path | None, as_json: bool) -> None:
    """Look whether DNS publishes the key that signs, and whether it is strong and private; exit code 1 if not."""
    from mailproc import settings
    from mailproc.doctor.dkim import check_key, check_record
    from mailproc.doctor.findings import Level
    from mailproc.doctor.visit import Visit
    from mailproc.verify.resolver import Resolver

    loaded = settings.load(settings.find(config), needs_secrets=False)
    signer = _signer(loaded)
    visit = Visit(loaded, resolver=Resolver(loaded.site.trust.resolver))
    findings = [*check_key(visit), *check_record(visit)]
    is_fine = all(finding.level is Level.OK for finding in findings)
    if as_json:
        told = [{"level": str(item.level), "text": item.text, "remedy": item.remedy} for item in findings]
        _print_json({"ok": is_fine, **_facts(signer), "findings": told})
    else:
        for item in findings:
            click.echo(f"{item.level:<4}  {item.text}" + (f"\n      {item.remedy}" if item.remedy else ""))
    sys.exit(0 if is_fine else 1)


def _signer(loaded: "Settings") -> "Signer":
    from mailproc.delivery.dkim import Signer
    from mailproc.errors import UsageError

    wanted = loaded.delivery.dkim
    if wanted is None:
        raise UsageError(f"mail is not signed: {loaded.path} has no delivery.dkim. `mailproc dkim new` makes a key")
    return Signer(wanted.selector, wanted.domain, Path(wanted.key_file), wanted.algorithm)


def _facts(signer: "Signer") -> dict[str, Any]:
    name, text = signer.dns_record()
    return {
        "selector": signer.selector,
        "domain": signer.domain,
        "algorithm": signer.algorithm,
        "bits": signer.bits or None,
        "record_name": name,
        "record_type": "TXT",
        "record": text,
    }


def _show_record(facts: Mapping[str, Any]) -> None:
    """For web forms, which want name and text, and for zone files, which want short strings."""
    text = str(facts["record"])
    pieces = [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]
    click.echo(f"publish this TXT record for {facts['domain']}:\n\n  name  {facts['record_name']}\n  text  {text}\n")
    quoted = "\n    ".join(f'"{piece}"' for piece in pieces)
    click.echo(f"as a zone file has it:\n\n  {facts['record_name']}. IN TXT (\n    {quoted} )")


def _setting(signer: "Signer", path: Path, loaded: "Settings") -> str:
    shown = path.relative_to(loaded.folder) if path.is_relative_to(loaded.folder) else path
    algorithm = "" if signer.algorithm == "rsa-sha256" else f", algorithm: {signer.algorithm}"
    return f"dkim: {{selector: {signer.selector}, domain: {signer.domain}, key_file: {shown}{algorithm}}}"


def _print_json(value: Mapping[str, Any]) -> None:
    json.dump(value, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")
