#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Prints the client of every TCP segment with a TOA option that comes in on an interface.

  toa.py INTERFACE       first "listening", then lines ADDRESS:PORT until it is ended
"""
import socket
import struct
import sys

IPV4, KIND = 0x0800, 254


def options(tcp):
    """The options of a TCP header by kind."""
    found, rest = {}, tcp[20:(tcp[12] >> 4) * 4]
    while rest and rest[0] != 0:
        if rest[0] == 1:
            rest = rest[1:]
            continue
        if len(rest) < 2 or not 2 <= rest[1] <= len(rest):
            sys.exit("malformed options: %s" % tcp.hex())
        found[rest[0]] = rest[2:rest[1]]
        rest = rest[rest[1]:]
    return found


def main(interface):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(IPV4))
    s.bind((interface, IPV4))
    print("listening", flush=True)
    while True:
        frame, source = s.recvfrom(65536)
        if source[2] == socket.PACKET_OUTGOING or frame[23] != socket.IPPROTO_TCP:
            continue
        toa = options(frame[14 + (frame[14] & 15) * 4:]).get(KIND)
        if toa:
            print("%s:%d" % (socket.inet_ntoa(toa[2:6]), struct.unpack(">H", toa[:2])[0]),
                  flush=True)


main(*sys.argv[1:])
