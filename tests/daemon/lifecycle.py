#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""lvsd as a process: how it starts, what it says when it cannot, what it leaves behind.

usage: lifecycle.py LVSD [NAME]...

Prints TAP. Needs no privileges; what needs a network of its own makes one in a namespace, and is
skipped where that is not allowed.
"""

import contextlib
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import traceback

LVSD = os.path.abspath(sys.argv[1])
CONF = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "conf")
START_S = 20  # a loaded machine is no failure
STOP_S = 10

NULL_PORT = "ports: [{name: a, device: 'net_null0,no-rx=1', twin: no}]\n"
SMALL = "workers: 1\nhugepages: no\nconnections: 1024\n"

TESTS = []


class Skip(Exception):
    pass


def test(function):
    TESTS.append(function)
    return function


def equal(got, expected):
    if got != expected:
        raise AssertionError(f"got\n{got}\ninstead of\n{expected}")


def contains(text, *parts):
    for part in parts:
        if part not in text:
            raise AssertionError(f"no\n{part}\nin\n{text}")


class Lvsd:
    """One lvsd with a folder of its own for its socket and configuration."""

    def __init__(self, folder, config=SMALL + NULL_PORT, args=(), before=(), env=None):
        self.folder = folder
        self.config = os.path.join(folder, "lvsd.yaml")
        self.socket = os.path.join(folder, "sock")
        if config is not None:
            with open(self.config, "w", encoding="utf-8") as file:
                file.write(config)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("LVSD")}
        environment.pop("JOURNAL_STREAM", None)
        environment["RUNTIME_DIRECTORY"] = folder  # where DPDK makes its folders
        environment.update(env or {})
        self.log = open(os.path.join(folder, "log"), "w+b")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            [*before, LVSD, "--config", self.config, "--socket", self.socket, *args],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=environment)

    def text(self):
        with open(self.log.name, encoding="utf-8") as file:
            return file.read()

    def wait_for(self, what, seconds=START_S):
        end = time.monotonic() + seconds
        while what not in self.text():
            if self.process.poll() is not None and what not in self.text():
                raise AssertionError(f"ended with {self.process.returncode}:\n{self.text()}")
            if time.monotonic() > end:
                raise AssertionError(f"never said {what!r}:\n{self.text()}")
            time.sleep(0.02)

    def ready(self):
        self.wait_for(" ready: ")
        return self

    def ended(self, seconds=START_S):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still runs:\n{self.text()}") from None

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.ended(STOP_S)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory(prefix="lvsd-test-") as path:
        yield path


@contextlib.contextmanager
def lvsd(*args, **kwargs):
    with folder() as path:
        daemon = Lvsd(path, *args, **kwargs)
        try:
            yield daemon
        finally:
            daemon.close()


def run(*args, env=None):
    """lvsd that is expected to end by itself: exit status, what it said."""
    done = subprocess.run([LVSD, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding="utf-8", timeout=START_S,
                          check=False, env={**os.environ, **(env or {})})
    return done.returncode, done.stdout


def fails(daemon, *expected):
    """The daemon ends with 1, in as few lines as expected, and without a socket."""
    equal(daemon.ended(), 1)
    lines = daemon.text().splitlines()
    said = "\n".join(lines)
    contains(said, *expected)
    equal(os.path.exists(daemon.socket), False)
    if len(lines) > len(expected):
        raise AssertionError(f"more than {len(expected)} lines:\n{said}")


def own_network():
    """The command that gives a program a network of its own."""
    for command in (["unshare", "--net"], ["unshare", "--user", "--map-root-user", "--net"]):
        done = subprocess.run([*command, "test", "-w", "/dev/net/tun"], check=False,
                              stderr=subprocess.DEVNULL)
        if done.returncode == 0:
            return command
    raise Skip("a network namespace with /dev/net/tun cannot be made here")


def inside(daemon, *command):
    """Runs a command in the network of a daemon that own_network() started."""
    enter = ["nsenter", "--target", str(daemon.process.pid), "--net"]
    if os.geteuid() != 0:
        enter += ["--user", "--preserve-credentials"]
    return subprocess.run([*enter, *command], stdout=subprocess.PIPE, encoding="utf-8",
                          check=True).stdout


def without_privileges():
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []


def answers(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
        client.settimeout(5)
        client.connect(path)


# ---- the command line -------------------------------------------------------------------------


@test
def help_texts():
    status, text = run("--help")
    equal(status, 0)
    contains(text, "Usage: lvsd", "--config FILE", "--check", "lvsd.conf(5)")
    status, text = run("--version")
    equal(status, 0)
    contains(text, "lvsd ")
    status, text = run("--help-config")
    equal(status, 0)
    contains(text, "workers", "ports[].device", "static.neighbours[].mac")


@test
def manual_agrees():
    """lvsd.conf(5) describes every key in the words of --help-config."""
    with open(os.path.join(CONF, "..", "man", "lvsd.conf.5"), encoding="utf-8") as file:
        manual = " ".join(file.read().split())
    for entry in re.split(r"\n(?=\S)", run("--help-config")[1].strip()):
        title, _, text = " ".join(entry.split("\n        ")).partition(" ")
        default = re.match(r"\(default: (.*?)\) (?=[A-Z]|auto:)", text)
        text = re.sub(r"^\(.*?\) (?=[A-Z]|auto:)", "", text)
        if default:
            contains(manual, f"Default: {default[1]}.")
        help_text, _, allowed = text.partition(" Allowed: ")
        contains(manual, f".It Ic {title.rsplit('.', 1)[-1]} {help_text}")
        if allowed:
            contains(manual, f"Allowed: {allowed}")


@test
def wrong_options():
    for args, said in (
            (["--bogus"], "lvsd: error: --bogus: unknown option; see lvsd --help\n"),
            (["--config"], "lvsd: error: --config: needs a value; see lvsd --help\n"),
            (["extra"], "lvsd: error: extra: unexpected argument; see lvsd --help\n"),
            (["--log-level", "loud"],
             'lvsd: error: --log-level: "loud" is not a level; allowed: '
             "error|warning|notice|info|debug\n"),
            (["--socket", "/" + "x" * 107],
             "lvsd: error: --socket: the path is too long (108 characters); allowed: at most "
             "107\n")):
        equal(run(*args), (1, said))


@test
def check_only():
    for name in ("null.yaml", "pcap.yaml", "lvsd.yaml"):
        path = os.path.join(CONF, name)
        equal(run("--config", path, "--check"), (0, f"{path}: ok\n"))


# ---- what cannot start ------------------------------------------------------------------------


@test
def wrong_configuration():
    with lvsd("worker: 1\nports:\n- {name: much-too-long-name, device: x}\n") as daemon:
        fails(daemon, "lvsd.yaml:1: worker: unknown key; did you mean workers?",
              "lvsd.yaml:3: ports[].name: ")
    with lvsd("ports:\n- {name: a, device: x}\n- {name: a, device: y}\n") as daemon:
        fails(daemon, 'lvsd.yaml:3: ports[].name: "a" is the name of two ports')
    with lvsd(None) as daemon:
        fails(daemon, "cannot be opened: No such file or directory; name the file with --config")


@test
def missing_device():
    for device in ("0000:ff:1f.7", "'net_af_packet0,iface=nonexistent0'", "net_nonsense0",
                   "'net_pcap0,rx_pcap=/nonexistent/in.pcap,tx_iface=nonexistent0'"):
        with lvsd(SMALL + f"ports: [{{name: ext, device: {device}, twin: no}}]\n") as daemon:
            equal(daemon.ended(), 1)
            contains(daemon.text(), "lvsd: error: port ext: ", device.strip("'"))
            equal(os.path.exists(daemon.socket), False)


@test
def cpu_that_is_not_there():
    with lvsd("workers: [1000]\n" + NULL_PORT) as daemon:
        fails(daemon, "workers: lvsd may not use CPU 1000 here; allowed: CPUs ")


@test
def no_hugepages():
    free = "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"
    with contextlib.suppress(OSError), open(free, encoding="ascii") as file:
        if int(file.read()) > 0:
            raise Skip("hugepages are reserved")
    rest = "workers: 1\nconnections: 1024\n" + NULL_PORT
    with lvsd("hugepages: yes\n" + rest) as daemon:
        fails(daemon, "lvsd: error: hugepages: yes, but 0 MiB")
    with lvsd("hugepages: auto\n" + rest) as daemon:
        daemon.ready()
        contains(daemon.text(), "lvsd: notice: 0 MiB of hugepages are free")
        equal(daemon.stop(), 0)


@test
def twin_without_privileges():
    ports = "ports: [{{name: lvsdtest0, device: 'net_null0,no-rx=1', twin: {}}}]\n"
    with lvsd(SMALL + ports.format("yes"), before=without_privileges()) as daemon:
        fails(daemon, "lvsd: error: twin of port lvsdtest0: ")
        contains(daemon.text(), "run lvsd as root (CAP_NET_ADMIN), or set twin: no")
    with lvsd(SMALL + ports.format("auto"), before=without_privileges()) as daemon:
        daemon.ready()
        contains(daemon.text(), "lvsd: notice: twin of port lvsdtest0: ", "runs without")
        equal(daemon.stop(), 0)


# ---- the socket -------------------------------------------------------------------------------


@test
def taken_socket():
    with lvsd() as first, folder() as path:
        first.ready()
        second = Lvsd(path, args=["--socket", first.socket])
        try:
            equal(second.ended(), 1)
            equal(second.text(),
                  f"lvsd: error: socket {first.socket}: another lvsd (pid {first.process.pid}) "
                  "answers there; stop it, or choose another path with --socket\n")
        finally:
            second.close()
        answers(first.socket)
        equal(first.stop(), 0)


@test
def something_else_in_the_way():
    with folder() as path:
        with open(os.path.join(path, "sock"), "w", encoding="ascii") as file:
            file.write("precious")
        daemon = Lvsd(path)
        try:
            equal(daemon.ended(), 1)
            contains(daemon.text(), "lvsd: error: ", daemon.socket)
            with open(daemon.socket, encoding="ascii") as file:
                equal(file.read(), "precious")
        finally:
            daemon.close()


@test
def socket_from_environment():
    with folder() as path:
        other = os.path.join(path, "other")
        config = os.path.join(path, "lvsd.yaml")
        with open(config, "w", encoding="ascii") as file:
            file.write(SMALL + f"socket: {path}/from-file\n" + NULL_PORT)
        for env, expected in (({}, f"{path}/from-file"), ({"LVSD_SOCKET": other}, other)):
            clean = {k: v for k, v in os.environ.items() if k != "LVSD_SOCKET"}
            with subprocess.Popen([LVSD, "--config", config], env={**clean, **env},
                                  stderr=subprocess.PIPE, encoding="utf-8") as process:
                contains(process.stderr.readline(), f"socket {expected}\n")
                process.terminate()
                equal(process.wait(STOP_S), 0)


# ---- signals ----------------------------------------------------------------------------------


@test
def stops_cleanly():
    for number in (signal.SIGTERM, signal.SIGINT):
        with lvsd() as daemon:
            daemon.ready()
            equal(stat.S_ISSOCK(os.stat(daemon.socket).st_mode), True)
            answers(daemon.socket)
            equal(daemon.stop(number), 0)
            equal(os.path.exists(daemon.socket), False)
            contains(daemon.text(), ": stopping")


@test
def hangup_is_ignored():
    with lvsd() as daemon:
        daemon.ready()
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("SIGHUP: the configuration is read at start only")
        answers(daemon.socket)
        equal(daemon.stop(), 0)


@test
def killed_and_started_again():
    with folder() as path:
        for _ in range(2):
            daemon = Lvsd(path)
            try:
                daemon.ready()
                equal(daemon.stop(signal.SIGKILL), -signal.SIGKILL)
                equal(os.path.exists(daemon.socket), True)
            finally:
                daemon.close()
        daemon = Lvsd(path)
        try:
            daemon.ready()
            answers(daemon.socket)
            equal(daemon.stop(), 0)
            equal(os.path.exists(daemon.socket), False)
        finally:
            daemon.close()


@test
def nothing_left_behind():
    def files():
        found = set()
        for place in ("/dev/hugepages", "/run/dpdk", "/var/run/dpdk", "/dev/shm"):
            for root, _, names in os.walk(place):
                found.update(os.path.join(root, n) for n in names
                             if n.startswith(("lvsd", "rtemap", "rte_", "fbarray", "dpdk_telem")))
        return found

    with folder() as path:
        before = files()
        daemon = Lvsd(path)
        try:
            daemon.ready()
            equal(daemon.stop(), 0)
        finally:
            daemon.close()
        equal(sorted(n for _, _, names in os.walk(path) for n in names), ["log", "lvsd.yaml"])
        equal(files() - before, set())


# ---- the service manager ----------------------------------------------------------------------


@test
def notifies_the_service_manager():
    with folder() as path:
        for address in (os.path.join(path, "notify"), f"\0lvsd-test-{os.getpid()}"):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
                manager.settimeout(START_S)
                manager.bind(address)
                daemon = Lvsd(path, env={"NOTIFY_SOCKET": address.replace("\0", "@")})
                try:
                    equal(manager.recv(100), b"READY=1")
                    answers(daemon.socket)
                    equal(daemon.stop(), 0)
                    equal(manager.recv(100), b"STOPPING=1")
                finally:
                    daemon.close()


@test
def speaks_to_the_journal():
    with folder() as path:
        config = os.path.join(path, "lvsd.yaml")
        with open(config, "w", encoding="ascii") as file:
            file.write(SMALL + NULL_PORT)
        read, write = os.pipe()
        st = os.fstat(write)
        env = {**os.environ, "JOURNAL_STREAM": f"{st.st_dev}:{st.st_ino}"}
        with subprocess.Popen([LVSD, "--config", config, "--socket", path + "/sock"], env=env,
                              stderr=write) as process:
            os.close(write)
            with open(read, encoding="utf-8") as stream:
                contains(stream.readline(), "<5>ready: ")
                process.terminate()
                equal(process.wait(STOP_S), 0)


@test
def log_levels():
    with lvsd(args=["--log-level", "debug"]) as daemon:
        daemon.ready()
        contains(daemon.text(), "lvsd: debug: network published", "lvsd: info: port a: ")
        equal(daemon.stop(), 0)
    with lvsd(SMALL + "log-level: error\n" + NULL_PORT) as daemon:
        end = time.monotonic() + START_S
        while not os.path.exists(daemon.socket) and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(0.2)
        equal(daemon.stop(), 0)
        equal(daemon.text(), "")


# ---- twins ------------------------------------------------------------------------------------

TWIN = SMALL + """
ports:
  - {name: ext, device: 'net_null0,no-rx=1', mtu: 1400, twin: yes, addresses: [172.16.0.206/24]}
  - {name: int, device: 'net_null1,no-rx=1', addresses: [10.0.0.206/24, 'fd00::1/64']}
