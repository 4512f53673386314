"""The doors we open ourselves: is each port free or ours, can Postfix reach each socket, are certificates good."""

import errno
import grp
import os
import pwd
import socket
import ssl
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mailproc.doctor.findings import Finding, fail, warn, well
from mailproc.doctor.visit import Visit, count, describe, judge_certificate, name_intake
from mailproc.settings import IntakeSettings

_OUR_GREETING = "mailproc"
_LONGEST_SOCKET = 107  # bytes of a path that unix(7) takes
_MASTER_CF = Path("/etc/postfix/master.cf")
_POSTFIX_QUEUE = "/var/spool/postfix"
_WAIT_SECONDS = 5.0


def check(visit: Visit) -> Iterator[Finding]:
    """All smtp, lmtp and maildir intakes, and the health port."""
    for intake in visit.settings.intakes:
        subject = name_intake(intake)
        if intake.kind in ("smtp", "lmtp"):
            if intake.socket:
                yield from check_socket(subject, Path(intake.socket))
            else:
                yield from check_port(subject, intake.host, intake.port)
            yield from _check_certificate(visit, intake, subject)
        elif intake.kind == "maildir":
            yield from _check_maildir(intake, subject)
    health = visit.settings.health
    if health is not None:
        yield from check_port("health", health.host, health.port, is_http=True)
        if health.host not in ("127.0.0.1", "::1", "localhost"):
            yield warn(
                "health",
                f"everybody who reaches {health.host}:{health.port} sees how the site fares",
                "Write  listen: 127.0.0.1:8025 , or close the port to others in the firewall",
            )


def check_port(subject: str, host: str, port: int, *, is_http: bool = False) -> Iterator[Finding]:
    """Whether we can listen there, or do already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            probe.listen(1)  # Linux lets two bind with SO_REUSEADDR until one listens
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            yield _judge_owner(subject, f"{host}:{port}", _ask_port(family, host, port, is_http=is_http))
        elif error.errno in (errno.EACCES, errno.EPERM):
            yield fail(
                subject,
                f"{host}:{port}: only root may listen on ports below 1024",
                "Take a port such as 2525 and let your mail server hand mail there, or give the service "
                "AmbientCapabilities=CAP_NET_BIND_SERVICE",
            )
        elif error.errno == errno.EADDRNOTAVAIL:
            yield fail(
                subject,
                f"this host has no address {host}",
                "Write 127.0.0.1, 0.0.0.0 or an address that  ip address  shows",
            )
        else:
            yield fail(subject, f"{host}:{port}: {describe(error)}", "Write a host and a port that we can listen on")
        return
    yield well(subject, f"{host}:{port} is free")


def check_socket(subject: str, path: Path) -> Iterator[Finding]:
    """Whether we can make the socket, or have, and whether Postfix can reach it."""
    if len(os.fsencode(path)) > _LONGEST_SOCKET:
        yield fail(subject, f"{path} is too long for a socket ({_LONGEST_SOCKET} bytes at most)", "Take a shorter path")
        return
    if not path.parent.is_dir():
        yield fail(subject, f"there is no folder {path.parent}", f"Run  mkdir {path.parent}  for mailproc's user")
        return
    if path.exists():
        if not stat.S_ISSOCK(path.stat().st_mode):
            yield fail(subject, f"{path} is there and no socket", "Remove it, or take another path")
            return
        owner = _ask_socket(path)
        if owner is None:
            yield well(subject, f"{path} is left from a daemon that ended; the next one makes it anew")
        else:
            yield _judge_owner(subject, str(path), owner)
    elif not os.access(path.parent, os.W_OK | os.X_OK):
        yield fail(
            subject,
            f"mailproc cannot make a socket in {path.parent}",
            f"Give its user the right to write there (now: {_show_rights(path.parent)})",
        )
        return
    else:
        yield well(subject, f"{path} is free")
    yield from _check_postfix(subject, path)


def find_barrier(path: Path, uid: int, groups: frozenset[int]) -> Path | None:
    """The first part of the path that this user cannot pass, or the socket at its end where they cannot write to it."""
    for folder in reversed(path.parents):
        if not _may(folder, uid, groups, 0o1):
            return folder
    return path if path.exists() and not _may(path, uid, groups, 0o2) else None


def _may(path: Path, uid: int, groups: frozenset[int], bit: int) -> bool:
    try:
        state = path.stat()
    except OSError:
        return False
    if uid == 0:
        return True
    if state.st_uid == uid:
        return bool(state.st_mode & bit << 6)
    if state.st_gid in groups:
        return bool(state.st_mode & bit << 3)
    return bool(state.st_mode & bit)


def _check_postfix(subject: str, path: Path, master_cf: Path = _MASTER_CF) -> Iterator[Finding]:
    """Whether the user of Postfix reaches the socket; nothing where there is no Postfix."""
    try:
        user = pwd.getpwnam("postfix")
    except KeyError:
        return
    groups = frozenset({user.pw_gid, *(entry.gr_gid for entry in grp.getgrall() if "postfix" in entry.gr_mem)})
    barrier = find_barrier(path, user.pw_uid, groups)
    if barrier is not None:
        remedy = (
            'Write  socket_mode: "0666"  or a socket_group that Postfix is in'
            if barrier == path
            else f"Run  chmod o+x {barrier} , or put the socket into a folder that both may enter:  "
            f"install -d -o mailproc -g postfix -m 0750 {_POSTFIX_QUEUE}/mailproc"
        )
        yield fail(subject, f"Postfix cannot reach {path}: it may not pass {barrier} ({_show_rights(barrier)})", remedy)
        return
    if is_lmtp_chrooted(master_cf) and not str(path).startswith(f"{_POSTFIX_QUEUE}/"):
        yield warn(
            subject,
            f"Postfix's lmtp runs in a chroot and sees nothing outside of {_POSTFIX_QUEUE}",
            f"Put the socket below {_POSTFIX_QUEUE}, or write n into the fifth column of the line  lmtp  in "
            f"{master_cf} and reload Postfix",
        )
        return
    yield well(subject, f"Postfix can reach {path}")


def is_lmtp_chrooted(master_cf: Path) -> bool:
    """True when Postfix's lmtp client sees its queue folder alone (master(5), fifth column; - means no)."""
    try:
        lines = master_cf.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    fields = next((line.split() for line in lines if line.split()[:2] == ["lmtp", "unix"]), [])
    return len(fields) > 4 and fields[4] == "y"


