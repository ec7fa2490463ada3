#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# usage: dpdk-setup.sh COMMAND [OPTION]...
#
# Gets a Debian 12 machine ready for lvsd.
#
#   packages [--run] [--build] [--test] [--lab] [--all] [--dry-run]
#       Installs what is missing, by apt-get. --run: to run a built lvsd; --build: to build it;
#       --test: for scripts/test.sh and scripts/check.sh; --lab: for scripts/lab.sh.
#       Without an option: --run --build. --dry-run only prints the names. Daemons that come with
#       a package are not started.
#   hugepages N | SIZE [--node K]
#       Reserves N hugepages of 2 MB, or SIZE of them (512MiB, 4GiB), spread evenly over the NUMA
#       nodes or all on node K, and says how many the kernel had left to give.
#       0 gives all of them back.
#   status
#       Hugepages, processor, network devices and their drivers, kernel modules.
#   bind DEVICE... [--driver NAME] [--force]
#       Takes network devices (0000:03:00.0, or the name of an interface) from the kernel and
#       gives them to DPDK: vfio-pci, or uio_pci_generic where there is no IOMMU. An interface
#       that is up with addresses or carries the default route is refused without --force.
#   unbind DEVICE...
#       Gives devices (0000:03:00.0) back to the kernel's own driver.
#
# Exit status: 0 done, 1 it did not work, 2 wrong usage.

set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source=scripts/lib/packages.sh
. "$ROOT/scripts/lib/packages.sh"
# shellcheck source=scripts/lib/hardware.sh
. "$ROOT/scripts/lib/hardware.sh"

case ${1:-} in
packages | hugepages | status | bind | unbind)
	command=$1
	shift
	"cmd_$command" "$@"
	;;
-h | --help | help)
	usage_of "$0"
	;;
'')
	usage_of "$0" >&2
	exit 2
	;;
*)
	die 2 "unknown command '$1' (packages, hugepages, status, bind, unbind; --help says more)"
	;;
esac
