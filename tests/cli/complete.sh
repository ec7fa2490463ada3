#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# usage: complete.sh LINE     what bash offers when Tab is pressed behind LINE
set -u

# shellcheck source=scripts/completion/lvsadm.bash
. "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../../scripts/completion/lvsadm.bash"
COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
COMP_LINE=$1
COMP_POINT=${#1}
_lvsadm
printf '%s\n' "${COMPREPLY[@]}"
