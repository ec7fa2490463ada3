#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Talks back, for the lab's tests.

  echo.py serve tcp|udp ADDRESS PORT NAME   answers every message with "NAME message"
  echo.py ask tcp ADDRESS PORT SIZE         sends SIZE bytes, wants as many back, unchanged
  echo.py ask udp ADDRESS PORT COUNT [SAME] COUNT datagrams, each from a port of its own (or all
                                            from one); prints who answered
"""
import os
import socket
import sys


def serve_tcp(addr, name):
    """Over TCP the stream itself comes back: a long conversation, not one message."""
    listener = socket.create_server(addr)
    while True:
        conn, _ = listener.accept()
        with conn:
            while data := conn.recv(65536):
                conn.sendall(data)


def serve_udp(addr, name):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(addr)
    while True:
        data, peer = s.recvfrom(65536)
        s.sendto(name.encode() + b" " + data, peer)


def ask_tcp(addr, size):
    data, back = os.urandom(size), b""
    with socket.create_connection(addr, timeout=5) as s:
        for i in range(0, size, 4096):
            s.sendall(data[i:i + 4096])
            while len(back) < min(i + 4096, size):
                got = s.recv(65536)
                if not got:
                    sys.exit("the connection ended early")
                back += got
    if back != data:
        sys.exit("other bytes came back")


def ask_udp(addr, count, same):
    who = []
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for i in range(count):
        if not same:
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(3)
        s.sendto(b"message %d" % i, addr)
        data, peer = s.recvfrom(65536)
        name, text = data.split(b" ", 1)
        if peer != addr or text != b"message %d" % i:
            sys.exit(f"wrong answer from {peer}: {data!r}")
        who.append(name.decode())
    print(*who)


def main(verb, proto, host, port, last, same=None):
    addr = (host, int(port))
    if verb == "serve":
        {"tcp": serve_tcp, "udp": serve_udp}[proto](addr, last)
    elif proto == "tcp":
        ask_tcp(addr, int(last))
    else:
        ask_udp(addr, int(last), same)


main(*sys.argv[1:])
