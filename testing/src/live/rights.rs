//! Whether the operator asked for anything that its roles do not give, from the API server's audit log.

use std::collections::BTreeSet;
use std::fmt;

use api::names;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule, Role};
use kube::Api;
use kube::api::ListParams;
use serde::Deserialize;

use super::LiveError;
use super::world::{OPERATOR_NAMESPACE, World};

/// A request of the operator.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request {
    /// `get`, `list`, `watch`, `create`, …
    pub verb: String,
    /// Group of the resource, empty for the core.
    pub group: String,
    /// `pods`, or with a subresource `pods/status`.
    pub resource: String,
    /// Empty for objects of the whole cluster and for questions about all namespaces.
    pub namespace: String,
    /// Empty where none was named.
    pub name: String,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verb, group, resource, namespace, name } = self;
        write!(f, "{verb} {group}/{resource} {namespace}/{name}")
    }
}

/// What the operator's roles give, as they are installed.
#[derive(Clone, Debug)]
pub struct Rights {
    everywhere: Vec<PolicyRule>,
    workspaces: Vec<PolicyRule>,
    home: Vec<PolicyRule>,
}

impl Rights {
    /// Reads the roles of the cluster.
    ///
    /// # Errors
    /// When one is not there.
    pub async fn installed(world: &World) -> Result<Self, LiveError> {
        let roles: Api<ClusterRole> = Api::all(world.client.clone());
        let rules = async |name: &str| {
            let role = roles.get(name).await.map_err(LiveError::api(format!("ClusterRole {name}")))?;
            Ok::<_, LiveError>(role.rules.unwrap_or_default())
        };
        let home: Api<Role> = world.objects(OPERATOR_NAMESPACE);
        let home = home.get(names::OPERATOR).await.map_err(LiveError::api("the operator's Role"))?;
        Ok(Self {
            everywhere: rules(names::OPERATOR).await?,
            workspaces: rules(names::WORKSPACE_ROLE).await?,
            home: home.rules.unwrap_or_default(),
        })
    }

    /// Whether a rule gives this: in the whole cluster, in the operator's namespace, or in that of a workspace.
    #[must_use]
    pub fn give(&self, request: &Request) -> bool {
        let mut rules = self.everywhere.iter().collect::<Vec<_>>();
        if request.namespace == OPERATOR_NAMESPACE {
            rules.extend(&self.home);
        } else if request.namespace.starts_with("ws-") {
            rules.extend(&self.workspaces);
        }
        rules.into_iter().any(|rule| covers(rule, request))
    }
}

fn covers(rule: &PolicyRule, request: &Request) -> bool {
    let has =
        |words: Option<&Vec<String>>, word: &str| words.is_some_and(|all| all.iter().any(|one| one == word));
    let named = rule.resource_names.as_ref().is_none_or(|names| names.contains(&request.name));
    rule.verbs.contains(&request.verb)
        && has(rule.api_groups.as_ref(), &request.group)
        && has(rule.resources.as_ref(), &request.resource)
        && named
}

impl World {
    /// Everything that the operator asked for since its oldest running pod was made.
    ///
    /// # Errors
    /// When no operator runs, or the log cannot be read.
    pub async fn operators_requests(&self) -> Result<BTreeSet<Request>, LiveError> {
        let pods: Api<Pod> = self.objects(OPERATOR_NAMESPACE);
        let operators = ListParams::default().labels("app.kubernetes.io/component=operator");
        let pods = pods.list(&operators).await.map_err(LiveError::api("the operator's pods"))?;
        let began =
            pods.items.iter().filter_map(|pod| Some(pod.metadata.creation_timestamp.as_ref()?.0)).min();
        let began = began
            .ok_or_else(|| LiveError::NoWorld("no operator runs; run hack/install-product".to_owned()))?;
        // Everything that was answered until now is in the log.
        self.mark().await?;
        let user = format!("system:serviceaccount:{OPERATOR_NAMESPACE}:{}", names::OPERATOR);
        let mut requests = BTreeSet::new();
        for line in self.text_since(0)?.lines().filter(|line| line.contains(&user)) {
            requests.extend(read(line, &user, began)?);
        }
        Ok(requests)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    verb: String,
    user: User,
    request_received_timestamp: jiff::Timestamp,
    object_ref: Option<Object>,
}

#[derive(Deserialize)]
struct User {
    username: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Object {
    api_group: String,
    resource: String,
    subresource: Option<String>,
    namespace: String,
    name: String,
}

/// A line of the log, if it is about an object, of this user and not older than `began`.
fn read(line: &str, user: &str, began: jiff::Timestamp) -> Result<Option<Request>, LiveError> {
    let event: Event =
        serde_json::from_str(line).map_err(|error| LiveError::form(format!("audit log: {line}"), error))?;
    let ours = event.user.username == user && event.request_received_timestamp >= began;
    let Some(object) = event.object_ref.filter(|_| ours) else { return Ok(None) };
    // Of a namespace itself the log says its own name.
    let namespace = if object.resource == "namespaces" { String::new() } else { object.namespace };
    Ok(Some(Request {
        verb: event.verb,
        group: object.api_group,
        resource: match object.subresource {
            Some(part) => format!("{}/{part}", object.resource),
            None => object.resource,
        },
        namespace,
        name: object.name,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(verb: &str, namespace: &str) -> Request {
        let (group, resource) = (String::new(), "pods".to_owned());
        Request {
            verb: verb.to_owned(),
            group,
            resource,
            namespace: namespace.to_owned(),
            name: "w".to_owned(),
        }
    }

    #[test]
    fn a_rule_holds_where_it_is_bound() {
        let rule = |verb: &str| PolicyRule {
            api_groups: Some(vec![String::new()]),
            resources: Some(vec!["pods".to_owned()]),
            verbs: vec![verb.to_owned()],
            ..PolicyRule::default()
        };
        let rights = Rights {
            everywhere: vec![rule("watch")],
            workspaces: vec![rule("patch")],
            home: vec![rule("delete")],
        };
        assert!(rights.give(&request("watch", "")) && rights.give(&request("watch", "monday")));
        assert!(
            rights.give(&request("patch", "ws-monday-ana-1")) && !rights.give(&request("patch", "monday"))
        );
        assert!(
            rights.give(&request("delete", OPERATOR_NAMESPACE)) && !rights.give(&request("delete", "ws-x"))
        );
    }

    #[test]
    fn only_the_operators_own_lines_count() {
        let line = |user: &str, time: &str| {
            format!(
                r#"{{"verb":"list","user":{{"username":"{user}"}},"requestReceivedTimestamp":"{time}","objectRef":{{"resource":"pods","subresource":"log","namespace":"n","name":"w"}}}}"#
            )
        };
        let began = "2026-01-01T00:00:01Z".parse().unwrap();
        let seen = read(&line("o", "2026-01-01T00:00:02.5Z"), "o", began).unwrap().unwrap();
        assert_eq!(seen.to_string(), "list /pods/log n/w");
        assert!(read(&line("o", "2026-01-01T00:00:00Z"), "o", began).unwrap().is_none());
        assert!(read(&line("p", "2026-01-01T00:00:02Z"), "o", began).unwrap().is_none());
    }
}