def _judge_owner(subject: str, place: str, greeting: str) -> Finding:
    if _OUR_GREETING in greeting.lower():
        return well(subject, f"{place}: mailproc listens")
    said = f" (it says: {greeting[:100]})" if greeting else ""
    return fail(
        subject,
        f"{place} is taken by another program{said}",
        "Stop it, or take another port;  ss -ltnp  shows which one it is",
    )


def _ask_port(family: socket.AddressFamily, host: str, port: int, *, is_http: bool) -> str:
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    try:
        with socket.socket(family, socket.SOCK_STREAM) as client:
            client.settimeout(_WAIT_SECONDS)
            client.connect((target, port))
            return _hear(client, is_http=is_http)
    except OSError:
        return ""


def _ask_socket(path: Path) -> str | None:
    """What greets there; None when nobody listens."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(_WAIT_SECONDS)
            client.connect(str(path))
            return _hear(client, is_http=False)
    except ConnectionRefusedError:
        return None
    except OSError:
        return ""


def _hear(client: socket.socket, *, is_http: bool) -> str:
    if is_http:
        client.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
    heard = client.recv(1_000)
    if not is_http:
        with suppress(OSError):
            client.sendall(b"QUIT\r\n")
    return describe(heard)


def _check_certificate(visit: Visit, intake: IntakeSettings, subject: str) -> Iterator[Finding]:
    if not intake.tls_certificate:
        return
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(intake.tls_certificate, intake.tls_key or None)
        text = Path(intake.tls_certificate).read_bytes()
    except (OSError, ValueError) as error:
        yield fail(
            subject,
            f"the certificate cannot be used: {describe(error)}",
            "Check tls_certificate (with its chain) and tls_key, and that mailproc's user may read both",
        )
        return
    from cryptography import x509

    until = x509.load_pem_x509_certificates(text)[0].not_valid_after_utc
    ends = {"notAfter": until.strftime("%b %d %H:%M:%S %Y GMT")}
    yield from judge_certificate(subject, ends, visit.clock(), "Renew it; mailproc reads the new file by itself")


def _check_maildir(intake: IntakeSettings, subject: str) -> Iterator[Finding]:
    path = Path(intake.path)
    missing = [name for name in ("cur", "new", "tmp") if not (path / name).is_dir()]
    if missing:
        yield fail(
            subject,
            f"{path} is no Maildir: it has no {', '.join(missing)}",
            f"Write its path, or make it:  maildirmake {path}",
        )
    elif not all(os.access(path / name, os.R_OK | os.W_OK | os.X_OK) for name in ("cur", "new")):
        yield fail(
            subject,
            f"mailproc may not read and move mail in {path}",
            f"Give its user the right (now: {_show_rights(path / 'new')})",
        )
    else:
        mails = count(sum(1 for _ in os.scandir(path / "new")), "new mail")
        yield well(subject, f"{path} has {mails}")


def _show_rights(path: Path) -> str:
    state = path.stat()
    try:
        owner, group = pwd.getpwuid(state.st_uid).pw_name, grp.getgrgid(state.st_gid).gr_name
    except KeyError:
        owner, group = str(state.st_uid), str(state.st_gid)
    return f"{stat.filemode(state.st_mode)} {owner}:{group}"
