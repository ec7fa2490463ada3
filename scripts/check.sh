#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# usage: check.sh [--tap] [CHECK]...
#        check.sh --list
#
# Looks at the source without running it; all checks or those that are named.
#
#   arrows    includes follow the direction of src/README.md
#   spdx      every source file begins with its licence line
#   length    no C file of the program is longer than 800 lines, none of the tests than 1000
#   paths     nothing names a directory of somebody's machine
#   format    clang-format agrees with the C files
#   shell     shellcheck agrees with the scripts
#   python    the Python files can be read
#   cppcheck  cppcheck finds no error
#   man       mandoc finds no fault in the manual pages
#
# A check whose tool is not installed is skipped and says so. --tap prints for `meson test`.
# Exit status: 0 all well, 1 something was found, 2 wrong usage.

set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"
cd -- "$ROOT"

CHECKS=(arrows spdx length paths format shell python cppcheck man)
LINES_MAX=800 ROWS_MAX=1000 # a table of test rows reads from top to bottom

# files PATTERN...: of the tree, also those that are not committed yet, one per line.
files() {
	if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
		git ls-files -co --exclude-standard -- "$@" | sort -u
	else
		local p name=()
		for p in "$@"; do
			name+=(-o -path "./$p")
		done
		find . \( -path './build*' -o -name .git -o -name __pycache__ \) -prune -o -type f \( "${name[@]:1}" \) -print | sed 's|^\./||'
	fi | while IFS= read -r f; do
		[[ ! -f $f ]] || printf '%s\n' "$f"
	done
}

c_files() { files '*.c' '*.h'; }

shell_files() {
	local f
	files '*' | while IFS= read -r f; do
		case ${f##*/} in
		*.sh) printf '%s\n' "$f" ;;
		*.*) ;;
		*) head -c 64 -- "$f" | head -n 1 | grep -aqE '^#!.*\b(ba|da)?sh\b' && printf '%s\n' "$f" ;;
		esac
	done
}

# needs COMMAND: a check calls it first; status 77 is "skipped", as for meson.
needs() {
	command -v "$1" >/dev/null || { say "$1 is not installed" && return 77; }
}

# found FILE:LINE...: says what it reads from stdin, fails when that is something.
found() {
	local text
	text=$(cat)
	[[ -z $text ]] || { say "$text" && return 1; }
}

# ---- the checks -------------------------------------------------------------------------------

# forbidden FOLDER REGEX WHY: no quoted include of a file below src/FOLDER may match.
forbidden() {
	[[ -d src/$1 ]] || return 0
	{ grep -rnE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "src/$1" || true; } |
		{ grep -E "include[[:space:]]*\"(\\.\\./)*$2" || true; } | sed "s|\$|   ($3)|"
}

check_arrows() {
	{
		forbidden api '(cli|control|dataplane)/' 'api includes nobody'
		forbidden cli '(control|dataplane)/' 'cli includes api only'
		forbidden bridge '(cli|control|dataplane)/' 'bridge includes api only'
		forbidden dataplane '(cli|control)/' 'dataplane never looks up at control'
		forbidden control 'cli/' 'control does not know the command line'
		forbidden control 'dataplane/' \
			'control includes only dataplane.h snapshot.h fib.h addr.h of dataplane' |
			{ grep -vE '"dataplane/(dataplane|snapshot|fib|addr)\.h"' || true; }
	} | found
}

check_spdx() {
	local f
	{ files '*.c' '*.h' '*.def' '*.sh' '*.py' '*.yaml' '*meson.build' && shell_files; } | sort -u |
		while IFS= read -r f; do
			[[ ! -s $f ]] || head -n 3 -- "$f" | grep -aq 'SPDX-License-Identifier: BSD-3-Clause' ||
				say "$f:1: no SPDX-License-Identifier: BSD-3-Clause in the first three lines"
		done | found
}

