#!/usr/bin/env bash
# Packs a folder as an image of one layer, in an archive (OCI image layout) that `ctr images import` reads.
# Usage: archive.sh ARCHIVE IMAGE-NAME FOLDER ENTRYPOINT
set -euo pipefail
archive=$1 name=$2 folder=$3 entrypoint=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# pack ARCHIVE FOLDER: the same bytes every time.
pack() { tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$2" -cf "$1" .; }

# blob FILE: puts it into the layout under its digest, prints "digest size".
blob() {
	local digest
	digest=$(sha256sum "$1" | cut -d ' ' -f 1)
	cp "$1" "$work/layout/blobs/sha256/$digest"
	echo "sha256:$digest $(stat -c %s "$1")"
}

mkdir -p "$work/layout/blobs/sha256"
pack "$work/layer.tar" "$folder"
read -r layer layer_size < <(blob "$work/layer.tar")

case $(uname -m) in aarch64) arch=arm64 ;; *) arch=amd64 ;; esac
printf '{"architecture":"%s","os":"linux","config":{"Entrypoint":["%s"]},"rootfs":{"type":"layers","diff_ids":["%s"]}}' \
	"$arch" "$entrypoint" "$layer" >"$work/config.json"
read -r config config_size < <(blob "$work/config.json")

media=application/vnd.oci.image
printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json","config":{"mediaType":"%s.config.v1+json","digest":"%s","size":%s},"layers":[{"mediaType":"%s.layer.v1.tar","digest":"%s","size":%s}]}' \
	$media $media "$config" "$config_size" $media "$layer" "$layer_size" >"$work/manifest.json"
read -r manifest manifest_size < <(blob "$work/manifest.json")

printf '{"schemaVersion":2,"manifests":[{"mediaType":"%s.manifest.v1+json","digest":"%s","size":%s,"annotations":{"io.containerd.image.name":"%s"}}]}' \
	$media "$manifest" "$manifest_size" "$name" >"$work/layout/index.json"
printf '{"imageLayoutVersion":"1.0.0"}' >"$work/layout/oci-layout"
pack "$archive" "$work/layout"
