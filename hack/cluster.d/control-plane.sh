# shellcheck shell=bash disable=SC2034,SC2153 # variables are read and set by the other files
# A control plane alone, for tests of the API: etcd and API server on free ports of 127.0.0.1, without root.
# Any number can run at once, each with its state in a folder of its own.

# control_plane_up OWNER PART...: PART is controller-manager or nothing.
control_plane_up() {
	local owner=$1 with=("${@:2}") part
	for part in "${with[@]}"; do
		[ "$part" = controller-manager ] || refuse "--with \"$part\": a control plane can have the controller-manager beside etcd and the API server, nothing else"
	done
	need_packages_for control-plane
	need_binaries
	mkdir -p "$DIR" 2>/dev/null || refuse "cannot make the folder $DIR for the state; name another with --dir"
	check_space "$DIR" 500 "the state of a control plane; name another folder with --dir"
	take_lock "$DIR/lock"
	control_plane_version
	mkdir -p "$DIR"/{run,log,etcd}
	echo "$STATE_VERSION" >"$DIR/version"
	make_authority
	make_certificate apiserver /CN=kube-apiserver "DNS:localhost,DNS:kubernetes.default.svc,IP:127.0.0.1"
	make_certificate admin "/O=system:masters/CN=admin"
	start_control_plane "${with[@]}"
	[ -z "$owner" ] || watch_owner "$owner"
	progress "the control plane is up: export KUBECONFIG=$DIR/kubeconfig"
}

control_plane_version() {
	if [ ! -e "$DIR/version" ] && [ ! -d "$DIR/etcd" ]; then return; fi
	if [ "$(cat "$DIR/version" 2>/dev/null)" = "$STATE_VERSION" ]; then return; fi
	progress "the state in $DIR is of another version: making it anew"
	control_plane_remove
}

# start_control_plane [controller-manager]: ports are chosen by chance; where another program was quicker to take one,
# the part ends and other ports are tried.
start_control_plane() {
	local try
	for try in 1 2 3 4 5; do
		choose_ports
		start_api && break
		[ "$try" -lt 5 ] || { tail -n 5 "$DIR"/log/{etcd,kube-apiserver}.log >&2 && refuse "etcd or API server did not start; see $DIR/log"; }
		progress "etcd or API server did not start, trying other ports"
		for part in kube-apiserver etcd; do stop_part "$part" KILL; done
		rm -f "$DIR/ports"
	done
	make_kubeconfig admin "https://127.0.0.1:$API_PORT" "$DIR/kubeconfig"
	[ $# = 0 ] || start_controllers
}

# choose_ports: those of the last time, so that a kubeconfig stays true; else free ones below the range that the
# kernel gives to clients.
choose_ports() {
	[ -e "$DIR/ports" ] || shuf -i 20000-31999 -n 200 | grep -vxF -f <(ss -Hltn | sed -E 's/.*:([0-9]+) +[^ ]+ *$/\1/') | head -n 4 | xargs >"$DIR/ports"
	read -r ETCD_PORT ETCD_PEER_PORT API_PORT CONTROLLERS_PORT <"$DIR/ports"
}

start_api() {
	API_ADDRESS=127.0.0.1 CONFIG_FILES=()
	# what such a cluster holds is thrown away, so it is not written through to the disk
	etcd_command --unsafe-no-fsync
	start_part etcd "${COMMAND[@]}"
	# without the controller manager no namespace gets its default service account, so the check for it is left out
	if [ "${#with[@]}" = 0 ]; then
		apiserver_command --disable-admission-plugins=ServiceAccount
	else
		apiserver_command
	fi
	start_part kube-apiserver "${COMMAND[@]}"
	wait_ready 60 etcd etcd_ready && wait_ready 60 kube-apiserver apiserver_ready || return 1
	# it was ours that answered, not that of another cluster with the same port
	part_pid etcd >/dev/null
}

start_controllers() {
	make_certificate kcm /CN=system:kube-controller-manager
	make_kubeconfig kcm "https://127.0.0.1:$API_PORT" "$DIR/pki/kcm.conf"
	controllers_command "--secure-port=$CONTROLLERS_PORT"
	start_part kube-controller-manager "${COMMAND[@]}"
	wait_ready 30 kube-controller-manager curl -fsSk --max-time 2 "https://127.0.0.1:$CONTROLLERS_PORT/healthz" ||
		refuse "the controller manager did not start; see $DIR/log/kube-controller-manager.log"
}

# watch_owner PID: ends this control plane when that process has ended, so that a killed test leaves nothing.
watch_owner() {
	local command=(bash "$PARTS/watch-owner.sh" "$1" "$DIR")
	CONFIG_FILES=()
	start_part owner "${command[@]}"
}

control_plane_down() {
	[ -d "$DIR/run" ] || [ -e "$DIR/version" ] || { progress "there is no control plane in $DIR" && return; }
	take_lock "$DIR/lock"
	control_plane_remove
	rm -f "$DIR/lock"
	rmdir "$DIR" 2>/dev/null || true
	progress "the control plane is gone"
}

# control_plane_remove: the processes, and those files in DIR that are ours; the folder may hold others.
control_plane_remove() {
	local part pid
	for part in $(recorded_parts); do
		# the watcher of the owner has turned into this very process
		[ "$(part_pid "$part")" = $$ ] || stop_part "$part" KILL || true
	done
	for pid in $(strays "$DIR/"); do end_process "$pid" KILL || true; done
	rm -rf "$DIR"/{run,log,etcd,pki,volume-plugins,ports,kubeconfig,version}
}
