#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The FULLNAT experiment, asserted: servers that have no way to the clients but the director's local
# addresses serve them, learn their addresses by TOA, and see local addresses only.

set -euo pipefail
# shellcheck source=tests/lab/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
lab_begin fullnat

# ---- who answers, and to whom -----------------------------------------------------------------

check 'the very first request is answered at once' \
	on client curl -sf --max-time 0.9 "http://$MODE_VIP/test.html"
who=$(answers 10)
check 'ten requests go to both servers in turn' \
	grep -qE '^((rs1 rs2 ){4}rs1 rs2|(rs2 rs1 ){4}rs2 rs1)$' <<<"$who"
check 'a server has no way to the client' fails on rs1 ping -q -c 1 -W 1 192.168.0.204
check 'the servers see the local addresses, both of them' \
	equal "$(sort -u <(cut -d' ' -f1 "$LAB_DIR"/rs[12]/access.log) | grep -v '^10\.1\.' | tr '\n' ' ')" \
	'10.0.0.207 10.0.0.208 '
check 'ping of a local address from a server' on rs2 ping -q -c 2 -i 0.2 -W 1 10.0.0.207
check 'TCP to a local address that belongs to no connection is refused' \
	equal "$(on rs1 curl -s --max-time 2 -o /dev/null http://10.0.0.207:81/ || echo $?)" 7

# ---- how it is listed -------------------------------------------------------------------------

check 'ipvsadm calls it Masq' equal "$(director ipvsadm -Ln | grep -c ' Masq ')" 2
check 'lvsadm calls it FullNat' equal "$(director lvsadm services | grep -c ' FullNat ')" 2
saved=$(director lvsadm save)
director ipvsadm -C
check 'without services the port is refused' \
	equal "$(on client curl -s --max-time 2 -o /dev/null "http://$MODE_VIP/" || echo $?)" 7
director bash -c "$saved"
check 'lvsadm save prints what brings them back' equal "$(director lvsadm save)" "$saved"
check 'and they serve' equal "$(times rs2 "$(answers 4)")" 2

# ---- TOA --------------------------------------------------------------------------------------

# toa REQUESTS: what addresses the segments to rs1 and rs2 carry meanwhile.
toa() {
	lab_spawn toa gw timeout 20 python3 "$TESTS/toa.py" eth0
	wait_for 5 grep -q listening "$LAB_LOG/toa"
	answers "$1" >/dev/null
	sleep 0.3
	lab_stop toa
	grep -v listening "$LAB_LOG/toa" | cut -d: -f1 | sort -u
	rm -f -- "$LAB_LOG/toa"
}
check 'the client is named in an option of its segments' equal "$(toa 4)" 192.168.0.204
director lvsadm client-info -t "$MODE_VIP:80" none
check 'and is not when that is not wanted' equal "$(toa 4)" ''
director lvsadm client-info -t "$MODE_VIP:80" toa

# ---- a large file -----------------------------------------------------------------------------

head -c 100M /dev/urandom >"$LAB_DIR/rs1/www/large"
ln "$LAB_DIR/rs1/www/large" "$LAB_DIR/rs2/www/large"
expected=$(sha256sum <"$LAB_DIR/rs1/www/large")
for server in first second; do
	got=$(on client curl -sf --max-time 60 "http://$MODE_VIP/large" | sha256sum) || true
	check "100 MB from the $server server arrive unchanged" equal "$got" "$expected"
done

# The other way: the client's full segments, TOA in those before the first answer.
director lvsadm -A -t "$MODE_VIP:22" -s rr
director lvsadm laddr add -t "$MODE_VIP:22" 10.0.0.207 20000-29999
director lvsadm client-info -t "$MODE_VIP:22" toa
director lvsadm -a -t "$MODE_VIP:22" -r 10.1.0.201:22 --fullnat
lab_spawn echo rs1 python3 "$TESTS/echo.py" serve tcp 10.1.0.201 22 rs1
sleep 0.5
check 'megabytes to the server and back' \
	on client python3 "$TESTS/echo.py" ask tcp "$MODE_VIP" 22 3000000

# ---- UDP --------------------------------------------------------------------------------------

director lvsadm -A -u "$MODE_VIP:5300" -s rr
director lvsadm laddr add -u "$MODE_VIP:5300" 10.0.0.208 30000-30099
for s in $MODE_SERVERS; do
	director lvsadm -a -u "$MODE_VIP:5300" -r "${s#*=}:5300" --fullnat
	lab_spawn "udp-${s%=*}" "${s%=*}" python3 "$TESTS/echo.py" serve udp "${s#*=}" 5300 "${s%=*}"
done
sleep 0.5
who=$(on client python3 "$TESTS/echo.py" ask udp "$MODE_VIP" 5300 8) || true
check 'UDP: each client port gets the next server' \
	grep -qE '^((rs1 rs2 ){3}rs1 rs2|(rs2 rs1 ){3}rs2 rs1)$' <<<"$who"
who=$(on client python3 "$TESTS/echo.py" ask udp "$MODE_VIP" 5300 6 same) || true
check 'UDP: one client port stays with its server' grep -qE '^(rs1( rs1){5}|rs2( rs2){5})$' <<<"$who"

# ---- errors -----------------------------------------------------------------------------------

# Nobody listens on 9 there: the server's port unreachable must reach the client.
director lvsadm -A -u "$MODE_VIP:9" -s rr
director lvsadm laddr add -u "$MODE_VIP:9" 10.0.0.208
director lvsadm -a -u "$MODE_VIP:9" -r 10.1.0.201:9 --fullnat
refused() {
	on client python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
s.connect((sys.argv[1], 9))
s.send(b"x")
try:
    s.recv(1)
except ConnectionRefusedError:
    sys.exit(0)
sys.exit("no error came")' "$MODE_VIP"
}
check "port unreachable from a server reaches the client's socket" refused

# ---- few ports --------------------------------------------------------------------------------

director lvsadm laddr del -u "$MODE_VIP:5300" 10.0.0.208
director lvsadm laddr add -u "$MODE_VIP:5300" 10.0.0.208 40000-40001
exhausted() { director lvsadm drops | awk '$2 == "laddr_exhausted" { print $1 }'; }
on client timeout 20 python3 "$TESTS/echo.py" ask udp "$MODE_VIP" 5300 8 >"$LAB_LOG/few" 2>&1 || true
check 'without free local ports packets are counted' holds "$(exhausted) >= 1"
director lvsadm laddr add -u "$MODE_VIP:5300" 10.0.0.207
check 'another local address helps at once' \
	on client python3 "$TESTS/echo.py" ask udp "$MODE_VIP" 5300 8

finished
