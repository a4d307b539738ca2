//! Media types: what we write, and Docker's words for the same things.

/// OCI image manifest.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// OCI image index.
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// OCI image config.
pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// OCI layer, a tar under gzip.
pub const LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// OCI layer, a bare tar.
pub const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// The config of an artifact that needs none, `{}`.
pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// Docker's manifest, schema 2.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker's index.
pub const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Docker's image config.
pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// Docker's layer.
pub const DOCKER_LAYER_GZIP: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
/// Docker's layer without compression.
pub const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar";

/// Every manifest that we can read, as an `Accept` header.
pub const ACCEPT_MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, \
application/vnd.oci.image.index.v1+json, \
application/vnd.docker.distribution.manifest.v2+json, \
application/vnd.docker.distribution.manifest.list.v2+json";

/// The OCI name of a media type; others stay as they are.
#[must_use]
pub fn to_oci(media_type: &str) -> &str {
    match media_type {
        DOCKER_MANIFEST => MANIFEST,
        DOCKER_INDEX => INDEX,
        DOCKER_CONFIG => CONFIG,
        DOCKER_LAYER_GZIP => LAYER_GZIP,
        DOCKER_LAYER => LAYER,
        other => other,
    }
}

/// True for an index of either family.
#[must_use]
pub fn is_index(media_type: &str) -> bool {
    to_oci(media_type) == INDEX
}
