#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The LVS-NAT experiment, asserted: who answers, what is counted, what the kernel twins do, and that
# changes of services, servers and routes take effect.

set -euo pipefail
# shellcheck source=tests/lab/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
lab_begin nat

mac() { cat /dev/stdin <<<"$(on "$1" cat "/sys/class/net/$2/address")"; }
neighbour_mac() { ip -n "$LAB-$1" neigh show "$2" | sed -n 's/.*lladdr \([0-9a-f:]*\).*/\1/p'; }
# column ADDRESS N: of `ipvsadm -Ln --stats --exact`.
column() {
	director ipvsadm -Ln --stats --exact | awk -v a="$1" -v n="$2" '
		{ for (i = 1; i < 4; i++) if ($i == a) { print $(i + n); exit } }'
}

# ---- the first packets ------------------------------------------------------------------------

check 'the very first request is answered at once' at_once "http://$MODE_VIP/test.html"

# ---- balancing --------------------------------------------------------------------------------

director ipvsadm -Z
first=$(column "$MODE_VIP:80" 1)
check 'ipvsadm -Z zeroes the counters' equal "$first" 0
who=$(answers 10)
check 'ten requests go to both servers in turn' \
	matches '^((rs1 rs2 ){4}rs1 rs2|(rs2 rs1 ){4}rs2 rs1)$' "$who"
check 'ten connections are counted' equal "$(column "$MODE_VIP:80" 1)" 10
check 'five of them on rs1' equal "$(column 10.0.0.201:80 1)" 5
check 'five of them on rs2' equal "$(column 10.0.0.202:80 1)" 5
for c in 2:InPkts 3:OutPkts 4:InBytes 5:OutBytes; do
	n=${c%:*} sum=$(($(column 10.0.0.201:80 "${c%:*}") + $(column 10.0.0.202:80 "${c%:*}")))
	check "${c#*:} of the service is the sum over its servers" \
		equal "$(column "$MODE_VIP:80" "$n")" "$sum"
	check "${c#*:} says that something came through" holds "$sum >= 40"
done
check 'ipvsadm -Lnc shows the connections' \
	equal "$(director ipvsadm -Lnc | grep -c "192.168.0.204:.* $MODE_VIP:80 .* 10.0.0.20[12]:80")" 11
check 'the servers see the address of the client' \
	equal "$(sort -u <(cut -d' ' -f1 "$LAB_DIR"/rs[12]/access.log) | grep -v '^10\.')" 192.168.0.204

# ---- what is not lvsd's goes to the kernel ----------------------------------------------------

check 'the twin has the link address of its port' equal "$(mac director eth0)" "$(mac director raw0)"
check 'ping of the VIP from the client' on client ping -q -c 3 -i 0.2 -W 1 "$MODE_VIP"
check 'ping of the VIP from the router' on router ping -q -c 3 -i 0.2 -W 1 "$MODE_VIP"
check 'ping of the DIP from a server' on rs1 ping -q -c 3 -i 0.2 -W 1 10.0.0.206
check 'a large ping of the VIP' on client ping -q -c 2 -i 0.2 -W 1 -s 1400 "$MODE_VIP"
check 'the director pings the router' director ping -q -c 2 -i 0.2 -W 1 172.16.0.205
check 'the director pings a server' director ping -q -c 2 -i 0.2 -W 1 10.0.0.202
check 'ARP for the VIP is answered, once' \
	grep -q 'Received 2 response' <(on router arping -c 2 -I eth1 "$MODE_VIP")
check 'the router has learnt the link address of the twin' \
	equal "$(neighbour_mac router "$MODE_VIP")" "$(mac director eth0)"
lab_spawn echo director python3 "$TESTS/echo.py" serve tcp "$MODE_VIP" 22 director
listens director tcp 22
check 'TCP with the director itself (as ssh would)' \
	on client python3 "$TESTS/echo.py" ask tcp "$MODE_VIP" 22 200000
check 'TCP to a port that nobody serves is refused' \
	equal "$(on client curl -s --max-time 2 -o /dev/null "http://$MODE_VIP:81/" || echo $?)" 7

