# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# `dpdk-setup.sh hugepages|status|bind|unbind`: hugepages and network devices by way of /sys.
# Sourced after common.sh.

SYS=${LVSD_SYS:-/sys} # another tree: for tests
HUGE=hugepages/hugepages-2048kB

# ---- hugepages ------------------------------------------------------------------------------

huge_nodes() {
	local d
	for d in "$SYS"/devices/system/node/node[0-9]*; do
		[[ -e $d/$HUGE/nr_hugepages ]] && printf '%s\n' "${d##*/node}"
	done | sort -n
}

# The directory that counts the pages of a node; of the machine when it has no nodes.
huge_dir() {
	if [[ -n $1 ]]; then
		printf '%s' "$SYS/devices/system/node/node$1/$HUGE"
	else
		printf '%s' "$SYS/kernel/mm/$HUGE"
	fi
}

# "512", "512MiB", "1G": as a number of pages of 2 MB.
huge_pages_of() {
	local n=$1 unit
	[[ $n =~ ^([0-9]{1,9})([A-Za-z]*)$ ]] || return 1
	n=$((10#${BASH_REMATCH[1]})) unit=${BASH_REMATCH[2],,}
	case $unit in
	'') ;;
	m | mb | mib) n=$(((n + 1) / 2)) ;;
	g | gb | gib) n=$((n * 512)) ;;
	*) return 1 ;;
	esac
	printf '%s' "$n"
}

