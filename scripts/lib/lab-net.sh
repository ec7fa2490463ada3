# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The ground a lab stands on: its name, its directory, its namespaces and its processes. All of it
# carries the lab's name, so that it can be found and removed also after a killed run; nothing is
# ever made in the namespace of the machine. Sourced after common.sh.
#
#   /run/NAME/        owner, pids/, log/, bin/, lvsd.yaml, lvsd.sock, one folder per server
#   NAME-client ...   the namespaces

LAB=${LVSLAB_NAME:-lvslab}
[[ $LAB =~ ^[a-z][a-z0-9-]{0,30}$ ]] ||
	die 2 "LVSLAB_NAME='$LAB': letters, digits and '-' (it names namespaces and a directory)"
LAB_DIR=/run/$LAB
LAB_LOG=$LAB_DIR/log

# ---- processes ------------------------------------------------------------------------------

# When a process started, in ticks since boot: with the pid it names one process for good.
proc_start() {
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	stat=${stat##*) }
	# shellcheck disable=SC2086 # fields
	set -- $stat
	[[ $1 != Z ]] && printf '%s' "${20}"
}

# lab_pid NAME: the pid of a process that we started and that still runs.
lab_pid() {
	local pid start
	read -r pid start 2>/dev/null <"$LAB_DIR/pids/$1" || return 1
	[[ $(proc_start "$pid") == "$start" ]] && printf '%s' "$pid"
}

# lab_spawn NAME HOST COMMAND...: a process in the namespace of HOST that outlives this script. Its
# output goes to log/NAME. Descriptor 9 is a lock that some callers hold, and not for it.
lab_spawn() {
	local name=$1 host=$2 pid
	shift 2
	setsid ip netns exec "$LAB-$host" "$@" >>"$LAB_LOG/$name" 2>&1 </dev/null 9>&- &
	pid=$!
	disown "$pid" # the shell would announce its end
	printf '%s %s\n' "$pid" "$(proc_start "$pid" || echo 0)" >"$LAB_DIR/pids/$name"
}

# lab_stop NAME [SIGNAL]: ends it and waits; what does not end within 5 s is killed.
lab_stop() {
	local pid i
	pid=$(lab_pid "$1") || { rm -f -- "$LAB_DIR/pids/$1" && return 0; }
	kill "-${2:-TERM}" "$pid" 2>/dev/null || true
	for ((i = 0; i < 100; i++)); do
		lab_pid "$1" >/dev/null || break
		((i != 50)) || kill -KILL "$pid" 2>/dev/null || true
		sleep 0.1
	done
	rm -f -- "$LAB_DIR/pids/$1"
}

# Who called us, up to init: not to be killed even when somebody types `down` inside the lab.
lab_ancestors() {
	local pid=$$
	while ((pid > 1)); do
		printf '%s\n' "$pid"
		pid=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status" 2>/dev/null) || break
	done
}

# ---- namespaces -----------------------------------------------------------------------------

lab_hosts() {
	ip netns list 2>/dev/null | awk -v p="$LAB-" 'index($1, p) == 1 { print $1 }'
}

# on HOST COMMAND...: runs it in the namespace of HOST.
on() {
	local host=$1
	shift
	ip netns exec "$LAB-$host" "$@"
}

# host_add HOST...: namespaces with loopback up and no IPv6, which no lab of today speaks.
host_add() {
	local host
	for host in "$@"; do
		ip netns add "$LAB-$host" ||
			die 1 "cannot make network namespaces here (in a container: it needs --privileged)"
		on "$host" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 \
			net.ipv6.conf.default.disable_ipv6=1 2>/dev/null || true
		ip -n "$LAB-$host" link set lo up
	done
}

# host_link HOST DEV HOST DEV: a cable, both ends up.
host_link() {
	ip -n "$LAB-$1" link add "$2" type veth peer name "$4" netns "$LAB-$3"
	ip -n "$LAB-$1" link set "$2" up
	ip -n "$LAB-$3" link set "$4" up
}

# host_bridge HOST DEV: a switch.
host_bridge() {
	ip -n "$LAB-$1" link add "$2" type bridge stp_state 0 forward_delay 0
	ip -n "$LAB-$1" link set "$2" up
}

# cable_for_dpdk HOST DEV HOST DEV: a cable whose first end is driven by lvsd.
cable_for_dpdk() {
	host_link "$@"
	# The kernel leaves checksums between veths to the receiver; a program that reads the frames
	# sees them unfilled. Ping works, TCP hangs.
	on "$3" ethtool -K "$4" tx off >/dev/null
	# lvsd owns this end. The kernel sees every frame as well, and must take none of them for
	# its own: no ARP answers, no addresses, nothing from a source that routes elsewhere.
	ip -n "$LAB-$1" link set "$2" arp off
	on "$1" sysctl -qw "net.ipv4.conf.$2.rp_filter=1"
	on "$1" sysctl -qw "net.ipv6.conf.$2.disable_ipv6=1" 2>/dev/null || true
}

# net_outside: what all experiments share: a client, and a router that it reaches the rest by.
net_outside() {
	host_add client router
	host_link client eth0 router eth0
	ip -n "$LAB-client" addr add 192.168.0.204/24 dev eth0
	ip -n "$LAB-router" addr add 192.168.0.205/24 dev eth0
	ip -n "$LAB-client" route add default via 192.168.0.205
	on router sysctl -qw net.ipv4.ip_forward=1
}

# ---- beginning and end ----------------------------------------------------------------------

# Ends the script when a run that still lives has the lab.
lab_unused() {
	local pid start what
	read -r pid start what 2>/dev/null <"$LAB_DIR/owner" || return 0
	[[ $what != held && $(proc_start "$pid") == "$start" ]] || return 0
	die 1 "the lab is being used by process $pid ($what); wait for it, or end it"
}

# lab_claim WHAT: makes this run the owner of the lab; remains of a killed run are removed first.
lab_claim() {
	lab_unused
	if grep -qs ' held$' "$LAB_DIR/owner"; then
		die 1 "a lab is running (--hold); 'scripts/lab.sh down' ends it"
	fi
	if [[ -e $LAB_DIR || -n $(lab_hosts) ]]; then
		note "Cleaning up what a killed run left behind"
		lab_clear
	fi
	mkdir -m 755 -- "$LAB_DIR" || die 1 "another lab is just starting"
	lab_own "$1"
	mkdir -- "$LAB_DIR/pids" "$LAB_LOG" "$LAB_DIR/bin"
}

lab_own() {
	printf '%s %s %s\n' "$$" "$(proc_start $$)" "$1" >"$LAB_DIR/owner"
}

# Ends everything that runs in the lab and removes it. Fine to call at any moment, also twice.
lab_clear() {
	local f ns pid spare victims i
	if [[ -d $LAB_DIR/pids ]]; then
		for f in "$LAB_DIR"/pids/*; do
			[[ ! -e $f ]] || lab_stop "${f##*/}"
		done
	fi
	spare=" $(lab_ancestors | tr '\n' ' ') "
	for ns in $(lab_hosts); do
		for ((i = 0; i < 30; i++)); do
			victims=''
			for pid in $(ip netns pids "$ns" 2>/dev/null); do
				[[ $spare == *" $pid "* ]] || victims+=" $pid"
			done
			[[ -n $victims ]] || break
			# shellcheck disable=SC2086 # pids
			kill "-$( ((i < 20)) && echo TERM || echo KILL)" $victims 2>/dev/null || true
			sleep 0.1
		done
		ip netns del "$ns" 2>/dev/null || true
	done
	rm -rf -- "$LAB_DIR"
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
	local tries=$(($1 * 10))
	shift
	while ! "$@" >/dev/null 2>&1; do
		((tries-- > 0)) || return 1
		sleep 0.1
	done
}
