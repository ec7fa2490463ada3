#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# usage: test.sh [SUITE]...
#        test.sh --list
#
# Builds lvsd and runs its tests, all suites or those that are named. As root it installs the
# Debian packages that are missing; without root what needs root is skipped, and says so.
#
#   style    dependency arrows, formatting, scripts, man pages (scripts/check.sh)
#   unit     functions, one by one
#   cli      lvsadm's command line against recorded answers of the kernel's ipvsadm
#   daemon   lvsd as a process: configuration, socket, signals
#   packet   packets through the pipeline, row by row
#   pcap     lvsd on two capture files: what goes in, what comes out
#   oracle   the same questions to lvsd and to a real kernel with IPVS
#   lab      the classic experiments with real clients and servers (root)
#   asan     unit and packet again, with AddressSanitizer and UBSan
#
# Exit status: 0 nothing failed, 1 something did, 2 wrong usage or the tests cannot be run.
# LVSD_BUILD is the build directory (default: build; with -asan added for the sanitizers).

set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source=scripts/lib/build.sh
. "$ROOT/scripts/lib/build.sh"

SUITES=(style unit cli daemon packet pcap oracle lab asan)
ASAN_SUITES=(unit packet)
ASAN_BUILD=$BUILD-asan
PASSED=0 FAILED=0 SKIPPED=0
LINES=()

# shellcheck disable=SC2317 # called by the trap
finish() {
	local status=$?
	trap - EXIT
	progress_stop
	[[ -z ${TAIL_PID:-} ]] || kill "$TAIL_PID" 2>/dev/null || true
	build_give_back "$BUILD" "$ASAN_BUILD"
	rm -f -- "${LOG:-}" "${NEWS:-}"
	exit "$status"
}

# suite_tests DIR SUITE: how many tests the build has of it.
suite_tests() {
	meson test -C "$1" --no-rebuild --list --suite "$2" 2>/dev/null | grep -c ' / ' || true
}

# Test programs that take long tell here how far they are (tests/lab/lib.sh).
news_follow() {
	NEWS=$(mktemp /tmp/lvsd-test-news.XXXXXX)
	export LVSD_TEST_NEWS=$NEWS
	tail -n +1 -f -- "$NEWS" 2>/dev/null &
	TAIL_PID=$!
}

# What meson says per test, without its own totals.
meson_lines() {
	sed -u -E -e '/^(Ok|Expected Fail|Fail|Unexpected Pass|Skipped|Timeout): +[0-9]+/d' \
		-e '/^Summary of Failures/,$d' -e '/^(Full log written|ninja: )/d' -e '/^[[:space:]]*$/d' \
		-e 's/^/  /' \
		-e "s/ OK /$GREEN&$PLAIN/" -e "s/ (FAIL|TIMEOUT|ERROR) /$RED&$PLAIN/" \
		-e "s/ SKIP /$YELLOW&$PLAIN/"
}

# A line now and then, so that nobody takes a long test for a dead one.
heartbeat() {
	local start
	start=$(now)
	while sleep 30 >/dev/null 2>&1; do
		say "    ... $1, $(($(now) - start)) s"
	done
}

# run DIR SUITE NAME [MESON OPTION...]: one suite of one build, shown and counted as NAME.
run() {
	local dir=$1 suite=$2 name=$3 start count beat log=testlog-$2 result s
	[[ $(suite_tests "$dir" "$suite") != 0 ]] || return 0
	shift 3
	title "$name"
	start=$(now)
	rm -f -- "$dir/meson-logs/$log.json"
	heartbeat "$name" &
	beat=$!
	meson test -C "$dir" --no-rebuild --suite "$suite" --logbase "$log" --print-errorlogs \
		"$@" 2>&1 </dev/null | meson_lines || true
	kill "$beat" 2>/dev/null || true
	if [[ -f $dir/meson-logs/$log.json ]]; then
		mapfile -t result < <(python3 "$ROOT/scripts/lib/summary.py" "$dir/meson-logs/$log.json")
		read -ra count <<<"${result[0]}"
		for s in "${result[@]:1}"; do
			say "  ${YELLOW}skipped$PLAIN $s"
		done
	else
		count=(0 1 0) # meson itself failed, and said why
	fi
	PASSED=$((PASSED + count[0])) FAILED=$((FAILED + count[1])) SKIPPED=$((SKIPPED + count[2]))
	LINES+=("$(printf '%-28s %5d passed %4d failed %4d skipped %5d s' "$name" "${count[@]}" \
		$(($(now) - start)))")
}

run_asan() {
	local suite
	build_tree "$ASAN_BUILD" "$LOG" -Db_sanitize=address,undefined -Db_lundef=false \
		-Doptimization=1 || { LINES+=("asan: the build failed") && ((++FAILED)) && return; }
	export ASAN_OPTIONS=abort_on_error=0:detect_stack_use_after_return=1
	export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
	for suite in "${ASAN_SUITES[@]}"; do
		run "$ASAN_BUILD" "$suite" "$suite (ASan, UBSan)" --timeout-multiplier 4
	done
}

prepare() {
	if ((EUID == 0)); then
		"$ROOT/scripts/dpdk-setup.sh" packages --run --build --test --lab || exit 2
	else
		build_possible || die 2 "what the build needs is missing; once, as root: scripts/dpdk-setup.sh packages --all"
		note "Without root: the lab's tests will be skipped (sudo $0 runs everything)"
	fi
	LOG=$(mktemp /tmp/lvsd-build.XXXXXX)
	[[ ! -d $BUILD || -w $BUILD ]] ||
		die 2 "$BUILD belongs to $(stat -c %U "$BUILD"); name another directory with LVSD_BUILD"
	build_tree "$BUILD" "$LOG" || die 1 "the build failed"
}

main() {
	local want=() s line start
	while (($#)); do
		case $1 in
		-h | --help) usage_of "$0" && exit 0 ;;
		--list) printf '%s\n' "${SUITES[@]}" && exit 0 ;;
		-*) die 2 "unknown option '$1' (--list, --help)" ;;
		*)
			[[ " ${SUITES[*]} " == *" $1 "* ]] ||
				die 2 "no suite '$1' (there are: ${SUITES[*]})"
			want+=("$1")
			;;
		esac
		shift
	done
	((${#want[@]})) || want=("${SUITES[@]}")

	trap finish EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	start=$(now)
	prepare
	news_follow
	for s in "${want[@]}"; do
		case $s in
		asan) run_asan ;;
		*) run "$BUILD" "$s" "$s" ;;
		esac
	done

	title "Summary"
	for line in "${LINES[@]}"; do
		say "$line"
	done
	say "$(printf '%-28s %5d s' 'all, build included' $(($(now) - start)))"
	say "$PASSED passed, $FAILED failed, $SKIPPED skipped"
	((FAILED == 0)) || exit 1
	((PASSED > 0)) || die 2 "no test was run"
}

main "$@"
