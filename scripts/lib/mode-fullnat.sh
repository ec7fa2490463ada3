# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: BSD-3-Clause
#
# The FULLNAT experiment: the servers are somewhere behind a router, whose way to the world does not
# lead through the director; they answer to local addresses of the director and know of nothing
# else. Sourced by lab.sh.

MODE_TITLE='The FULLNAT experiment'
MODE_VIP=172.16.0.206
MODE_SERVERS='rs1=10.1.0.201 rs2=10.1.0.202'
MODE_PORTS='eth0=raw0 eth1=raw1'
MODE_COMMANDS=(
	'lvsadm -A -t 172.16.0.206:80 -s wrr'
	'lvsadm laddr add -t 172.16.0.206:80 10.0.0.207'
	'lvsadm laddr add -t 172.16.0.206:80 10.0.0.208'
	'lvsadm -a -t 172.16.0.206:80 -r 10.1.0.201:80 --fullnat'
	'lvsadm -a -t 172.16.0.206:80 -r 10.1.0.202:80 --fullnat'
	'lvsadm client-info -t 172.16.0.206:80 toa'
	'lvsadm services'
)

mode_picture() {
	cat <<-'END'

		   client               router                 director             router      real servers
		 +--------+    192.168.0.205|172.16.0.205    +-----------+    10.0.0.1|10.1.0.1
		 |        |          +-------------+    eth0 |   lvsd    | eth1     +------+    +-----+
		 |  curl  |----------|  forwards   |---------|  on DPDK  |----------|  gw  |--+-| rs1 | nginx
		 |        |          +-------------+         |           |          +------+  | +-----+
		 +--------+                                  +-----------+                    | 10.1.0.201
		192.168.0.204                      172.16.0.206|10.0.0.206                    | +-----+
		                                     (VIP)     |10.0.0.207                    +-| rs2 | nginx
		                                               |10.0.0.208                      +-----+
		                                                (local addresses)             10.1.0.202

	END
}

mode_net() {
	local rs
	net_outside
	host_add director gw rs1 rs2

	cable_for_dpdk director raw0 router eth1
	ip -n "$LAB-router" addr add 172.16.0.205/24 dev eth1

	cable_for_dpdk director raw1 gw eth0
	ip -n "$LAB-gw" addr add 10.0.0.1/24 dev eth0
	on gw sysctl -qw net.ipv4.ip_forward=1
	host_bridge gw br0
	ip -n "$LAB-gw" addr add 10.1.0.1/24 dev br0
	for rs in rs1 rs2; do
		host_link "$rs" eth0 gw "$rs"
		ip -n "$LAB-gw" link set "$rs" master br0
	done
	ip -n "$LAB-rs1" addr add 10.1.0.201/24 dev eth0
	ip -n "$LAB-rs2" addr add 10.1.0.202/24 dev eth0
	for rs in rs1 rs2; do
		ip -n "$LAB-$rs" route add default via 10.1.0.1
	done
}

# eth0 and eth1 are the twins of lvsd's ports: plain interfaces, set up with the plain tools.
mode_director() {
	ip -n "$LAB-director" addr add 172.16.0.206/24 dev eth0
	ip -n "$LAB-director" addr add 10.0.0.206/24 dev eth1
	ip -n "$LAB-director" addr add 10.0.0.207/24 dev eth1
	ip -n "$LAB-director" addr add 10.0.0.208/24 dev eth1
	ip -n "$LAB-director" link set eth0 up
	ip -n "$LAB-director" link set eth1 up
	ip -n "$LAB-director" route add 192.168.0.0/24 via 172.16.0.205
	ip -n "$LAB-director" route add 10.1.0.0/24 via 10.0.0.1
}