cmd_hugepages() {
	local arg='' node='' want nodes=() n share rest dir got total=0 i=0
	while (($#)); do
		case $1 in
		--node)
			node=${2:-}
			[[ $node =~ ^[0-9]+$ ]] || die 2 "hugepages: --node takes the number of a node"
			shift
			;;
		-*) die 2 "hugepages: unknown option '$1' (--node K)" ;;
		*)
			[[ -z $arg ]] || die 2 "hugepages: one number or size, not '$arg' and '$1'"
			arg=$1
			;;
		esac
		shift
	done
	[[ -n $arg ]] || die 2 "hugepages: how many? A number of 2 MB pages, or a size such as 1GiB"
	want=$(huge_pages_of "$arg") ||
		die 2 "hugepages: '$arg' is neither a number of pages nor a size (512MiB, 4GiB)"
	[[ -d $SYS/kernel/mm/$HUGE ]] || die 1 "hugepages: this kernel has no hugepages of 2 MB"
	mapfile -t nodes < <(huge_nodes)
	if [[ -n $node ]]; then
		[[ -d $(huge_dir "$node") ]] ||
			die 2 "hugepages: there is no node $node (nodes: ${nodes[*]:-none})"
		nodes=("$node")
	fi
	((${#nodes[@]})) || nodes=('')
	[[ $SYS != /sys ]] || need_root "reserving hugepages" "hugepages $arg"

	share=$((want / ${#nodes[@]})) rest=$((want % ${#nodes[@]}))
	for node in "${nodes[@]}"; do
		n=$((share + (i++ < rest)))
		dir=$(huge_dir "$node")
		{ printf '%s\n' "$n" >"$dir/nr_hugepages"; } 2>/dev/null ||
			die 1 "hugepages: the kernel refused to change $dir/nr_hugepages"
		got=$(<"$dir/nr_hugepages")
		total=$((total + got))
		say "${node:+node $node: }$got of $n pages of 2 MB ($((got * 2)) MiB, $(<"$dir/free_hugepages") free)"
	done
	if ((total < want)); then
		say "The kernel found only $total of $want: its free memory is in pieces."
		say "Free some and try again, or reserve them at boot: hugepages=$want on the kernel's command line."
		return 1
	elif ((total > want)); then
		say "$((total - want)) pages are in use and stay until their programs end."
		return 1
	fi
}

# ---- status ---------------------------------------------------------------------------------

status_hugepages() {
	local node nodes=() dir
	title "Hugepages of 2 MB"
	mapfile -t nodes < <(huge_nodes)
	((${#nodes[@]})) || nodes=('')
	for node in "${nodes[@]}"; do
		dir=$(huge_dir "$node")
		[[ -d $dir ]] || { say "  none in this kernel" && continue; }
		printf '  %-8s %6d reserved, %d free (%d MiB)\n' "${node:+node $node}" \
			"$(<"$dir/nr_hugepages")" "$(<"$dir/free_hugepages")" \
			$(($(<"$dir/nr_hugepages") * 2))
	done
	awk '/^MemAvailable/ { printf "  memory   %6d MiB available\n", $2 / 1024 }' /proc/meminfo
}

# lvsd is built for x86-64-v3; what is missing of it is worth more than the list of what is there.
status_cpu() {
	local flag missing='' flags
	title "Processor"
	awk -F': ' '/^model name/ { print "  " $2; exit }' /proc/cpuinfo
	flags=" $(awk -F': ' '/^flags/ { print $2; exit }' /proc/cpuinfo) "
	for flag in avx avx2 bmi1 bmi2 f16c fma abm movbe xsave sse4_2; do
		[[ $flags == *" $flag "* ]] || missing+=" $flag"
	done
	say "  $(nproc) CPUs usable, $(huge_nodes | wc -l) NUMA node(s)"
	if [[ -z $missing ]]; then
		say "  x86-64-v3: yes (the default build runs here)"
	else
		say "  x86-64-v3: no, without$missing: build with meson setup -Dmarch=native"
	fi
	[[ $flags == *' constant_tsc '* ]] || say "  no constant_tsc: the clock may be less exact"
	if [[ $flags == *' avx512f '* ]]; then say "  avx512: yes"; fi
}

nic_driver() {
	local link=$SYS/bus/pci/devices/$1/driver
	if [[ -e $link ]]; then basename -- "$(readlink -f -- "$link")"; else printf '%s' -; fi
}

nic_names() {
	find "$SYS/bus/pci/devices/$1/" -mindepth 2 -maxdepth 3 -path '*/net/*' \
		! -path '*/net/*/*' -printf '%f ' 2>/dev/null
}

nic_list() {
	local d
	for d in "$SYS"/bus/pci/devices/*; do
		[[ $(cat -- "$d/class" 2>/dev/null) == 0x02* ]] && printf '%s\n' "${d##*/}"
	done
	return 0
}

status_nics() {
	local nic dev name d rows=0
	title "Network devices"
	for nic in $(nic_list); do
		dev=$SYS/bus/pci/devices/$nic
		name=$(nic_names "$nic")
		printf '  %s  %s:%s  driver %-16s node %-3s %s\n' "$nic" "$(cut -c3- "$dev/vendor")" \
			"$(cut -c3- "$dev/device")" "$(nic_driver "$nic")" \
			"$(cat "$dev/numa_node" 2>/dev/null || echo -)" "${name:+interface $name}"
		((++rows))
	done
	((rows)) || say "  no PCI network device"
	for d in "$SYS"/class/net/*; do
		[[ -e $d/device ]] || continue
		printf '  interface %-12s driver %-16s %s\n' "${d##*/}" \
			"$(basename -- "$(readlink -f -- "$d/device/driver")")" \
			"$(cat "$d/operstate" 2>/dev/null)"
	done
}

status_modules() {
	local m state
	title "Kernel"
	say "  $(uname -r), IOMMU: $(find "$SYS/kernel/iommu_groups" -mindepth 1 -maxdepth 1 2>/dev/null |
		wc -l) groups"
	for m in vfio-pci uio_pci_generic tun; do
		if [[ -d $SYS/module/${m//-/_} ]]; then
			state='there'
		elif modprobe -n -q "$m" 2>/dev/null; then
			state='not loaded (modprobe would)'
		elif [[ $m == tun && -e /dev/net/tun ]]; then
			state='there'
		else
			state='not in this kernel'
		fi
		printf '  %-16s %s\n' "$m" "$state"
	done
}

cmd_status() {
	(($# == 0)) || die 2 "status takes no arguments"
	status_hugepages
	status_cpu
	status_nics
	status_modules
}

# ---- bind, unbind ---------------------------------------------------------------------------

# The PCI address of a device given as one, or as the interface it has now.
nic_address() {
	local target
	if [[ $1 =~ ^([0-9a-fA-F]{4}:)?[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-7]$ ]]; then
		target=${1,,}
		[[ $target == ????:* ]] || target=0000:$target
	elif [[ $1 != */* && -e $SYS/class/net/$1/device ]]; then
		target=$(basename -- "$(readlink -f -- "$SYS/class/net/$1/device")")
		# virtio: the interface hangs below the PCI device
		[[ $target == virtio* ]] &&
			target=$(basename -- "$(dirname -- "$(readlink -f -- "$SYS/class/net/$1/device")")")
	else
		die 2 "'$1' is neither a PCI address (0000:03:00.0) nor an interface with a device"
	fi
	[[ -d $SYS/bus/pci/devices/$target ]] || die 2 "there is no PCI device $target ('$1')"
	[[ $(<"$SYS/bus/pci/devices/$target/class") == 0x02* ]] ||
		die 2 "$target is not a network device"
	printf '%s' "$target"
}

# Why an interface must not be taken away, nothing when it may.
nic_in_use() {
	local name
	for name in $(nic_names "$1"); do
		if ip -o route show default 2>/dev/null | grep -q " dev $name "; then
			printf '%s carries the default route' "$name"
		elif [[ -n $(ip -o addr show dev "$name" up scope global 2>/dev/null) ]]; then
			printf '%s is up and has addresses' "$name"
		fi
	done
}

sysfs_write() {
	{ printf '%s\n' "$1" >"$2"; } 2>/dev/null
}

nic_bind_to() {
	local nic=$1 driver=$2 dev=$SYS/bus/pci/devices/$1
	sysfs_write "$driver" "$dev/driver_override" || return
	if [[ -e $dev/driver ]]; then
		sysfs_write "$nic" "$dev/driver/unbind" || return
	fi
	sysfs_write "$nic" "$SYS/bus/pci/drivers_probe" || return
	[[ -z $driver || $(nic_driver "$nic") == "$driver" ]]
}

cmd_bind() {
	local driver='' force=0 devices=() d nic nics=() why
	while (($#)); do
		case $1 in
		--driver)
			driver=${2:-}
			[[ $driver =~ ^[A-Za-z0-9_-]+$ ]] || die 2 "bind: --driver takes the name of a driver"
			shift
			;;
		--force) force=1 ;;
		-*) die 2 "bind: unknown option '$1' (--driver NAME, --force)" ;;
		*) devices+=("$1") ;;
		esac
		shift
	done
	((${#devices[@]})) || die 2 "bind: which device? (dpdk-setup.sh status lists them)"
	# All or nothing: every device is looked at before the first one is touched.
	for d in "${devices[@]}"; do
		nic=$(nic_address "$d") || exit
		why=$(nic_in_use "$nic")
		[[ -z $why ]] || ((force)) ||
			die 1 "bind: $why; taking $nic away would cut it off (--force does it all the same)"
		nics+=("$nic")
	done
	[[ $SYS != /sys ]] || need_root "binding devices" "bind ${devices[*]}"
	if [[ -z $driver ]]; then
		driver=vfio-pci
		[[ -n $(find "$SYS/kernel/iommu_groups" -mindepth 1 -maxdepth 1 2>/dev/null) ]] ||
			driver=uio_pci_generic
	fi
	if [[ ! -d $SYS/bus/pci/drivers/$driver ]]; then
		modprobe "$driver" 2>/dev/null || true
		[[ -d $SYS/bus/pci/drivers/$driver ]] ||
			die 1 "bind: this kernel has no driver $driver (dpdk-setup.sh status; --driver names another)"
	fi
	for nic in "${nics[@]}"; do
		if [[ $(nic_driver "$nic") == "$driver" ]]; then
			say "$nic: already with $driver"
			continue
		fi
		why=$(nic_driver "$nic")
		nic_bind_to "$nic" "$driver" ||
			die 1 "bind: $nic did not go from $why to $driver (the kernel's log says why)"
		say "$nic: from $why to $driver"
	done
}

cmd_unbind() {
	local d nic nics=() why
	(($#)) || die 2 "unbind: which device? (dpdk-setup.sh status lists them)"
	for d in "$@"; do
		[[ $d != -* ]] || die 2 "unbind: unknown option '$d'"
		nic=$(nic_address "$d") || exit
		nics+=("$nic")
	done
	[[ $SYS != /sys ]] || need_root "unbinding devices" "unbind $*"
	for nic in "${nics[@]}"; do
		why=$(nic_driver "$nic")
		case $why in
		vfio-pci | uio_pci_generic | igb_uio) ;;
		*)
			say "$nic: is with $why, nothing to give back"
			continue
			;;
		esac
		nic_bind_to "$nic" '' || die 1 "unbind: the kernel did not take $nic back"
		say "$nic: from $why to $(nic_driver "$nic")"
	done
}
