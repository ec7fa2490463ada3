# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# `dpdk-setup.sh packages`: what Debian 12 must have, and how it gets there. Sourced after
# common.sh.

# What a built lvsd loads: libraries, and the DPDK drivers it finds at run time.
PACKAGES_RUN=(librte-meta-common librte-meta-bus librte-meta-mempool librte-meta-net
	librte-meta-allpmds libmnl0 libevent-core-2.1-7 libyaml-0-2 libjansson4 libpopt0
	libnuma1 libpcap0.8 iproute2)
PACKAGES_BUILD=(gcc libc6-dev meson ninja-build pkg-config libdpdk-dev libnuma-dev libpcap-dev
	libmnl-dev libevent-dev libyaml-dev libjansson-dev libpopt-dev
	libcmocka-dev)
# user-mode-linux: a real Linux kernel with IPVS that runs as a program, the oracle of the tests.
PACKAGES_TEST=(python3 procps mandoc shellcheck cppcheck clang-format tcpdump user-mode-linux
	ipvsadm kmod iptables socat)
PACKAGES_LAB=(nginx curl wrk iperf3 iproute2 iputils-ping iputils-arping ethtool tcpdump
	procps python3 util-linux)

packages_missing() {
	local p status
	for p in "$@"; do
		status=$(dpkg-query -W -f='${db:Status-Abbrev}' "$p" 2>/dev/null) || status=
		[[ $status == ?i* ]] || printf '%s\n' "$p"
	done | sort -u
}

# While packages are installed, no daemon of theirs is started: an nginx on port 80 of this
# machine is not what somebody asked for who wants to see a lab.
POLICY=/usr/sbin/policy-rc.d
packages_guard() {
	[[ ! -e $POLICY.lvsd-saved ]] || return 0 # left by a run that was killed: still ours
	[[ ! -e $POLICY ]] || mv -- "$POLICY" "$POLICY.lvsd-saved"
	printf '#!/bin/sh\n# dpdk-setup.sh: start nothing while packages are installed\nexit 101\n' \
		>"$POLICY"
	chmod 755 "$POLICY"
}

packages_unguard() {
	if grep -qs 'dpdk-setup.sh:' "$POLICY"; then rm -f -- "$POLICY"; fi
	[[ ! -e $POLICY.lvsd-saved ]] || mv -- "$POLICY.lvsd-saved" "$POLICY"
}

apt_get() {
	DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
		-o Acquire::Retries=2 "$@"
}

# A package that no list names: the lists were never fetched, or this is not Debian 12.
packages_unknown() {
	local p
	for p in "$@"; do
		apt-cache show --no-all-versions -- "$p" >/dev/null 2>&1 || printf '%s\n' "$p"
	done
}

cmd_packages() {
	local want=() dry=0 missing unknown log word status=0
	while (($#)); do
		case $1 in
		--run) want+=("${PACKAGES_RUN[@]}") ;;
		--build) want+=("${PACKAGES_BUILD[@]}") ;;
		--test) want+=("${PACKAGES_TEST[@]}") ;;
		--lab) want+=("${PACKAGES_LAB[@]}") ;;
		--all | all) want+=("${PACKAGES_RUN[@]}" "${PACKAGES_BUILD[@]}"
			"${PACKAGES_TEST[@]}" "${PACKAGES_LAB[@]}") ;;
		--dry-run) dry=1 ;;
		*) die 2 "packages: unknown option '$1' (--run, --build, --test, --lab, --all, --dry-run)" ;;
		esac
		shift
	done
	((${#want[@]})) || want=("${PACKAGES_RUN[@]}" "${PACKAGES_BUILD[@]}")
	command -v apt-get >/dev/null ||
		die 1 "packages: no apt-get here; lvsd's package lists are for Debian 12"

	mapfile -t missing < <(packages_missing "${want[@]}")
	if ! ((${#missing[@]})); then
		say "Packages: nothing is missing"
		return 0
	fi
	word=packages
	((${#missing[@]} > 1)) || word=package
	say "Packages: ${#missing[@]} $word missing: ${missing[*]}"
	((dry)) && return 0
	need_root "installing packages" packages
	# shellcheck source=/dev/null
	[[ $(. /etc/os-release 2>/dev/null && echo "${ID:-}${VERSION_ID:-}") == debian12 ]] ||
		warn "this is not Debian 12, some package names may differ"

	log=$(mktemp /tmp/lvsd-packages.XXXXXX)
	trap 'progress_stop; packages_unguard' EXIT
	trap 'exit 130' INT TERM HUP
	mapfile -t unknown < <(packages_unknown "${missing[@]}")
	if ((${#unknown[@]})); then
		progress "Fetching package lists" "$log" apt_get update ||
			warn "some package lists could not be fetched; going on with the others"
		mapfile -t unknown < <(packages_unknown "${missing[@]}")
		((${#unknown[@]} == 0)) ||
			die 1 "packages: no package list knows ${unknown[*]} (see $log)"
	fi
	packages_guard
	progress "Installing ${#missing[@]} $word" "$log" packages_install "${missing[@]}" ||
		status=1
	packages_unguard
	trap - EXIT INT TERM HUP
	((status == 0)) || die 1 "packages: apt-get failed, its output is in $log"
	packages_disable_new "${missing[@]}"
	rm -f -- "$log"
}

# Old lists name versions that the mirror no longer has: fetch them and try once more.
packages_install() {
	apt_get install -y --no-install-recommends -- "$@" && return
	apt_get update
	apt_get install -y --no-install-recommends -- "$@"
}

# What we brought shall not start at the next boot either.
packages_disable_new() {
	local p
	[[ -d /run/systemd/system ]] || return 0
	for p in "$@"; do
		[[ $p == nginx ]] || continue
		systemctl disable -q nginx.service 2>/dev/null &&
			say "nginx.service was not started and is disabled: the lab has its own configuration"
	done
	return 0
}
