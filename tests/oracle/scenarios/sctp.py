# SPDX-License-Identifier: BSD-3-Clause
"""SCTP: every cell of the state table that packets reach, what opens an association, checksums."""
from harness import registry
from harness.packet import chunk, icmp_error, ip, sctp
from harness.registry import scenario

CLIENT, VIP, SERVER = '10.1.0.1', '192.0.2.1', '10.2.0.1'
VPORT = 2905
EVENTS = {'data': 0, 'init': 1, 'init-ack': 2, 'sack': 3, 'abort': 6, 'shutdown': 7,
          'shutdown-ack': 8, 'error': 9, 'cookie-echo': 10, 'cookie-ack': 11,
          'shutdown-complete': 14, 'asconf': 193}
INIT = bytes.fromhex('111111110000ffff0001000100000001')


def services(method='-m', port=9000, scheduler='rr', servers=(1,)):
    return ['-A --sctp-service %s:%d -s %s' % (VIP, VPORT, scheduler)] + [
        '-a --sctp-service %s:%d -r 10.2.0.%d:%d %s' % (VIP, VPORT, n, port, method)
        for n in servers]


class Association:
    """One association: c() sends a chunk as the client, s() as the server."""

    def __init__(self, player, cport, port=9000, quiet=False, hexdump=False):
        self.player, self.cport, self.port = player, cport, port
        self.server = SERVER
        self.quiet, self.hexdump = quiet, hexdump

    def _send(self, side, packet):
        if self.quiet:
            return self.player.exchange(side, packet, 1)
        return self.player.send(side, packet, hexdump=self.hexdump)

    @staticmethod
    def _chunk(kind):
        if isinstance(kind, bytes):
            return kind
        return chunk(EVENTS[kind], INIT if kind in ('init', 'init-ack') else b'12345678')

    def c(self, kind, **fields):
        outputs = self._send('cli', sctp(CLIENT, self.cport, VIP, VPORT, self._chunk(kind),
                                         **fields))
        for side, out in outputs:
            if kind == 'init' and side == 'srv' and out[9] == 132:
                self.server = '.'.join(str(byte) for byte in out[16:20])
        return outputs

    def s(self, kind, **fields):
        return self._send('srv', sctp(self.server, self.port, CLIENT, self.cport,
                                      self._chunk(kind), **fields))

    def play(self, way):
        for step in way.split():
            side, kind = step.split(':')
            (self.c if side == 'c' else self.s)(kind)


OPEN = 'c:init s:init-ack c:cookie-echo s:cookie-ack'


def _life(method, port, sides):
    def play(player):
        player.ipvsadm(*services(method, port))
        association = Association(player, 7000, port, hexdump=True)
        player.show()
        for step in (OPEN + ' c:data s:sack s:data c:sack c:shutdown s:shutdown-ack '
                     'c:shutdown-complete').split():
            if step[0] in sides:
                association.play(step)
                player.show()
    return play


registry.add('sctp/life-nat', _life('-m', 9000, 'cs'))
registry.add('sctp/life-nat-port-stays', _life('-m', VPORT, 'cs'))
registry.add('sctp/life-dr', _life('-g', VPORT, 'c'))
registry.add('sctp/life-tun', _life('-i', VPORT, 'c'))

# How to bring a fresh association into each state.
STATES = {
    'init1': 'c:init',
    'init': 'c:init c:init',
    'c-sent': 'c:init s:init-ack',
    'c-replied': 'c:init s:init-ack c:cookie-echo',
    'c-wait': 'c:init c:init-ack',
    'cookie': 'c:init c:init-ack c:init-ack',
    'c-echoed': 'c:init s:cookie-echo',
    'established': OPEN,
    's-sent': OPEN + ' s:shutdown',
    's-received': OPEN + ' c:shutdown',
    's-ack-sent': OPEN + ' c:shutdown s:shutdown-ack',
    'rejected': 'c:init s:abort',
    'closed': OPEN + ' c:abort',
}
STATES_CLIENT_ONLY = {
    'init1': 'c:init',
    'init': 'c:init c:init',
    'c-echoed': 'c:init c:init-ack',
    'established': 'c:init c:cookie-echo',
    's-received': 'c:init c:cookie-echo c:shutdown',
    'closed': 'c:init c:abort',
}


def _every_event(way, method, port, sides):
    """Into a state, then one chunk: for every chunk, by either side, an association of its own."""
    def play(player):
        player.ipvsadm(*services(method, port))
        cport = 7000
        for side in sides:
            for kind in EVENTS:
                cport += 1
                association = Association(player, cport, port, quiet=True)
                association.play('%s %s:%s' % (way, side, kind))
                player.note('%s from the %s, port %d' % (
                    kind, 'client' if side == 'c' else 'server', cport))
        player.show()
    return play


for _name, _way in STATES.items():
    registry.add('sctp/every-event-in-' + _name, _every_event(_way, '-m', 9000, 'cs'))
for _name, _way in STATES_CLIENT_ONLY.items():
    registry.add('sctp/every-event-client-only-in-' + _name,
                 _every_event(_way, '-g', VPORT, 'c'))


