# SPDX-License-Identifier: BSD-3-Clause
"""AH and ESP follow the connection of UDP port 500 between the same hosts."""
from harness import registry
from harness.packet import AH, ESP, icmp_error, ip, udp
from harness.registry import scenario

CLIENT, VIP, SERVER = '10.1.0.1', '192.0.2.1', '10.2.0.1'
ESP_DATA = bytes.fromhex('00000001 00000001') + b'payload!'
AH_DATA = bytes.fromhex('3b040000 00000007 00000001') + b'\xaa' * 12


def service(method='-m', port=500):
    return ('-A -u %s:500 -s rr' % VIP, '-a -u %s:500 -r %s:%d %s' % (VIP, SERVER, port, method))


def ike(player, client=CLIENT, sport=500):
    player.cli(udp(client, sport, VIP, 500, b'ike'))


def _method(method):
    def play(player):
        player.ipvsadm(*service(method))
        ike(player)
        for proto, data in ((ESP, ESP_DATA), (AH, AH_DATA)):
            player.cli(ip(CLIENT, VIP, proto, data), hexdump=True)
            player.cli(ip(CLIENT, VIP, proto, data, ttl=2, tos=0xbb, df=False), hexdump=True)
            if method == '-m':
                player.srv(ip(SERVER, CLIENT, proto, data + b'!'), hexdump=True)
        player.show()
        player.stats()
    return play


registry.add('ipsec/nat', _method('-m'))
registry.add('ipsec/dr', _method('-g'))
registry.add('ipsec/tun', _method('-i'))


@scenario('ipsec')
def any_length(player):
    player.ipvsadm(*service())
    ike(player)
    for proto, data in ((ESP, ESP_DATA), (AH, AH_DATA)):
        for size in (0, 1, 3, 4, 7, 8, 11, 12, 16):
            player.cli(ip(CLIENT, VIP, proto, data[:size]))
    player.cli(ip(CLIENT, VIP, ESP, bytes(1480)))
    player.show()


@scenario('ipsec')
def keeps_the_connection(player):
    """The timer of the IKE connection starts again."""
    player.ipvsadm('--set 0 0 8', *service())
    ike(player)
    for _ in range(2):
        player.wait(5)
        player.cli(ip(CLIENT, VIP, ESP, ESP_DATA))
        player.conns()
    player.wait(5)
    player.srv(ip(SERVER, CLIENT, AH, AH_DATA))
    player.conns()


@scenario('ipsec')
def follows_only_port_500(player):
    """Of the client; the server may have another, then its own packets are not known."""
    player.ipvsadm(*service(port=5000))
    ike(player)
    player.cli(ip(CLIENT, VIP, ESP, ESP_DATA))
    player.srv(ip(SERVER, CLIENT, ESP, ESP_DATA))
    player.srv(ip('10.2.0.2', CLIENT, ESP, ESP_DATA))
    player.show()


@scenario('ipsec')
def without_a_connection(player):
    """The director's own stack knows neither."""
    player.ipvsadm(*service())
    player.cli(ip(CLIENT, VIP, ESP, ESP_DATA))
    player.cli(ip(CLIENT, VIP, AH, AH_DATA))
    ike(player, sport=1500)
    player.cli(ip(CLIENT, VIP, ESP, ESP_DATA))
    player.srv(ip(SERVER, CLIENT, ESP, ESP_DATA))
    ike(player)
    player.cli(ip('10.1.0.2', VIP, ESP, ESP_DATA))
    player.show()


@scenario('ipsec')
def server_removed(player):
    player.ipvsadm(*service(), '-A -u 192.0.2.2:500 -s rr')
    ike(player)
    player.ipvsadm('-d -u %s:500 -r %s:500' % (VIP, SERVER))
    player.cli(ip(CLIENT, VIP, ESP, ESP_DATA))
    player.srv(ip(SERVER, CLIENT, ESP, ESP_DATA))
    player.show()


@scenario('ipsec')
def ttl_runs_out(player):
    player.ipvsadm(*service())
    ike(player)
    player.cli(ip(CLIENT, VIP, ESP, ESP_DATA, ttl=1))
    player.srv(ip(SERVER, CLIENT, ESP, ESP_DATA, ttl=1))
    player.show()


@scenario('ipsec')
def icmp_errors(player):
    """Quoting ESP needs no ports; even four bytes of it are enough."""
    player.ipvsadm(*service())
    ike(player)
    for proto, data in ((ESP, ESP_DATA), (AH, AH_DATA), (ESP, ESP_DATA[:4])):
        player.srv(icmp_error(SERVER, CLIENT, 3, 1, ip(CLIENT, SERVER, proto, data, ttl=63)))
        player.cli(icmp_error(CLIENT, VIP, 3, 1, ip(VIP, CLIENT, proto, data, ttl=63)))
    player.stats()
