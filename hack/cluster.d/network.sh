# shellcheck shell=bash
# The bridge of the pods, its routes, and the kernel settings that it needs.

SETTINGS=(net.ipv4.ip_forward net.bridge.bridge-nf-call-iptables)

# bridge_there: the bridge with its address.
bridge_there() { ip -4 -br addr show dev "$BRIDGE" 2>/dev/null | grep -w "$NODE_ADDRESS/22" >/dev/null; }

network_up() {
	local name
	# how it was, so that "down" can put it back
	[ -e "$DIR/settings" ] || { sysctl "${SETTINGS[@]}" >"$DIR/settings.new" && mv "$DIR/settings.new" "$DIR/settings"; }
	for name in "${SETTINGS[@]}"; do sysctl -qw "$name=1"; done
	ip link show "$BRIDGE" >/dev/null 2>&1 || ip link add "$BRIDGE" type bridge
	bridge_there || ip addr add "$NODE_ADDRESS/22" dev "$BRIDGE"
	ip link set "$BRIDGE" up
	# nothing meant for a pod may leave by the default route; services are reached over the bridge
	ip route replace blackhole "$POD_RANGE"
	ip route replace "$SERVICE_RANGE" dev "$BRIDGE"
}

network_down() {
	local family
	ip link del "$BRIDGE" 2>/dev/null
	ip route del blackhole "$POD_RANGE" 2>/dev/null
	for family in ip ip6; do nft delete table $family kube-proxy 2>/dev/null; done
	if [ -e "$DIR/settings" ]; then sed 's/ = /=/' "$DIR/settings" | xargs -r sysctl -qw && rm -f "$DIR/settings"; fi
}

# dns_answers ADDRESS PORT: does it know the address of the API server's service? One DNS question over TCP.
dns_answers() {
	local question answer
	question='\x00\x36\x77\x73\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x0akubernetes\x07default\x03svc\x07cluster\x05local\x00\x00\x01\x00\x01'
	# length (2), id (2), flags (2), questions (2), answers (2): no error and one answer
	# shellcheck disable=SC2016 # for the other shell
	answer=$(timeout 2 bash -c 'exec 3<>"/dev/tcp/$0/$1" && printf "$2" >&3 && head -c 10 <&3 | od -An -tu1' "$1" "$2" "$question" 2>/dev/null) || return 1
	read -ra answer <<<"$answer"
	[ ${#answer[@]} = 10 ] && [ $((answer[5] % 16)) = 0 ] && [ "${answer[9]}" = 1 ]
}
