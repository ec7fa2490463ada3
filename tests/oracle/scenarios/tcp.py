# SPDX-License-Identifier: BSD-3-Clause
"""TCP: the states a connection goes through, packet by packet, and their timeouts."""
from harness import registry
from harness.packet import ACK, CWR, ECE, FIN, PSH, RST, SYN, URG
from harness.player import TcpFlow
from harness.registry import scenario

SERVICE = ('-A -t 192.0.2.1:80 -s rr', '-a -t 192.0.2.1:80 -r 10.2.0.1:8080 -m')


def start(player, *commands):
    """A service with one server, and a connection that has not begun."""
    player.ipvsadm(*(commands or SERVICE))
    return Shown(player, 5001, sport=8080)


class Shown(TcpFlow):
    """A connection that shows its state after each packet."""

    def c(self, flags, data=b'', **fields):
        outputs = super().c(flags, data, **fields)
        self.player.conns()
        return outputs

    def s(self, flags, data=b'', **fields):
        outputs = super().s(flags, data, **fields)
        self.player.conns()
        return outputs


@scenario('tcp')
def life_client_closes(player):
    flow = start(player)
    flow.handshake()
    flow.c(PSH | ACK, b'GET / HTTP/1.0')
    flow.s(PSH | ACK, b'HTTP/1.0 200 OK')
    player.services()
    flow.c(FIN | ACK)
    player.services()
    flow.s(ACK)
    flow.s(PSH | ACK, b'the rest')
    flow.c(ACK)
    flow.s(FIN | ACK)
    flow.c(ACK)
    player.services()


@scenario('tcp')
def life_server_closes(player):
    flow = start(player)
    flow.handshake()
    flow.s(FIN | ACK)
    player.services()
    flow.c(ACK)
    flow.c(PSH | ACK, b'still talking')
    flow.s(ACK)
    flow.c(FIN | ACK)
    flow.s(ACK)
    player.services()


@scenario('tcp')
def life_both_close_at_once(player):
    flow = start(player)
    flow.handshake()
    flow.c(FIN | ACK)
    flow.s(FIN | ACK)
    flow.c(ACK)
    flow.s(ACK)
    player.services()


@scenario('tcp')
def life_fin_with_data(player):
    flow = start(player)
    flow.handshake()
    flow.c(FIN | PSH | ACK, b'last words')
    flow.s(FIN | PSH | ACK, b'good bye')
    flow.c(ACK)


@scenario('tcp')
def handshake_retransmitted(player):
    flow = start(player)
    for _ in range(3):
        flow.cseq = 100
        flow.c(SYN)
    flow.s(SYN | ACK)
    flow.sseq = 900
    flow.s(SYN | ACK)
    flow.c(ACK)
    flow.c(ACK)
    flow.cseq = 100
    flow.c(SYN)
    player.services()


@scenario('tcp')
def handshake_refused(player):
    flow = start(player)
    flow.c(SYN)
    flow.s(RST | ACK)
    player.services()
    flow.c(SYN)
    flow.s(SYN | ACK)
    flow.c(ACK)
    player.services()


@scenario('tcp')
def handshake_without_synack(player):
    flow = start(player)
    flow.c(SYN)
    flow.c(ACK)
    flow.c(PSH | ACK, b'early')
    flow.s(PSH | ACK, b'late')


@scenario('tcp')
def handshake_client_gives_up(player):
    flow = start(player)
    flow.c(SYN)
    flow.c(RST)
    player.services()
    flow.s(SYN | ACK)
    flow.c(RST)
    player.services()


@scenario('tcp')
def simultaneous_open(player):
    flow = start(player)
    flow.c(SYN)
    flow.s(SYN)
    flow.c(SYN | ACK)
    flow.s(SYN | ACK)
    flow.c(ACK)


@scenario('tcp')
def flags_none_in_connection(player):
    """No known flag counts as a close."""
    flow = start(player)
    flow.handshake()
    flow.c(0, b'null')
    flow.c(ACK)
    flow.s(0, b'null')
    flow.s(ACK)
    flow.c(PSH | URG)
    flow.c(ACK)


@scenario('tcp')
def flags_odd_in_connection(player):
    flow = start(player)
    flow.handshake()
    for flags in (FIN | SYN | RST | PSH | ACK | URG, ACK, SYN | RST, ACK, SYN | FIN | ACK, ACK,
                  SYN | ACK, RST | FIN, FIN, URG | ACK, ECE | CWR | ACK):
        flow.c(flags)
        flow.s(flags)


@scenario('tcp')
def ecn_setup(player):
    flow = start(player)
    flow.c(SYN | ECE | CWR, tos=0)
    flow.s(SYN | ACK | ECE, tos=0)
    flow.c(ACK, tos=2)
    flow.c(PSH | ACK | CWR, b'data', tos=3)
    flow.s(PSH | ACK | ECE, b'data', tos=1)


