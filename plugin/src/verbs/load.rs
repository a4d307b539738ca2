//! `load`: offer a workshop to a cluster.

mod merge;
mod source;

use api::v1::{PinnedReference, WorkspaceTemplate, WorkspaceTemplateSpec};
use artifact::{Published, Workshop};
use clap::Args;
use futures::future::join_all;
use kube::Api;
use kube::api::PostParams;
use kube::core::{ApiResource, DynamicObject};
use oci::{Memory, Registry, Store, Target};

use self::merge::{Merged, merge};
use self::source::Source;
use super::registries::RegistryArgs;
use super::{DryRunArgs, is_name};
use crate::args::OutputArgs;
use crate::context::Context;
use crate::error::Error;
use crate::exit::Exit;
use crate::tracked::PLUGIN;
use crate::transfers::Transfers;
use crate::{interrupt, output, program};

/// How often a write is repeated when somebody else was faster.
const ATTEMPTS: usize = 5;
/// Longest name of a template (its schema).
const LONGEST_NAME: usize = 63;

/// Offer a workshop to the cluster as a WorkspaceTemplate
///
/// Pushes the artifact beside the step images and writes the template with their digests. Of a template
/// that is there already, only artifact, steps, defaults and (if given) pull secrets are written; what
/// you changed in other fields stays.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl workshop load shell-basics.workshop
  kubectl workshop load oci://registry.example/team/shell-basics
  kubectl workshop load shell-basics.workshop --registry mirror.example:5000 --pull-secret mirror
  kubectl workshop load shell-basics.workshop --dry-run=server")]
