# shellcheck shell=bash disable=SC2034 # variables are read by the other files
# The commands of hack/cluster.

usage() {
	cat <<-END
		Usage: hack/cluster COMMAND

		  up                     start the node cluster, or mend it; needs root or sudo
		  down                   end it; nothing of it is left but the compiled binaries
		  stop                   end it and keep its state (objects, images, volumes) for the next "up"
		  status                 what runs, where the audit log, the registry and the kubeconfig are
		  kubeconfig             print the file's path: export KUBECONFIG=\$(hack/cluster kubeconfig)
		  env                    print exports of PATH and KUBECONFIG: eval "\$(hack/cluster env)"
		  logs [PART] [-f]       the last lines of each part's log, or the log of one
		  part PART ACTION       start, stop, restart or kill (-9) one part
		  image-gc               make kubelet remove every image that no container uses, once and now
		  build                  compile the binaries, start nothing
		  bin                    compile, and print the folder of the binaries (kubectl, helm, kubeconform, ctr, ...)

		  up --control-plane --dir DIR [--with controller-manager] [--owner PID]
		                         etcd and API server alone, on free ports of 127.0.0.1, without root; any number at once.
		                         The kubeconfig is DIR/kubeconfig. With --owner it ends when that process ends.
		  down|status|logs|part --dir DIR ...
		                         the same for a control plane

		Parts: ${NODE_PARTS[*]}
	END
}

main() {
	local command=${1:-help} control_plane='' with=() owner='' arguments=()
	local all=("$@")
	[ $# = 0 ] || shift
	DIR=
	while [ $# -gt 0 ]; do
		case $1 in
			--control-plane) control_plane=yes ;;
			--dir) DIR=$(realpath -m "${2:?--dir needs a folder}") && shift ;;
			--with) with+=("${2:?--with needs the name of a part}") && shift ;;
			--owner) owner=${2:?--owner needs a process id} && shift ;;
			*) arguments+=("$1") ;;
		esac
		shift
	done
	[ -z "$control_plane" ] || [ -n "$DIR" ] || refuse "--control-plane needs --dir DIR, the folder for its state"
	[ -n "$DIR" ] || DIR=$STATE/cluster
	set -- "${arguments[@]}"
	case $command in
		up) if [ "$DIR" != "$STATE/cluster" ]; then control_plane_up "$owner" "${with[@]}"; else node_up "${all[@]}"; fi ;;
		down) if [ "$DIR" != "$STATE/cluster" ]; then control_plane_down; else node_down remove "${all[@]}"; fi ;;
		stop) if [ "$DIR" != "$STATE/cluster" ]; then refuse "\"stop\" is for the node cluster; use \"down\" for a control plane"; else node_down keep "${all[@]}"; fi ;;
		status) show_status ;;
		kubeconfig) need_cluster && echo "$DIR/kubeconfig" ;;
		env) need_cluster && need_binaries && echo "export PATH=$(printf %q "$BIN"):\"\$PATH\" KUBECONFIG=$(printf %q "$DIR/kubeconfig")" ;;
		logs) show_logs "$@" ;;
		part) change_part "${1:-}" "${2:-}" ;;
		image-gc) collect_images "${all[@]}" ;;
		build) need_binaries ;;
		bin) need_binaries && echo "$BIN" ;;
		help | -h | --help) usage ;;
		*) usage >&2 && exit 2 ;;
	esac
}

need_cluster() { [ -e "$DIR/kubeconfig" ] || refuse "there is no cluster in $DIR; start it with: hack/cluster up"; }

# show_status: exit code 1 where a part is missing or does not run.
show_status() {
	local part pid failed=0 parts=("${NODE_PARTS[@]}")
	[ -d "$DIR/run" ] || { echo "no cluster in $DIR" && return 1; }
	[ "$DIR" = "$STATE/cluster" ] || mapfile -t parts < <(recorded_parts)
	for part in "${parts[@]}"; do
		if pid=$(part_pid "$part"); then
			printf '%-24s running, process %s\n' "$part" "$pid"
		else
			printf '%-24s stopped\n' "$part" && failed=1
		fi
	done
	printf '%-24s %s\n' kubeconfig "$DIR/kubeconfig" "audit log" "$DIR/log/audit.log" logs "$DIR/log" binaries "$(binaries)"
	[ "$DIR" != "$STATE/cluster" ] || printf '%-24s %s\n' registry "$REGISTRY" "storage class" "local ($VOLUMES volumes)" node "$NODE"
	return $failed
}

# show_logs [PART] [-f]
show_logs() {
	local part='' follow=()
	for argument; do
		case $argument in -f | --follow) follow=(-f) ;; *) part=$argument ;; esac
	done
	[ -d "$DIR/log" ] || refuse "there is no cluster in $DIR; start it with: hack/cluster up"
	if [ -n "$part" ]; then
		[ -e "$DIR/log/$part.log" ] || refuse "there is no log of \"$part\"; there are: $(cd "$DIR/log" && ls ./*.log)"
		tail -n 200 "${follow[@]}" "$DIR/log/$part.log"
	else
		tail -n 5 "${follow[@]}" "$DIR"/log/*.log
	fi
}

# change_part PART ACTION: of the node cluster.
change_part() {
	local part=$1 action=$2
	case " ${NODE_PARTS[*]} " in *" $part "*) ;; *) refuse "there is no part \"$part\"; the parts are: ${NODE_PARTS[*]}" ;; esac
	case $action in start | stop | restart | kill) ;; *) refuse "a part can be started, stopped, restarted or killed, not \"$action\"" ;; esac
	work_on_node part "$part" "$action"
	case $action in
		stop | restart) stop_part "$part" ;;
		kill) stop_part "$part" KILL ;;
	esac
	case $action in
		start | restart) node_part "$part" ;;
	esac
	progress "$part: $action done"
}

# work_on_node ARGUMENTS: as root and alone, on the node cluster that is there.
work_on_node() {
	need_cluster
	[ "$DIR" = "$STATE/cluster" ] || refuse "hack/cluster $1 works on the node cluster only"
	need_binaries
	become_root "$@"
	take_lock "$RUN/lock"
}

# collect_images: kubelet looks at images when it starts and then every five minutes, so it is started with an age limit
# that every unused image is over, and then again without.
collect_images() {
	local limit=$DIR/kubelet.d/10-image-gc.conf log=$DIR/log/kubelet.log lines
	work_on_node image-gc
	cat >"$limit" <<-END
		apiVersion: kubelet.config.k8s.io/v1beta1
		kind: KubeletConfiguration
		logging: {verbosity: 4}
		imageMinimumGCAge: 1ns # zero would mean the default
		imageMaximumGCAge: 2ns
	END
	stop_part kubelet
	lines=$(wc -l <"$log")
	node_part kubelet
	wait_ready 30 kubelet eval "tail -n +$((lines + 1)) '$log' | grep 'Image garbage collection'" || refuse "kubelet did not look at the images; see $log"
	tail -n +$((lines + 1)) "$log" | sed -n 's/.*"Removing image to free bytes" imageID="\([^"]*\)".*/removed \1/p'
	rm -f "$limit"
	node_part kubelet
	progress "unused images are gone"
}