@scenario('tcp')
def time_wait_gets_syn(player):
    """A new connection with the same ports is scheduled anew: it goes to the other server."""
    flow = start(player, *SERVICE, '-a -t 192.0.2.1:80 -r 10.2.0.2:8080 -m')
    flow.handshake()
    flow.c(FIN | ACK)
    flow.s(FIN | ACK)
    flow.c(ACK)
    player.services()
    flow.cseq = 70000
    flow.c(SYN)
    player.services()
    flow.s(SYN | ACK)
    flow.c(ACK)
    player.services()


@scenario('tcp')
def close_gets_syn(player):
    flow = start(player, *SERVICE, '-a -t 192.0.2.1:80 -r 10.2.0.2:8080 -m')
    flow.handshake()
    flow.s(RST | ACK)
    player.services()
    flow.cseq = 70000
    flow.c(SYN)
    player.services()


@scenario('tcp')
def other_states_keep_their_server_on_syn(player):
    flow = start(player, *SERVICE, '-a -t 192.0.2.1:80 -r 10.2.0.2:8080 -m')
    flow.c(SYN)
    flow.c(SYN)
    flow.s(SYN | ACK)
    flow.c(ACK)
    flow.c(SYN)
    flow.s(FIN | ACK)
    flow.c(SYN)
    flow.c(ACK)
    flow.c(FIN | ACK)
    flow.c(SYN)
    player.services()


@scenario('tcp')
def time_wait_gets_strays(player):
    flow = start(player)
    flow.handshake()
    flow.c(FIN | ACK)
    flow.s(FIN | ACK)
    for flags in (ACK, PSH | ACK, FIN | ACK, RST):
        flow.c(flags)
        flow.s(flags)
    player.services()


def _first(flags):
    """A connection's first packet has these flags."""
    def play(player):
        flow = start(player)
        flow.c(flags)
        flow.c(flags, b'data')
        player.services()
    return play


for _name, _flags in {'syn': SYN, 'syn-ack': SYN | ACK, 'ack': ACK, 'data': PSH | ACK, 'fin': FIN,
                      'fin-ack': FIN | ACK, 'rst': RST, 'rst-ack': RST | ACK, 'none': 0,
                      'syn-fin': SYN | FIN, 'syn-rst': SYN | RST,
                      'xmas': FIN | PSH | URG, 'everything': 63}.items():
    registry.add('tcp/first-packet-' + _name, _first(_flags))


# How to bring a fresh connection into each state, as packets: side and flags.
OPEN = (('c', SYN), ('s', SYN | ACK), ('c', ACK))
STATES = {
    'syn-recv': OPEN[:1],
    'syn-sent': (('c', SYN), ('s', RST | ACK), ('s', SYN | ACK)),
    'established': OPEN,
    'fin-wait': (*OPEN, ('s', FIN | ACK)),
    'close-wait': (*OPEN, ('c', FIN | ACK)),
    'time-wait': (*OPEN, ('c', FIN | ACK), ('s', FIN | ACK)),
    'close': (*OPEN, ('s', RST | ACK)),
}
EVENTS = {'syn': SYN, 'syn-ack': SYN | ACK, 'fin': FIN | ACK, 'ack': ACK, 'rst': RST | ACK,
          'rst-bare': RST, 'none': 0}


def _every_event(way):
    """Into a state, then one packet: for every event, by either side, a connection of its own."""
    def play(player):
        player.ipvsadm(*SERVICE)
        cport = 6000
        for side in 'cs':
            for name, flags in EVENTS.items():
                cport += 1
                flow = TcpFlow(player, cport, sport=8080, quiet=True)
                for who, step in way:
                    (flow.c if who == 'c' else flow.s)(step)
                player.note('%s from the %s, port %d' % (name, 'client' if side == 'c' else 'server',
                                                         cport))
                flow.quiet = False
                (flow.c if side == 'c' else flow.s)(flags)
        player.show()
    return play


for _name, _way in STATES.items():
    registry.add('tcp/every-event-in-' + _name, _every_event(_way))


@scenario('tcp')
def two_services_and_ports(player):
    """The same client port to two services is two connections."""
    player.ipvsadm(*SERVICE, '-A -t 192.0.2.2:80 -s rr', '-a -t 192.0.2.2:80 -r 10.2.0.1:8081 -m',
                   '-A -t 192.0.2.1:443 -s rr', '-a -t 192.0.2.1:443 -r 10.2.0.2:443 -m')
    for vip, vport in (('192.0.2.1', 80), ('192.0.2.2', 80), ('192.0.2.1', 443)):
        flow = TcpFlow(player, 5001, vip=vip, vport=vport)
        flow.handshake()
    player.show()


@scenario('tcp')
def server_of_two_services(player):
    """One server port behind two virtual addresses: the reply goes back through its own."""
    player.ipvsadm('-A -t 192.0.2.1:80 -s rr', '-a -t 192.0.2.1:80 -r 10.2.0.1:80 -m',
                   '-A -t 192.0.2.2:80 -s rr', '-a -t 192.0.2.2:80 -r 10.2.0.1:80 -m')
    for cport, vip in ((5001, '192.0.2.1'), (5002, '192.0.2.2')):
        flow = TcpFlow(player, cport, vip=vip)
        flow.handshake()
        flow.s(PSH | ACK, b'hello')
    player.show()
