//! The rules of `api`, asked again by the controller (D10, D13): a missing webhook lets nothing through.

use api::conditions::{condition_type, reason};
use api::v1::{ClusterMode, IsolationMode, LifecycleMode, OperatingMode, RunAs, Step, WorkspaceTemplateSpec};
use api::{overrides, step_graph};
use wire::{Digest, ImageReference};

use super::gather::Gathered;
use crate::children::pod::Asked;
use crate::config::Config;
use crate::settings::Effective;

/// A rule said no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Condition that turns false.
    pub condition: &'static str,
    /// See `api::conditions::reason`.
    pub reason: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

/// What the spec asks for, with every rule passed.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// Step and reset count.
    pub asked: Asked,
    /// Image of the step, by repository.
    pub image: ImageReference,
    /// Its digest.
    pub digest: Digest,
    /// Image of the step after it.
    pub next: Option<(ImageReference, Digest)>,
    /// Settings in force.
    pub effective: Effective,
    /// Whether the pod runs.
    pub mode: OperatingMode,
}

/// Asks every rule, the nearest cause first.
///
/// # Errors
/// The first rule that says no.
pub fn check(gathered: &Gathered, config: &Config) -> Result<Checked, Refusal> {
    let spec = &gathered.instance.spec;
    let Some(template) = &gathered.template else {
        return Err(Refusal {
            condition: condition_type::TEMPLATE_RESOLVED,
            reason: reason::TEMPLATE_NOT_FOUND,
            message: format!(
                "template \"{}\" does not exist; load it with kubectl workshop load, or list what there is with kubectl get workspacetemplates",
                spec.template_ref.name
            ),
        });
    };
    let template = &template.spec;
    class_allowed(gathered, template)?;
    template_valid(template)?;
    overrides_allowed(gathered, template)?;
    let effective = Effective::of(&config.defaults, template, spec.overrides.as_ref());
    supported(gathered, &effective, config)?;
    let step = wanted_step(gathered, template)?;
    let (image, digest) = pinned(step)?;
    let next = step_graph::next(&template.steps, &step.id).map(pinned).transpose()?;
    Ok(Checked {
        asked: Asked { step: step.id.clone(), reset: spec.reset_count.unwrap_or_default() },
        image,
        digest,
        next,
        effective,
        mode: spec.operating_mode.unwrap_or_default(),
    })
}

fn class_allowed(gathered: &Gathered, template: &WorkspaceTemplateSpec) -> Result<(), Refusal> {
    let Some(selector) = &template.allowed_classes else { return Ok(()) };
    let labels = gathered.class_labels.clone().unwrap_or_default();
    let allowed = kube::core::Selector::try_from(selector.clone())
        .is_ok_and(|selector| kube::core::SelectorExt::matches(&selector, &labels));
    if allowed {
        return Ok(());
    }
    Err(Refusal {
        condition: condition_type::TEMPLATE_RESOLVED,
        reason: reason::CLASS_NOT_ALLOWED,
        message: format!(
            "namespace \"{}\" may not use template \"{}\": its labels do not match allowedClasses",
            gathered.owner.class, gathered.instance.spec.template_ref.name
        ),
    })
}

fn template_valid(template: &WorkspaceTemplateSpec) -> Result<(), Refusal> {
    match step_graph::faults(template).first() {
        None => Ok(()),
        Some(fault) => Err(Refusal {
            condition: condition_type::TEMPLATE_RESOLVED,
            reason: reason::TEMPLATE_INVALID,
            message: format!("the template contradicts itself: {fault}"),
        }),
    }
}

fn overrides_allowed(gathered: &Gathered, template: &WorkspaceTemplateSpec) -> Result<(), Refusal> {
    let Some(wanted) = &gathered.instance.spec.overrides else { return Ok(()) };
    let refused = overrides::refused(&template.defaults, &template.override_policy, wanted);
    if refused.is_empty() {
        return Ok(());
    }
    let all: Vec<_> = refused.iter().map(ToString::to_string).collect();
    Err(Refusal {
        condition: condition_type::OVERRIDES_ACCEPTED,
        reason: reason::OVERRIDE_NOT_ALLOWED,
        message: format!("{} (template \"{}\")", all.join("; "), gathered.instance.spec.template_ref.name),
    })
}

/// What this operator can run. Everything else is refused rather than half done.
fn supported(gathered: &Gathered, effective: &Effective, config: &Config) -> Result<(), Refusal> {
    let refuse = |reason, message: &str| {
        Err(Refusal { condition: condition_type::OVERRIDES_ACCEPTED, reason, message: message.to_owned() })
    };
    if effective.isolation == IsolationMode::Individual && !gathered.instance.spec.members.is_empty() {
        return refuse(reason::MEMBERS_NOT_ALLOWED, "members: needs isolation.mode: team");
    }
    if effective.cluster != ClusterMode::None {
        return refuse(
            reason::NOT_SUPPORTED,
            "cluster.mode: this operator runs no nested clusters; set it to none",
        );
    }
    if effective.lifecycle == LifecycleMode::Persistent {
        let message = "lifecycle.mode: this operator keeps no volumes; set it to ephemeral";
        return refuse(reason::NOT_SUPPORTED, message);
    }
    match effective.run_as {
        RunAs::NonRoot => Ok(()),
        RunAs::Root if gathered.user_namespaces => Ok(()),
        RunAs::Root => refuse(
            reason::NOT_SUPPORTED,
            "runAs: Root needs a node with user namespaces, and no node reports them",
        ),
        RunAs::RootWithoutUserNamespace if config.allow_root_without_user_namespace => Ok(()),
        RunAs::RootWithoutUserNamespace => refuse(
            reason::NOT_SUPPORTED,
            "runAs: RootWithoutUserNamespace needs the operator's flag --allow-root-without-user-namespace",
        ),
    }
}

fn wanted_step<'a>(gathered: &Gathered, template: &'a WorkspaceTemplateSpec) -> Result<&'a Step, Refusal> {
    let found = match &gathered.instance.spec.current_step {
        Some(id) => step_graph::find(&template.steps, id),
        None => template.steps.first(),
    };
    found.ok_or_else(|| Refusal {
        condition: condition_type::STEP_READY,
        reason: reason::STEP_NOT_FOUND,
        message: format!(
            "step \"{}\" is not in template \"{}\"; it has {}",
            gathered.instance.spec.current_step.as_deref().unwrap_or_default(),
            gathered.instance.spec.template_ref.name,
            step_graph::ids(&template.steps)
        ),
    })
}

fn pinned(step: &Step) -> Result<(ImageReference, Digest), Refusal> {
    let invalid = |fault: String| Refusal {
        condition: condition_type::TEMPLATE_RESOLVED,
        reason: reason::TEMPLATE_INVALID,
        message: format!("step \"{}\": {fault}", step.id),
    };
    let reference: ImageReference = step.image.reference.parse().map_err(|e| invalid(format!("{e}")))?;
    let digest: Digest = step.image.digest.parse().map_err(|e| invalid(format!("{e}")))?;
    Ok((reference, digest))
}
