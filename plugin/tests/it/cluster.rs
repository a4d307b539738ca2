//! A real API server for all tests of this binary: a control plane alone, which ends with the tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use api::v1::{WorkspaceInstance, WorkspaceTemplate};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use serde_json::json;

use super::played_operator;
use super::program::{Ended, run, workshop};

/// Class in which the played operator works.
pub const SERVED: &str = "monday";
/// Class in which no operator works, so nothing is ever ready.
pub const SILENT: &str = "silent";
/// Steps of the template `shell`.
pub const STEPS: [&str; 3] = ["finding", "pipes", "scripting"];

static CLUSTER: LazyLock<Cluster> = LazyLock::new(Cluster::start);

/// The cluster, and a runtime to speak to it from tests.
pub struct Cluster {
    runtime: tokio::runtime::Runtime,
    pub client: Client,
    kubeconfig: PathBuf,
}

/// The cluster of this test run.
pub fn cluster() -> &'static Cluster {
    &CLUSTER
}

impl Cluster {
    fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = std::env::temp_dir().join(format!("plugin-it-{}", std::process::id()));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hack/cluster");
        let owner = std::process::id().to_string();
        let up = Command::new(script)
            .args(["up", "--control-plane", "--owner", &owner, "--dir"])
            .arg(&folder)
            .output()
            .unwrap();
        assert!(up.status.success(), "{}", String::from_utf8_lossy(&up.stderr));
        let kubeconfig = folder.join("kubeconfig");
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let client = runtime.block_on(prepare(&kubeconfig));
        runtime.spawn(played_operator::play(client.clone(), SERVED));
        Self { runtime, client, kubeconfig }
    }

    /// Waits for a call of the API server.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(async { tokio::time::timeout(Duration::from_secs(30), work).await.unwrap() })
    }

    /// A call of the program for this cluster.
    pub fn command(&self, line: &str) -> Command {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut command = workshop(&words);
        command.env("KUBECONFIG", &self.kubeconfig);
        command
    }

    /// Runs the program with this line.
    pub fn run(&self, line: &str) -> Ended {
        run(self.command(line))
    }

    /// Runs the program, which must end with `code`.
    pub fn expect(&self, code: i32, line: &str) -> Ended {
        let ended = self.run(line);
        assert_eq!(ended.code, Some(code), "{line}\n{}{}", ended.out, ended.err);
        ended
    }

    /// Instances of a class.
    pub fn instances(&self, class: &str) -> Api<WorkspaceInstance> {
        Api::namespaced(self.client.clone(), class)
    }
}

async fn prepare(kubeconfig: &Path) -> Client {
    let config = kube::config::Kubeconfig::read_from(kubeconfig).unwrap();
    let config = kube::Config::from_custom_kubeconfig(config, &Default::default()).await.unwrap();
    let client = Client::try_from(config).unwrap();
    let apply = PatchParams::apply("tests").force();
    let definitions = Api::all(client.clone());
    for definition in api::crds::all() {
        let name = definition.name_any();
        let _: k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition =
            definitions.patch(&name, &apply, &Patch::Apply(&definition)).await.unwrap();
        let established = kube::runtime::conditions::is_crd_established();
        let wait = kube::runtime::wait::await_condition(definitions.clone(), &name, established);
        tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap().unwrap();
    }
    let namespaces: Api<Namespace> = Api::all(client.clone());
    for name in [SERVED, SILENT] {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        namespaces.patch(name, &apply, &Patch::Apply(&namespace)).await.unwrap();
    }
    let templates: Api<WorkspaceTemplate> = Api::all(client.clone());
    let template: WorkspaceTemplate = serde_json::from_value(template("shell")).unwrap();
    templates.patch("shell", &apply, &Patch::Apply(&template)).await.unwrap();
    client
}

fn template(name: &str) -> serde_json::Value {
    let steps: Vec<_> = STEPS
        .iter()
        .map(|id| {
            let digest = format!("sha256:{}", "0".repeat(64));
            json!({"id": id, "title": id, "image": {"reference": format!("r.example/w:{id}"), "digest": digest}})
        })
        .collect();
    json!({"apiVersion": "workshop.platform/v1", "kind": "WorkspaceTemplate", "metadata": {"name": name}, "spec": {"steps": steps}})
}
