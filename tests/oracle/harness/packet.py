# SPDX-License-Identifier: BSD-3-Clause
"""IPv4 packets: builders for what the scenarios send, and one line of text for what comes out.

Every packet built carries its own IP identification, counted from 0x1000 on in each scenario, so
that a forwarded packet is told from one that the director made itself.
"""
import itertools
import socket
import struct

ICMP, TCP, UDP, ESP, AH, SCTP = 1, 6, 17, 50, 51, 132

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << bit for bit in range(8))
FLAG_LETTERS = 'FSRPAUEC'

# TCP options of a usual SYN: MSS 1460, SACK permitted, timestamps, NOP, window scale 7.
SYN_OPTIONS = bytes.fromhex('020405b4 0402 080a0000000100000000 01 030307')

_identification = itertools.count(0x1000)


def restart_identification():
    global _identification
    _identification = itertools.count(0x1000)


def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def _pseudo(src, dst, proto, length):
    return socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack('!BBH', 0, proto, length)


def ip(src, dst, proto, payload, ttl=64, tos=0, df=True, ip_options=b'', ident=None):
    """An IPv4 packet. `ip_options` is padded to whole words."""
    ip_options += b'\0' * (-len(ip_options) % 4)
    if ident is None:
        ident = next(_identification)
    header = struct.pack('!BBHHHBBH4s4s', 0x45 + len(ip_options) // 4, tos,
                         20 + len(ip_options) + len(payload), ident, 0x4000 if df else 0, ttl, proto,
                         0, socket.inet_aton(src), socket.inet_aton(dst)) + ip_options
    return header[:10] + struct.pack('!H', checksum(header)) + header[12:] + payload


def tcp(src, sport, dst, dport, flags, seq=0, ack=0, data=b'', options=b'', window=64240,
        urgent=0, bad_checksum=False, **ip_fields):
    options += b'\1' * (-len(options) % 4)
    segment = struct.pack('!HHIIBBHHH', sport, dport, seq, ack, (20 + len(options)) // 4 << 4,
                          flags, window, 0, urgent) + options + data
    value = checksum(_pseudo(src, dst, TCP, len(segment)) + segment)
    if bad_checksum:
        value ^= 0x1234
    segment = segment[:16] + struct.pack('!H', value) + segment[18:]
    return ip(src, dst, TCP, segment, **ip_fields)


def udp(src, sport, dst, dport, data=b'', zero_checksum=False, bad_checksum=False, **ip_fields):
    datagram = struct.pack('!HHHH', sport, dport, 8 + len(data), 0) + data
    value = checksum(_pseudo(src, dst, UDP, len(datagram)) + datagram) or 0xffff
    if zero_checksum:
        value = 0
    elif bad_checksum:
        value ^= 0x1234
    datagram = datagram[:6] + struct.pack('!H', value) + datagram[8:]
    return ip(src, dst, UDP, datagram, **ip_fields)


def _crc32c_table():
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82f63b78 if value & 1 else 0)
        yield value


_CRC32C = tuple(_crc32c_table())


def crc32c(data):
    value = 0xffffffff
    for byte in data:
        value = value >> 8 ^ _CRC32C[(value ^ byte) & 255]
    return value ^ 0xffffffff


def chunk(kind, data=b'', flags=0, length=None):
    """A chunk of SCTP, padded to whole words."""
    if length is None:
        length = 4 + len(data)
    return struct.pack('!BBH', kind, flags, length) + data + b'\0' * (-len(data) % 4)


def sctp(src, sport, dst, dport, chunks, tag=0x5eed, bad_checksum=False, **ip_fields):
    value = crc32c(struct.pack('!HHII', sport, dport, tag, 0) + chunks)
    if bad_checksum:
        value ^= 0x1234
    return ip(src, dst, SCTP, struct.pack('!HHI', sport, dport, tag) + struct.pack('<I', value)
              + chunks, **ip_fields)


def fragment(packet, start, end):
    """Bytes start..end of the payload of an IPv4 packet as a fragment; the last, if it has no more."""
    header = (packet[0] & 15) * 4
    data = packet[header:][start:end]
    flags = start // 8 | (0x2000 if header + end < len(packet) else 0)
    head = packet[:2] + struct.pack('!H', header + len(data)) + packet[4:6] + struct.pack(
        '!H', flags) + packet[8:10] + b'\0\0' + packet[12:header]
    return head[:10] + struct.pack('!H', checksum(head)) + head[12:] + data


def fragments(packet, size):
    """A packet cut into pieces of `size` bytes and a rest."""
    return [fragment(packet, at, at + size)
            for at in range(0, len(packet) - (packet[0] & 15) * 4, size)]


def fragment_offset(packet):
    return (struct.unpack('!H', packet[6:8])[0] & 0x1fff) * 8


def reassemble(pieces):
    """The packet that these are; a whole one remains itself. What is missing is missing."""
    pieces = sorted(pieces, key=fragment_offset)
    header = (pieces[0][0] & 15) * 4
    data = b''.join(piece[header:total_length(piece)] for piece in pieces)
    head = pieces[0][:2] + struct.pack('!H', header + len(data)) + pieces[0][4:6] + struct.pack(
        '!H', struct.unpack('!H', pieces[0][6:8])[0] & 0x4000) + pieces[0][8:10] + b'\0\0' + (
            pieces[0][12:header])
    return head[:10] + struct.pack('!H', checksum(head)) + head[12:] + data