static:
  routes: [{to: default, via: 172.16.0.205}]
  neighbours: [{address: 10.0.0.201, mac: 02:00:00:00:00:c9}]
"""


@test
def twins():
    with lvsd(TWIN, before=own_network(), args=["--log-level", "debug"]) as daemon:
        daemon.ready()
        contains(inside(daemon, "ip", "link", "show", "dev", "ext"), "mtu 1400", "LOWER_UP")
        contains(inside(daemon, "ip", "address", "show", "dev", "ext"), "172.16.0.206/24")
        contains(inside(daemon, "ip", "address", "show", "dev", "int"), "10.0.0.206/24",
                 "fd00::1/64")
        contains(inside(daemon, "ip", "route"), "default via 172.16.0.205 dev ext")
        contains(inside(daemon, "ip", "neigh"), "10.0.0.201 dev int lladdr 02:00:00:00:00:c9")
        # What others change is followed.
        before = daemon.text().count("network published")
        inside(daemon, "ip", "route", "add", "10.99.0.0/16", "via", "10.0.0.9")
        end = time.monotonic() + 5
        while daemon.text().count("network published") == before:
            if time.monotonic() > end:
                raise AssertionError("the new route was not noticed")
            time.sleep(0.02)
        equal(daemon.stop(), 0)


@test
def twins_go_with_lvsd():
    """However it ends: a second one in the same network finds none."""
    script = f"""
        ip link set lo up
        for signal in KILL TERM; do
            {LVSD} --config $0/lvsd.yaml --socket $0/sock2 & pid=$!
            for i in $(seq {START_S}0); do
                ip link show dev int 2>/dev/null && test -S $0/sock2 && break; sleep 0.1
            done
            ip -o link show dev ext || exit 3
            kill -$signal $pid; wait $pid
            ip -o link show dev ext && exit 4
        done
        exit 0
    """
    with folder() as path:
        with open(os.path.join(path, "lvsd.yaml"), "w", encoding="ascii") as file:
            file.write(TWIN)
        done = subprocess.run([*own_network(), "sh", "-c", script, path], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
                              timeout=3 * START_S)
        if done.returncode != 0:
            raise AssertionError(f"exit {done.returncode}:\n{done.stdout}")


@test
def twin_name_taken():
    script = f"ip link add ext type veth peer name other; exec {LVSD} \"$@\""
    with lvsd(TWIN, before=[*own_network(), "sh", "-c", script]) as daemon:
        fails(daemon, "lvsd: error: twin of port ext: an interface of that name exists already; "
                      "rename the port, or the interface (ip link set ext name OTHER)")


@test
def refused_by_the_kernel():
    config = TWIN.replace("via: 172.16.0.205", "via: 192.0.2.1, port: ext")
    with lvsd(config, before=own_network()) as daemon:
        fails(daemon, "lvsd.yaml:9: static.routes[]: the kernel refuses route 0.0.0.0/0: Network "
                      "is unreachable (Nexthop has invalid gateway)")


# ---- TAP --------------------------------------------------------------------------------------


def main():
    wanted = sys.argv[2:]
    tests = [t for t in TESTS if not wanted or t.__name__ in wanted]
    failed = 0
    print(f"1..{len(tests)}", flush=True)
    for number, function in enumerate(tests, 1):
        name = f"{number} - {function.__name__.replace('_', ' ')}"
        try:
            function()
            print(f"ok {name}", flush=True)
        except Skip as why:
            print(f"ok {name} # SKIP {why}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f"not ok {name}")
            for line in traceback.format_exc().splitlines():
                print(f"# {line}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
