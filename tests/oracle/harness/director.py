# SPDX-License-Identifier: BSD-3-Clause
"""What a director under test must offer, and the addresses of the network around it.

    clients 10.1.0.0/16 -- "cli" -- director -- "srv" -- servers 10.2.0.0/16

The director has 10.1.255.254 on cli, 10.2.255.254 on srv, and the virtual addresses. In both
directors "cli" and "srv" are kernel interfaces of these names: the kernel's own, or lvsd's twins.
"""
import subprocess

SIDES = ('cli', 'srv')
PREFIX = 16
ADDRESS = {'cli': '10.1.255.254', 'srv': '10.2.255.254'}
VIPS = ['192.0.2.%d' % n for n in range(1, 5)]
CLIENTS = ['10.1.0.%d' % n for n in range(1, 9)]
SERVERS = ['10.2.0.%d' % n for n in range(1, 17)]

# The director's own stack: it forwards, does not hold ICMP errors back, and is quiet.
SYSCTLS = {
    'net/ipv4/ip_forward': 1,
    'net/ipv4/icmp_ratelimit': 0,
    'net/ipv4/icmp_msgs_per_sec': 1000000,
    'net/ipv4/icmp_msgs_burst': 1000000,
    'net/ipv4/conf/all/rp_filter': 0,
    'net/ipv4/conf/default/rp_filter': 0,
    'net/ipv4/conf/all/send_redirects': 0,
    'net/ipv4/conf/default/send_redirects': 0,
    'net/ipv6/conf/all/disable_ipv6': 1,
    'net/ipv6/conf/default/disable_ipv6': 1,
}


def write_sysctls():
    for name, value in SYSCTLS.items():
        try:
            with open('/proc/sys/' + name, 'w', encoding='ascii') as file:
                file.write(str(value))
        except (FileNotFoundError, PermissionError):
            pass  # an older kernel has some of them globally


def run(*command, **more):
    """A command that must succeed; returns what it wrote."""
    result = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    if result.returncode:
        raise RuntimeError('%s: exit status %d: %s' % (' '.join(command), result.returncode,
                                                       (result.stderr or result.stdout).strip()))
    return result.stdout


def is_noise(packet):
    """What a kernel says on its own: not IPv4, or IGMP."""
    return packet[0] >> 4 != 4 or packet[9] == 2


class Director:
    """One director. A scenario is played between start() and stop()."""

    name = ''

    def start(self):
        """An empty director: no services, no connections, no memory of earlier ones."""
        raise NotImplementedError

    def stop(self):
        pass

    def ipvsadm(self, arguments):
        """Runs one ipvsadm command line; returns its exit status, stdout and stderr."""
        raise NotImplementedError

    def exchange(self, side, packet, expected=None):
        """Sends a packet in at a side; returns the (side, packet) pairs that came out. `expected`
        is how many there should be, when that is known: it saves waiting."""
        raise NotImplementedError

    def settle_counters(self):
        """Returns when the counters that ipvsadm shows include all traffic so far."""
