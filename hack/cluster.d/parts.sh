# shellcheck shell=bash disable=SC2034 # variables are read by the other files
# The parts of the node cluster: how each is started, and how one knows that it works.

# node_part PART: starts it unless it runs, and waits until it answers.
node_part() {
	local part=$1
	prepare_part "$part"
	start_part "$part" "${COMMAND[@]}"
	wait_ready 60 "$part" part_ready "$part" && return
	# it may have run for long and be stuck
	progress "$part does not answer, restarting it"
	stop_part "$part"
	start_part "$part" "${COMMAND[@]}"
	wait_ready 60 "$part" part_ready "$part" && return
	tail -n 5 "$DIR/log/$part.log" >&2
	refuse "$part does not work; see $DIR/log/$part.log"
}

# prepare_part PART: sets COMMAND and CONFIG_FILES, and checks the port it needs.
prepare_part() {
	API_ADDRESS=$NODE_ADDRESS
	CONFIG_FILES=()
	case $1 in
		registry)
			check_port "$NODE_ADDRESS" "${REGISTRY##*:}" registry
			CONFIG_FILES=("$DIR/registry.yaml")
			COMMAND=(docker-registry serve "$DIR/registry.yaml")
			;;
		etcd)
			check_port 127.0.0.1 "$ETCD_PORT" etcd
			etcd_command
			;;
		kube-apiserver)
			check_port "$NODE_ADDRESS" "$API_PORT" kube-apiserver
			CONFIG_FILES=("$PARTS/manifests/audit-policy.yaml")
			apiserver_command --enable-admission-plugins=NodeRestriction --kubelet-preferred-address-types=InternalIP \
				"--kubelet-client-certificate=$DIR/pki/admin.crt" "--kubelet-client-key=$DIR/pki/admin.key"
			;;
		kube-controller-manager)
			check_port 127.0.0.1 "$CONTROLLERS_PORT" kube-controller-manager
			controllers_command "--secure-port=$CONTROLLERS_PORT" --allocate-node-cidrs "--cluster-cidr=$POD_RANGE" --node-cidr-mask-size="${NODE_POD_RANGE##*/}"
			;;
		kube-scheduler)
			check_port 127.0.0.1 "$SCHEDULER_PORT" kube-scheduler
			COMMAND=("$BIN/kube-scheduler" "--kubeconfig=$DIR/pki/scheduler.conf" "--authentication-kubeconfig=$DIR/pki/scheduler.conf"
				"--authorization-kubeconfig=$DIR/pki/scheduler.conf" --leader-elect=false --bind-address=127.0.0.1
				"--secure-port=$SCHEDULER_PORT" --kube-api-qps=300 --kube-api-burst=600)
			;;
		coredns)
			check_port "$NODE_ADDRESS" "$DNS_PORT" coredns
			CONFIG_FILES=("$DIR/Corefile")
			COMMAND=("$BIN/coredns" -conf "$DIR/Corefile")
			;;
		containerd)
			CONFIG_FILES=("$DIR/containerd/config.toml" "$DIR/cni/10-workshop.conflist")
			COMMAND=("$BIN/containerd" -c "$DIR/containerd/config.toml")
			;;
		kubelet)
			check_port "$NODE_ADDRESS" "$KUBELET_PORT" kubelet
			CONFIG_FILES=("$DIR/kubelet.yaml" "$DIR"/kubelet.d/*.conf)
			[ -e "${CONFIG_FILES[1]}" ] || CONFIG_FILES=("$DIR/kubelet.yaml")
			COMMAND=("$BIN/kubelet" "--config=$DIR/kubelet.yaml" "--config-dir=$DIR/kubelet.d" "--kubeconfig=$DIR/pki/kubelet.conf"
				"--hostname-override=$NODE" "--node-ip=$NODE_ADDRESS" "--root-dir=$DIR/kubelet" "--cert-dir=$DIR/pki")
			;;
		kube-proxy)
			check_port 127.0.0.1 "$PROXY_HEALTH_PORT" kube-proxy
			# the conntrack limits stay as they are: a container may not change them
			COMMAND=("$BIN/kube-proxy" "--kubeconfig=$DIR/pki/proxy.conf" --proxy-mode=nftables "--cluster-cidr=$POD_RANGE"
				"--hostname-override=$NODE" "--healthz-bind-address=127.0.0.1:$PROXY_HEALTH_PORT" "--metrics-bind-address=127.0.0.1:$PROXY_METRICS_PORT"
				--conntrack-max-per-core=0 --conntrack-tcp-timeout-established=0 --conntrack-tcp-timeout-close-wait=0)
			;;
		*) refuse "there is no part \"$1\"; the parts are: ${NODE_PARTS[*]}" ;;
	esac
}

# part_ready PART: does it answer?
part_ready() {
	local get=(curl -fsS --max-time 2)
	case $1 in
		registry) "${get[@]}" "http://$REGISTRY/v2/" ;;
		etcd) etcd_ready ;;
		kube-apiserver) apiserver_ready ;;
		kube-controller-manager) "${get[@]}" -k "https://127.0.0.1:$CONTROLLERS_PORT/healthz" ;;
		kube-scheduler) "${get[@]}" -k "https://127.0.0.1:$SCHEDULER_PORT/healthz" ;;
		coredns) "${get[@]}" "http://127.0.0.1:$DNS_READY_PORT/ready" ;;
		containerd) "$BIN/ctr" --address "$RUN/containerd.sock" --connect-timeout 2s version ;;
		kubelet) "${get[@]}" "http://127.0.0.1:$KUBELET_HEALTH_PORT/healthz" ;;
		kube-proxy) "${get[@]}" "http://127.0.0.1:$PROXY_HEALTH_PORT/healthz" ;;
	esac
}
