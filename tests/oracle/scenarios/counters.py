# SPDX-License-Identifier: BSD-3-Clause
"""The counters of services and servers, after known traffic."""
from harness.packet import ACK, FIN, PSH, RST, SYN, tcp, udp
from harness.player import TcpFlow
from harness.registry import scenario

ADD_SERVICE = '-A -t 192.0.2.1:80 -s rr'
ADD_ONE = '-a -t 192.0.2.1:80 -r 10.2.0.1:80 -m'
ADD_TWO = '-a -t 192.0.2.1:80 -r 10.2.0.2:80 -m'
UDP = ('-A -u 192.0.2.1:53 -s rr', '-a -u 192.0.2.1:53 -r 10.2.0.1:53 -m')


def traffic(player, cport, size=100):
    """One whole TCP connection with `size` bytes each way."""
    flow = TcpFlow(player, cport, quiet=True)
    flow.handshake()
    flow.c(PSH | ACK, bytes(size))
    flow.s(PSH | ACK, bytes(size + 1))
    flow.c(FIN | ACK)
    flow.s(FIN | ACK)
    flow.c(ACK)
    player.note('a connection from port %d' % cport)
    return flow


@scenario('counters')
def tcp_traffic(player):
    player.ipvsadm(ADD_SERVICE, ADD_ONE, ADD_TWO)
    player.stats()
    for cport in range(5001, 5004):
        traffic(player, cport)
    player.stats()


@scenario('counters')
def udp_traffic(player):
    player.ipvsadm(*UDP)
    for cport in range(5001, 5005):
        player.cli(udp('10.1.0.1', cport, '192.0.2.1', 53, bytes(cport - 4990)))
        player.srv(udp('10.2.0.1', 53, '10.1.0.1', cport, bytes(33)))
    player.cli(udp('10.1.0.1', 5001, '192.0.2.1', 53, b''))
    player.stats()


@scenario('counters')
def survive_edits(player):
    player.ipvsadm(ADD_SERVICE, ADD_ONE, ADD_TWO)
    traffic(player, 5001)
    traffic(player, 5002)
    player.ipvsadm('-e -t 192.0.2.1:80 -r 10.2.0.1:80 -m -w 5', '-E -t 192.0.2.1:80 -s wrr')
    player.stats()
    traffic(player, 5003)
    player.stats()


@scenario('counters')
def survive_delete_and_add(player):
    """A server that comes back while connections remember it has its counters back."""
    player.ipvsadm(ADD_SERVICE, ADD_ONE, ADD_TWO)
    traffic(player, 5001)
    traffic(player, 5002)
    player.ipvsadm('-d -t 192.0.2.1:80 -r 10.2.0.1:80')
    player.stats()
    player.ipvsadm(ADD_ONE)
    player.stats()
    traffic(player, 5003)
    player.stats()


@scenario('counters')
def delete_and_add_unused_server(player):
    player.ipvsadm(ADD_SERVICE, ADD_ONE, '-d -t 192.0.2.1:80 -r 10.2.0.1:80', ADD_ONE)
    player.stats()
    traffic(player, 5001)
    player.stats()


@scenario('counters')
def service_deleted_and_added(player):
    player.ipvsadm(ADD_SERVICE, ADD_ONE)
    traffic(player, 5001)
    player.stats()  # the kernel zeroes what its estimator has seen
    player.ipvsadm('-D -t 192.0.2.1:80', ADD_SERVICE, ADD_ONE)
    player.stats()
    traffic(player, 5002)
    player.stats()


@scenario('counters')
def zero_one_service(player):
    player.ipvsadm(ADD_SERVICE, ADD_ONE, *UDP)
    traffic(player, 5001)
    player.cli(udp('10.1.0.1', 5001, '192.0.2.1', 53, b'q'))
    player.stats()
    player.ipvsadm('-Z -t 192.0.2.1:80')
    player.stats()
    traffic(player, 5002)
    player.stats()


@scenario('counters')
def zero_all(player):
    player.ipvsadm(ADD_SERVICE, ADD_ONE, *UDP)
    traffic(player, 5001)
    player.cli(udp('10.1.0.1', 5001, '192.0.2.1', 53, b'q'))
    player.stats()
    player.ipvsadm('-Z')
    player.stats()
    player.services()
    player.ipvsadm('-Z -t 192.0.2.1:81')


