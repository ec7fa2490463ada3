# SPDX-License-Identifier: BSD-3-Clause
"""The kernel's own IPVS as a director. Runs as root of a kernel of its own (see run-kernel)."""
import fcntl
import os
import select
import struct
import subprocess
import time

from . import director

_TUNSETIFF = 0x400454ca
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000


class Kernel(director.Director):
    name = 'kernel'

    def __init__(self):
        director.write_sysctls()
        self._fds = {}
        for side in director.SIDES:
            fd = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(fd, _TUNSETIFF, struct.pack('16sH22x', side.encode(),
                                                    _IFF_TUN | _IFF_NO_PI))
            self._fds[side] = fd
            director.run('ip', 'link', 'set', side, 'up')
            director.run('ip', 'addr', 'add',
                         '%s/%d' % (director.ADDRESS[side], director.PREFIX), 'dev', side)
        for vip in director.VIPS:
            director.run('ip', 'addr', 'add', vip + '/32', 'dev', 'lo')

    def start(self):
        # Only a freshly loaded module has no connections and no memory of deleted servers. A
        # scheduler's module can go a moment after its last service has gone.
        subprocess.run(['ipvsadm', '-C'], check=False)
        for _ in range(100):
            with open('/proc/modules', encoding='ascii') as file:
                modules = [line.split()[0] for line in file if line.startswith('ip_vs')]
            if not modules:
                break
            for module in sorted(modules, reverse=True):  # ip_vs itself last
                subprocess.run(['rmmod', module], stderr=subprocess.DEVNULL, check=False)
        else:
            raise RuntimeError('the kernel does not unload ip_vs')
        director.run('modprobe', 'ip_vs')
        self._receive(0)

    def ipvsadm(self, arguments):
        result = subprocess.run(['ipvsadm'] + arguments, capture_output=True, text=True,
                                stdin=subprocess.DEVNULL, check=False)
        return result.returncode, result.stdout, result.stderr

    def exchange(self, side, packet, expected=None):
        # The packet's whole way happens inside this write.
        os.write(self._fds[side], packet)
        return self._receive(0.01)

    def settle_counters(self):
        time.sleep(2.5)  # the kernel sums its counters every 2 s

    def _receive(self, patience):
        result = []
        while True:
            ready = select.select(list(self._fds.values()), [], [], 0 if result else patience)[0]
            if not ready:
                return result
            for side, fd in self._fds.items():
                if fd in ready:
                    packet = os.read(fd, 65536)
                    if not director.is_noise(packet):
                        result.append((side, packet))
