# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What every script of this folder shares: where the tree is, how we talk to people, and how a
# step that takes more than a second shows that it is alive. Sourced, never run.

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck disable=SC2034 # for those who source this
BUILD=${LVSD_BUILD:-$ROOT/build}
ME=${0##*/}

if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
	BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' GREEN=$'\e[32m' YELLOW=$'\e[33m' PLAIN=$'\e[0m'
else
	BOLD='' DIM='' RED='' GREEN='' YELLOW='' PLAIN=''
fi
export BOLD DIM RED GREEN YELLOW PLAIN

say() { printf '%s\n' "$*"; }
note() { printf '%s%s%s\n' "$DIM" "$*" "$PLAIN"; }
title() { printf '\n%s%s%s\n' "$BOLD" "$*" "$PLAIN"; }
warn() { printf '%s: %s\n' "$ME" "$*" >&2; }
# die STATUS TEXT...: 1 is "it did not work", 2 is "you asked for something that cannot be".
die() {
	local status=$1
	shift
	printf '%s%s: %s%s\n' "$RED" "$ME" "$*" "$PLAIN" >&2
	exit "$status"
}

need_root() {
	((EUID == 0)) || die 2 "$1 needs root: sudo $0${2:+ $2}"
}

# The comment block at the head of a script is its help text.
usage_of() { sed -n '/^# usage:/,/^[^#]/{/^#/!d;s/^# \{0,1\}//;p}' "$1"; }

# Seconds since the epoch, without a process.
now() { printf '%(%s)T' -1; }

# The last line of a log that says something, cut to what fits.
last_words() {
	tail -c 2000 -- "$1" 2>/dev/null | tr '\r\t' '\n ' | grep -v '^[[:space:]]*$' | tail -n 1 |
		cut -c "1-$2"
}

PROGRESS_PID=
# progress TEXT LOG COMMAND...: runs it with its output in LOG. A terminal sees a line that
# changes with the log's last words, anything else a line now and then. When the command fails the
# end of the log is shown and its status returned.
progress() {
	local text=$1 log=$2 start status=0 beat=0 spin='-\|/' width
	shift 2
	start=$(now)
	"$@" >>"$log" 2>&1 </dev/null &
	PROGRESS_PID=$!
	if [[ -t 1 ]]; then
		while kill -0 "$PROGRESS_PID" 2>/dev/null; do
			width=$(($(tput cols 2>/dev/null || echo 80) - ${#text} - 16))
			printf '\r\e[K%s %s %3d s %s%s%s' "$text" "${spin:beat++ % 4:1}" \
				$(($(now) - start)) "$DIM" \
				"$(last_words "$log" $((width > 10 ? width : 10)))" "$PLAIN"
			sleep 0.2
		done
		printf '\r\e[K'
	else
		say "$text ..."
		while kill -0 "$PROGRESS_PID" 2>/dev/null; do
			sleep 0.2
			((++beat % 50)) || say "  $(($(now) - start)) s: $(last_words "$log" 70)"
		done
	fi
	wait "$PROGRESS_PID" || status=$?
	PROGRESS_PID=
	if ((status)); then
		say "$text: ${RED}failed${PLAIN} (exit $status). The end of $log:"
		tail -n 30 -- "$log" | sed 's/^/  | /'
	else
		say "$text: done ($(($(now) - start)) s)"
	fi
	return "$status"
}

# A command that progress() is waiting for ends with the script.
progress_stop() {
	[[ -z $PROGRESS_PID ]] || kill -TERM "$PROGRESS_PID" 2>/dev/null || true
	PROGRESS_PID=
}
