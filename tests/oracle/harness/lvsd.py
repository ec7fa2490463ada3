# SPDX-License-Identifier: BSD-3-Clause
"""lvsd as a director: on veth pairs, inside a network namespace of this process.

    far-cli == raw-cli [lvsd] raw-srv == far-srv        cli, srv: lvsd's twins

lvsd reads and writes raw-* with DPDK's af_packet driver; this module does the same by hand on
far-*, and stands for every client and server. The kernel sees all frames on raw-* too, where it
must not answer: strict reverse path filtering makes it drop them, as their senders are reached
by the twins.
"""
import ctypes
import errno
import os
import pathlib
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

from . import director, packet as pk

_CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1
_ETH_ALL, _ETH_IP, _ETH_ARP = 0x0003, 0x0800, 0x0806
_OUTGOING = 4  # sll_pkttype of what this host sent itself

_CONFIG = """\
workers: 1
hugepages: no
memory: 64
mbufs: 8192
connections: 20000
log-level: info
ports:
{ports}
static:
  neighbours:
{neighbours}
"""
_PORT = """\
  - name: {side}
    device: net_af_packet_{side},iface=raw-{side},framecnt=512
    addresses: [{addresses}]
"""
_NEIGHBOUR = "    - {{address: {address}, port: {side}, mac: '{mac}'}}\n"

START_LIMIT = 60.0    # seconds that lvsd may take to answer; this long only on a busy machine
STOP_LIMIT = 30.0     # that it may take to end
OUTPUT_LIMIT = 2.0    # that an expected packet may take
OUTPUT_LIMIT_MISSED = 0.2  # the same after one has not come
QUIET = 0.03          # silence that counts as "nothing comes"


_libc = ctypes.CDLL(None, use_errno=True)


def enter_namespace():
    """Gives this process a network namespace of its own."""
    if _libc.unshare(_CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), 'cannot make a network namespace')
    director.run('ip', 'link', 'set', 'lo', 'up')


