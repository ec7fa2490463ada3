#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# lvsd comes and goes in the lab: a clean end, a killed one, a second one beside it.

set -euo pipefail
# shellcheck source=tests/lab/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
lab_begin nat

twin() { ip -n "$LAB-director" link show "$1"; }
twins_gone() { ! twin eth0 && ! twin eth1; }
again() {
	lvsd_start && mode_director && services
}

check 'it serves' equal "$(times rs1 "$(answers 4)")" 2

# ---- a second one -----------------------------------------------------------------------------

second() {
	on director timeout 20 "$(built lvsd)" --config "$LAB_DIR/lvsd.yaml" --socket "$LAB_DIR/lvsd.sock"
}
check 'a second lvsd on the same socket does not start' fails second
check 'the first one goes on' equal "$(times rs1 "$(answers 4)")" 2

# ---- SIGTERM ----------------------------------------------------------------------------------

lab_stop lvsd
check 'after SIGTERM its interfaces are gone' wait_for 5 twins_gone
check 'and its socket' fails test -e "$LAB_DIR/lvsd.sock"
check 'ipvsadm says that nobody is there, with status 2' \
	equal "$(director ipvsadm -Ln >/dev/null 2>&1 || echo $?)" 2
check 'nobody answers the VIP' fails on client curl -s --max-time 1 "http://$MODE_VIP/test.html"
check 'it starts again' again
check 'and serves' equal "$(times rs1 "$(answers 4)")" 2

# ---- kill -9 ----------------------------------------------------------------------------------

lab_stop lvsd KILL
check 'after kill -9 its interfaces are gone' wait_for 5 twins_gone
check 'it starts again, over what the killed one left' again
check 'and serves again' equal "$(times rs1 "$(answers 4)")" 2

# ---- a device goes away -----------------------------------------------------------------------

lab_stop lvsd
ip -n "$LAB-director" link del raw1
missing() {
	on director timeout 20 "$(built lvsd)" --config "$LAB_DIR/lvsd.yaml" \
		--socket "$LAB_DIR/lvsd.sock" >"$LAB_LOG/missing" 2>&1
}
check 'without its second device it does not start' fails missing
check 'and says which port' grep -q eth1 "$LAB_LOG/missing"
check 'no interface is left behind' twins_gone
check 'no socket is left behind' fails test -e "$LAB_DIR/lvsd.sock"

finished
