#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# More than a few packets through LVS-NAT: a large file, many requests, full streams. Not a
# measurement (client, director and servers share one small machine), only: no error.

set -euo pipefail
# shellcheck source=tests/lab/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
lab_begin nat

# ---- a large file -----------------------------------------------------------------------------

head -c 100M /dev/urandom >"$LAB_DIR/rs1/www/large"
ln "$LAB_DIR/rs1/www/large" "$LAB_DIR/rs2/www/large"
expected=$(sha256sum <"$LAB_DIR/rs1/www/large")
for server in first second; do
	got=$(on client curl -sf --max-time 40 "http://$MODE_VIP/large" | sha256sum) || true
	check "100 MB from the $server server arrive unchanged" equal "$got" "$expected"
done

# ---- many requests ----------------------------------------------------------------------------

on client wrk -t 1 -c 32 -d 4s "http://$MODE_VIP/test.html" >"$LAB_LOG/wrk" 2>&1 || true
check 'wrk, 32 connections: requests are answered' grep -qE '^ +[0-9]{3,} requests in ' "$LAB_LOG/wrk"
check 'wrk: no error' fails grep -E 'Socket errors|Non-2xx|unable' "$LAB_LOG/wrk"
on client wrk -t 1 -c 16 -d 3s -H 'Connection: close' "http://$MODE_VIP/test.html" \
	>"$LAB_LOG/wrk" 2>&1 || true
check 'wrk, a connection per request: answered' grep -qE '^ +[0-9]{3,} requests in ' "$LAB_LOG/wrk"
check 'wrk, a connection per request: no error' \
	fails grep -E 'Socket errors: connect [1-9]|timeout [1-9]|Non-2xx|unable' "$LAB_LOG/wrk"

# ---- full streams -----------------------------------------------------------------------------

# iperf3 talks about a test on one connection and streams on others: all to one server.
for proto in t u; do
	director ipvsadm -A "-$proto" "$MODE_VIP:5201" -s rr
	director ipvsadm -a "-$proto" "$MODE_VIP:5201" -r 10.0.0.201:5201 -m
done
lab_spawn iperf3 rs1 iperf3 -s
listens rs1 tcp 5201

# streams OPTION...: Mbit/s and lost percent as the receiver counted them.
streams() {
	on client timeout 30 iperf3 -J -c "$MODE_VIP" -t 3 "$@" | python3 -c '
import json, sys
r = json.load(sys.stdin)
if "error" in r:
    sys.exit(r["error"])
end = r["end"].get("sum_received") or r["end"]["sum"]
print(int(end["bits_per_second"] / 1e6), int(end.get("lost_percent", 0)))'
}
result=$(streams 2>&1) || true
check 'iperf3 TCP to the server' holds "${result% *} > 10"
result=$(streams -R 2>&1) || true
check 'iperf3 TCP from the server' holds "${result% *} > 10"
result=$(streams -P 4 2>&1) || true
check 'iperf3 TCP, four streams' holds "${result% *} > 10"
# At a rate that a busy machine keeps up too. A program that does not get the processor for a moment
# finds its socket buffer overrun, iperf3 itself as well: the best of three counts.
for way in to: from:-R; do
	best='0 100'
	for _ in 1 2 3; do
		# shellcheck disable=SC2086 # no option or one
		result=$(streams -u -b 4M -l 1000 ${way#*:} 2>&1) || continue
		[[ ${result#* } -ge ${best#* } ]] || best=$result
		((${best#* } > 1)) || break
	done
	check "iperf3 UDP ${way%:*} the server" holds "${best% *} >= 2"
	check "iperf3 UDP ${way%:*} the server: no more than 1 percent lost" holds "${best#* } <= 1"
done

# ---- lvsd itself ------------------------------------------------------------------------------

dropped() { director lvsadm drops | awk '$1 + 0 > 0'; }
check 'lvsd dropped nothing of all this' equal "$(dropped)" ''
check 'lvsd is still the same process' lab_pid lvsd

finished
