# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Building the tree, for lab.sh and test.sh. Sourced after common.sh.

BUILD_ONLY=() # targets; none: everything

# build_tree DIR LOG [MESON OPTION...]: configures DIR when it is new and builds what changed.
build_tree() {
	local dir=$1 log=$2
	shift 2
	if [[ ! -f $dir/build.ninja ]]; then
		progress "Configuring ${dir##*/}" "$log" meson setup "$@" "$dir" "$ROOT" || return
	fi
	progress "Building ${dir##*/}" "$log" ninja -C "$dir" "${BUILD_ONLY[@]}"
}

# With sudo in somebody's checkout, what root built belongs to the owner of the checkout, who would
# not be able to build again otherwise.
build_give_back() {
	local dir
	((EUID == 0)) || return 0
	[[ $(stat -c %u -- "$ROOT") != 0 ]] || return 0
	for dir in "$@"; do
		[[ ! -d $dir ]] || chown -R --reference="$ROOT" -- "$dir"
	done
}

# True when the commands that a build starts with are there.
build_possible() {
	command -v meson >/dev/null && command -v ninja >/dev/null && command -v cc >/dev/null &&
		pkg-config --exists libdpdk libmnl yaml-0.1 popt 2>/dev/null
}
