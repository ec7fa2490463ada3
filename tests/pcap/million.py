#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A million connections in one worker: how much memory they take, and that all of them go.

usage: million.py LVSD LVSADM

Prints TAP. Every connection comes from a packet of a capture file.
"""

import json
import os
import struct
import sys
import tempfile
import time

from director import BURST, ROUTER_MAC, RS1, RS2, VIP, Director
from wire import frame, pcap_record, udp

LVSD, LVSADM = sys.argv[1:3]
CONNECTIONS = 1_000_000
PORTS = 20_000  # of each client
BYTES_EACH = 200
TIMEOUT_S = 60  # of a UDP connection; long enough to hold all of them at a time
CHUNK = 5_000


def records(mac):
    """Capture records of one datagram of each flow, in chunks."""
    for client in range(CONNECTIONS // PORTS):
        record = bytearray(pcap_record(
            frame(mac, ROUTER_MAC, udp(f"100.64.0.{client + 1}", 0, VIP, 53, b"q"))))
        port_at = 16 + 14 + 20
        for first in range(0, PORTS, CHUNK):
            chunk = bytearray()
            for port in range(first, first + CHUNK):
                # The UDP checksum becomes wrong, and stays so: nobody looks at it.
                struct.pack_into("!H", record, port_at, 1024 + port)
                chunk += record
            yield chunk


def worker(director):
    return json.loads(director.lvsadm("--json", "workers"))[0]


def loads(director):
    """ActiveConn and InActConn of all servers."""
    rows = [line.split() for line in director.lvsadm("-Ln").splitlines() if "->" in line][1:]
    return sum(int(row[-2]) for row in rows), sum(int(row[-1]) for row in rows)


def run(director):
    director.until(lambda: " ready: " in director.text(), "ready")
    director.lvsadm("--set", "0", "0", str(TIMEOUT_S))
    director.lvsadm("-A", "-u", f"{VIP}:53", "-s", "rr")
    for server in (RS1, RS2):
        director.lvsadm("-a", "-u", f"{VIP}:53", "-r", f"{server}:53", "-m")
    director.prime()
    mac = director.ports()["ext"]["mac"]
    os.close(director.fifos.pop("int"))  # or the worker would wait in it
    fifo = director.fifos.pop("ext")
    os.set_blocking(fifo, True)
    for chunk in records(mac):
        while chunk:
            chunk = chunk[os.write(fifo, chunk):]
    os.close(fifo)
    director.until(lambda: director.ports()["ext"]["rx_packets"] == BURST + CONNECTIONS, "packets")

    now = worker(director)
    each = now["conn_memory"] / CONNECTIONS
    yield now["conns"] == CONNECTIONS, f"{now['conns']} connections"
    yield loads(director) == (0, CONNECTIONS), f"loads of the servers: {loads(director)}"
    yield each <= BYTES_EACH, f"{each:.1f} bytes each"

    end = time.monotonic() + 3 * TIMEOUT_S
    while worker(director)["conns"] and time.monotonic() < end:
        time.sleep(0.5)
    now = worker(director)
    yield now["conns"] == 0, f"{now['conns']} connections are left"
    yield now["conns_expired"] == CONNECTIONS, f"{now['conns_expired']} expired"
    yield loads(director) == (0, 0), f"loads of the servers: {loads(director)}"


def main():
    status = 0
    with tempfile.TemporaryDirectory(prefix="lvsd-pcap-") as folder:
        os.symlink("/dev/null", os.path.join(folder, "int-out"))  # 80 MB that nobody reads
        director = Director(folder, LVSD, LVSADM, connections=CONNECTIONS)
        try:
            print("1..6", flush=True)
            for number, (good, what) in enumerate(run(director), 1):
                status |= not good
                print(f"{'ok' if good else 'not ok'} {number} - {what}", flush=True)
        except AssertionError as error:
            status = 1
            print(f"Bail out! {error}", flush=True)
        finally:
            director.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