pub struct Load {
    /// Artifact file, or oci://REPOSITORY
    artifact: Source,
    /// Name of the template; default: the name of the workshop
    #[arg(long)]
    name: Option<String>,
    /// Registry that holds a copy of the images, for example of a mirror
    #[arg(long, value_name = "HOST")]
    registry: Option<String>,
    /// Secret of the operator's namespace with the registry's credentials; may be repeated
    #[arg(long = "pull-secret", value_name = "NAME")]
    pull_secrets: Vec<String>,
    #[command(flatten)]
    registries: RegistryArgs,
    #[command(flatten)]
    dry_run: DryRunArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Load {
    /// Runs the verb.
    pub async fn run(self, context: &Context) -> Result<Exit, Error> {
        let workshop = self.artifact.read(&self.registries).await?;
        let name = template_name(self.name.as_deref(), &workshop.name)?;
        let host = self.registry.as_deref().unwrap_or_else(|| workshop.image.registry()).to_owned();
        let registry =
            self.registries.open(&host).map_err(|fault| push_failed(&workshop, &host, fault.to_string()))?;
        images_are_there(&registry, &workshop).await?;
        interrupt::leaves("nothing was left half done: run the same command again");
        let published = self.publish(&registry, &workshop).await?;
        let pinned = PinnedReference {
            reference: published.reference.in_registry(&host).to_string(),
            digest: published.digest.to_string(),
        };
        let spec = in_registry(workshop.template_spec(Some(pinned.clone())), self.registry.as_deref());
        let (written, verb) = self.write(context, &name, &spec).await?;
        if self.output.output.is_none() {
            let how = match (published.already_there, self.dry_run.on_server()) {
                (_, true) => "would be pushed",
                (true, _) => "is there already",
                (false, _) => "pushed",
            };
            output::line(format!("artifact {} {} {how}", pinned.reference, published.digest.short()))?;
        }
        output::object(self.output.output, &written, &format!("{verb}{}", self.dry_run.suffix()))?;
        Ok(Exit::Fine)
    }

    /// Pushes the artifact; a dry run does so into memory, which gives the same digest.
    async fn publish(&self, registry: &Registry, workshop: &Workshop) -> Result<Published, Error> {
        let memory = Memory::named(registry.name());
        let store: &dyn Store = if self.dry_run.on_server() { &memory } else { registry };
        let progress = Transfers::begin();
        progress.say(&format!("pushing the artifact of {}", workshop.name));
        artifact::publish(store, workshop, &progress)
            .await
            .map_err(|fault| push_failed(workshop, registry.name(), fault.to_string()))
    }

    /// Creates or updates the template, or leaves it alone when it says the same already.
    async fn write(
        &self,
        context: &Context,
        name: &str,
        spec: &WorkspaceTemplateSpec,
    ) -> Result<(WorkspaceTemplate, &'static str), Error> {
        // Untyped, so that fields which this version does not know are kept.
        let templates: Api<DynamicObject> =
            Api::all_with(context.client.clone(), &ApiResource::erase::<WorkspaceTemplate>(&()));
        let params = PostParams { dry_run: self.dry_run.on_server(), field_manager: Some(PLUGIN.to_owned()) };
        let doing = format!("write template {name}");
        let mut attempt = 0;
        loop {
            attempt += 1;
            let found = context.call(format!("read template {name}"), templates.get_opt(name)).await?;
            let merged = merge(name, found, spec, &self.pull_secrets)
                .map_err(|fault| Error::Print(Box::new(fault)))?;
            let answer = match merged {
                Merged::Unchanged(object) => return typed(object).map(|template| (template, "unchanged")),
                Merged::New(object) => context
                    .call(&doing, templates.create(&params, &object))
                    .await
                    .map(|object| (object, "created")),
                Merged::Changed(object) => context
                    .call(&doing, templates.replace(name, &params, &object))
                    .await
                    .map(|object| (object, "configured")),
            };
            match answer {
                Ok((object, verb)) => return typed(object).map(|template| (template, verb)),
                Err(Error::Api { source, .. }) if attempt < ATTEMPTS && was_faster(&source) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Somebody made or changed the template between our look and our write.
fn was_faster(fault: &kube::Error) -> bool {
    matches!(fault, kube::Error::Api(status) if status.code == 409)
}

fn typed(object: DynamicObject) -> Result<WorkspaceTemplate, Error> {
    object.try_parse().map_err(|fault| Error::Print(Box::new(fault)))
}

/// The template's name: what was given, or the workshop's, if a template can be called so.
fn template_name(given: Option<&str>, workshop: &str) -> Result<String, Error> {
    let name = given.unwrap_or(workshop);
    if is_name(name, LONGEST_NAME) {
        return Ok(name.to_owned());
    }
    Err(Error::Usage {
        what: format!("a template cannot be called \"{name}\""),
        todo: format!(
            "give a name of lower-case letters, digits and hyphens, at most {LONGEST_NAME}: --name NAME"
        ),
    })
}

/// The references of another registry; digests stay, so what runs is the same.
fn in_registry(mut spec: WorkspaceTemplateSpec, host: Option<&str>) -> WorkspaceTemplateSpec {
    let Some(host) = host else { return spec };
    for step in &mut spec.steps {
        if let Ok(reference) = step.image.reference.parse::<wire::ImageReference>() {
            step.image.reference = reference.in_registry(host).to_string();
        }
    }
    spec
}

/// Every step's image must be where the template will say: a missing one is found here and not by a learner.
async fn images_are_there(registry: &Registry, workshop: &Workshop) -> Result<(), Error> {
    let looks = workshop.steps.iter().map(|step| async move {
        let found =
            registry.resolve(step.image.reference.repository(), Target::Digest(&step.image.digest)).await;
        (step, found)
    });
    let mut missing = Vec::new();
    for (step, found) in join_all(looks).await {
        match found {
            Ok(Some(_)) => {}
            Ok(None) => missing.push(format!("{} ({})", step.id, step.image.digest.short())),
            Err(fault) => return Err(push_failed(workshop, registry.name(), fault.to_string())),
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::NotFound {
        what: format!("{} has no image of {}", registry.name(), missing.join(", ")),
        why: format!(
            "the artifact of {} names them by digest, and {} does not hold them",
            workshop.name,
            workshop.image.repository()
        ),
        todo: format!(
            "build them: {} build compile FOLDER; or copy them, and name the copy with --registry",
            program::name()
        ),
    })
}

fn push_failed(workshop: &Workshop, host: &str, why: String) -> Error {
    Error::Registry { what: format!("cannot load {}", workshop.name), registry: host.to_owned(), why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_called_as_the_workshop_where_that_is_a_name() {
        assert_eq!(template_name(None, "shell-basics").unwrap(), "shell-basics");
        assert_eq!(template_name(Some("shell"), "Shell Basics").unwrap(), "shell");
        let error = template_name(None, "Shell Basics").unwrap_err();
        assert_eq!(error.report().exit, Exit::WrongUsage);
        assert!(error.report().todo.contains("--name NAME"));
    }
}
