# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Completion of lvsadm and its other names for bash: the verbs, the options that fit the command,
# and the services and servers that are there.

# The words behind -OPTION in what `lvsadm -Sn` prints: services of a kind, servers.
_lvsadm_known() { # PROGRAM SOCKET OPTION...
	local program=$1 socket=$2
	shift 2
	"$program" ${socket:+--socket "$socket"} -Sn 2>/dev/null | awk -v want=" $* " '
		{ for (i = 2; i < NF; i++) if (index(want, " " $i " ")) print $(i + 1) }' | sort -u
}

# Candidates for COMP_WORDS; a colon within a word is not the end of it.
_lvsadm_offer() { # CURRENT WORD...
	local current=$1 prefix
	shift
	mapfile -t COMPREPLY < <(compgen -W "$*" -- "$current")
	if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
		prefix=${current%"${current##*:}"}
		COMPREPLY=("${COMPREPLY[@]#"$prefix"}")
	fi
}

# The options that a command of the ipvsadm language may have.
_lvsadm_options() { # COMMAND NAME
	local service='-t --tcp-service -u --udp-service --sctp-service -f --fwmark-service'
	local tunnel='--tun-type --tun-port --tun-nocsum --tun-csum --tun-remcsum'
	local server='-r --real-server'
	case $1 in
	-A | --add-service | -E | --edit-service)
		echo "$service -6 -s --scheduler -p --persistent -M --netmask --pe -o --ops -b --sched-flags" ;;
	-D | --delete-service | -Z | --zero) echo "$service -6" ;;
	-a | --add-server | -e | --edit-server)
		[[ $2 == ipvsadm ]] || echo --fullnat
		echo "$service -6 $server -m --masquerading -g --gatewaying -i --ipip $tunnel" \
			"-w --weight -x --u-threshold -y --l-threshold" ;;
	-d | --delete-server) echo "$service -6 $server" ;;
	-L* | -l* | --list)
		echo "$service -6 -n --numeric -c --connection --timeout --daemon --stats --rate --exact" \
			"--thresholds --persistent-conn --tun-info --nosort --sort" ;;
	-S* | --save) echo '-n --numeric' ;;
	--start-daemon)
		echo '--mcast-interface --syncid --sync-maxlen --mcast-group --mcast-port --mcast-ttl' ;;
	--stop-daemon) echo '--syncid' ;;
	esac
}

# The values of an option; nothing for those that only their user knows.
_lvsadm_values() { # PROGRAM SOCKET OPTION
	case $3 in
	-t | --tcp-service) _lvsadm_known "$1" "$2" -t ;;
	-u | --udp-service) _lvsadm_known "$1" "$2" -u ;;
	--sctp-service) _lvsadm_known "$1" "$2" --sctp-service ;;
	-f | --fwmark-service) _lvsadm_known "$1" "$2" -f ;;
	-r | --real-server) _lvsadm_known "$1" "$2" -r ;;
	-s | --scheduler) echo 'rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh' ;;
	-b | --sched-flags) echo 'sh-fallback sh-port mh-fallback mh-port flag-1 flag-2 flag-3' ;;
	--tun-type) echo 'ipip gue gre' ;;
	--start-daemon | --stop-daemon) echo 'master backup' ;;
	--pe) echo 'sip' ;;
	--mcast-interface) (cd /sys/class/net && echo *) ;;
	-M | --netmask | -w | --weight | -x | --u-threshold | -y | --l-threshold) ;;
	--tun-port | --syncid | --sync-maxlen | --mcast-group | --mcast-port | --mcast-ttl) ;;
	*) return 1 ;;
	esac
}

# What may come behind a verb's word that is no option with a value.
_lvsadm_own() { # VERB PREVIOUS
	local services='-t --tcp-service -u --udp-service --sctp-service -f --fwmark-service'
	case $1:$2 in
	laddr:add | laddr:del | client-info:client-info) echo "$services" ;;
	laddr:list) echo "$services --json --socket" ;;
	client-info:*) echo 'none toa' ;;
	esac
}

_lvsadm() {
	local commands='-A --add-service -E --edit-service -D --delete-service -C --clear -a --add-server
		-e --edit-server -d --delete-server -L --list -S --save -R --restore -Z --zero --set
		--start-daemon --stop-daemon -h --help -v --version'
	local verbs='ports workers drops services save laddr client-info version help'
	local line word words=() socket='' command='' current previous values name
	COMPREPLY=()

	# The line again, cut at blanks only: a colon is part of an address.
	line=${COMP_LINE:0:COMP_POINT}
	read -ra words <<<"$line"
	[[ $line != *[[:blank:]] ]] || words+=('')
	current=${words[-1]}
	previous=${words[-2]}
	name=${words[0]##*/}

	for ((word = 1; word < ${#words[@]} - 1; word++)); do
		case ${words[word]} in
		--socket) ((++word)) && socket=${words[word]} ;;
		--socket=*) socket=${words[word]#*=} ;;
		--json) ;;
		*) command=${words[word]} && break ;;
		esac
	done

	if [[ $previous == --socket ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
	elif [[ $name == ipvsadm-save ]]; then
		_lvsadm_offer "$current" -n
	elif [[ $name == ipvsadm-restore ]]; then
		return 0
	elif [[ -z $command ]]; then
		[[ $name == ipvsadm ]] || commands+=" $verbs --json"
		_lvsadm_offer "$current" "$commands --socket"
	elif [[ $command == drops ]]; then
		_lvsadm_offer "$current" --all --json --socket
	elif [[ $command == laddr && $previous == laddr ]]; then
		_lvsadm_offer "$current" 'add del list'
	elif [[ $command == laddr || $command == client-info ]]; then
		values=$(_lvsadm_values "${words[0]}" "$socket" "$previous") ||
			values=$(_lvsadm_own "$command" "$previous")
		_lvsadm_offer "$current" "$values"
	elif [[ $command != -* ]]; then
		_lvsadm_offer "$current" --json --socket
	elif values=$(_lvsadm_values "${words[0]}" "$socket" "$previous"); then
		_lvsadm_offer "$current" "$values"
	else
		_lvsadm_offer "$current" "$(_lvsadm_options "$command" "$name")"
	fi
}

complete -F _lvsadm lvsadm ipvsadm ipvsadm-save ipvsadm-restore
