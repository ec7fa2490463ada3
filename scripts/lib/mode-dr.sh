# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: BSD-3-Clause
#
# The LVS-DR experiment: director and servers are on one network and all have the virtual address;
# the director passes requests on by changing the Ethernet header only, and the servers answer the
# client directly, over the router. Sourced by lab.sh.

MODE_TITLE='The LVS-DR experiment'
MODE_VIP=172.16.0.206
MODE_SERVERS='rs1=10.0.0.201 rs2=10.0.0.202'
MODE_PORTS='eth0=raw0'
MODE_COMMANDS=(
	'ipvsadm -A -t 172.16.0.206:80 -s wrr'
	'ipvsadm -a -t 172.16.0.206:80 -r 10.0.0.201:80 -g'
	'ipvsadm -a -t 172.16.0.206:80 -r 10.0.0.202:80 -g'
)

mode_picture() {
	cat <<-'END'

		   client               router            10.0.0.0/24
		 +--------+    192.168.0.205|10.0.0.205    |    +-----------+
		 |        |          +-------------+       |    |   lvsd    | 10.0.0.206
		 |  curl  |----------|  forwards   |-------+----|  on DPDK  | VIP 172.16.0.206 on lo
		 |        |          +-------------+       |    +-----------+
		 +--------+                                |    +-----+
		192.168.0.204                              +----| rs1 | 10.0.0.201, VIP on lo
		                                           |    +-----+
		                                           |    +-----+
		                                           +----| rs2 | 10.0.0.202, VIP on lo
		                                                +-----+
		 Answers go from the servers to the router; OutPkts of the director stay 0.

	END
}

mode_net() {
	local rs
	net_outside
	host_add director lan rs1 rs2

	host_bridge lan br0
	host_link router eth1 lan router
	ip -n "$LAB-lan" link set router master br0
	ip -n "$LAB-router" addr add 10.0.0.205/24 dev eth1
	ip -n "$LAB-router" route add 172.16.0.206/32 via 10.0.0.206

	cable_for_dpdk director raw0 lan director
	ip -n "$LAB-lan" link set director master br0
	for rs in rs1 rs2; do
		host_link "$rs" eth0 lan "$rs"
		ip -n "$LAB-lan" link set "$rs" master br0
		# The virtual address is theirs, but nobody shall ask them for it by ARP.
		on "$rs" sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
		ip -n "$LAB-$rs" addr add 172.16.0.206/32 dev lo
	done
	ip -n "$LAB-rs1" addr add 10.0.0.201/24 dev eth0
	ip -n "$LAB-rs2" addr add 10.0.0.202/24 dev eth0
	for rs in rs1 rs2; do
		ip -n "$LAB-$rs" route add default via 10.0.0.205
	done
}

# eth0 is the twin of lvsd's port: a plain interface, set up with the plain tools.
mode_director() {
	ip -n "$LAB-director" addr add 10.0.0.206/24 dev eth0
	ip -n "$LAB-director" addr add 172.16.0.206/32 dev lo
	ip -n "$LAB-director" link set eth0 up
	ip -n "$LAB-director" route add default via 10.0.0.205
}
