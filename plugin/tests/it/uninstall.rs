//! `uninstall`, after the parts of the platform were removed in any order (goal G17, fault F50).
//!
//! An API server with the controllers that end namespaces, and the operator itself in this process. No node:
//! workspaces never start, and everything that has to be taken away is there all the same.

use std::time::Duration;

use api::v1::{WorkspaceInstance, WorkspaceTemplate};
use controllers::config::{Bounds, built_in_settings};
use controllers::{Config, Metrics, Operator};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};
use testing::ControlPlane;

use super::program::{Ended, run, workshop};

const HOME: &str = "workshop-system";
const CLASS: &str = "monday";
const LIMIT: Duration = Duration::from_secs(60);

/// A part of the platform.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Instances,
    Definitions,
    Operator,
    Namespaces,
}
use Part::{Definitions, Instances, Namespaces, Operator as Operators};

/// An installed platform with two workspaces.
struct Platform {
    plane: ControlPlane,
    client: Client,
    operator: Option<tokio::task::JoinHandle<()>>,
}

impl Platform {
    async fn start() -> Self {
        let plane = ControlPlane::start_with(&["controller-manager"]).await.unwrap();
        let client = plane.client().unwrap();
        Self { plane, client, operator: None }
    }

    /// Installs everything and waits until both workspaces have a pod.
    async fn install(&mut self) {
        testing::install_definitions(&self.client).await.unwrap();
        for name in [HOME, CLASS] {
            self.apply::<Namespace>(None, json!({"metadata": {"name": name}})).await;
        }
        let labels = json!({"app.kubernetes.io/name": "workshop", "app.kubernetes.io/component": "operator"});
        // Nothing runs it here; the operator is a task of this process.
        self.apply::<Deployment>(
            Some(HOME),
            json!({"metadata": {"name": "workshop-operator", "labels": labels},
                "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
                    "spec": {"containers": [{"name": "operator", "image": "none"}]}}}}),
        )
        .await;
        let digest = format!("sha256:{}", "0".repeat(64));
        self.apply::<WorkspaceTemplate>(
            None,
            json!({"metadata": {"name": "shell"}, "spec": {"steps": [
                {"id": "one", "title": "One", "image": {"reference": "r.example/w:one", "digest": digest}}]}}),
        )
        .await;
        self.operator.take().inspect(tokio::task::JoinHandle::abort);
        self.operator = Some(tokio::spawn(operator(self.client.clone()).run(std::future::pending())));
        for name in ["ana", "bo"] {
            self.apply::<WorkspaceInstance>(
                Some(CLASS),
                json!({"metadata": {"name": name}, "spec": {"templateRef": {"name": "shell"}, "owner": name}}),
            )
            .await;
        }
        self.until("two workspaces", async |client| {
            let pods: Api<Pod> = Api::all(client);
            let ours = ListParams::default().labels("workshop.platform/role=workspace");
            pods.list(&ours).await.is_ok_and(|pods| pods.items.len() == 2)
        })
        .await;
    }

    async fn apply<K>(&self, namespace: Option<&str>, mut object: Value)
    where
        K: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
    {
        object["apiVersion"] = json!(K::api_version(&()));
        object["kind"] = json!(K::kind(&()));
        if let Some(namespace) = namespace {
            object["metadata"]["namespace"] = json!(namespace);
        }
        let resource = kube::core::ApiResource::erase::<K>(&());
        let api: Api<kube::core::DynamicObject> = match namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        };
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        let params = PatchParams::apply("tests").force();
        api.patch(&name, &params, &Patch::Apply(&object)).await.unwrap();
    }

    /// Removes a part as somebody would who did not read the documents: without waiting for anything.
    async fn remove(&mut self, part: Part) {
        let params = DeleteParams::default();
        match part {
            Instances => {
                let api: Api<WorkspaceInstance> = Api::namespaced(self.client.clone(), CLASS);
                for name in ["ana", "bo"] {
                    let _ = api.delete(name, &params).await;
                }
            }
            Definitions => {
                let api: Api<CustomResourceDefinition> = Api::all(self.client.clone());
                for definition in api::crds::all() {
                    let _ = api.delete(&definition.name_any(), &params).await;
                }
            }
            Operators => {
                if let Some(operator) = self.operator.take() {
                    operator.abort();
                }
                let api: Api<Deployment> = Api::namespaced(self.client.clone(), HOME);
                let _ = api.delete("workshop-operator", &params).await;
            }
            Namespaces => {
                let api: Api<Namespace> = Api::all(self.client.clone());
                for name in [HOME, CLASS] {
                    let _ = api.delete(name, &params).await;
                }
            }
        }
    }

    /// The program, on a thread of its own: the operator needs this one.
    async fn uninstall(&self, line: &'static str) -> Ended {
        let mut command = workshop(&line.split(' ').collect::<Vec<_>>());
        command.env("KUBECONFIG", self.plane.kubeconfig());
        tokio::task::spawn_blocking(move || run(command)).await.unwrap()
    }

    /// Names of everything of ours that is left.
    async fn left(client: &Client) -> Vec<String> {
        let namespaces: Api<Namespace> = Api::all(client.clone());
        let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
        let all = ListParams::default();
        let mut left: Vec<String> =
            namespaces.list(&all).await.unwrap().iter().map(ResourceExt::name_any).collect();
        left.retain(|name| name.starts_with("ws-") || [HOME, CLASS].contains(&name.as_str()));
        left.extend(definitions.list(&all).await.unwrap().iter().map(ResourceExt::name_any));
        left
    }

    async fn until(&self, what: &str, is_so: impl AsyncFn(Client) -> bool) {
        let seen = async {
            while !is_so(self.client.clone()).await {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        assert!(tokio::time::timeout(LIMIT, seen).await.is_ok(), "{what} within {LIMIT:?}");
    }
}

fn operator(client: Client) -> Operator {
    let config = Config {
        namespace: HOME.to_owned(),
        service_account: "workshop-operator".to_owned(),
        agent_image: "r.example/agent:1".to_owned(),
        defaults: built_in_settings(),
        allow_root_without_user_namespace: false,
        concurrency: 4,
        bounds: Bounds::default(),
    };
    Operator::new(client, config, Metrics::default())
}

/// All orders of the four parts.
fn orders() -> Vec<Vec<Part>> {
    fn extend(begun: Vec<Part>) -> Vec<Vec<Part>> {
        let rest =
            [Instances, Definitions, Operators, Namespaces].into_iter().filter(|part| !begun.contains(part));
        let more: Vec<_> = rest.flat_map(|part| extend([begun.clone(), vec![part]].concat())).collect();
        if more.is_empty() { vec![begun] } else { more }
    }
    extend(Vec::new())
}

#[test]
fn there_are_24_orders() {
    assert_eq!(orders().len(), 24);
}

/// Removes the parts in each of these orders, each time of a new installation, and then does what the
/// documents say.
async fn nothing_is_left_after(platform: &mut Platform, orders: Vec<Vec<Part>>) {
    for order in orders {
        platform.install().await;
        for part in &order {
            platform.remove(*part).await;
        }
        let ended = platform.uninstall("uninstall --yes --definitions --wait=1m").await;
        assert_eq!(ended.code, Some(0), "{order:?}\n{}{}", ended.out, ended.err);
        assert!(ended.out.contains("workspaces: ") && ended.out.contains(", none left"), "{}", ended.out);
        // The namespaces that were removed by hand go as well.
        let what = format!("{order:?}: nothing left");
        platform.until(&what, async |client| Platform::left(&client).await.is_empty()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whichever_part_goes_first_nothing_is_left() {
    let first = |part| orders().into_iter().find(|order| order.first() == Some(&part)).unwrap();
    let four = [Instances, Definitions, Operators, Namespaces].map(first).to_vec();
    let mut platform = Platform::start().await;
    platform.install().await;
    asks_first(&platform).await;
    says_what_holds(&platform).await;
    nothing_is_left_after(&mut platform, four).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes five minutes; hack/campaign runs it"]
async fn after_any_order_nothing_is_left() {
    nothing_is_left_after(&mut Platform::start().await, orders()).await;
}

async fn asks_first(platform: &Platform) {
    let asked = platform.uninstall("uninstall").await;
    assert_eq!(asked.code, Some(8), "{}{}", asked.out, asked.err);
    assert!(asked.err.contains("2 workspaces of 1 class"), "{}", asked.err);
    let rehearsed = platform.uninstall("uninstall --definitions --dry-run=server").await;
    assert_eq!(rehearsed.code, Some(0), "{}", rehearsed.err);
    for line in [
        "instance monday/ana deleted (server dry run)\n",
        "definition workspacetemplates.workshop.platform deleted (server dry run)\n",
        "operator: still in namespace workshop-system; remove it with\n  kubectl delete -k config/operator\n",
        "definitions: still there, with 1 template; remove both with\n",
    ] {
        assert!(rehearsed.out.contains(line), "{line}\n{}", rehearsed.out);
    }
    let instances: Api<WorkspaceInstance> = Api::all(platform.client.clone());
    let all = instances.list(&ListParams::default()).await.unwrap();
    assert!(all.items.len() == 2 && all.iter().all(|one| one.metadata.deletion_timestamp.is_none()));
}

/// A stranger's finalizer inside of a workspace: told with its name, left alone, and gone on from (F70).
async fn says_what_holds(platform: &Platform) {
    let namespace = api::names::workspace_namespace(CLASS, "ana");
    let held = json!({"metadata": {"name": "held", "finalizers": ["stranger.example/holds"]}});
    platform.apply::<ConfigMap>(Some(&namespace), held).await;
    let blocked = platform.uninstall("uninstall --yes --wait=8s").await;
    assert_eq!(blocked.code, Some(5), "{}{}", blocked.out, blocked.err);
    for words in
        ["the workspaces are not all gone", namespace.as_str(), "stranger.example/holds in 1 resource"]
    {
        assert!(blocked.err.contains(words), "{words}\n{}", blocked.err);
    }
    let instances: Api<WorkspaceInstance> = Api::namespaced(platform.client.clone(), CLASS);
    assert!(instances.get("ana").await.is_ok(), "it waits for its namespace");

    let free = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    let maps: Api<ConfigMap> = Api::namespaced(platform.client.clone(), &namespace);
    maps.patch("held", &PatchParams::default(), &free).await.unwrap();
    let done = platform.uninstall("uninstall --yes").await;
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
    assert!(done.out.contains("definitions: still there, with 1 template"), "{}", done.out);
    assert!(instances.list(&ListParams::default()).await.unwrap().items.is_empty());
}
