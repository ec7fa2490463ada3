# SPDX-License-Identifier: BSD-3-Clause
"""UDP: one state, one timeout, never active."""
from harness.packet import udp
from harness.registry import scenario

SERVICE = ('-A -u 192.0.2.1:53 -s rr', '-a -u 192.0.2.1:53 -r 10.2.0.1:5353 -m',
           '-a -u 192.0.2.1:53 -r 10.2.0.2:5353 -m')
CLIENT, VIP = '10.1.0.1', '192.0.2.1'


def query(player, cport, data=b'query'):
    """Sends a datagram; returns the server that got it."""
    outputs = player.cli(udp(CLIENT, cport, VIP, 53, data))
    return '.'.join(str(byte) for byte in outputs[0][1][16:20]) if outputs else '10.2.0.1'


@scenario('udp')
def question_and_answer(player):
    player.ipvsadm(*SERVICE)
    server = query(player, 5001)
    player.show()
    player.srv(udp(server, 5353, CLIENT, 5001, b'answer'))
    player.show()
    query(player, 5001, b'again')
    player.srv(udp(server, 5353, CLIENT, 5001, b'answer again'))
    query(player, 5002)
    player.show()


@scenario('udp')
def answer_from_elsewhere(player):
    """Not from the chosen server or its port: routed on as it is, like any other packet."""
    player.ipvsadm(*SERVICE)
    query(player, 5001)
    player.srv(udp('10.2.0.2', 53, CLIENT, 5001, b'other port'))
    player.srv(udp('10.2.0.3', 5353, CLIENT, 5001, b'other server'))
    player.srv(udp('10.2.0.2', 5353, CLIENT, 5002, b'other client port'))
    player.srv(udp('10.2.0.2', 5353, '10.1.0.2', 5001, b'other client'))
    player.show()


@scenario('udp')
def empty_and_large(player):
    player.ipvsadm(*SERVICE)
    for cport, size in ((5001, 0), (5002, 1), (5003, 1471), (5004, 1472)):
        server = query(player, cport, bytes(n & 255 for n in range(size)))
        player.srv(udp(server, 5353, CLIENT, cport, bytes(n & 255 for n in range(size))))
    player.show()


@scenario('udp')
def port_0(player):
    player.ipvsadm(*SERVICE)
    player.cli(udp(CLIENT, 0, VIP, 53, b'from port 0'))
    player.cli(udp(CLIENT, 5001, VIP, 0, b'to port 0'))
    player.show()


@scenario('udp')
def same_port_tcp_and_udp(player):
    """A UDP service does not take TCP, nor the other way round."""
    from harness.packet import SYN, tcp
    player.ipvsadm('-A -u 192.0.2.1:53 -s rr', '-a -u 192.0.2.1:53 -r 10.2.0.1:53 -m',
                   '-A -t 192.0.2.1:80 -s rr', '-a -t 192.0.2.1:80 -r 10.2.0.1:80 -m')
    player.cli(udp(CLIENT, 5001, VIP, 80, b'x'))
    player.cli(tcp(CLIENT, 5001, VIP, 53, SYN))
    player.cli(udp(CLIENT, 5001, VIP, 53, b'x'))
    player.cli(tcp(CLIENT, 5001, VIP, 80, SYN))
    player.show()
