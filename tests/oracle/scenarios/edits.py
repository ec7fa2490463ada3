# SPDX-License-Identifier: BSD-3-Clause
"""Services, servers and timeouts that change while connections live, and connections that end."""
from harness.packet import ACK, FIN, PSH, RST, SYN, tcp, udp
from harness.player import TcpFlow
from harness.registry import scenario

ADD_SERVICE = '-A -t 192.0.2.1:80 -s rr'
ADD_ONE = '-a -t 192.0.2.1:80 -r 10.2.0.1:8080 -m'
ADD_TWO = '-a -t 192.0.2.1:80 -r 10.2.0.2:8080 -m'
DELETE_ONE = '-d -t 192.0.2.1:80 -r 10.2.0.1:8080'
DELETE_TWO = '-d -t 192.0.2.1:80 -r 10.2.0.2:8080'
UDP = ('-A -u 192.0.2.1:53 -s rr', '-a -u 192.0.2.1:53 -r 10.2.0.1:53 -m')


def opened(player, cport=5001):
    flow = TcpFlow(player, cport, sport=8080)
    flow.handshake()
    return flow


def talk(flow):
    flow.c(PSH | ACK, b'question')
    flow.s(PSH | ACK, b'answer')
    flow.player.show()


@scenario('edits')
def delete_server_and_add_again(player):
    """Packets of its connections are dropped while it is gone; then they go on."""
    player.ipvsadm(ADD_SERVICE, ADD_ONE)
    flow = opened(player)
    player.ipvsadm(DELETE_ONE)
    talk(flow)
    player.ipvsadm(ADD_ONE)
    talk(flow)
    flow.c(FIN | ACK)
    flow.s(FIN | ACK)
    player.show()


@scenario('edits')
def delete_server_then_fin(player):
    """Whether a dropped packet still changes the state."""
    player.ipvsadm(ADD_SERVICE, ADD_ONE)
    flow = opened(player)
    player.ipvsadm(DELETE_ONE)
    flow.c(FIN | ACK)
    player.conns()
    flow.s(FIN | ACK)
    player.conns()
    flow.c(RST)
    player.conns()
    player.ipvsadm(ADD_ONE)
    player.show()


@scenario('edits')
def delete_server_then_syn(player):
    player.ipvsadm(ADD_SERVICE, ADD_ONE, ADD_TWO)
    flow = opened(player)
    player.ipvsadm(DELETE_TWO)
    flow.c(SYN)
    player.show()
    flow.c(FIN | ACK)
    flow.s(FIN | ACK)
    player.show()
    flow.c(SYN)
    player.show()


@scenario('edits')
def add_server_again_with_other_weight(player):
    player.ipvsadm(ADD_SERVICE, ADD_ONE)
    opened(player)
    player.ipvsadm(DELETE_ONE, ADD_ONE + ' -w 7')
    player.show()
    player.ipvsadm(DELETE_ONE, ADD_ONE + ' -w 0 -x 10 -y 5')
    player.show()
    player.services('--thresholds')


@scenario('edits')
def add_server_again_at_another_port(player):
    """Another port is another server: no revival."""
    player.ipvsadm(ADD_SERVICE, ADD_ONE)
    flow = opened(player)
    player.ipvsadm(DELETE_ONE, '-a -t 192.0.2.1:80 -r 10.2.0.1:9090 -m')
    talk(flow)
    opened(player, 5002)
    player.show()


def _gone_and_back(player, go, come):
    """A connection of each protocol, whose service goes and comes back with its server."""
    player.ipvsadm(ADD_SERVICE, ADD_ONE, *UDP)
    flow = opened(player)
    player.cli(udp('10.1.0.1', 5001, '192.0.2.1', 53, b'q'))

    def all_talk():
        talk(flow)
        player.cli(udp('10.1.0.1', 5001, '192.0.2.1', 53, b'q'))
        player.srv(udp('10.2.0.1', 53, '10.1.0.1', 5001, b'a'))

    player.ipvsadm(*go)
    all_talk()
    player.cli(tcp('10.1.0.1', 5009, '192.0.2.1', 80, SYN))
    player.cli(udp('10.1.0.1', 5009, '192.0.2.1', 53, b'q'))
    for command in come:
        player.ipvsadm(command)
        all_talk()
    player.cli(tcp('10.1.0.1', 5010, '192.0.2.1', 80, SYN))
    player.show()


# Of the kind that stays, so that there is a service all the time.
OTHER = '-A -t 192.0.2.3:99 -s rr'
DELETE = ('-D -t 192.0.2.1:80', '-D -u 192.0.2.1:53')


@scenario('edits')
def delete_services_and_add_again(player):
    _gone_and_back(player, (OTHER, *DELETE), (ADD_SERVICE, ADD_ONE, UDP[0], UDP[1]))


@scenario('edits')
def clear_and_add_again(player):
    _gone_and_back(player, ('-C', OTHER), (ADD_SERVICE, ADD_ONE, UDP[0], UDP[1]))


@scenario('edits', differs='Without any service')
def delete_all_services_and_add_again(player):
    _gone_and_back(player, DELETE, (ADD_SERVICE, ADD_ONE, UDP[0], UDP[1]))


@scenario('edits', differs='Without any service')
def clear_everything_and_add_again(player):
    _gone_and_back(player, ('-C',), (ADD_SERVICE, ADD_ONE, UDP[0], UDP[1]))


@scenario('edits')
def clear_and_restore_at_once(player):
    """What ipvsadm-restore does: the connections do not notice."""
    _gone_and_back(player, ('-C', ADD_SERVICE, ADD_ONE, *UDP), ())


