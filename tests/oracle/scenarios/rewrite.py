# SPDX-License-Identifier: BSD-3-Clause
"""NAT: every byte of the packets that go through, in both directions."""
from harness import registry
from harness.packet import ACK, PSH, SYN, SYN_OPTIONS, URG, ip, tcp, udp
from harness.registry import scenario

CLIENT, VIP, SERVER = '10.1.0.1', '192.0.2.1', '10.2.0.1'
PORT_CHANGES = ('-A -t 192.0.2.1:80 -s rr', '-a -t 192.0.2.1:80 -r 10.2.0.1:8080 -m',
                '-A -u 192.0.2.1:53 -s rr', '-a -u 192.0.2.1:53 -r 10.2.0.1:5353 -m')
PORT_STAYS = ('-A -t 192.0.2.1:80 -s rr', '-a -t 192.0.2.1:80 -r 10.2.0.1:80 -m',
              '-A -u 192.0.2.1:53 -s rr', '-a -u 192.0.2.1:53 -r 10.2.0.1:53 -m')

# IP options: 7 record route, 68 timestamp, 130 security, 131/137 source routes, 148 router alert.
IP_OPTIONS = {
    'nop': bytes((1, 1, 1, 1)),
    'end': bytes((0, 0, 0, 0)),
    'security': bytes((130, 11)) + bytes(9),
    'router-alert': bytes((148, 4, 0, 0)),
    'longest': bytes((1,)) * 40,
}


class Pair:
    """Both directions of one flow, every packet recorded in hex."""

    def __init__(self, player, commands=PORT_CHANGES):
        player.ipvsadm(*commands)
        self._player = player
        self._changed = commands is PORT_CHANGES
        self._cport = 5000

    def next(self):
        self._cport += 1
        return self

    def tcp_in(self, flags, **fields):
        self._player.cli(tcp(CLIENT, self._cport, VIP, 80, flags, **fields), hexdump=True)

    def tcp_out(self, flags, **fields):
        port = 8080 if self._changed else 80
        self._player.srv(tcp(SERVER, port, CLIENT, self._cport, flags, **fields), hexdump=True)

    def udp_in(self, data=b'', **fields):
        self._player.cli(udp(CLIENT, self._cport, VIP, 53, data, **fields), hexdump=True)

    def udp_out(self, data=b'', **fields):
        port = 5353 if self._changed else 53
        self._player.srv(udp(SERVER, port, CLIENT, self._cport, data, **fields), hexdump=True)


def _ports(commands):
    def play(player):
        pair = Pair(player, commands)
        pair.tcp_in(SYN, seq=1, options=SYN_OPTIONS)
        pair.tcp_out(SYN | ACK, seq=2, ack=2, options=SYN_OPTIONS)
        pair.tcp_in(ACK, seq=2, ack=3)
        pair.tcp_in(PSH | ACK, seq=2, ack=3, data=b'even')
        pair.tcp_out(PSH | ACK, seq=3, ack=6, data=b'odd')
        pair.tcp_in(PSH | ACK | URG, seq=6, ack=6, data=b'urgent', urgent=3, window=0)
        pair.udp_in(b'question')
        pair.udp_out(b'an odd answer')
    return play


registry.add('rewrite/port-changes', _ports(PORT_CHANGES))
registry.add('rewrite/port-stays', _ports(PORT_STAYS))


@scenario('rewrite')
def payload_lengths(player):
    pair = Pair(player)
    for size in (0, 1, 2, 3, 4, 5, 17, 255, 1459, 1460):
        pair.next().tcp_in(SYN, data=bytes(range(256)) * 5 + bytes(180) if size == 1460
                           else bytes(n * 7 & 255 for n in range(size)))
        pair.tcp_out(SYN | ACK, data=bytes(n * 11 & 255 for n in range(size)))


@scenario('rewrite')
def udp_without_checksum(player):
    pair = Pair(player)
    for data in (b'', b'x', b'none'):
        pair.next().udp_in(data, zero_checksum=True)
        pair.udp_out(data, zero_checksum=True)


@scenario('rewrite')
def udp_checksums_around_zero(player):
    """Sums that become 0 or 0xffff by the rewrite: 0 would mean "none"."""
    pair = Pair(player)
    for value in (0x0000, 0x0001, 0xfffe, 0xffff, 0x8000, 0x7fff, 0x00ff, 0xff00):
        pair.next().udp_in(value.to_bytes(2, 'big'))
        pair.udp_out(value.to_bytes(2, 'big'))
    # Data chosen so that the sum before, or after, the rewrite is the special one.
    for word in _sum_makers(pair):
        pair.udp_in(word)
        pair.udp_out(word)


def _sum_makers(pair):
    """Two-byte payloads that make the checksum 0xffff before or after the rewrite, each way."""
    cport = pair.next()._cport
    for src, sport, dst, dport in ((CLIENT, cport, VIP, 53), (CLIENT, cport, SERVER, 5353),
                                   (SERVER, 5353, CLIENT, cport), (VIP, 53, CLIENT, cport)):
        plain = udp(src, sport, dst, dport, b'\0\0', ident=0)
        rest = int.from_bytes(plain[26:28], 'big')  # what the data must add up to
        for near in (-1, 0, 1):
            yield ((rest + near) % 0xffff).to_bytes(2, 'big')


@scenario('rewrite')
def wrong_checksums(player):
    """Forwarded as wrong as they came, never verified."""
    pair = Pair(player)
    pair.tcp_in(SYN, bad_checksum=True)
    pair.tcp_out(SYN | ACK, bad_checksum=True)
    pair.tcp_in(PSH | ACK, data=b'x', bad_checksum=True)
    pair.udp_in(b'question', bad_checksum=True)
    pair.udp_out(b'answer', bad_checksum=True)


