#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# usage: lab.sh [MODE] [--hold]
#        lab.sh down
#        lab.sh --help
#
# Shows lvsd at work: builds it, makes the network of a classic LVS experiment in network
# namespaces, starts nginx on the real servers and lvsd on the director, types the experiment's
# ipvsadm commands, sends ten requests, and removes everything again. Nothing outside the
# namespaces is touched, except that missing Debian packages are installed.
#
#   MODE      nat (the default): LVS-NAT
#             dr: direct routing, the servers answer on their own way
#             fullnat: FULLNAT, servers elsewhere that keep their own gateway
#   --hold    leave the lab running, to try things in it
#   down      end it, and clean up after a killed run
#
# Exit status: 0 every request was answered and every server served, 1 not so, 2 wrong usage.
# LVSD_BUILD is the build directory (default: build), LVSLAB_NAME the name of the lab (lvslab);
# with LVSLAB_AS_BUILT=1 nothing is installed or built first.

set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source=scripts/lib/build.sh
. "$ROOT/scripts/lib/build.sh"
# shellcheck source=scripts/lib/lab-net.sh
. "$ROOT/scripts/lib/lab-net.sh"
# shellcheck source=scripts/lib/lab.sh
. "$ROOT/scripts/lib/lab.sh"

REQUESTS=10

# shellcheck disable=SC2317 # called by the trap
finish() {
	local status=$?
	trap - EXIT
	trap '' INT TERM HUP
	progress_stop
	build_give_back "$BUILD"
	if ((HOLDING == 0 && CLAIMED)); then
		if ((status != 0)) && [[ -s $LAB_LOG/lvsd ]]; then
			say "The end of lvsd's log:"
			tail -n 20 -- "$LAB_LOG/lvsd" | sed 's/^/  | /'
		fi
		lab_clear
		note "The lab is removed."
	fi
	exit "$status"
}

prepare() {
	local log
	[[ -z ${LVSLAB_AS_BUILT:-} ]] || return 0
	"$ROOT/scripts/dpdk-setup.sh" packages --run --build --lab || exit 1
	log=$(mktemp /tmp/lvsd-build.XXXXXX)
	BUILD_ONLY=(lvsd lvsadm) # the tests can wait
	build_tree "$BUILD" "$log" || die 1 "the build failed; its output is in $log"
	rm -f -- "$log"
}

# Ten requests from the client, one after the other, and who answered.
requests() {
	local i answer url=http://$MODE_VIP/test.html s
	ANSWERED=0
	declare -gA SERVED=()
	say "${GREEN}client#$PLAIN ${BOLD}for i in \$(seq $REQUESTS); do curl -s $url; done$PLAIN"
	for ((i = 1; i <= REQUESTS; i++)); do
		if answer=$(on client curl -sS --max-time 5 "$url" 2>&1); then
			say "$answer"
			s=${answer%% *}
			SERVED[$s]=$((${SERVED[$s]:-0} + 1))
			((++ANSWERED))
		else
			say "${RED}no answer: $answer$PLAIN"
		fi
	done
}

experiment() {
	local command
	title "$MODE_TITLE"
	mode_picture
	for command in "${MODE_COMMANDS[@]}"; do
		typed director "$command"
	done
	typed director 'ipvsadm -Ln'
	say
	requests
	say
	typed director 'ipvsadm -Ln --stats'
	say
	typed director 'ipvsadm -Lnc'
	say
}

verdict() {
	local s text='' all=1
	for s in $MODE_SERVERS; do
		s=${s%=*}
		text+=", $s served ${SERVED[$s]:-0}"
		((${SERVED[$s]:-0} > 0)) || all=0
	done
	text="$ANSWERED of $REQUESTS requests answered$text"
	if ((ANSWERED == REQUESTS && all)); then
		say "$GREEN$text$PLAIN"
		return 0
	fi
	say "$RED$text$PLAIN"
	return 1
}

held() {
	lab_own held
	HOLDING=1
	cat <<-END

		${BOLD}The lab stays up.${PLAIN} Enter its machines:

		  sudo ip netns exec $LAB-director env PATH=$LAB_DIR/bin:\$PATH LVSD_SOCKET=$LAB_DIR/lvsd.sock bash
		  sudo ip netns exec $LAB-client bash      (also: $LAB-router, $LAB-rs1, $LAB-rs2)

		There, for example:

		  director# ipvsadm -Ln          director# lvsadm ports        director# ip -br addr
		  client#   curl http://$MODE_VIP/test.html

		lvsd's log: $LAB_LOG/lvsd      its configuration: $LAB_DIR/lvsd.yaml

		End it:  sudo ${LVSLAB_NAME:+LVSLAB_NAME=$LAB }$0 down
	END
}

down() {
	need_root "removing a lab" down
	if [[ ! -e $LAB_DIR && -z $(lab_hosts) ]]; then
		say "There is no lab."
		return 0
	fi
	lab_unused
	lab_clear
	say "The lab is removed."
}

main() {
	local mode='' hold=0 status=0
	while (($#)); do
		case $1 in
		-h | --help) usage_of "$0" && exit 0 ;;
		--hold) hold=1 ;;
		down)
			[[ $#$mode$hold == 10 ]] || die 2 "down stands alone"
			down
			exit 0
			;;
		-*) die 2 "unknown option '$1' (--hold, --help)" ;;
		*)
			[[ -z $mode ]] || die 2 "one experiment at a time, not '$mode' and '$1'"
			[[ " ${LAB_MODES[*]} " == *" $1 "* ]] ||
				die 2 "no experiment '$1' (there is: ${LAB_MODES[*]})"
			mode=$1
			;;
		esac
		shift
	done
	mode=${mode:-nat}
	need_root "the lab" "$mode"

	CLAIMED=0 HOLDING=0
	trap finish EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	set -E # what fails without a word of its own is named
	trap 'warn "this failed: $BASH_COMMAND"' ERR
	prepare
	lab_claim "lab.sh $mode"
	CLAIMED=1
	say "Starting the lab: namespaces, nginx, lvsd ..."
	lab_up "$mode"
	experiment
	verdict || status=1
	((hold == 0)) || held
	exit "$status"
}

main "$@"
