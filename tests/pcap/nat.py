#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""lvsd itself between pcap files, as an unprivileged process.

usage: nat.py LVSD LVSADM

Prints TAP.
"""

import os
import sys
import tempfile
import traceback

from director import (BURST, CLIENT, NOBODY, ROUTER_MAC, RS1, RS1_MAC, RS2, RS2_MAC, VIP, Director, equal)
from wire import frame, icmp_error, tcp, udp, without_id

LVSD, LVSADM = sys.argv[1:3]


class Exchange:
    """What goes in and what must come out, port by port, in order."""

    def __init__(self, macs):
        self.macs = macs
        self.given = {"ext": [], "int": []}
        self.wanted = {"ext": [], "int": []}

    def client(self, packet, padding=0):
        self.given["ext"].append(frame(self.macs["ext"], ROUTER_MAC, packet, padding))

    def server(self, packet, padding=0):
        self.given["int"].append(frame(self.macs["int"], RS1_MAC, packet, padding))

    def to_client(self, packet):
        self.wanted["ext"].append(frame(ROUTER_MAC, self.macs["ext"], packet))

    def to_server(self, packet, server_mac):
        self.wanted["int"].append(frame(server_mac, self.macs["int"], packet))


def tcp_flows(x):
    """Two connections, rr: the server added last comes first."""
    for sport, server, server_mac in ((40001, RS2, RS2_MAC), (40002, RS1, RS1_MAC)):
        for flags, data, seq in (("S", b"", 100), ("A", b"", 101), ("PA", b"GET /", 101),
                                 ("FA", b"", 106)):
            x.client(tcp(CLIENT, sport, VIP, 80, flags, data, seq), padding=6)
            x.to_server(tcp(CLIENT, sport, server, 8080, flags, data, seq, ttl=63), server_mac)
        for flags, data, seq in (("A", b"", 900), ("PA", b"200 OK!", 901), ("FA", b"", 908)):
            x.server(tcp(server, 8080, CLIENT, sport, flags, data, seq), padding=3)
            x.to_client(tcp(VIP, 80, CLIENT, sport, flags, data, seq, ttl=63))


def udp_flows(x):
    for number in range(3):
        server, server_mac = ((RS2, RS2_MAC), (RS1, RS1_MAC))[number % 2]
        sport, data = 50000 + number, bytes(range(7 * number))
        x.client(udp(CLIENT, sport, VIP, 53, data))
        x.to_server(udp(CLIENT, sport, server, 53, data, ttl=63), server_mac)
        x.server(udp(server, 53, CLIENT, sport, data + b"answer", tos=0xB8))
        x.to_client(udp(VIP, 53, CLIENT, sport, data + b"answer", tos=0xB8, ttl=63))
    # Without a checksum: it gets one.
    x.client(udp(CLIENT, 50000, VIP, 53, b"unsummed", summed=False))
    x.to_server(udp(CLIENT, 50000, RS2, 53, b"unsummed", ttl=63), RS2_MAC)


def dropped(x):
    """Returns the counters that these packets must raise."""
    x.client(udp(CLIENT, 1, VIP, 53, b"x", wrong=1))
    x.client(tcp(CLIENT, 2, VIP, 80, "S", offset=4))
    x.client(udp("127.0.0.1", 3, VIP, 53))
    x.client(udp(VIP, 4, VIP, 53))
    x.client(udp(CLIENT, 5, VIP, 9999))
    dying = tcp(CLIENT, 40001, VIP, 80, "A", ttl=1)
    x.client(dying)
    x.to_client(icmp_error(VIP, CLIENT, 11, 0, dying))
    x.server(udp(RS1, 7, CLIENT, 7))
    refused = tcp(CLIENT, 8, VIP, 81, "S")
    x.client(refused)
    x.to_client(icmp_error(VIP, CLIENT, 3, 3, refused))
    return {"eth_not_for_us": 2 * BURST, "ip4_checksum": 1, "tcp_offset": 1,
            "ip4_martian_source": 1, "ip4_land": 1, "no_twin": 2,
            "ttl_exceeded": 1, "no_destination": 1}


def blanked(frames):
    """ICMP errors carry an id of lvsd's choice."""
    return [(without_id(f) if f[23] == 1 else f).hex() for f in frames]


def compare(d, x):
    for port in ("int", "ext"):
        got, wanted = blanked(d.sent(port)), blanked(x.wanted[port])
        # Errors to the client leave while its packets come in, replies afterwards.
        if port == "ext":
            wanted.sort(key=lambda f: f[46:48] != "01")
        for number, pair in enumerate(zip(got, wanted)):
            equal(*pair, f"frame {number} sent on {port}")
        equal(len(got), len(wanted), f"number of frames sent on {port}")


def test_unprivileged(d):
    with open(f"/proc/{d.process.pid}/status", encoding="ascii") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    assert os.geteuid() != 0 or status["Uid"].split()[0] == str(NOBODY), status["Uid"]
    equal(int(status["CapEff"], 16) if os.geteuid() == 0 else 0, 0, "capabilities")


def test_exchange(d):
    d.lvsadm("-A", "-t", f"{VIP}:80", "-s", "rr")
    d.lvsadm("-A", "-t", f"{VIP}:81", "-s", "rr")
    d.lvsadm("-A", "-u", f"{VIP}:53", "-s", "rr")
    for server in (RS1, RS2):
        d.lvsadm("-a", "-t", f"{VIP}:80", "-r", f"{server}:8080", "-m")
        d.lvsadm("-a", "-u", f"{VIP}:53", "-r", f"{server}:53", "-m")
    x = Exchange({name: port["mac"] for name, port in d.ports().items()})
    tcp_flows(x)
    udp_flows(x)
    expected = dropped(x)
    d.prime()
    d.feed("ext", x.given["ext"])
    d.feed("int", x.given["int"])
    d.until(lambda: d.drops() == expected or sum(d.drops().values()) > sum(expected.values()),
            f"drops {expected}, not {d.drops()}")
    equal(d.drops(), expected, "drops")
    listed = sorted(line.split()[2:] for line in d.lvsadm("-Lnc").splitlines()[2:])
    equal(listed, sorted([
        ["TIME_WAIT", f"{CLIENT}:40001", f"{VIP}:80", f"{RS2}:8080"],
        ["TIME_WAIT", f"{CLIENT}:40002", f"{VIP}:80", f"{RS1}:8080"],
        ["UDP", f"{CLIENT}:50000", f"{VIP}:53", f"{RS2}:53"],
        ["UDP", f"{CLIENT}:50001", f"{VIP}:53", f"{RS1}:53"],
        ["UDP", f"{CLIENT}:50002", f"{VIP}:53", f"{RS2}:53"],
    ]), "connections")
    d.stop()
    compare(d, x)


def main():
    status = 0
    tests = (test_unprivileged, test_exchange)
    print(f"1..{len(tests)}", flush=True)
    with tempfile.TemporaryDirectory(prefix="lvsd-pcap-") as folder:
        director = Director(folder, LVSD, LVSADM)
        try:
            director.until(lambda: " ready: " in director.text(), "ready")
            for number, test in enumerate(tests, 1):
                try:
                    test(director)
                    print(f"ok {number} - {test.__name__[5:]}", flush=True)
                except Exception:  # pylint: disable=broad-exception-caught
                    status = 1
                    print(f"not ok {number} - {test.__name__[5:]}", flush=True)
                    print("".join(f"# {line}\n" for line in
                                  traceback.format_exc().splitlines()), flush=True)
        except AssertionError as error:
            status = 1
            print(f"Bail out! {error}", flush=True)
        finally:
            director.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
