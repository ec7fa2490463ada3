# SPDX-License-Identifier: BSD-3-Clause
"""Frames and pcap files, from scratch: every length and checksum is computed over the whole
packet, so that a frame made here checks what lvsd has updated."""

import socket
import struct

PCAP_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)


def pcap_record(frame):
    return struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame


def pcap_read(path):
    """The frames of a file that lvsd wrote."""
    with open(path, "rb") as file:
        data = file.read()
    at, frames = 24, []
    while at < len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        frames.append(data[at + 16:at + 16 + length])
        at += 16 + length
    return frames


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def ip4(src, dst, proto, payload, ttl=64, tos=0, ident=0, flags=0x4000, wrong=0):
    header = struct.pack("!BBHHHBBH4s4s", 0x45, tos, 20 + len(payload), ident, flags, ttl, proto, 0,
                         socket.inet_aton(src), socket.inet_aton(dst))
    total = checksum(header) ^ wrong
    return header[:10] + struct.pack("!H", total) + header[12:] + payload


def transport(src, dst, proto, segment, at):
    """The segment with its checksum at offset `at`."""
    pseudo = socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack("!HH", proto, len(segment))
    total = checksum(pseudo + segment)
    if proto == socket.IPPROTO_UDP and total == 0:
        total = 0xFFFF
    return segment[:at] + struct.pack("!H", total) + segment[at + 2:]


def tcp(src, sport, dst, dport, flags, data=b"", seq=1, ack=0, offset=5, **ip):
    bits = sum(1 << "FSRPAU".index(flag) for flag in flags)
    segment = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, offset << 4, bits, 8192, 0, 0) + data
    return ip4(src, dst, socket.IPPROTO_TCP,
               transport(src, dst, socket.IPPROTO_TCP, segment, 16), **ip)


def udp(src, sport, dst, dport, data=b"", summed=True, **ip):
    segment = struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data
    if summed:
        segment = transport(src, dst, socket.IPPROTO_UDP, segment, 6)
    return ip4(src, dst, socket.IPPROTO_UDP, segment, **ip)


def icmp_error(src, dst, kind, code, about, info=0):
    body = struct.pack("!BBHI", kind, code, 0, info) + about[:548]
    body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
    return ip4(src, dst, socket.IPPROTO_ICMP, body, tos=0xC0, flags=0)


def frame(to, source, packet, padding=0):
    return mac(to) + mac(source) + b"\x08\0" + packet + b"\xEE" * padding


def without_id(data):
    """The frame with the IP id that lvsd chose, and the checksum that follows from it, blanked."""
    return data[:18] + b"\0\0" + data[20:24] + b"\0\0" + data[26:]
