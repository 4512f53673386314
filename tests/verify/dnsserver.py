"""A real DNS server on loopback, UDP and TCP, that serves a dict."""

import socketserver
import threading
from dataclasses import dataclass, field

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TXT
import dns.rrset

TIMEOUT = 0.3  # seconds that one mail may take in these tests

# What a zone may say instead of rows
SILENT, SERVFAIL, REFUSED, GARBAGE, CUT = "silent", "servfail", "refused", "garbage", "cut"

Rows = list[str] | str


@dataclass
class DnsServer:
    """`zone` maps a name to {type: rows}, or to SILENT, SERVFAIL ...; what it does not hold is NXDOMAIN."""

    zone: dict[str, dict[str, list[str]] | str] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)  # (udp | tcp, type, name)
    ttl: int = 300
    port: int = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def add(self, name: str, **rows: Rows) -> None:
        """Add rows: `add("c.test", TXT="v=spf1 -all", A=["192.0.2.1"])`."""
        there = self.zone.setdefault(name, {})
        assert isinstance(there, dict)
        for kind, texts in rows.items():
            there.setdefault(kind, []).extend([texts] if isinstance(texts, str) else texts)

    def count(self, kind: str, name: str) -> int:
        return sum((asked_kind, asked_name) == (kind, name) for _, asked_kind, asked_name in self.asked)

    def answer(self, wire: bytes, way: str) -> bytes | None:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((way, kind, name))
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        there = self.zone.get(name)
        if there == SILENT:
            return None
        if there == GARBAGE:
            return wire[:2] + b"\xff" * 20
        if there == CUT and way == "udp":
            response.flags |= dns.flags.TC
        elif there == SERVFAIL:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif there == REFUSED:
            response.set_rcode(dns.rcode.REFUSED)
        else:
            self._fill(response, name, kind)
        if way == "tcp":
            return None if there == CUT else response.to_wire(max_size=65_535)
        try:
            return response.to_wire(max_size=max(512, query.payload))
        except dns.exception.TooBig:
            short = dns.message.make_response(query)
            short.flags |= dns.flags.TC
            return short.to_wire()

    def _fill(self, response: dns.message.Message, name: str, kind: str) -> None:
        for _ in range(20):
            there = self.zone.get(name)
            if not isinstance(there, dict):
                response.set_rcode(dns.rcode.NXDOMAIN)
                return
            if "CNAME" not in there:
                break
            response.answer.append(dns.rrset.from_text(f"{name}.", self.ttl, "IN", "CNAME", there["CNAME"][0] + "."))
            name = there["CNAME"][0]
        else:
            return
        if kind not in there:
            return
        rrset = dns.rrset.RRset(dns.name.from_text(name), dns.rdataclass.IN, dns.rdatatype.from_text(kind))
        rrset.update_ttl(self.ttl)
        for row in there[kind]:
            if kind == "TXT":
                data = row.encode("latin-1")
                pieces = [data[at : at + 255] for at in range(0, len(data), 255)] or [b""]
                rrset.add(dns.rdtypes.ANY.TXT.TXT(dns.rdataclass.IN, dns.rdatatype.TXT, pieces))
            else:
                rrset.add(dns.rdata.from_text("IN", kind, row))
        response.answer.append(rrset)


def start(dns_server: DnsServer) -> list[socketserver.BaseServer]:
    class Udp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, sock = self.request
            answer = dns_server.answer(data, "udp")
            if answer is not None:
                sock.sendto(answer, self.client_address)

    class Tcp(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            size = int.from_bytes(self.rfile.read(2), "big")
            answer = dns_server.answer(self.rfile.read(size), "tcp")
            if answer is not None:
                self.wfile.write(len(answer).to_bytes(2, "big") + answer)

    servers: list[socketserver.BaseServer] = []
    while not servers:
        udp = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Udp)
        dns_server.port = udp.server_address[1]
        try:
            servers = [udp, socketserver.ThreadingTCPServer(("127.0.0.1", dns_server.port), Tcp)]
        except OSError:  # somebody else has that number for TCP
            udp.server_close()
    for server in servers:
        server.daemon_threads = True  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return servers