def echo(src, dst, number=1, data=b'ping', **ip_fields):
    message = struct.pack('!BBHHH', 8, 0, 0, 0x77, number) + data
    message = message[:2] + struct.pack('!H', checksum(message)) + message[4:]
    return ip(src, dst, ICMP, message, **ip_fields)


def icmp_error(src, dst, kind, code, quote, rest=0, **ip_fields):
    message = struct.pack('!BBHI', kind, code, 0, rest) + quote
    message = message[:2] + struct.pack('!H', checksum(message)) + message[4:]
    return ip(src, dst, ICMP, message, **ip_fields)


def total_length(packet):
    return struct.unpack('!H', packet[2:4])[0]


def identification(packet):
    return struct.unpack('!H', packet[4:6])[0]


def addresses(packet):
    return socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])


def ports(packet):
    at = (packet[0] & 15) * 4
    return struct.unpack('!HH', packet[at:at + 4])


def is_icmp_error(packet):
    return packet[9] == ICMP and packet[(packet[0] & 15) * 4] in (3, 4, 5, 11, 12)


def is_icmp_answer(packet):
    return is_icmp_error(packet) or packet[9] == ICMP and packet[(packet[0] & 15) * 4] == 0


def _verdict(src, dst, proto, data):
    """Whether a layer 4 checksum is right; data is the whole segment."""
    return 'ok' if checksum(_pseudo(src, dst, proto, len(data)) + data) == 0 else 'WRONG'


def _describe_tcp(src, dst, segment):
    sport, dport, seq, ack, offset, flags, window, _, urgent = struct.unpack('!HHIIBBHHH',
                                                                             segment[:20])
    header = (offset >> 4) * 4
    names = ''.join(letter for bit, letter in enumerate(FLAG_LETTERS) if flags >> bit & 1)
    text = '%s:%d > %s:%d TCP %s seq %d ack %d win %d' % (src, sport, dst, dport, names or 'none',
                                                          seq, ack, window)
    if urgent:
        text += ' urg %d' % urgent
    if header > 20:
        text += ' opt ' + segment[20:header].hex()
    if len(segment) > header:
        text += ' data ' + _show(segment[header:])
    return text + ' sum ' + _verdict(src, dst, TCP, segment)


def _describe_udp(src, dst, datagram):
    sport, dport, length, value = struct.unpack('!HHHH', datagram[:8])
    text = '%s:%d > %s:%d UDP len %d' % (src, sport, dst, dport, length)
    if len(datagram) > 8:
        text += ' data ' + _show(datagram[8:])
    return text + ' sum ' + ('none' if value == 0 else _verdict(src, dst, UDP, datagram))


def _describe_sctp(src, dst, segment):
    sport, dport, tag = struct.unpack('!HHI', segment[:8])
    right = crc32c(segment[:8] + bytes(4) + segment[12:])
    text = '%s:%d > %s:%d SCTP tag %x' % (src, sport, dst, dport, tag)
    if len(segment) > 12:
        text += ' chunk %d data %s' % (segment[12], _show(segment[13:]))
    return text + ' sum ' + ('ok' if struct.unpack('<I', segment[8:12])[0] == right else 'WRONG')


def _describe_icmp(src, dst, message):
    text = '%s > %s ICMP %d/%d' % (src, dst, message[0], message[1])
    if message[0] in (3, 4, 5, 11, 12):
        text += ' rest %s quotes %d bytes' % (message[4:8].hex(), len(message) - 8)
    else:
        text += ' data ' + _show(message[4:])
    return text + ' sum ' + ('ok' if checksum(message) == 0 else 'WRONG')


def _show(data):
    """Short data in full; of long data the beginning and a digest, so that any change shows."""
    if all(32 <= byte < 127 for byte in data[:40]):
        text = "'%s'" % data[:40].decode()
    else:
        text = '0x' + data[:40].hex()
    if len(data) > 40:
        text += '... (%d bytes, sum %04x)' % (len(data), checksum(data))
    return text


_DESCRIBE = {TCP: (_describe_tcp, 20), UDP: (_describe_udp, 8), ICMP: (_describe_icmp, 8),
             SCTP: (_describe_sctp, 12)}


def describe(packet, mask_ident=False):
    """One line that shows every field of the packet."""
    header = (packet[0] & 15) * 4
    src, dst = addresses(packet)
    fragment = struct.unpack('!H', packet[6:8])[0]
    payload = packet[header:total_length(packet)]
    function, least = _DESCRIBE.get(packet[9], (None, 0))
    if fragment_offset(packet):
        text = '%s > %s protocol %d, more data %s' % (src, dst, packet[9], _show(payload))
    elif function and len(payload) >= least:
        text = function(src, dst, payload)
    else:
        text = '%s > %s protocol %d, %d bytes' % (src, dst, packet[9], len(payload))
    text += ' | ttl %d tos %02x id %s len %d' % (
        packet[8], packet[1], '*' if mask_ident else '%04x' % identification(packet),
        total_length(packet))
    if fragment & 0x4000:
        text += ' DF'
    if fragment & 0xbfff:
        text += ' frag %04x' % (fragment & 0xbfff)
    if header > 20:
        text += ' ipopt ' + packet[20:header].hex()
    if checksum(packet[:header]):
        text += ' IP SUM WRONG'
    return text


def hexdump(packet, mask_ident=False):
    """The packet in hex; the random identification and the checksum over it may be masked."""
    text = packet.hex()
    if mask_ident:
        text = text[:8] + '****' + text[12:20] + '****' + text[24:]
    return text
