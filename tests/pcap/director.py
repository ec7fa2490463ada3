# SPDX-License-Identifier: BSD-3-Clause
"""lvsd with two pcap ports, as an unprivileged process.

Services are set with lvsadm while lvsd runs. A pcap port delivers its packets as soon as lvsd polls
it, therefore the files that it reads are FIFOs: they are opened and get a file header at the start,
and packets when everything is in place. A worker that polls an empty FIFO waits in it, for a full
burst or the end of the file, which comes when the FIFO is closed. So packets go first into the one
port, then into the other, at most a burst each, or a file that ends.

The worker waits since before the services were set, and takes new tables at the beginning of a turn
over its ports: a burst for another station through each port (prime()) lets it begin one.

Root is given up (user nobody); without it the test runs as whoever calls it.
"""

import json
import os
import shutil
import signal
import subprocess
import time

from wire import PCAP_HEADER, frame, pcap_read, pcap_record

NOBODY = 65534
WAIT_S = 30  # a loaded machine is no failure
BURST = 32

CLIENT, VIP, RS1, RS2 = "192.168.0.204", "172.16.0.206", "10.0.0.201", "10.0.0.202"
ROUTER_MAC, RS1_MAC, RS2_MAC = "02:00:00:00:00:05", "02:00:00:00:00:c9", "02:00:00:00:00:ca"

CONFIG = f"""\
workers: 1
hugepages: no
connections: %d
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

    def __init__(self, folder, lvsd, lvsadm, connections=4096):
        self.folder = folder
        self.lvsadm_path = os.path.abspath(lvsadm)
        self.lvsd = shutil.copy(lvsd, folder)  # nobody may not reach the build folder
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
            file.write(CONFIG % connections)
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
        result = subprocess.run([self.lvsadm_path, "--socket", socket, *words], capture_output=True,
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