@scenario('sctp')
def bundles(player):
    """Only an ABORT right behind a cookie counts beside the first chunk."""
    player.ipvsadm(*services('-g', VPORT))
    echo, ack, abort = chunk(10, b'cook'), chunk(11), chunk(6)
    for cport, chunks in enumerate((
            echo + abort, echo + chunk(0, b'1234') + abort, chunk(0, b'1234') + abort,
            chunk(10, b'c') + abort, chunk(10, length=0) + abort, chunk(10, length=3) + abort,
            chunk(10) + abort, chunk(10, length=400) + abort, chunk(10, length=65535) + abort,
            echo + abort[:1], echo + abort[:3], ack + abort, ack + chunk(0, b'1234') + abort,
            chunk(7) + abort, chunk(1) + abort, chunk(3) + abort, abort + abort,
            chunk(3) + echo, chunk(4) + chunk(7), echo + chunk(7)), 7001):
        association = Association(player, cport)
        association.quiet = True
        association.c('init')
        association.quiet = False
        association.c(chunks)
    player.show()


@scenario('sctp')
def closed_gets_init(player):
    """An association that is over makes room for a new one, which may go elsewhere."""
    player.ipvsadm(*services(servers=(1, 2)))
    association = Association(player, 7000)
    association.play(OPEN + ' c:abort')
    player.services()
    association.play(OPEN)
    player.services()


@scenario('sctp')
def other_states_keep_their_server_on_init(player):
    player.ipvsadm(*services(servers=(1, 2)))
    for cport, way in enumerate(way for name, way in STATES.items() if name != 'closed'):
        association = Association(player, 7000 + cport, quiet=True)
        association.play(way)
        association.quiet = False
        association.c('init')
    player.services()


@scenario('sctp')
def lengths(player):
    player.ipvsadm(*services())
    association = Association(player, 7000, hexdump=True)
    association.c('init')
    for size in (0, 1, 2, 3, 4, 5, 17, 255, 1464):
        data = bytes(n * 7 & 255 for n in range(size))
        association.c(chunk(3) + data)
        association.s(chunk(3) + data)


@scenario('sctp')
def wrong_checksums(player):
    """DR and TUN do not look at it, and NAT does not when the port stays."""
    for method in ('-m', '-g', '-i'):
        player.ipvsadm('-C', *services(method, VPORT))
        association = Association(player, {'-m': 7000, '-g': 7001, '-i': 7002}[method], VPORT,
                                  hexdump=True)
        association.c('init', bad_checksum=True)
        if method == '-m':
            association.s('init-ack', bad_checksum=True)


@scenario('sctp', differs='Wrong SCTP checksums')
def wrong_checksums_and_another_port(player):
    player.ipvsadm(*services())
    association = Association(player, 7000, hexdump=True)
    association.c('init', bad_checksum=True)
    association.s('init-ack', bad_checksum=True)


@scenario('sctp')
def cut_short_first(player):
    player.ipvsadm(*services())
    packet = sctp(CLIENT, 7000, VIP, VPORT, chunk(1, INIT))[20:]
    for size in range(0, 16):
        player.cli(ip(CLIENT, VIP, 132, packet[:size]))
    Association(player, 7000).c(chunk(1, length=20))
    player.show()


@scenario('sctp', differs='Malformed packets')
def cut_short_later(player):
    player.ipvsadm(*services())
    association = Association(player, 7000)
    association.play('c:init')
    packet = sctp(CLIENT, 7000, VIP, VPORT, chunk(10, b'cook'))[20:]
    for size in range(4, 20, 1):
        player.cli(ip(CLIENT, VIP, 132, packet[:size]))
    player.show()


@scenario('sctp')
def no_server(player):
    player.ipvsadm(*services(servers=()))
    Association(player, 7000).c('init')
    player.show()


@scenario('sctp')
def server_removed(player):
    player.ipvsadm(*services())
    association = Association(player, 7000)
    association.play(OPEN)
    player.ipvsadm('-d --sctp-service %s:%d -r 10.2.0.1:9000' % (VIP, VPORT))
    association.play('c:data s:data')
    player.conns()
    player.ipvsadm('-a --sctp-service %s:%d -r 10.2.0.1:9000 -m' % (VIP, VPORT))
    association.play('c:data s:data')
    player.show()


@scenario('sctp')
def counters(player):
    player.ipvsadm(*services())
    association = Association(player, 7000)
    association.play(OPEN + ' c:data s:sack s:data c:sack')
    player.stats()


@scenario('sctp')
def least_connections(player):
    """Only an established association is active."""
    player.ipvsadm(*services(scheduler='wlc', servers=(1, 2)))
    for cport, way in enumerate(('c:init', OPEN, OPEN, OPEN + ' c:shutdown', 'c:init', OPEN,
                                 'c:init s:abort', 'c:init')):
        Association(player, 7000 + cport).play(way)
        player.services()


@scenario('sctp')
def icmp_errors(player):
    player.ipvsadm(*services())
    association = Association(player, 7000)
    there = association.c('init')[0][1]
    for length in (28, 32, len(there)):
        player.srv(icmp_error(SERVER, CLIENT, 3, 2, there[:length]))
    back = association.s('init-ack')[0][1]
    player.cli(icmp_error(CLIENT, VIP, 3, 3, back))
    player.srv(icmp_error('10.2.0.9', CLIENT, 3, 4, there[:28], rest=1400))
    player.stats()


@scenario('sctp')
def ttl_runs_out(player):
    player.ipvsadm(*services())
    association = Association(player, 7000)
    association.c('init')
    association.c('data', ttl=1)
    association.s('data', ttl=1)
    association.c('data', ttl=2)
    player.show()
