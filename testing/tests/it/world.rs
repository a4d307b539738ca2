//! One control plane for all tests of the program.

use kube::{Client, Config};
use testing::{ControlPlane, Judge, install_definitions};
use tokio::sync::OnceCell;

/// Never dropped: `hack/cluster` ends it with the process.
static CONTROL_PLANE: OnceCell<ControlPlane> = OnceCell::const_new();

/// A client of the control plane, with both kinds installed.
pub async fn client() -> Client {
    control_plane().await.client().unwrap()
}

/// How the administrator reaches the control plane.
pub async fn config() -> Config {
    control_plane().await.config()
}

async fn control_plane() -> &'static ControlPlane {
    CONTROL_PLANE
        .get_or_init(|| async {
            let control_plane = ControlPlane::start().await.unwrap();
            install_definitions(&control_plane.client().unwrap()).await.unwrap();
            control_plane
        })
        .await
}

/// A judge, and a class namespace for the test alone.
pub async fn judge(class: &str) -> Judge {
    let judge = Judge::new(client().await);
    judge
        .accepts(&serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": class}}))
        .await;
    judge
}
