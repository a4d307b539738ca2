//! What the administrator decides for the whole operator.

use std::time::Duration;

use api::v1::{
    Access, Cluster, ClusterMode, IdleSuspend, Isolation, IsolationMode, Lifecycle, LifecycleMode, Resources,
    RunAs, Settings, WebTerminal,
};

/// Configuration of the operator, fixed for the life of its process.
#[derive(Clone, Debug)]
pub struct Config {
    /// Namespace of the operator: pull pods run here and pull secrets lie here.
    pub namespace: String,
    /// ServiceAccount of the operator in [`Config::namespace`]: it is bound in every workspace namespace.
    pub service_account: String,
    /// Image that holds the agent, `registry/workshop/agent@sha256:…`.
    pub agent_image: String,
    /// Settings where neither template nor instance says anything (D2).
    pub defaults: Settings,
    /// Whether `runAs: RootWithoutUserNamespace` may run (D49).
    pub allow_root_without_user_namespace: bool,
    /// Most reconciles of one kind at the same time (pitfall 9).
    pub concurrency: u16,
    /// Limits of time; see [`Bounds`].
    pub bounds: Bounds,
}

/// How long things may take before status calls them stalled (D28). The operator keeps trying.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// A move that is over before this says nothing of itself in status (D12).
    pub quiet_move: Duration,
    /// A workspace that stands before this writes no status between the first and the last.
    pub quiet_start: Duration,
    /// From the image's presence to a running container.
    pub rollout: Duration,
    /// One image pull.
    pub pull: Duration,
    /// Age at which a failed pull pod of the wanted step is made again. To go, come and pull takes
    /// it some seconds more, so that two tries are at most ten seconds apart (D28).
    pub pull_retry: Duration,
    /// How often a failed pull of the wanted step is looked at.
    pub pull_look: Duration,
    /// Age at which a pull pod of the wanted step that has told of nothing is touched.
    pub pull_touch: Duration,
    /// A workspace namespace that is to go.
    pub namespace: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            quiet_move: Duration::from_secs(2),
            quiet_start: Duration::from_secs(10),
            rollout: Duration::from_secs(60),
            pull: Duration::from_secs(300),
            pull_retry: Duration::from_secs(5),
            pull_look: Duration::from_secs(2),
            pull_touch: Duration::from_secs(3),
            namespace: Duration::from_secs(120),
        }
    }
}

/// The built-in settings: the last word where nobody else has one (D2, D32).
#[must_use]
pub fn built_in_settings() -> Settings {
    Settings {
        lifecycle: Some(Lifecycle {
            mode: Some(LifecycleMode::Ephemeral),
            idle_suspend: Some(IdleSuspend { enabled: Some(false), after: Some("30m".to_owned()) }),
            ..Lifecycle::default()
        }),
        isolation: Some(Isolation { mode: Some(IsolationMode::Individual) }),
        cluster: Some(Cluster { mode: Some(ClusterMode::None), ..Cluster::default() }),
        resources: Some(Resources { cpu: Some("1".to_owned()), memory: Some("1Gi".to_owned()) }),
        access: Some(Access { web_terminal: Some(WebTerminal { enabled: Some(true) }) }),
        transition: None,
        run_as: Some(RunAs::NonRoot),
    }
}
