# shellcheck shell=bash disable=SC2034 # read by the files beside this one
# Versions, addresses and ports of the embedded cluster. Versions stand in the go.mod files and are read from there.

# module_version MODULE FOLDER: the version, without v, that FOLDER/go.mod asks for.
module_version() { awk -v module="$1" '{ sub(/^require /, "") } $1 == module { sub(/^v/, "", $2); print $2; exit }' "$PARTS/go/$2/go.mod"; }

KUBERNETES_VERSION=$(module_version k8s.io/kubernetes kube)
ETCD_VERSION=$(module_version go.etcd.io/etcd/server/v3 kube)
HELM_VERSION=$(module_version helm.sh/helm/v4 kube)
CONTAINERD_VERSION=$(module_version github.com/containerd/containerd/v2 containerd)

# State of another version is made anew. Raise the number when the layout of the state folder changes.
STATE_VERSION="layout 1, Kubernetes $KUBERNETES_VERSION, etcd $ETCD_VERSION, containerd $CONTAINERD_VERSION"

# The node cluster. Its ranges are reserved for tests of networks (RFC 2544), so no real network has them.
NODE=node-1
BRIDGE=workshop0
NODE_ADDRESS=198.18.0.1
POD_RANGE=198.18.0.0/16
NODE_POD_RANGE=198.18.0.0/22 # room for 1,000 pods on the one node
SERVICE_RANGE=198.19.0.0/16
API_SERVICE=198.19.0.1
DNS_SERVICE=198.19.0.10
REGISTRY=$NODE_ADDRESS:15000
API_PORT=16443
ETCD_PORT=12379
ETCD_PEER_PORT=12380
DNS_PORT=10053
DNS_READY_PORT=12181
CONTROLLERS_PORT=12257
SCHEDULER_PORT=12259
PROXY_HEALTH_PORT=12256
PROXY_METRICS_PORT=12249
KUBELET_PORT=10250
KUBELET_HEALTH_PORT=12248
VOLUMES=24 # volumes in the pool of the storage class "local"

# Sockets and everything that a restart of the machine takes away.
RUN=/run/workshop-platform
CGROUP=workshop-platform
DEVICE_SOCKET=/var/lib/kubelet/device-plugins/kubelet.sock # the one path that no kubelet can be told to change
SANDBOX_IMAGE=workshop.local/pause:1

# In the order in which they start.
NODE_PARTS=(registry etcd kube-apiserver kube-controller-manager kube-scheduler coredns containerd kubelet kube-proxy)
