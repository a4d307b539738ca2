# shellcheck shell=bash
# Certificates, keys and kubeconfigs of a cluster, in DIR/pki. Each file appears whole or not at all.

# make_key FILE
make_key() {
	[ -e "$1" ] || { openssl ecparam -genkey -noout -name prime256v1 -out "$1.new" && mv "$1.new" "$1"; }
}

make_authority() {
	mkdir -p "$DIR/pki" && chmod 700 "$DIR/pki"
	make_key "$DIR/pki/ca.key"
	[ -e "$DIR/pki/ca.crt" ] || {
		openssl req -x509 -new -key "$DIR/pki/ca.key" -subj /CN=workshop-cluster -days 3650 -out "$DIR/pki/ca.crt.new" 2>/dev/null
		mv "$DIR/pki/ca.crt.new" "$DIR/pki/ca.crt"
	}
	# service account tokens
	make_key "$DIR/pki/sa.key"
	[ -e "$DIR/pki/sa.pub" ] || { openssl ec -in "$DIR/pki/sa.key" -pubout -out "$DIR/pki/sa.pub.new" 2>/dev/null && mv "$DIR/pki/sa.pub.new" "$DIR/pki/sa.pub"; }
}

# make_certificate NAME SUBJECT [SUBJECT-ALTERNATIVE-NAMES]
make_certificate() {
	local file=$DIR/pki/$1 extensions
	[ ! -e "$file.crt" ] || return 0
	make_key "$file.key"
	extensions="extendedKeyUsage=clientAuth,serverAuth"
	[ -z "${3:-}" ] || extensions+=$'\n'"subjectAltName=$3"
	openssl req -new -key "$file.key" -subj "$2" -out "$file.csr" 2>/dev/null
	openssl x509 -req -in "$file.csr" -CA "$DIR/pki/ca.crt" -CAkey "$DIR/pki/ca.key" -set_serial "0x$(openssl rand -hex 16)" \
		-days 3650 -extfile <(echo "$extensions") -out "$file.crt.new" 2>/dev/null
	rm "$file.csr"
	mv "$file.crt.new" "$file.crt"
}

# make_kubeconfig NAME SERVER FILE: for the certificate NAME.
make_kubeconfig() {
	encoded() { base64 -w 0 "$DIR/pki/$1"; }
	(
		umask 077
		cat >"$3.new" <<-END
			apiVersion: v1
			kind: Config
			clusters: [{name: workshop, cluster: {server: "$2", certificate-authority-data: $(encoded ca.crt)}}]
			users: [{name: $1, user: {client-certificate-data: $(encoded "$1.crt"), client-key-data: $(encoded "$1.key")}}]
			contexts: [{name: workshop, context: {cluster: workshop, user: $1}}]
			current-context: workshop
		END
	)
	mv "$3.new" "$3"
}
