//! The settings in force for one workspace.

use std::collections::BTreeMap;

use api::v1::{ClusterMode, Egress, IsolationMode, LifecycleMode, RunAs, Settings, WorkspaceTemplateSpec};

/// The settings in force: built in, template, overrides, laid over each other; what the operator
/// acts on, without options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// User of the container.
    pub run_as: RunAs,
    /// CPU limit.
    pub cpu: String,
    /// Memory limit.
    pub memory: String,
    /// Whether a volume is kept.
    pub lifecycle: LifecycleMode,
    /// Who shares the workspace.
    pub isolation: IsolationMode,
    /// Which nested cluster.
    pub cluster: ClusterMode,
    /// Beyond the workspace itself.
    pub extra_quota: BTreeMap<String, String>,
    /// What the workspace may reach.
    pub egress: Vec<Egress>,
    /// Secrets of the operator's namespace.
    pub pull_secrets: Vec<String>,
}

impl Effective {
    /// From the operator's own defaults, the template's and the instance's overrides, in this order.
    #[must_use]
    pub fn of(built_in: &Settings, template: &WorkspaceTemplateSpec, overrides: Option<&Settings>) -> Self {
        let mut settings = api::overrides::merged(built_in, &template.defaults);
        if let Some(overrides) = overrides {
            settings = api::overrides::merged(&settings, overrides);
        }
        let resources = settings.resources.unwrap_or_default();
        Self {
            run_as: settings.run_as.unwrap_or_default(),
            cpu: resources.cpu.unwrap_or_else(|| "1".to_owned()),
            memory: resources.memory.unwrap_or_else(|| "1Gi".to_owned()),
            lifecycle: settings.lifecycle.and_then(|l| l.mode).unwrap_or(LifecycleMode::Ephemeral),
            isolation: settings.isolation.and_then(|i| i.mode).unwrap_or(IsolationMode::Individual),
            cluster: settings.cluster.and_then(|c| c.mode).unwrap_or(ClusterMode::None),
            extra_quota: template.extra_quota.clone(),
            egress: template.network.iter().flat_map(|network| network.egress.clone()).collect(),
            pull_secrets: template.image_pull_secrets.iter().map(|secret| secret.name.clone()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::instance::tests::fixture::Fixture;

    #[test]
    fn the_instance_beats_the_template_and_the_template_the_operator() {
        let free = json!([{"path": "resources.cpu", "rule": {"free": {}}}]);
        let template = Fixture::new()
            .template("defaults", json!({"resources": {"cpu": "2"}}))
            .template("overridePolicy", free);
        let cpu_and_memory = |fixture: &Fixture| {
            let effective = fixture.check().unwrap().effective;
            (effective.cpu, effective.memory)
        };
        assert_eq!(cpu_and_memory(&Fixture::new()), ("1".to_owned(), "1Gi".to_owned()));
        assert_eq!(cpu_and_memory(&template), ("2".to_owned(), "1Gi".to_owned()));
        let instance = template.spec("overrides", json!({"resources": {"cpu": "3"}}));
        assert_eq!(cpu_and_memory(&instance), ("3".to_owned(), "1Gi".to_owned()));
    }
}
