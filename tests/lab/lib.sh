# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What the tests of this folder share: the lab of scripts/lib under a name of its own, and checks
# that print TAP. Sourced, never run.

export LVSLAB_NAME=${LVSLAB_NAME:-lvstest}
TESTS=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib/common.sh
. "$TESTS/../../scripts/lib/common.sh"

CHECKED=0 BAD=0

# skip_all WHY: the whole file.
skip_all() {
	say "1..0 # SKIP $*"
	exit 0
}

# Tells who runs the suite how far we are; the lines themselves go to meson, which keeps them.
news() {
	[[ -z ${LVSD_TEST_NEWS:-} ]] || say "    $*" >>"$LVSD_TEST_NEWS"
}

# check 'what is expected' COMMAND...: one test; what a failed command printed is shown.
check() {
	local text=$1 out
	shift
	((++CHECKED))
	if out=$("$@" 2>&1); then
		say "ok $CHECKED - $text"
		news "ok    $text"
	else
		((++BAD))
		say "not ok $CHECKED - $text"
		say "# $* :" >&2
		say "# ${out//$'\n'/$'\n'# }" >&2
		news "FAIL  $text"
		lvsd_says >&2
	fi
}

# Once, after the first failure: what lvsd itself has to say.
LVSD_SAID=0
lvsd_says() {
	if ((LVSD_SAID++ > 0)) || [[ ! -d $LAB_DIR ]]; then return; fi
	say "# lvsd's log:"
	{ tail -n 20 -- "$LAB_LOG/lvsd" 2>/dev/null || true; } | sed 's/^/#   /'
	{ director timeout 5 lvsadm drops 2>&1 || true; } | sed 's/^/#   /'
}

# The last line of a file of tests.
finished() {
	say "1..$CHECKED"
	((BAD == 0))
}

# equal A B: a check's command.
equal() {
	[[ $1 == "$2" ]] || { say "expected '$2', got '$1'" && return 1; }
}

# matches REGEX TEXT: a check's command.
matches() {
	[[ $2 =~ $1 ]] || { say "expected something like '$1', got '$2'" && return 1; }
}

# holds EXPRESSION: arithmetic that is true.
holds() {
	(($1)) || { say "not true: $1" && return 1; }
}

fails() {
	! "$@"
}

# lab_begin [MODE]: the lab is there from here to the end of the script; MODE up with its services.
lab_begin() {
	((EUID == 0)) || skip_all "needs root"
	local tool
	for tool in ip nginx curl wrk iperf3 ping arping ethtool; do
		command -v "$tool" >/dev/null ||
			skip_all "$tool is missing (scripts/dpdk-setup.sh packages --lab)"
	done
	# shellcheck source=scripts/lib/lab-net.sh
	. "$ROOT/scripts/lib/lab-net.sh"
	# shellcheck source=scripts/lib/lab.sh
	. "$ROOT/scripts/lib/lab.sh"
	exec 9>"/run/lock/$LAB.lock"
	flock -w 600 9 || { say "Bail out! another run has had the lab for ten minutes" && exit 1; }
	trap lab_end EXIT
	trap 'exit 143' INT TERM HUP
	lab_claim "tests/lab/${0##*/}" >&2
	(($#)) || return 0
	lab_up "$1" >&2
	services
}

# shellcheck disable=SC2317 # called by the trap
lab_end() {
	local status=$?
	trap '' INT TERM HUP
	lab_clear
	exit "$status"
}

# The experiment's commands on an empty table. What they print is not for the reader of TAP.
services() {
	local command
	director ipvsadm -C
	for command in "${MODE_COMMANDS[@]}"; do
		director bash -c "$command" >&2
	done
}

# listens HOST tcp|udp PORT: waits until somebody does.
listens() {
	wait_for 10 on "$1" bash -c "ss -Hln --$2 'sport = :$3' | grep -q ." ||
		say "# nobody listens on $2 port $3 of $1" >&2
}

# answers N [CURL OPTION...]: who answered N requests, "rs1 rs2 rs1 ...".
answers() {
	local n=$1 i out=''
	shift
	for ((i = 0; i < n; i++)); do
		out+=" $(on client curl -s --max-time 3 "$@" "http://$MODE_VIP/test.html" | cut -d' ' -f1)"
	done
	printf '%s' "${out# }"
}

# How often the client has had to repeat a SYN. It waits a second for that, so that a busy machine
# is no reason; a lost packet is.
syn_repeats() {
	# shellcheck disable=SC2016 # awk's
	on client awk '/^TcpExt:/ && col { print $col }
		/^TcpExt:/ { for (i = 2; i <= NF; i++) if ($i == "TCPSynRetrans") col = i }' \
		/proc/net/netstat
}

# at_once URL: it is answered, and no SYN and no SYN-ACK was lost on the way.
at_once() {
	local before
	before=$(syn_repeats)
	on client curl -sf --max-time 5 "$1" && equal "$(syn_repeats)" "$before"
}

# times WORD TEXT: how often.
times() {
	grep -ow -- "$1" <<<"$2" | wc -l
}