# ---- cold neighbours --------------------------------------------------------------------------

counter() { director lvsadm drops --all | awk -v n="$1" '$2 == n { print $1 }'; }
cold() {
	local h
	for h in client router director rs1 rs2; do
		ip -n "$LAB-$h" neigh flush all
	done
	at_once "http://$MODE_VIP/test.html"
}
before=$(counter resolve_requests)
check 'no packet is lost while neighbours are looked up' cold
check 'nor the second time, for the other server' cold
check 'they were looked up' holds "$(counter resolve_requests) > $before"

# ---- changes take effect ----------------------------------------------------------------------

director ipvsadm -e -t "$MODE_VIP:80" -r 10.0.0.201:80 -m -w 0
check 'weight 0: nothing new for rs1' equal "$(times rs2 "$(answers 6)")" 6
director ipvsadm -e -t "$MODE_VIP:80" -r 10.0.0.201:80 -m -w 3
check 'weight 3 to 1: six of eight for rs1' equal "$(times rs1 "$(answers 8)")" 6
director ipvsadm -d -t "$MODE_VIP:80" -r 10.0.0.201:80
check 'a removed server gets nothing' equal "$(times rs2 "$(answers 4)")" 4
director ipvsadm -a -t "$MODE_VIP:80" -r 10.0.0.201:80 -m -w 1
check 'added again it serves again' equal "$(times rs1 "$(answers 4)")" 2
director ipvsadm -E -t "$MODE_VIP:80" -s rr
check 'another scheduler goes on' equal "$(times rs1 "$(answers 4)")" 2
saved=$(director ipvsadm-save -n)
director ipvsadm -C
check 'without services the port is refused' \
	equal "$(on client curl -s --max-time 2 -o /dev/null "http://$MODE_VIP/" || echo $?)" 7
director ipvsadm-restore <<<"$saved"
check 'ipvsadm-restore brings them back' equal "$(times rs2 "$(answers 4)")" 2
services

# ---- UDP --------------------------------------------------------------------------------------

director ipvsadm -A -u "$MODE_VIP:5300" -s rr
for s in $MODE_SERVERS; do
	director ipvsadm -a -u "$MODE_VIP:5300" -r "${s#*=}:5300" -m
	lab_spawn "udp-${s%=*}" "${s%=*}" python3 "$TESTS/echo.py" serve udp "${s#*=}" 5300 "${s%=*}"
	listens "${s%=*}" udp 5300
done
who=$(on client python3 "$TESTS/echo.py" ask udp "$MODE_VIP" 5300 8 2>&1) || true
check 'UDP: each client port gets the next server' \
	matches '^((rs1 rs2 ){3}rs1 rs2|(rs2 rs1 ){3}rs2 rs1)$' "$who"
who=$(on client python3 "$TESTS/echo.py" ask udp "$MODE_VIP" 5300 6 same 2>&1) || true
check 'UDP: one client port stays with its server' matches '^(rs1( rs1){5}|rs2( rs2){5})$' "$who"

# ---- the kernel's routes are lvsd's -----------------------------------------------------------

# A second client network behind the router, to which the director has no route yet.
ip -n "$LAB-router" addr add 192.168.7.1/24 dev lo
from7() { on router curl -sf --max-time 1 --interface 192.168.7.1 "http://$MODE_VIP/test.html"; }
check 'no route, no answer' fails from7
ip -n "$LAB-director" route add 192.168.7.0/24 via 172.16.0.205
check 'a new route is used' wait_for 5 from7
ip -n "$LAB-director" route del 192.168.7.0/24
from7_not() { ! from7; }
check 'a removed one is not' wait_for 5 from7_not
ip -n "$LAB-director" route add default via 172.16.0.205
check 'the default route is used' wait_for 5 from7
ip -n "$LAB-director" addr add 172.16.0.207/24 dev eth0
director ipvsadm -A -t 172.16.0.207:80 -s rr
director ipvsadm -a -t 172.16.0.207:80 -r 10.0.0.202:80 -m
check 'a second virtual address answers' wait_for 5 \
	on client curl -sf --max-time 1 http://172.16.0.207/test.html

finished
