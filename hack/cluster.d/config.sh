# shellcheck shell=bash
# Configuration files of the node's parts, under DIR. Written anew by every "up"; a part whose file changed restarts.

write_configuration() {
	mkdir -p "$DIR"/{run,log,etcd,registry,kubelet.d,manifests,containerd/certs.d/"$REGISTRY"}
	chmod 755 "$DIR"
	rm -f "$DIR/kubelet.d/10-image-gc.conf" # of a garbage collection that was interrupted
	# the caller may read what was asked of the API server
	touch "$DIR/log/audit.log"
	[ -z "${SUDO_UID:-}" ] || chown "$SUDO_UID" "$DIR/log/audit.log"
	write_registry
	write_coredns
	write_containerd
	write_network
	write_kubelet
}

write_registry() {
	cat >"$DIR/registry.yaml" <<-END
		version: 0.1
		log: {level: warn, accesslog: {disabled: true}}
		storage: {filesystem: {rootdirectory: $DIR/registry}, delete: {enabled: true}, cache: {blobdescriptor: inmemory}}
		http: {addr: "$REGISTRY"} # one name for host, containerd and pods
	END
	# plain HTTP, for this one name only
	cat >"$DIR/containerd/certs.d/$REGISTRY/hosts.toml" <<-END
		server = "http://$REGISTRY"
		[host."http://$REGISTRY"]
		  capabilities = ["pull", "resolve"]
	END
}

write_coredns() {
	# Pods reach nothing outside, so a name that the cluster does not have does not exist: the answer comes at once.
	cat >"$DIR/Corefile" <<-END
		.:$DNS_PORT {
		  bind $NODE_ADDRESS
		  ready 127.0.0.1:$DNS_READY_PORT
		  errors
		  cache 5 {
		    disable denial
		  }
		  kubernetes cluster.local in-addr.arpa {
		    kubeconfig $DIR/pki/coredns.conf
		    ttl 5
		  }
		  template ANY ANY {
		    rcode NXDOMAIN
		  }
		}
	END
	echo "nameserver $DNS_SERVICE" >"$DIR/resolv.conf"
}

write_containerd() {
	# oom_score, restrict_oom_score_adj: without CAP_SYS_RESOURCE (in a container) a score cannot be lowered
	cat >"$DIR/containerd/config.toml" <<-END
		version = 3
		root = "$DIR/containerd/root"
		state = "$RUN/containerd"
		oom_score = 0
		disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.erofs", "io.containerd.differ.v1.erofs"]
		[grpc]
		  address = "$RUN/containerd.sock"
		[plugins.'io.containerd.shim.v1.manager']
		  socket_dir = "$RUN/shim"
		[plugins.'io.containerd.cri.v1.images']
		  snapshotter = "overlayfs"
		  max_concurrent_downloads = 8
		[plugins.'io.containerd.cri.v1.images'.pinned_images]
		  sandbox = "$SANDBOX_IMAGE"
		[plugins.'io.containerd.cri.v1.images'.registry]
		  config_path = "$DIR/containerd/certs.d"
		[plugins.'io.containerd.cri.v1.runtime']
		  restrict_oom_score_adj = true
		  enable_unprivileged_ports = true
		  netns_mounts_under_state_dir = true
		[plugins.'io.containerd.cri.v1.runtime'.cni]
		  bin_dirs = ["/usr/lib/cni"]
		  use_internal_loopback = true
		  conf_dir = "$DIR/cni"
		[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
		  runtime_type = "io.containerd.runc.v2"
		  runtime_path = "$BIN/containerd-shim-runc-v2"
		[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
		  BinaryName = "$BIN/runc"
		  Root = "$RUN/runc"
	END
}

write_network() {
	mkdir -p "$DIR/cni"
	cat >"$DIR/cni/10-workshop.conflist" <<-END
		{"cniVersion": "1.0.0", "name": "workshop", "plugins": [{
		  "type": "bridge", "bridge": "$BRIDGE", "isGateway": true, "ipMasq": false, "hairpinMode": true,
		  "ipam": {"type": "host-local", "dataDir": "$RUN/addresses", "ranges": [[{"subnet": "$NODE_POD_RANGE"}]], "routes": [{"dst": "0.0.0.0/0"}]}
		}]}
	END
}

write_kubelet() {
	# failCgroupV1: hosts with the old control groups are fine for this; evictionHard: the disk is the user's, not ours
	cat >"$DIR/kubelet.yaml" <<-END
		apiVersion: kubelet.config.k8s.io/v1beta1
		kind: KubeletConfiguration
		address: $NODE_ADDRESS
		port: $KUBELET_PORT
		healthzBindAddress: 127.0.0.1
		healthzPort: $KUBELET_HEALTH_PORT
		authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $DIR/pki/ca.crt}}
		authorization: {mode: Webhook}
		tlsCertFile: $DIR/pki/kubelet.crt
		tlsPrivateKeyFile: $DIR/pki/kubelet.key
		containerRuntimeEndpoint: unix://$RUN/containerd.sock
		cgroupDriver: cgroupfs
		cgroupRoot: /$CGROUP
		failCgroupV1: false
		failSwapOn: false
		clusterDNS: [$DNS_SERVICE]
		clusterDomain: cluster.local
		resolvConf: $DIR/resolv.conf
		podLogsDir: $DIR/log/pods
		volumePluginDir: $DIR/volume-plugins
		makeIPTablesUtilChains: false
		maxPods: 300
		podPidsLimit: 512
		serializeImagePulls: false
		registryPullQPS: 0
		eventRecordQPS: 0
		kubeAPIQPS: 300
		kubeAPIBurst: 600
		logging: {verbosity: 2}
		imageGCHighThresholdPercent: 99
		imageGCLowThresholdPercent: 98
		evictionHard: {imagefs.available: 1%, memory.available: 100Mi, nodefs.available: 1%, nodefs.inodesFree: 1%}
	END
}

# write_manifests FILE: the objects that the cluster itself needs.
write_manifests() {
	local number
	{
		cat "$PARTS/manifests/dns.yaml" <(echo ---) "$PARTS/manifests/storage.yaml"
		for number in $(seq -w "$VOLUMES"); do sed "s/@VOLUME@/local-$number/g" "$PARTS/manifests/volume.yaml"; done
	} | sed -e "s/@DNS_SERVICE@/$DNS_SERVICE/g; s/@DNS_PORT@/$DNS_PORT/g; s/@NODE_ADDRESS@/$NODE_ADDRESS/g; s/@NODE@/$NODE/g" \
		-e "s#@VOLUMES_FOLDER@#$DIR/volumes#g" >"$1"
}
