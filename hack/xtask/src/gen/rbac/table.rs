//! The rights themselves.

/// One rule of a role.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Why the role has it; a comment in what is generated.
    pub why: &'static str,
    /// API group; empty for the core.
    pub group: &'static str,
    /// Plural names, with `/status` and the like.
    pub resources: Vec<&'static str>,
    /// Names of objects; empty for all.
    pub names: Vec<&'static str>,
    /// Verbs.
    pub verbs: Vec<&'static str>,
}

/// A role of the whole cluster.
pub struct ClusterRole {
    /// Name, the same in every installation, since bindings of other people name it.
    pub name: &'static str,
    /// What it is for; a comment in what is generated.
    pub why: &'static str,
    /// Built-in role that takes the rules in (`view`, `edit` or `admin`), if any (D14).
    pub aggregate_to: Option<&'static str>,
    /// Its rules.
    pub rules: Vec<Rule>,
}

/// The role that the RoleBinding in every workspace namespace refers to.
pub const LEARNER: &str = api::names::LEARNER_ROLE;

const READ: [&str; 3] = ["get", "list", "watch"];
const WRITE: [&str; 8] = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
const TEMPLATES: &str = "workspacetemplates";
const INSTANCES: &str = "workspaceinstances";

/// Every role of the whole cluster.
pub fn cluster_roles() -> Vec<ClusterRole> {
    vec![
        ClusterRole {
            name: api::names::OPERATOR,
            why: "What the operator may do in the whole cluster: workspaces live in namespaces that it makes.",
            aggregate_to: None,
            rules: operator(),
        },
        ClusterRole {
            name: LEARNER,
            why: "What the ServiceAccount of a workspace may do in its own namespace: look at its own pod. No token of it is mounted.",
            aggregate_to: None,
            rules: vec![rule("Look at the pods of the own namespace.", "", &["pods"], &READ)],
        },
        ClusterRole {
            name: "workshop-admin",
            why: "Platform team: everything on both kinds. Bind it cluster-wide, since templates belong to no namespace.",
            aggregate_to: Some("admin"),
            rules: vec![rule(
                "Own workshops and workspaces.",
                api::names::GROUP,
                &[TEMPLATES, INSTANCES],
                &WRITE,
            )],
        },
        ClusterRole {
            name: "workshop-instructor",
            why: "Instructor: reads templates, everything on instances. Bind it in the namespaces of the instructor's classes, and workshop-template-reader cluster-wide.",
            aggregate_to: Some("edit"),
            rules: vec![
                rule("See which workshops there are.", api::names::GROUP, &[TEMPLATES], &READ),
                rule("Own the workspaces of a class.", api::names::GROUP, &[INSTANCES], &WRITE),
            ],
        },
        ClusterRole {
            name: "workshop-viewer",
            why: "Observer: reads both kinds.",
            aggregate_to: Some("view"),
            rules: vec![rule(
                "See workshops and workspaces.",
                api::names::GROUP,
                &[TEMPLATES, INSTANCES],
                &READ,
            )],
        },
        ClusterRole {
            name: "workshop-template-reader",
            why: "Reads templates and nothing else. Templates belong to no namespace, so a RoleBinding of another role cannot give this.",
            aggregate_to: None,
            rules: vec![rule("See which workshops there are.", api::names::GROUP, &[TEMPLATES], &READ)],
        },
    ]
}

/// What the operator may do in its own namespace only.
pub fn own_namespace() -> Vec<Rule> {
    vec![
        rule(
            "One replica acts at a time: the lease workshop-operator says which.",
            "coordination.k8s.io",
            &["leases"],
            &["get", "list", "watch", "create", "update", "patch"],
        ),
        rule(
            "Reads the pull secrets that templates name, by name: what it does not know it cannot find.",
            "",
            &["secrets"],
            &["get"],
        ),
    ]
}

fn operator() -> Vec<Rule> {
    vec![
        rule("Reads what it works for.", api::names::GROUP, &[TEMPLATES, INSTANCES], &READ),
        rule(
            "Puts its finalizer on instances and takes it off; it writes no spec.",
            api::names::GROUP,
            &[INSTANCES],
            &["patch"],
        ),
        rule(
            "Says what it sees.",
            api::names::GROUP,
            &["workspacetemplates/status", "workspaceinstances/status"],
            &["patch"],
        ),
        rule(
            "Every workspace is a namespace of its own; it is marked with the Pod Security level when it is made.",
            "",
            &["namespaces"],
            &["get", "list", "watch", "create", "patch", "delete"],
        ),
        rule(
            "Protections of a workspace namespace. They go with the namespace, so nothing is deleted one by one.",
            "",
            &["serviceaccounts", "resourcequotas", "limitranges"],
            &["get", "list", "watch", "create", "patch"],
        ),
        rule(
            "Closes a workspace to its neighbours.",
            "networking.k8s.io",
            &["networkpolicies"],
            &["get", "list", "watch", "create", "patch"],
        ),
        rule(
            "Binds the ServiceAccount of a workspace to workshop-learner.",
            "rbac.authorization.k8s.io",
            &["rolebindings"],
            &["get", "list", "watch", "create", "patch"],
        ),
        Rule {
            names: vec![LEARNER],
            ..rule(
                "The only role that it may bind without holding its rights.",
                "rbac.authorization.k8s.io",
                &["clusterroles"],
                &["bind"],
            )
        },
        rule(
            "Runs workspaces, moves them to other steps, and pulls images by short pods in its own namespace.",
            "",
            &["pods"],
            &["get", "list", "watch", "create", "patch", "delete"],
        ),
        rule(
            "Puts copies of the pull secrets that a template names into workspace namespaces. It reads no secret outside its own namespace.",
            "",
            &["secrets"],
            &["create", "patch"],
        ),
        rule(
            "Says as events what changed on an instance or a template.",
            "events.k8s.io",
            &["events"],
            &["create", "patch"],
        ),
        rule(
            "Pulls the images of a step to the node of the workspace, and knows what nodes can do.",
            "",
            &["nodes"],
            &READ,
        ),
    ]
}

fn rule(why: &'static str, group: &'static str, resources: &[&'static str], verbs: &[&'static str]) -> Rule {
    Rule { why, group, resources: resources.to_vec(), names: Vec::new(), verbs: verbs.to_vec() }
}