def _die_with_parent():
    """In lvsd before it starts: a test that is killed leaves nothing behind."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _mac(side, end):
    """Of the director (end 1) or of everybody else (end 2) on a side."""
    return '02:00:00:00:%02x:%02x' % (director.SIDES.index(side) + 1, end)


def _mac_bytes(text):
    return bytes(int(part, 16) for part in text.split(':'))


class Lvsd(director.Director):
    name = 'lvsd'

    def __init__(self, build):
        """In a namespace of its own. `build`: folder with src/control/lvsd, or with lvsd."""
        self._lvsd = _find(build, 'lvsd')
        self._lvsadm = _find(build, 'lvsadm')
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix='oracle-lvsd.'))
        # The command line's grammar goes by the name it is called by.
        self._ipvsadm = self._folder / 'ipvsadm'
        self._ipvsadm.symlink_to(self._lvsadm)
        self._socket = self._folder / 'lvsd.sock'
        self._config = self._folder / 'lvsd.yaml'
        self._log = self._folder / 'lvsd.log'
        self._config.write_text(_config(), encoding='ascii')
        self._daemon = None
        self._missed = False
        self._far = {}
        director.write_sysctls()
        for side in director.SIDES:
            self._make_link(side)

    def close(self):
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _make_link(self, side):
        raw, far = 'raw-' + side, 'far-' + side
        director.run('ip', 'link', 'add', raw, 'address', _mac(side, 1), 'type', 'veth',
                     'peer', 'name', far, 'address', '02:00:00:00:%02x:ff'
                     % (director.SIDES.index(side) + 1))
        with open('/proc/sys/net/ipv4/conf/%s/rp_filter' % raw, 'w', encoding='ascii') as file:
            file.write('1')
        for name in (raw, far):
            director.run('ip', 'link', 'set', name, 'arp', 'off', 'up')
        far_socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_ALL))
        far_socket.bind((far, _ETH_ALL))
        far_socket.setblocking(False)
        self._far[side] = far_socket

    # ---- start and stop ----------------------------------------------------------------------

    def start(self):
        self._missed = False
        with open(self._log, 'wb') as log:
            self._daemon = subprocess.Popen(
                [self._lvsd, '--config', self._config, '--socket', self._socket],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=_die_with_parent)
        end = time.monotonic() + START_LIMIT
        while self.ipvsadm(['-Ln'])[0]:
            if self._daemon.poll() is not None:
                raise RuntimeError('lvsd ended with status %d\n%s' % (self._daemon.returncode,
                                                                      self.log()))
            if time.monotonic() > end:
                raise RuntimeError('lvsd does not answer after %g s\n%s' % (START_LIMIT,
                                                                           self.log()))
            time.sleep(0.02)
        self._receive(0, 0.05)

    def stop(self):
        if self._daemon is None:
            return None
        daemon, self._daemon = self._daemon, None
        daemon.terminate()
        try:
            status = daemon.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()
            return 'lvsd does not end on SIGTERM in %g s\n%s' % (STOP_LIMIT, self.log())
        return 'lvsd ended with status %d\n%s' % (status, self.log()) if status else None

    def log(self):
        return self._log.read_text(encoding='utf-8', errors='replace')

    # ---- commands and packets ----------------------------------------------------------------

    def ipvsadm(self, arguments):
        result = subprocess.run([self._ipvsadm, *arguments], capture_output=True, text=True,
                                stdin=subprocess.DEVNULL, check=False, timeout=60,
                                env=dict(os.environ, LVSD_SOCKET=str(self._socket)))
        return result.returncode, result.stdout, result.stderr

    def exchange(self, side, packet, expected=None):
        if self._daemon.poll() is not None:
            raise RuntimeError('lvsd is gone, status %d\n%s' % (self._daemon.returncode,
                                                                self.log()))
        self._send(side, _ETH_IP, packet)
        if expected == 0:
            return self._receive(0, QUIET)
        limit = OUTPUT_LIMIT_MISSED if self._missed else OUTPUT_LIMIT
        result = self._receive(expected or 1, limit)
        if len(result) < (expected or 1):
            self._missed = True
        return result

    def _send(self, side, kind, payload):
        frame = (_mac_bytes(_mac(side, 1)) + _mac_bytes(_mac(side, 2)) + struct.pack('!H', kind)
                 + payload)
        while True:
            try:
                self._far[side].send(frame)
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                time.sleep(0.001)

    def _receive(self, wanted, limit):
        """IP packets out of the director: until there are `wanted`, or `limit` seconds passed.
        None wanted: all that come within the limit."""
        result = []
        end = time.monotonic() + limit
        while not wanted or len(result) < wanted:
            ready = select.select(list(self._far.values()), [], [],
                                  max(0, end - time.monotonic()))[0]
            if not ready:
                break
            for side, far in self._far.items():
                if far in ready:
                    self._take(side, far, result)
        return result

    def _take(self, side, far, result):
        try:
            frame, address = far.recvfrom(65536)
        except BlockingIOError:
            return
        if address[2] == _OUTGOING or len(frame) < 14:
            return
        kind, payload = struct.unpack('!H', frame[12:14])[0], frame[14:]
        if kind == _ETH_ARP:
            self._answer_arp(side, payload)
        elif kind == _ETH_IP and not director.is_noise(payload):
            result.append((side, payload[:pk.total_length(payload)]))

    def _answer_arp(self, side, request):
        """Everybody on a side but the director is here."""
        operation, asker_mac, asker, wanted = struct.unpack('!6xH6s4s6x4s', request[:28])
        network = socket.inet_aton(director.ADDRESS[side])[:2]
        if operation == 1 and wanted[:2] == network and wanted != asker:
            self._send(side, _ETH_ARP, request[:6] + struct.pack(
                '!H6s4s6s4s', 2, _mac_bytes(_mac(side, 2)), wanted, asker_mac, asker))


def _find(build, name):
    for folder in ('', 'src/control', 'src/cli'):
        path = pathlib.Path(build) / folder / name
        if path.is_file():
            return path.resolve()
    raise SystemExit('no %s in %s' % (name, build))


def _config():
    hosts = {'cli': director.CLIENTS, 'srv': director.SERVERS}
    addresses = {side: ['%s/%d' % (director.ADDRESS[side], director.PREFIX)]
                 for side in director.SIDES}
    addresses['cli'] += [vip + '/32' for vip in director.VIPS]
    return _CONFIG.format(
        ports=''.join(_PORT.format(side=side, addresses=', '.join(addresses[side]))
                      for side in director.SIDES),
        neighbours=''.join(_NEIGHBOUR.format(address=host, side=side, mac=_mac(side, 2))
                           for side in director.SIDES for host in hosts[side]))
