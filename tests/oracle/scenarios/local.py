# SPDX-License-Identifier: BSD-3-Clause
"""What the director itself says: errors it sends, and what its own stack answers."""
from harness.packet import ACK, FIN, PSH, RST, SYN, echo, tcp, udp
from harness.registry import scenario

CLIENT, VIP, SERVER = '10.1.0.1', '192.0.2.1', '10.2.0.1'


@scenario('local')
def no_server_tcp(player):
    player.ipvsadm('-A -t 192.0.2.1:80 -s rr')
    player.cli(tcp(CLIENT, 5001, VIP, 80, SYN))
    player.cli(tcp(CLIENT, 5001, VIP, 80, SYN, options=b'\2\4\5\xb4', tos=0x10, df=False))
    player.cli(tcp(CLIENT, 5001, VIP, 80, ACK))
    player.show()
    player.stats()


@scenario('local')
def no_server_udp(player):
    """How much of the packet the ICMP error quotes."""
    player.ipvsadm('-A -u 192.0.2.1:53 -s rr')
    for size in (0, 1, 100, 500, 519, 520, 521, 548, 549, 1472):
        player.cli(udp(CLIENT, 5001, VIP, 53, bytes(n & 255 for n in range(size))))
    player.show()


@scenario('local')
def no_server_odd_packets(player):
    player.ipvsadm('-A -u 192.0.2.1:53 -s rr')
    player.cli(udp(CLIENT, 5001, VIP, 53, b'bad', bad_checksum=True))
    player.cli(udp(CLIENT, 5001, VIP, 53, b'zero', zero_checksum=True))
    player.cli(udp(CLIENT, 5001, VIP, 53, b'ttl', ttl=1))
    player.cli(udp(CLIENT, 5001, VIP, 53, b'tos', tos=0xbb))
    player.cli(udp(CLIENT, 5001, VIP, 53, b'options', ip_options=bytes((1, 1, 1, 1))))
    player.show()


@scenario('local')
def quiesced_server(player):
    player.ipvsadm('-A -t 192.0.2.1:80 -s wlc', '-a -t 192.0.2.1:80 -r 10.2.0.1:80 -m -w 0',
                   '-A -u 192.0.2.1:53 -s wrr', '-a -u 192.0.2.1:53 -r 10.2.0.1:53 -m -w 0')
    player.cli(tcp(CLIENT, 5001, VIP, 80, SYN))
    player.cli(udp(CLIENT, 5001, VIP, 53, b'q'))
    player.show()


@scenario('local')
def no_service_tcp(player):
    """The director's stack answers, as it does for any closed port."""
    for flags in (SYN, SYN | ACK, ACK, PSH | ACK, FIN, FIN | ACK, RST, 0):
        player.cli(tcp(CLIENT, 5001, VIP, 80, flags, seq=7, ack=9))
    player.cli(tcp(CLIENT, 5001, '10.1.255.254', 80, SYN))


@scenario('local')
def no_service_udp(player):
    player.cli(udp(CLIENT, 5001, VIP, 53, b'anybody there'))
    player.cli(udp(CLIENT, 5001, '10.1.255.254', 53, b'anybody there'))
    player.cli(udp(CLIENT, 5001, '10.2.255.254', 53, b'anybody there'))


@scenario('local')
def other_port_of_a_vip(player):
    player.ipvsadm('-A -t 192.0.2.1:80 -s rr', '-a -t 192.0.2.1:80 -r 10.2.0.1:80 -m')
    player.cli(tcp(CLIENT, 5001, VIP, 81, SYN))
    player.cli(tcp(CLIENT, 5001, '192.0.2.2', 80, SYN))
    player.cli(udp(CLIENT, 5001, VIP, 80, b'x'))
    player.show()


@scenario('local')
def ping(player):
    player.ipvsadm('-A -t 192.0.2.1:80 -s rr', '-a -t 192.0.2.1:80 -r 10.2.0.1:80 -m')
    player.cli(echo(CLIENT, VIP))
    player.cli(echo(CLIENT, VIP, 2, bytes(range(200)), ttl=1))
    player.cli(echo(CLIENT, '10.1.255.254', 3))
    player.srv(echo(SERVER, '10.2.255.254', 4))
    player.srv(echo(SERVER, VIP, 5))


@scenario('local')
def ping_through(player):
    """The director routes what is none of its services' business."""
    player.cli(echo(CLIENT, SERVER))
    player.srv(echo(SERVER, CLIENT, ttl=2))
    player.cli(echo(CLIENT, SERVER, ttl=1))


@scenario('local')
def server_packets_without_connection(player):
    """From a server's service port, but no client asked: routed as they are."""
    player.ipvsadm('-A -t 192.0.2.1:80 -s rr', '-a -t 192.0.2.1:80 -r 10.2.0.1:80 -m',
                   '-A -u 192.0.2.1:53 -s rr', '-a -u 192.0.2.1:53 -r 10.2.0.1:53 -m')
    player.srv(tcp(SERVER, 80, CLIENT, 5001, PSH | ACK, data=b'x'))
    player.srv(tcp(SERVER, 80, CLIENT, 5001, RST))
    player.srv(udp(SERVER, 53, CLIENT, 5001, b'x'))
    player.srv(tcp(SERVER, 40000, CLIENT, 5001, SYN))
    player.show()


@scenario('local')
def client_to_server_directly(player):
    """Past the virtual address: routed, not balanced."""
    player.ipvsadm('-A -t 192.0.2.1:80 -s rr', '-a -t 192.0.2.1:80 -r 10.2.0.1:80 -m')
    player.cli(tcp(CLIENT, 5001, SERVER, 80, SYN))
    player.srv(tcp(SERVER, 80, CLIENT, 5001, SYN | ACK, ack=1))
    player.show()


@scenario('local')
def service_asked_from_the_server_side(player):
    """A server is a client too; a service does not care where packets come from."""
    player.ipvsadm('-A -t 192.0.2.1:80 -s rr', '-a -t 192.0.2.1:80 -r 10.2.0.1:80 -m',
                   '-A -t 192.0.2.2:80 -s rr', '-a -t 192.0.2.2:80 -r 10.1.0.5:80 -m')
    player.srv(tcp('10.2.0.9', 5001, VIP, 80, SYN))
    player.srv(tcp('10.2.0.9', 5001, '192.0.2.2', 80, SYN))
    player.cli(tcp('10.1.0.5', 80, '10.2.0.9', 5001, SYN | ACK, ack=1))
    player.show()


@scenario('local')
def no_route_to_server(player):
    """Nobody is there to ask: the client hears it, and the connection is entered all the same."""
    player.ipvsadm('-A -u 192.0.2.1:53 -s rr', '-a -u 192.0.2.1:53 -r 203.0.113.1:53 -m')
    player.cli(udp(CLIENT, 5001, VIP, 53, b'q'))
    player.show()
    player.stats()


@scenario('local')
def client_port_20(player):
    """ftp-data's port is never scheduled."""
    player.ipvsadm('-A -t 192.0.2.1:80 -s rr', '-a -t 192.0.2.1:80 -r 10.2.0.1:80 -m',
                   '-A -u 192.0.2.1:53 -s rr', '-a -u 192.0.2.1:53 -r 10.2.0.1:53 -m')
    player.cli(tcp(CLIENT, 20, VIP, 80, SYN))
    player.cli(udp(CLIENT, 20, VIP, 53, b'q'))
    player.show()
