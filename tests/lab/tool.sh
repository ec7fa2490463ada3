#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/lab.sh itself: what it says, what it refuses, and that it leaves nothing behind however it
# ends.

set -euo pipefail
export LVSLAB_NAME=lvstool LVSLAB_AS_BUILT=1
# shellcheck source=tests/lab/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
((EUID == 0)) || skip_all "needs root"
command -v nginx >/dev/null || skip_all "nginx is missing (scripts/dpdk-setup.sh packages --lab)"
LAB_DIR=/run/$LVSLAB_NAME
lab=$ROOT/scripts/lab.sh out=$(mktemp /tmp/lvsd-tool.XXXXXX)
trap '"$lab" down >/dev/null 2>&1; rm -f -- "$out"' EXIT

status() {
	local s=0
	"$@" >"$out" 2>&1 || s=$?
	printf '%s' "$s"
}
nothing_left() {
	[[ ! -e $LAB_DIR ]] || { say "$LAB_DIR is still there" && return 1; }
	! ip netns list | grep "^$LVSLAB_NAME-"
}
# begin ARGUMENT...: lab.sh in the background, up to where it has made its namespaces. What a shell
# starts in the background ignores SIGINT, which Ctrl-C in a terminal does not.
begin() {
	setsid env --default-signal=INT "$lab" "$@" >"$out" 2>&1 9>&- &
	run=$!
	for _ in {1..100}; do
		! ip netns list | grep -q "^$LVSLAB_NAME-rs2" || return 0
		sleep 0.05
	done
}

"$lab" down >/dev/null 2>&1 || true
check '--help' equal "$(status "$lab" --help)" 0
check 'an unknown experiment is wrong usage' equal "$(status "$lab" no-such)" 2
check 'and the answer says which there are' grep -q nat "$out"
check 'an unknown option is wrong usage' equal "$(status "$lab" --no-such)" 2
check 'down without a lab is fine' equal "$(status "$lab" down)" 0

check 'the experiment ends with 0' equal "$(status "$lab")" 0
check 'every request was answered, by both' \
	grep -q '10 of 10 requests answered, rs1 served 5, rs2 served 5' "$out"
check 'the listing was shown' grep -q 'IP Virtual Server version' "$out"
check 'nothing is left' nothing_left

check '--hold ends with 0' equal "$(status "$lab" nat --hold)" 0
check 'and leaves the lab up' ip netns exec "$LVSLAB_NAME-client" \
	curl -sf --max-time 2 http://172.16.0.206/test.html
check 'a second run is refused' equal "$(status "$lab")" 1
check 'and says what to do' grep -q 'lab.sh down' "$out"
check 'down ends it' equal "$(status "$lab" down)" 0
check 'nothing is left of it' nothing_left

begin nat
ended=0
kill -INT -- "-$run"
wait "$run" || ended=$?
check 'Ctrl-C in the middle ends it' equal "$ended" 130
check 'and leaves nothing' nothing_left

begin nat
{ kill -KILL "$run" && wait "$run"; } 2>/dev/null || true
check 'a killed run leaves something' fails nothing_left
check 'which the next run removes' equal "$(status "$lab")" 0
check 'so that nothing is left' nothing_left

finished
