# SPDX-License-Identifier: BSD-3-Clause
"""Fragmented datagrams. The kernel reassembles and cuts again, lvsd forwards piece by piece: what
came out is compared when it is put together.

The af_packet driver asks the kernel to reassemble IPv4 before lvsd sees it, and loses what is then
longer than its buffers; so this shows what the user gets, and tests/packet/fragments.c what lvsd does.
"""
import itertools

from harness import packet as pk
from harness.packet import ACK, PSH, SYN, tcp, udp
from harness.registry import scenario

CLIENT, VIP, SERVER = '10.1.0.1', '192.0.2.1', '10.2.0.1'
NAT = ('-A -t 192.0.2.1:80 -s rr', '-a -t 192.0.2.1:80 -r 10.2.0.1:8080 -m',
       '-A -u 192.0.2.1:53 -s rr', '-a -u 192.0.2.1:53 -r 10.2.0.1:5353 -m')


def question(length=500, **fields):
    return udp(CLIENT, 5001, VIP, 53, bytes(7 * n & 255 for n in range(length)), df=False, **fields)


def answer(length=500, **fields):
    return udp(SERVER, 5353, CLIENT, 5001, bytes(3 * n & 255 for n in range(length)), df=False,
               **fields)


def send(player, side, pieces, expected):
    """Sends the pieces; records what has come out when all are in. `expected`: so many packets of
    a director that reassembles before."""
    outputs = []
    for number, piece in enumerate(pieces):
        player.emit('> %s %s' % (side, pk.describe(piece)))
        last = number == len(pieces) - 1
        outputs += player.exchange(side, piece, expected if last else 0)
    for out_side in sorted({output[0] for output in outputs}):
        whole = pk.reassemble([out for where, out in outputs if where == out_side])
        player.emit('  < %s %s' % (out_side, pk.describe(whole)))
        player.emit('    ' + pk.hexdump(whole))
    if not outputs:
        player.emit('  < nothing')


def orders(player, side, whole, size=200):
    pieces = pk.fragments(whole, size)
    for order in itertools.permutations(pieces):
        send(player, side, order, 1)


@scenario('fragments')
def nat(player):
    """Every order of three pieces, both ways; a datagram counts once, with its whole length."""
    player.ipvsadm(*NAT)
    orders(player, 'cli', question())
    orders(player, 'srv', answer())
    player.stats()


@scenario('fragments')
def tcp_segment(player):
    player.ipvsadm(*NAT)
    player.cli(tcp(CLIENT, 5002, VIP, 80, SYN))
    player.srv(tcp(SERVER, 8080, CLIENT, 5002, SYN | ACK, ack=1))
    orders(player, 'cli', tcp(CLIENT, 5002, VIP, 80, PSH | ACK, seq=1, ack=1, data=bytes(450),
                              df=False))
    player.conns()
    player.stats()


@scenario('fragments')
def direct(player):
    player.ipvsadm('-A -u 192.0.2.1:53 -s rr', '-a -u 192.0.2.1:53 -r 10.2.0.1:53 -g')
    orders(player, 'cli', question())
    player.stats()


@scenario('fragments')
def large(player):
    """Longer than the MTU, the last piece first."""
    player.ipvsadm(*NAT)
    send(player, 'cli', pk.fragments(question(1800), 1480)[::-1], 2)
    send(player, 'srv', pk.fragments(answer(1801), 1480)[::-1], 2)


@scenario('fragments')
def duplicates(player):
    player.ipvsadm(*NAT)
    first, middle, last = pk.fragments(question(), 200)
    send(player, 'cli', (last, middle, last, middle, middle, first), 1)
    player.stats()


@scenario('fragments')
def overlaps(player):
    """Nothing of a datagram goes on once waiting pieces have overlapped."""
    player.ipvsadm(*NAT)
    whole = question()
    for wrong in ((192, 216), (8, 208), (384, 408), (200, 408), (0, 208)):
        whole = question()
        first, middle, last = pk.fragments(whole, 200)
        send(player, 'cli', (middle, pk.fragment(whole, *wrong), last), 0)
        player.note('the first one')
        send(player, 'cli', (first,), 0)
    player.conns()
