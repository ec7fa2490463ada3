#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""lvsd itself between pcap files, as an unprivileged process.

usage: nat.py LVSD LVSADM

Prints TAP. Services are set with lvsadm while lvsd runs. A pcap port delivers its packets as soon
as lvsd polls it, therefore the files that it reads are FIFOs: this test opens them, writes the file
header, and fills in the packets when everything is in place. A worker that polls an empty FIFO
waits in it, for a full burst or the end of the file, which comes when this test closes it. So
packets go first into the one port, then into the other, at most a burst each.

The worker waits since before the services were set, and takes new tables at the beginning of a turn
over its ports: a burst for another station through each port (prime()) lets it begin one.

Root is given up (user nobody); without it the test runs as whoever calls it.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

from wire import (PCAP_HEADER, frame, icmp_error, pcap_read, pcap_record, tcp, udp, without_id)

LVSD, LVSADM = (os.path.abspath(path) for path in sys.argv[1:3])
NOBODY = 65534
WAIT_S = 30  # a loaded machine is no failure
BURST = 32

CLIENT, VIP, RS1, RS2 = "192.168.0.204", "172.16.0.206", "10.0.0.201", "10.0.0.202"
ROUTER_MAC, RS1_MAC, RS2_MAC = "02:00:00:00:00:05", "02:00:00:00:00:c9", "02:00:00:00:00:ca"

CONFIG = f"""\
workers: 1
hugepages: no
connections: 4096
ports:
  - name: ext
    device: net_pcap0,rx_pcap=ext-in,tx_pcap=ext-out
    twin: no
    addresses: [172.16.0.206/24]
  - name: int
    device: net_pcap1,rx_pcap=int-in,tx_pcap=int-out
    twin: no
    addresses: [10.0.0.206/24]
static:
  routes:
    - {{to: default, via: 172.16.0.205}}
  neighbours:
    - {{address: 172.16.0.205, mac: {ROUTER_MAC}}}
    - {{address: 10.0.0.201, mac: {RS1_MAC}}}
    - {{address: 10.0.0.202, mac: {RS2_MAC}}}
"""


def equal(got, expected, what):
    if got != expected:
        raise AssertionError(f"{what}:\n  got      {got}\n  expected {expected}")


class Director:
    """lvsd with two pcap ports, in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.lvsd = shutil.copy(LVSD, folder)  # nobody may not reach the build folder
        self.as_nobody = {}
        if os.geteuid() == 0:
            self.as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            os.chown(folder, NOBODY, NOBODY)
        self.fifos = {}
        for port in ("ext", "int"):
            path = os.path.join(folder, f"{port}-in")
            os.mkfifo(path)
            os.chmod(path, 0o644)
            # For reading, too: nobody waits for the other end.
            self.fifos[port] = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            os.write(self.fifos[port], PCAP_HEADER)
        with open(os.path.join(folder, "lvsd.yaml"), "w", encoding="utf-8") as file:
            file.write(CONFIG)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("LVSD")}
        environment.pop("JOURNAL_STREAM", None)
        environment["RUNTIME_DIRECTORY"] = folder  # where DPDK makes its folders
        self.log = open(os.path.join(folder, "log"), "w+b")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            [self.lvsd, "--config", "lvsd.yaml", "--socket", "sock"], cwd=folder,
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=environment,
            **self.as_nobody)

    def text(self):
        with open(self.log.name, encoding="utf-8") as file:
            return file.read()

    def until(self, done, what):
        end = time.monotonic() + WAIT_S
        while not done():
            if self.process.poll() is not None:
                raise AssertionError(f"lvsd ended with {self.process.returncode}:\n{self.text()}")
            if time.monotonic() > end:
                raise AssertionError(f"{what}: not within {WAIT_S} s\n{self.text()}")
            time.sleep(0.02)

    def lvsadm(self, *words):
        socket = os.path.join(self.folder, "sock")
        result = subprocess.run([LVSADM, "--socket", socket, *words], capture_output=True,
                                text=True, check=False)
        if result.returncode != 0:
            raise AssertionError(f"lvsadm {' '.join(words)}: {result.stderr}")
        return result.stdout

    def ports(self):
        return {port["name"]: port for port in json.loads(self.lvsadm("--json", "ports"))}

    def drops(self):
        return {row["name"]: row["value"] for row in json.loads(self.lvsadm("--json", "drops"))}

    def write(self, port, frames):
        os.write(self.fifos[port], b"".join(pcap_record(f) for f in frames))

    def received(self, port, number):
        self.until(lambda: self.ports()[port]["rx_packets"] == number, f"packets of {port}")

    def prime(self):
        """The worker's next turn, which sees all services set before."""
        for port in ("ext", "int"):
            self.write(port, BURST * [frame("02:ff:ff:ff:ff:ff", ROUTER_MAC, b"")])
            self.received(port, BURST)

    def feed(self, port, frames):
        """All that the port will receive from now on. Returns when lvsd has received it."""
        assert len(frames) <= BURST
        self.write(port, frames)
        os.close(self.fifos.pop(port))
        self.received(port, BURST + len(frames))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        equal(self.process.wait(WAIT_S), 0, f"exit status\n{self.text()}")

    def sent(self, port):
        return pcap_read(os.path.join(self.folder, f"{port}-out"))

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for fd in self.fifos.values():
            os.close(fd)
        self.log.close()


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
    x.client(udp(CLIENT, 4, VIP, 53, b"fragment", flags=0x2000))
    x.client(udp(CLIENT, 5, VIP, 9999))
    dying = tcp(CLIENT, 40001, VIP, 80, "A", ttl=1)
    x.client(dying)
    x.to_client(icmp_error(VIP, CLIENT, 11, 0, dying))
    x.server(udp(RS1, 7, CLIENT, 7))
    refused = tcp(CLIENT, 8, VIP, 81, "S")
    x.client(refused)
    x.to_client(icmp_error(VIP, CLIENT, 3, 3, refused))
    return {"eth_not_for_us": 2 * BURST, "ip4_checksum": 1, "tcp_offset": 1, "ip4_martian_source": 1, "fragment": 1,
            "no_twin": 2, "ttl_exceeded": 1, "no_destination": 1}


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
        director = Director(folder)
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
