# shellcheck shell=bash disable=SC2034,SC2054 # COMMAND is read by the callers; commas stand in values
# etcd, API server and controller manager: the same commands for the node cluster and for a control plane alone.
# They read DIR, BIN, API_ADDRESS, API_PORT, ETCD_PORT, ETCD_PEER_PORT and set COMMAND.

etcd_command() {
	local client=http://127.0.0.1:$ETCD_PORT peer=http://127.0.0.1:$ETCD_PEER_PORT
	COMMAND=("$BIN/etcd" --name default --data-dir "$DIR/etcd"
		--listen-client-urls "$client" --advertise-client-urls "$client"
		--listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer"
		--log-level warn --quota-backend-bytes 2147483648 "$@")
}

apiserver_command() {
	COMMAND=("$BIN/kube-apiserver" "--etcd-servers=http://127.0.0.1:$ETCD_PORT"
		"--bind-address=$API_ADDRESS" "--advertise-address=$API_ADDRESS" "--secure-port=$API_PORT"
		"--tls-cert-file=$DIR/pki/apiserver.crt" "--tls-private-key-file=$DIR/pki/apiserver.key" "--client-ca-file=$DIR/pki/ca.crt"
		"--service-account-key-file=$DIR/pki/sa.pub" "--service-account-signing-key-file=$DIR/pki/sa.key"
		--service-account-issuer=https://kubernetes.default.svc
		"--service-cluster-ip-range=$SERVICE_RANGE" --authorization-mode=Node,RBAC --allow-privileged=true
		"--audit-policy-file=$PARTS/manifests/audit-policy.yaml" "--audit-log-path=$DIR/log/audit.log"
		--audit-log-maxsize=500 --audit-log-maxbackup=1 "$@")
}

controllers_command() {
	COMMAND=("$BIN/kube-controller-manager" "--kubeconfig=$DIR/pki/kcm.conf"
		"--authentication-kubeconfig=$DIR/pki/kcm.conf" "--authorization-kubeconfig=$DIR/pki/kcm.conf"
		"--service-account-private-key-file=$DIR/pki/sa.key" "--root-ca-file=$DIR/pki/ca.crt" --use-service-account-credentials
		"--cluster-signing-cert-file=$DIR/pki/ca.crt" "--cluster-signing-key-file=$DIR/pki/ca.key"
		--leader-elect=false --bind-address=127.0.0.1 "--flex-volume-plugin-dir=$DIR/volume-plugins"
		# twenty workspaces may come and go at once
		--kube-api-qps=300 --kube-api-burst=600 --concurrent-namespace-syncs=30 --concurrent-gc-syncs=30 "$@")
}

# ask_api PATH: a request of the administrator.
ask_api() {
	curl -fsS --max-time 5 --cacert "$DIR/pki/ca.crt" --cert "$DIR/pki/admin.crt" --key "$DIR/pki/admin.key" "https://$API_ADDRESS:$API_PORT$1"
}

etcd_ready() { curl -fsS --max-time 2 "http://127.0.0.1:$ETCD_PORT/health" | grep '"true"'; }
apiserver_ready() { ask_api /readyz; }
