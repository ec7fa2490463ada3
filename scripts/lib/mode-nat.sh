# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: BSD-3-Clause
#
# The LVS-NAT experiment: requests go to the director's address, which rewrites them to a real
# server and the answers back; the servers' default gateway is the director. Sourced by lab.sh.

MODE_TITLE='The LVS-NAT experiment'
MODE_VIP=172.16.0.206
MODE_SERVERS='rs1=10.0.0.201 rs2=10.0.0.202'
MODE_PORTS='eth0=raw0 eth1=raw1'
MODE_COMMANDS=(
	'ipvsadm -A -t 172.16.0.206:80 -s wrr'
	'ipvsadm -a -t 172.16.0.206:80 -r 10.0.0.201:80 -m'
	'ipvsadm -a -t 172.16.0.206:80 -r 10.0.0.202:80 -m'
)

mode_picture() {
	cat <<-'END'

		   client               router                 director              real servers
		 +--------+    192.168.0.205|172.16.0.205    +-----------+
		 |        |          +-------------+    eth0 |   lvsd    | eth1        +-----+
		 |  curl  |----------|  forwards   |---------|  on DPDK  |------+------| rs1 | nginx
		 |        |          +-------------+         |           |      |      +-----+
		 +--------+                                  +-----------+      |    10.0.0.201
		192.168.0.204                      172.16.0.206|10.0.0.206      |      +-----+
		                                     (VIP)        (DIP)         +------| rs2 | nginx
		                                                                       +-----+
		                                                                     10.0.0.202

	END
}

mode_net() {
	local rs
	net_outside
	host_add director lan rs1 rs2

	cable_for_dpdk director raw0 router eth1
	ip -n "$LAB-router" addr add 172.16.0.205/24 dev eth1

	host_bridge lan br0
	cable_for_dpdk director raw1 lan director
	ip -n "$LAB-lan" link set director master br0
	for rs in rs1 rs2; do
		host_link "$rs" eth0 lan "$rs"
		ip -n "$LAB-lan" link set "$rs" master br0
	done
	ip -n "$LAB-rs1" addr add 10.0.0.201/24 dev eth0
	ip -n "$LAB-rs2" addr add 10.0.0.202/24 dev eth0
	for rs in rs1 rs2; do
		ip -n "$LAB-$rs" route add default via 10.0.0.206
	done
}

# eth0 and eth1 are the twins of lvsd's ports: plain interfaces, set up with the plain tools.
mode_director() {
	ip -n "$LAB-director" addr add 172.16.0.206/24 dev eth0
	ip -n "$LAB-director" addr add 10.0.0.206/24 dev eth1
	ip -n "$LAB-director" link set eth0 up
	ip -n "$LAB-director" link set eth1 up
	ip -n "$LAB-director" route add 192.168.0.0/24 via 172.16.0.205
}