@scenario('rewrite')
def ttl_from_client(player):
    pair = Pair(player)
    for ttl in (255, 128, 3, 2, 1, 0):
        pair.next().tcp_in(SYN, ttl=ttl)
        pair.udp_in(b'question', ttl=ttl)
    player.show()


@scenario('rewrite')
def ttl_from_server(player):
    pair = Pair(player)
    pair.tcp_in(SYN)
    pair.udp_in(b'question')
    for ttl in (255, 128, 3, 2, 1, 0):
        pair.tcp_out(SYN | ACK, ttl=ttl)
        pair.udp_out(b'answer', ttl=ttl)
    player.show()


@scenario('rewrite')
def tos_and_ecn(player):
    pair = Pair(player)
    for tos in (0x01, 0x02, 0x03, 0x10, 0xb8, 0xbb, 0xff):
        pair.next().tcp_in(SYN, tos=tos)
        pair.tcp_out(SYN | ACK, tos=tos)


@scenario('rewrite')
def without_df(player):
    pair = Pair(player)
    pair.tcp_in(SYN, df=False)
    pair.tcp_out(SYN | ACK, df=False)
    pair.udp_in(b'question', df=False)
    pair.udp_out(b'answer', df=False)


@scenario('rewrite')
def identifications(player):
    pair = Pair(player)
    for ident in (0, 1, 0xffff, 0x8000):
        pair.next().udp_in(b'question', ident=ident)
        pair.udp_out(b'answer', ident=ident)


def _ip_options(options):
    def play(player):
        pair = Pair(player)
        pair.tcp_in(SYN, ip_options=options)
        pair.tcp_out(SYN | ACK, ip_options=options)
        pair.udp_in(b'question', ip_options=options)
        pair.udp_out(b'answer', ip_options=options)
        player.show()
    return play


for _name, _options in IP_OPTIONS.items():
    registry.add('rewrite/ip-options-' + _name, _ip_options(_options))


@scenario('rewrite')
def tcp_options(player):
    pair = Pair(player)
    for options in (SYN_OPTIONS, bytes((1,)) * 40, bytes((30, 4, 0, 0)), bytes((2, 0, 0, 0)),
                    bytes((255, 40)) + bytes(38)):
        pair.next().tcp_in(SYN, options=options)
        pair.tcp_out(SYN | ACK, options=options)


def _udp_lengths(player, lengths):
    """A datagram of 16 bytes whose header has another length."""
    pair = Pair(player)
    pair.udp_in(b'question')
    good = udp(CLIENT, 5000, VIP, 53, b'question')[20:]
    for length in lengths:
        datagram = good[:4] + length.to_bytes(2, 'big') + good[6:]
        player.cli(ip(CLIENT, VIP, 17, datagram), hexdump=True)
    player.show()


@scenario('rewrite')
def udp_length_shorter_than_packet(player):
    _udp_lengths(player, (8, 9, 12, 15))


@scenario('rewrite', differs='Malformed packets')
def udp_length_impossible(player):
    _udp_lengths(player, (0, 7, 17, 100))


@scenario('rewrite')
def cut_short(player):
    """Headers that end before they should."""
    Pair(player)
    segment = tcp(CLIENT, 5001, VIP, 80, SYN)[20:]
    datagram = udp(CLIENT, 5001, VIP, 53, b'')[20:]
    for size in (0, 1, 4, 8, 12, 13, 14, 19):
        player.cli(ip(CLIENT, VIP, 6, segment[:size]))
    for size in (0, 1, 4, 7):
        player.cli(ip(CLIENT, VIP, 17, datagram[:size]))
    player.show()


@scenario('rewrite', differs='Malformed packets')
def tcp_header_length_impossible(player):
    """Less than a header has, and more than the packet."""
    Pair(player)
    segment = tcp(CLIENT, 5001, VIP, 80, SYN)[20:]
    for offset in (0x00, 0x40, 0x60, 0xf0):
        player.cli(ip(CLIENT, VIP, 6, segment[:12] + bytes((offset,)) + segment[13:]))
    player.show()


@scenario('rewrite')
def wrong_ip_headers(player):
    """What the stack drops before anybody looks at it."""
    Pair(player)
    good = udp(CLIENT, 5001, VIP, 53, b'question')
    player.cli(good[:10] + b'\x12\x34' + good[12:])
    player.cli(bytes((0x44,)) + good[1:])
    player.cli(good[:2] + (len(good) + 1).to_bytes(2, 'big') + good[4:])
    player.cli(ip('255.255.255.255', VIP, 17, good[20:]))
    player.cli(ip('127.0.0.1', VIP, 17, good[20:]))
    player.cli(ip('224.0.0.1', VIP, 17, good[20:]))
    player.show()


@scenario('rewrite')
def longer_than_the_header_says(player):
    """Bytes behind the IP packet, such as Ethernet's padding, do not go on."""
    Pair(player)
    for size in (1, 6, 18):
        player.cli(udp(CLIENT, 5000 + size, VIP, 53, b'short') + bytes(size), hexdump=True)
    player.cli(tcp(CLIENT, 5001, VIP, 80, SYN) + bytes(6), hexdump=True)


@scenario('rewrite')
def other_protocols_to_the_vip(player):
    Pair(player)
    for proto in (2, 4, 47, 50, 51, 132, 253):
        player.cli(ip(CLIENT, VIP, proto, bytes(20)))
    player.show()
