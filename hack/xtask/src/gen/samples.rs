//! `config/samples`: one object of each kind, from Rust values, so that they are always valid.

use api::v1::{
    Access, Cluster, ClusterMode, IdleSuspend, Isolation, IsolationMode, Lifecycle, LifecycleMode,
    OverrideRule, PinnedReference, Resources, RunAs, SettingPath, SettingRule, Settings, Step, TemplateRef,
    Unlock, WebTerminal, WorkspaceInstance, WorkspaceInstanceSpec, WorkspaceTemplate, WorkspaceTemplateSpec,
};

use super::files::File;
use super::{GenError, yaml};

/// A template and an instance of it.
///
/// # Errors
/// When an object has no YAML form.
pub fn files() -> Result<Vec<File>, GenError> {
    let list = "resources:\n- workspacetemplate.yaml\n- workspaceinstance.yaml\n";
    Ok(vec![
        File::yaml("config/samples/workspacetemplate.yaml", &yaml::text("the sample template", &template())?),
        File::yaml("config/samples/workspaceinstance.yaml", &yaml::text("the sample instance", &instance())?),
        File::yaml("config/samples/kustomization.yaml", list),
    ])
}

fn template() -> WorkspaceTemplate {
    let spec = WorkspaceTemplateSpec {
        artifact: Some(pinned("workshop.artifact", 'a')),
        steps: vec![
            step("intro", "Look around", None, '1'),
            step("deploy", "Deploy the app", Some("intro"), '2'),
        ],
        defaults: defaults(),
        override_policy: vec![OverrideRule {
            path: SettingPath::LifecycleTtl,
            rule: SettingRule::AtMost("8h".to_owned()),
        }],
        image_pull_secrets: Vec::new(),
        network: None,
        allowed_classes: None,
        extra_quota: std::collections::BTreeMap::new(),
    };
    WorkspaceTemplate::new("kubernetes-101", spec)
}

fn defaults() -> Settings {
    Settings {
        lifecycle: Some(Lifecycle {
            mode: Some(LifecycleMode::Ephemeral),
            ttl: Some("4h".to_owned()),
            max_extension: Some("2h".to_owned()),
            idle_suspend: Some(IdleSuspend { enabled: Some(true), after: Some("30m".to_owned()) }),
        }),
        isolation: Some(Isolation { mode: Some(IsolationMode::Individual) }),
        cluster: Some(Cluster { mode: Some(ClusterMode::None), version: None, provisioner: None }),
        resources: Some(Resources { cpu: Some("1".to_owned()), memory: Some("1Gi".to_owned()) }),
        access: Some(Access { web_terminal: Some(WebTerminal { enabled: Some(true) }) }),
        transition: None,
        run_as: Some(RunAs::NonRoot),
    }
}

fn step(id: &str, title: &str, after: Option<&str>, digit: char) -> Step {
    Step {
        id: id.to_owned(),
        title: title.to_owned(),
        image: pinned(id, digit),
        unlock: after.map(|id| Unlock { after: vec![id.to_owned()] }),
    }
}

/// A digest of one repeated digit: plainly not a real one.
fn pinned(tag: &str, digit: char) -> PinnedReference {
    PinnedReference {
        reference: format!("registry.example/team/kubernetes-101:{tag}"),
        digest: format!("sha256:{}", digit.to_string().repeat(64)),
    }
}

fn instance() -> WorkspaceInstance {
    let spec = WorkspaceInstanceSpec {
        template_ref: TemplateRef { name: "kubernetes-101".to_owned() },
        owner: "ana".to_owned(),
        members: Vec::new(),
        overrides: Some(Settings {
            lifecycle: Some(Lifecycle { ttl: Some("6h".to_owned()), ..Lifecycle::default() }),
            ..Settings::default()
        }),
        current_step: None,
        reset_count: None,
        operating_mode: None,
        extension: None,
    };
    let mut instance = WorkspaceInstance::new("ana", spec);
    instance.metadata.namespace = Some("monday".to_owned());
    instance
}
