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
/// The role that the operator binds to itself in every workspace namespace.
pub const WORKSPACE: &str = api::names::WORKSPACE_ROLE;

const READ: [&str; 3] = ["get", "list", "watch"];
const SEE: [&str; 2] = ["list", "watch"];
const WRITE: [&str; 8] = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
const TEMPLATES: &str = "workspacetemplates";
const INSTANCES: &str = "workspaceinstances";

/// Every role of the whole cluster.
pub fn cluster_roles() -> Vec<ClusterRole> {
    vec![
        ClusterRole {
            name: api::names::OPERATOR,
            why: "What the operator may do in the whole cluster: see, report, and make namespaces for workspaces.",
            aggregate_to: None,
            rules: operator(),
        },
        ClusterRole {
            name: WORKSPACE,
            why: "What the operator may do in a workspace namespace. It binds the role to itself there, and holds it nowhere else.",
            aggregate_to: None,
            rules: workspace(),
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
        rule("Pulls images to the nodes by short pods.", "", &["pods"], &["create", "patch", "delete"]),
        rule(
            "Copies the pull secrets that templates name, and hears when one is renewed (it watches their metadata).",
            "",
            &["secrets"],
            &["get", "list", "watch"],
        ),
    ]
}

/// What the operator may do in the whole cluster.
fn operator() -> Vec<Rule> {
    vec![
        rule("Reads what it works for.", api::names::GROUP, &[TEMPLATES], &SEE),
        rule(
            "Reads what it works for; puts its finalizer on and takes it off. It writes no spec.",
            api::names::GROUP,
            &[INSTANCES],
            &["get", "list", "watch", "patch"],
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
            "Sees workspaces and what protects them, in whichever namespace they are; it writes them by workshop-operator-workspace.",
            "",
            &["pods", "serviceaccounts", "resourcequotas", "limitranges"],
            &SEE,
        ),
        rule("The same for network policies.", "networking.k8s.io", &["networkpolicies"], &SEE),
        rule(
            "Binds the ServiceAccount of a workspace, and itself, in the workspace's namespace.",
            "rbac.authorization.k8s.io",
            &["rolebindings"],
            &["list", "watch", "create", "patch"],
        ),
        Rule {
            names: vec![LEARNER, WORKSPACE],
            ..rule(
                "The only roles that it may bind without holding their rights.",
                "rbac.authorization.k8s.io",
                &["clusterroles"],
                &["bind"],
            )
        },
        rule(
            "Says as events what changed on an instance or a template.",
            "events.k8s.io",
            &["events"],
            &["create", "patch"],
        ),
        rule("Knows which nodes are there and what they can do.", "", &["nodes"], &SEE),
    ]
}

/// What the operator may do in a workspace namespace, by a RoleBinding that it makes there.
fn workspace() -> Vec<Rule> {
    vec![
        rule(
            "Runs the workspace and moves it to other steps.",
            "",
            &["pods"],
            &["create", "patch", "delete"],
        ),
        rule(
            "Protections of the workspace. They go with the namespace, so nothing is deleted one by one.",
            "",
            &["serviceaccounts", "resourcequotas", "limitranges"],
            &["create", "patch"],
        ),
        rule(
            "Closes the workspace to its neighbours.",
            "networking.k8s.io",
            &["networkpolicies"],
            &["create", "patch"],
        ),
        rule(
            "Puts copies of the pull secrets there that the template names. It cannot read them back.",
            "",
            &["secrets"],
            &["create", "patch"],
        ),
    ]
}

fn rule(why: &'static str, group: &'static str, resources: &[&'static str], verbs: &[&'static str]) -> Rule {
    Rule { why, group, resources: resources.to_vec(), names: Vec::new(), verbs: verbs.to_vec() }
}
