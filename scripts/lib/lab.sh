# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What every experiment has: real servers with nginx, a director with lvsd, commands typed on the
# director. An experiment itself is a file mode-MODE.sh beside this one, which says
#
#   MODE_TITLE, MODE_VIP      one line for people; the virtual address
#   MODE_SERVERS              the real servers, "rs1=10.0.0.201 ..."
#   MODE_COMMANDS             what is typed on the director, one command each
#   MODE_PORTS                lvsd's ports, "eth0=raw0 ...": name of the port (and its twin), raw device
#   mode_picture              draws the network
#   mode_net                  makes it, without the director's addresses
#   mode_director             what an administrator sets on the director's interfaces
#
# Sourced after common.sh and lab-net.sh; used by scripts/lab.sh and by tests/lab.

LAB_MODES=()
for f in "$ROOT"/scripts/lib/mode-*.sh; do
	f=${f##*/mode-}
	LAB_MODES+=("${f%.sh}")
done

# ---- programs -------------------------------------------------------------------------------

# built NAME: the path of a program of ours.
built() {
	local f
	for f in "$BUILD/$1" "$BUILD"/src/*/"$1"; do
		[[ ! -x $f || -d $f ]] || { printf '%s' "$f" && return; }
	done
	return 1
}

# The names that an LVS administrator types, in a directory of the lab's own.
lab_names() {
	local name cli
	cli=$(built lvsadm) || die 1 "$BUILD has no lvsadm"
	for name in lvsadm ipvsadm ipvsadm-save ipvsadm-restore; do
		ln -s -- "$cli" "$LAB_DIR/bin/$name"
	done
}

# ---- servers --------------------------------------------------------------------------------

# server_start NAME ADDRESS: nginx with a page of its own, all of it in one folder of the lab.
server_start() {
	local dir=$LAB_DIR/$1
	mkdir -- "$dir" "$dir/www"
	printf '%s %s\n' "$1" "$2" >"$dir/www/test.html"
	cat >"$dir/nginx.conf" <<-END
		daemon off;
		user root;
		worker_processes 1;
		pid $dir/nginx.pid;
		error_log $dir/error.log;
		events { worker_connections 1024; }
		http {
			access_log $dir/access.log;
			client_body_temp_path $dir/body;
			proxy_temp_path $dir/proxy;
			fastcgi_temp_path $dir/fastcgi;
			uwsgi_temp_path $dir/uwsgi;
			scgi_temp_path $dir/scgi;
			default_type text/html;
			sendfile on;
			server {
				listen 80;
				root $dir/www;
			}
		}
	END
	lab_spawn "nginx-$1" "$1" nginx -p "$dir" -e "$dir/error.log" -c "$dir/nginx.conf"
}

server_ready() {
	on "$1" curl -s -o "$LAB_LOG/ready" --max-time 1 "http://$2/test.html"
}

lab_servers() {
	local s
	for s in $MODE_SERVERS; do
		server_start "${s%=*}" "${s#*=}"
	done
	for s in $MODE_SERVERS; do
		wait_for 10 server_ready "${s%=*}" "${s#*=}" || {
			cat "$LAB_LOG/nginx-${s%=*}" "$LAB_DIR/${s%=*}/error.log" >&2 || true
			die 1 "nginx on ${s%=*} does not answer"
		}
	done
}

# ---- the director ---------------------------------------------------------------------------

lvsd_config() {
	local p i=0
	printf '# The director of the lab: two veths, driven by DPDK through AF_PACKET sockets.\n'
	printf 'workers: 1\nconnections: 100000\nports:\n'
	for p in $MODE_PORTS; do
		printf '  - name: %s\n    device: net_af_packet%d,iface=%s\n' "${p%=*}" $((i++)) "${p#*=}"
	done
}

lvsd_answers() {
	LVSD_SOCKET=$LAB_DIR/lvsd.sock "$LAB_DIR/bin/ipvsadm" -Ln
}

lvsd_up_or_dead() {
	! lab_pid lvsd || lvsd_answers
}

# Starts lvsd and returns when it answers.
lvsd_start() {
	local lvsd
	lvsd=$(built lvsd) || die 1 "$BUILD has no lvsd"
	[[ -c /dev/net/tun ]] || modprobe tun 2>/dev/null || true
	[[ -c /dev/net/tun ]] || die 1 "no /dev/net/tun: the kernel's tun driver is missing"
	lvsd_config >"$LAB_DIR/lvsd.yaml"
	lab_spawn lvsd director "$lvsd" --config "$LAB_DIR/lvsd.yaml" --socket "$LAB_DIR/lvsd.sock"
	if ! wait_for 30 lvsd_up_or_dead || ! lab_pid lvsd >/dev/null; then
		say "The end of lvsd's log:" >&2
		tail -n 30 -- "$LAB_LOG/lvsd" | sed 's/^/  | /' >&2
		return 1
	fi
}

# director COMMAND...: as somebody logged in on the director would.
director() {
	on director env PATH="$LAB_DIR/bin:$PATH" LVSD_SOCKET="$LAB_DIR/lvsd.sock" "$@"
}

# typed HOST 'command line': shows it like a terminal does, then what it prints.
typed() {
	local host=$1 status=0
	printf '%s%s#%s %s%s%s\n' "$GREEN" "$host" "$PLAIN" "$BOLD" "$2" "$PLAIN"
	case $host in
	director) director bash -c "$2" || status=$? ;;
	*) on "$host" bash -c "$2" || status=$? ;;
	esac
	((status == 0)) || say "${RED}(exit $status)${PLAIN}"
	return "$status"
}

# lab_up MODE: the whole network with servers and lvsd, up to an empty `ipvsadm -Ln`.
lab_up() {
	# shellcheck source=scripts/lib/mode-nat.sh
	. "$ROOT/scripts/lib/mode-$1.sh"
	mode_net
	lab_names
	lab_servers
	lvsd_start || die 1 "lvsd did not start"
	mode_director
}
