//! What a workshop becomes in a cluster.

use api::v1::{PinnedReference, Step, WorkspaceTemplateSpec};

use crate::model::{Pinned, Workshop};

impl Workshop {
    /// The template: steps with digests, and `workspace.yaml` as defaults. `artifact` says where the gateway
    /// finds texts and checks. What only a platform team sets is left alone.
    #[must_use]
    pub fn template_spec(&self, artifact: Option<PinnedReference>) -> WorkspaceTemplateSpec {
        let steps = self.steps.iter().map(|step| Step {
            id: step.id.clone(),
            title: step.title.clone(),
            image: PinnedReference::from(&step.image),
            unlock: step.unlock.clone(),
        });
        WorkspaceTemplateSpec {
            artifact,
            steps: steps.collect(),
            defaults: self.settings.clone(),
            override_policy: Vec::new(),
            image_pull_secrets: Vec::new(),
            network: None,
            allowed_classes: None,
            extra_quota: std::collections::BTreeMap::new(),
        }
    }
}

impl From<&Pinned> for PinnedReference {
    fn from(pinned: &Pinned) -> Self {
        Self { reference: pinned.reference.to_string(), digest: pinned.digest.to_string() }
    }
}