@scenario('counters')
def zero_then_delete_and_add(player):
    player.ipvsadm(ADD_SERVICE, ADD_ONE)
    traffic(player, 5001)
    player.stats()
    player.ipvsadm('-Z')
    traffic(player, 5002)
    player.stats()
    player.ipvsadm('-d -t 192.0.2.1:80 -r 10.2.0.1:80')
    player.stats()
    player.ipvsadm(ADD_ONE)
    player.stats()


@scenario('counters')
def what_does_not_count(player):
    """Packets without a server, without a service, without a connection, expired on the way."""
    player.ipvsadm(ADD_SERVICE)
    player.cli(tcp('10.1.0.1', 5001, '192.0.2.1', 80, SYN))
    player.cli(tcp('10.1.0.1', 5001, '192.0.2.1', 81, SYN))
    player.cli(tcp('10.1.0.1', 5001, '192.0.2.1', 80, ACK))
    player.stats()
    player.ipvsadm(ADD_ONE)
    player.cli(tcp('10.1.0.1', 5002, '192.0.2.1', 80, SYN, ttl=1))
    player.cli(tcp('10.1.0.1', 5003, '192.0.2.1', 80, RST))
    player.stats()
    player.srv(tcp('10.2.0.1', 80, '10.1.0.1', 5002, SYN | ACK, ttl=1))
    player.srv(tcp('10.2.0.1', 80, '10.1.0.1', 5009, ACK))
    player.stats()


@scenario('counters')
def dropped_for_a_deleted_server(player):
    player.ipvsadm(ADD_SERVICE, ADD_ONE)
    flow = TcpFlow(player, 5001, quiet=True)
    flow.handshake()
    player.ipvsadm('-d -t 192.0.2.1:80 -r 10.2.0.1:80')
    flow.c(PSH | ACK, b'dropped', expected=0)
    flow.s(PSH | ACK, b'goes on', expected=1)
    player.stats()
    player.ipvsadm(ADD_ONE)
    player.stats()


@scenario('counters')
def server_deleted_with_its_service_left(player):
    """What a deleted server's connections still send is in nobody's counters."""
    player.ipvsadm(ADD_SERVICE, ADD_ONE, ADD_TWO)
    flow = TcpFlow(player, 5001, quiet=True)
    flow.handshake()
    player.ipvsadm('-d -t 192.0.2.1:80 -r 10.2.0.2:80')
    for _ in range(3):
        flow.s(PSH | ACK, b'goes on')
    player.stats()
    player.ipvsadm(ADD_TWO)
    flow.s(PSH | ACK, b'counts again')
    player.stats()


@scenario('counters')
def service_deleted_with_traffic(player):
    """A server that comes back in a new service begins from zero, its connections go on."""
    player.ipvsadm(ADD_SERVICE, ADD_ONE, *UDP)
    flow = TcpFlow(player, 5001, quiet=True)
    flow.handshake()
    player.stats()  # the kernel zeroes what its estimator has seen
    player.ipvsadm('-D -t 192.0.2.1:80', ADD_SERVICE)
    player.stats()
    player.ipvsadm(ADD_ONE)
    player.stats()
    flow.c(PSH | ACK, b'once more')
    player.stats()
    player.ipvsadm('-Z -t 192.0.2.1:80')
    player.stats()


@scenario('counters')
def retransmissions_and_reschedules(player):
    player.ipvsadm(ADD_SERVICE, ADD_ONE)
    flow = TcpFlow(player, 5001, quiet=True)
    for _ in range(3):
        flow.c(SYN)
    flow.s(RST | ACK)
    player.stats()
    flow.c(SYN)
    player.stats()
    player.show()


@scenario('counters')
def listed_in_every_way(player):
    player.ipvsadm(ADD_SERVICE, ADD_ONE, ADD_TWO, *UDP)
    traffic(player, 5001, 1400)
    for cport in range(5002, 5007):
        TcpFlow(player, cport, quiet=True).c(SYN)
    player.stats()
    player.services('--stats')
    player.services('--thresholds')
    player.services('--persistent-conn')
    player.services('-t', '192.0.2.1:80')