check_length() {
	local f n max
	c_files | while IFS= read -r f; do
		n=$(wc -l <"$f")
		max=$LINES_MAX
		[[ $f != tests/* ]] || max=$ROWS_MAX
		((n <= max)) || say "$f: $n lines, more than $max"
	done | found
}

check_paths() {
	# In pieces, so that this line does not find itself.
	local machine='(^|[^A-Za-z0-9_.}])(/wo''rk/|/ro''ot/|/ho''me/[a-z])|\.\./sha''red'
	files '*' | tr '\n' '\0' | { xargs -0 grep -InE -- "$machine" || true; } | found
}

check_format() {
	local tool=clang-format-14
	command -v $tool >/dev/null || tool=clang-format
	needs $tool || return
	{ c_files | tr '\n' '\0' | xargs -0r $tool --dry-run 2>&1 || true; } |
		awk -F: '/code should be clang-formatted/ { if (!n[$1]++) line[$1] = $2 }
			END { for (f in n)
				print f ":" line[f] ": " n[f] " place(s); clang-format -i mends it" }' |
		sort | found
}

check_shell() {
	needs shellcheck || return
	shell_files | tr '\n' '\0' | xargs -0r shellcheck -x -P "$ROOT"
}

check_python() {
	needs python3 || return
	files '*.py' | tr '\n' '\0' | xargs -0r python3 -c '
import ast, sys
for name in sys.argv[1:]:
    ast.parse(open(name, encoding="utf-8").read(), name)'
}

check_cppcheck() {
	needs cppcheck || return
	local queue # TAILQ_FOREACH and the like: without their text every list is a riddle
	queue=$(find /usr/include -path '*/sys/queue.h' ! -path '*/bsd/*' 2>/dev/null | head -n 1)
	cppcheck -q -j "$(nproc)" --error-exitcode=1 --inline-suppr \
		--suppress=missingInclude --suppress=missingIncludeSystem \
		${queue:+"--suppress=*:$queue" "--include=$queue"} -I src src
}

check_man() {
	local pages
	needs mandoc || return
	mapfile -t pages < <(files 'man/*.[1-8]')
	((${#pages[@]})) || return 0
	mandoc -Tlint -W warning -- "${pages[@]}"
}

# ---- running them -----------------------------------------------------------------------------

main() {
	local want=() c i=0 failed=0 tap=0 out status
	while (($#)); do
		case $1 in
		-h | --help) usage_of "$0" && exit 0 ;;
		--list) printf '%s\n' "${CHECKS[@]}" && exit 0 ;;
		--tap) tap=1 ;;
		-*) die 2 "unknown option '$1' (--tap, --list, --help)" ;;
		*)
			[[ " ${CHECKS[*]} " == *" $1 "* ]] ||
				die 2 "no check '$1' (there are: ${CHECKS[*]})"
			want+=("$1")
			;;
		esac
		shift
	done
	((${#want[@]})) || want=("${CHECKS[@]}")

	((tap == 0)) || say "1..${#want[@]}"
	for c in "${want[@]}"; do
		((++i))
		status=0
		out=$("check_$c" 2>&1) || status=$?
		((status == 0 || status == 77)) || ((++failed))
		if ((tap)); then
			case $status in
			0) say "ok $i - $c" ;;
			77) say "ok $i - $c # SKIP $out" ;;
			*)
				say "not ok $i - $c"
				say "$out" >&2 # where meson looks for what to show
				;;
			esac
		else
			case $status in
			0) printf '%-10s %sok%s\n' "$c" "$GREEN" "$PLAIN" ;;
			77) printf '%-10s %sskipped%s (%s)\n' "$c" "$YELLOW" "$PLAIN" "$out" ;;
			*)
				printf '%-10s %sfailed%s\n' "$c" "$RED" "$PLAIN"
				say "  ${out//$'\n'/$'\n'  }"
				;;
			esac
		fi
	done
	((failed == 0))
}

main "$@"
