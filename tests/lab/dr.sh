#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The LVS-DR experiment, asserted: the director passes requests on, the servers answer without it.

set -euo pipefail
# shellcheck source=tests/lab/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
lab_begin dr

check 'the very first request is answered at once' \
	on client curl -sf --max-time 0.9 "http://$MODE_VIP/test.html"
who=$(answers 10)
check 'ten requests go to both servers in turn' \
	grep -qE '^((rs1 rs2 ){4}rs1 rs2|(rs2 rs1 ){4}rs2 rs1)$' <<<"$who"
check 'the servers see the client itself' \
	equal "$(cut -d' ' -f1 "$LAB_DIR"/rs[12]/access.log | grep -v '^10\.' | sort -u)" 192.168.0.204
check 'ipvsadm calls it Route' equal "$(director ipvsadm -Ln | grep -c ' Route ')" 2

# The service's line: Conns InPkts OutPkts InBytes OutBytes.
read -r conns inpkts outpkts <<<"$(director ipvsadm -Ln --stats --exact |
	awk '$1 == "TCP" { print $3, $4, $5 }')"
check 'every connection was counted' equal "$conns" 11
check 'requests came by' test "$inpkts" -gt 30
check 'answers did not' equal "$outpkts" 0
check 'a connection that was closed by the client waits for the end' \
	bash -c "grep -q FIN_WAIT <<<'$(director ipvsadm -Lnc)'"

check 'ping of the VIP' on client ping -q -c 2 -i 0.2 -W 1 "$MODE_VIP"
director ipvsadm -d -t "$MODE_VIP:80" -r 10.0.0.202:80
check 'what remains serves alone' equal "$(times rs1 "$(answers 4)")" 4

head -c 100M /dev/urandom >"$LAB_DIR/rs1/www/large"
check 'a file of 100 MB comes through whole' \
	equal "$(on client curl -sf --max-time 100 "http://$MODE_VIP/large" | sha256sum)" \
	"$(sha256sum <"$LAB_DIR/rs1/www/large")"

finished