@scenario('edits')
def clear_and_add_to_another_service(player):
    """A connection goes back to its server only in the same service."""
    player.ipvsadm(ADD_SERVICE, ADD_ONE)
    flow = opened(player)
    player.ipvsadm('-C', '-A -t 192.0.2.1:81 -s rr', '-a -t 192.0.2.1:81 -r 10.2.0.1:8080 -m')
    talk(flow)


@scenario('edits')
def udp_server_deleted_and_added_again(player):
    player.ipvsadm(*UDP)
    player.cli(udp('10.1.0.1', 5001, '192.0.2.1', 53, b'q'))
    player.ipvsadm('-d -u 192.0.2.1:53 -r 10.2.0.1:53', '-a -u 192.0.2.1:53 -r 10.2.0.2:53 -m')
    player.cli(udp('10.1.0.1', 5001, '192.0.2.1', 53, b'q'))
    player.cli(udp('10.1.0.1', 5002, '192.0.2.1', 53, b'q'))
    player.show()
    player.ipvsadm('-a -u 192.0.2.1:53 -r 10.2.0.1:53 -m')
    player.cli(udp('10.1.0.1', 5001, '192.0.2.1', 53, b'q'))
    player.show()


@scenario('edits')
def weight_0_with_live_connections(player):
    player.ipvsadm(ADD_SERVICE, ADD_ONE)
    flow = opened(player)
    player.ipvsadm('-e -t 192.0.2.1:80 -r 10.2.0.1:8080 -m -w 0')
    talk(flow)
    player.cli(tcp('10.1.0.1', 5002, '192.0.2.1', 80, SYN))
    flow.c(FIN | ACK)
    flow.s(FIN | ACK)
    flow.c(SYN)
    player.show()
    player.ipvsadm('-e -t 192.0.2.1:80 -r 10.2.0.1:8080 -m -w 3')
    flow.c(SYN)
    player.show()


@scenario('edits')
def service_edited_with_live_connections(player):
    player.ipvsadm(ADD_SERVICE, ADD_ONE, ADD_TWO)
    flow = opened(player)
    player.ipvsadm('-E -t 192.0.2.1:80 -s wlc')
    talk(flow)
    for cport in range(5002, 5006):
        opened(player, cport)
    player.show()


@scenario('edits')
def timeouts_set_before(player):
    player.ipvsadm('--set 1000 50 70', '-L --timeout', ADD_SERVICE, ADD_ONE, *UDP)
    flow = opened(player)
    player.cli(udp('10.1.0.1', 5001, '192.0.2.1', 53, b'q'))
    player.conns()
    flow.s(FIN | ACK)
    player.conns()
    flow.c(FIN | ACK)
    player.conns()


@scenario('edits')
def timeouts_set_during(player):
    """A new timeout counts from the next packet on."""
    player.ipvsadm(ADD_SERVICE, ADD_ONE, *UDP)
    flow = opened(player)
    other = opened(player, 5002)
    other.s(FIN | ACK)
    player.cli(udp('10.1.0.1', 5001, '192.0.2.1', 53, b'q'))
    player.conns()
    player.ipvsadm('--set 400 40 20')
    player.conns()
    flow.c(PSH | ACK, b'x')
    other.c(ACK)
    player.cli(udp('10.1.0.1', 5001, '192.0.2.1', 53, b'q'))
    player.conns()
    player.ipvsadm('--set 0 30 0', '-L --timeout')
    other.c(ACK)
    flow.c(PSH | ACK, b'x')
    player.conns()
    flow.s(FIN | ACK)
    player.conns()


@scenario('edits')
def timeouts_refused(player):
    player.ipvsadm('--set 2678401 1 1', '--set -1 1 1', '--set 1 1', '--set a b c', '-L --timeout',
                   '--set 2678400 2678400 2678400', '-L --timeout')


@scenario('edits')
def expiry_of_udp(player):
    player.ipvsadm('--set 0 0 3', *UDP)
    player.cli(udp('10.1.0.1', 5001, '192.0.2.1', 53, b'q'))
    player.wait(2)
    player.cli(udp('10.1.0.1', 5001, '192.0.2.1', 53, b'keeps it alive'))
    player.wait(2)
    player.srv(udp('10.2.0.1', 53, '10.1.0.1', 5001, b'so does the answer'))
    player.wait(2)
    player.show()
    player.wait(2.5)
    player.show()
    player.srv(udp('10.2.0.1', 53, '10.1.0.1', 5001, b'too late'))


@scenario('edits')
def expiry_of_tcp(player):
    player.ipvsadm('--set 3 2 0', ADD_SERVICE, ADD_ONE)
    flow = opened(player)
    other = opened(player, 5002)
    player.wait(2)
    flow.c(PSH | ACK, b'x')
    other.s(FIN | ACK)
    player.show()
    player.wait(1)
    player.conns()
    player.wait(3.5)
    player.show()
    flow.c(PSH | ACK, b'no longer known')
    other.c(ACK)
    flow.s(PSH | ACK, b'no longer known')


@scenario('edits')
def expiry_of_close(player):
    """CLOSE lasts 10 s."""
    player.ipvsadm(ADD_SERVICE, ADD_ONE)
    flow = opened(player)
    flow.s(RST | ACK)
    player.wait(8)
    player.show()
    player.wait(4)
    player.show()


@scenario('edits')
def expiry_frees_a_full_server(player):
    player.ipvsadm('--set 0 0 2', UDP[0], UDP[1] + ' -x 2')
    for cport in range(5001, 5004):
        player.cli(udp('10.1.0.1', cport, '192.0.2.1', 53, b'q'))
    player.services()
    player.wait(4.5)
    player.cli(udp('10.1.0.1', 5004, '192.0.2.1', 53, b'q'))
    player.services()
