//! `create`: one more workspace.

use std::time::{Duration, Instant};

use api::names::{CLASS_LABEL, ROLE_LABEL, role};
use api::v1::{TemplateRef, WorkspaceInstance, WorkspaceInstanceSpec, WorkspaceTemplate};
use clap::Args;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::PostParams;
use kube::{Api, ResourceExt};

use super::{DryRunArgs, bare_name, template};
use crate::args::{OutputArgs, duration};
use crate::context::Context;
use crate::error::Error;
use crate::exit::Exit;
use crate::step_choice::{Choice, choose};
use crate::tracked::PLUGIN;
use crate::{interrupt, output, wait};

/// Create a workspace for a learner
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl workshop create ana --template shell-basics --wait
  kubectl workshop create ana --template shell-basics -n monday --create-namespace
  kubectl workshop create bo --template shell-basics --owner bo@example.org --step pipes --wait=5m")]
pub struct Create {
    /// Name of the instance: lower-case letters, digits and hyphens, at most 50
    #[arg(value_parser = bare_name)]
    name: String,
    /// Template to make it from
    #[arg(short, long)]
    template: String,
    /// Who learns here; default: the name of the instance
    #[arg(long)]
    owner: Option<String>,
    /// Step to begin with; default: the first
    #[arg(long, value_name = "ID")]
    step: Option<String>,
    /// Wait until the workspace is ready [with no TIME: 5m]
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "5m", value_parser = duration)]
    wait: Option<Duration>,
    /// Make the namespace of the class if it does not exist
    #[arg(long)]
    create_namespace: bool,
    #[command(flatten)]
    dry_run: DryRunArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Create {
    /// Runs the verb.
    pub async fn run(self, context: &Context) -> Result<Exit, Error> {
        self.check(context).await?;
        if self.create_namespace {
            self.make_class(context).await?;
        }
        let (name, begun) = (&self.name, Instant::now());
        let instances: Api<WorkspaceInstance> = context.in_class();
        let params = PostParams { dry_run: self.dry_run.on_server(), field_manager: Some(PLUGIN.to_owned()) };
        interrupt::leaves(format!("{name} may have been created already; look: {}", context.look(name)));
        let (doing, wanted) = (format!("create instance {name}"), self.wanted());
        let created = context.call(doing, instances.create(&params, &wanted)).await?;
        let verb = format!("created{}", self.dry_run.suffix());
        let quiet = self.output.output.is_some();
        let limit = self.wait.filter(|_| !self.dry_run.on_server());
        if limit.is_none() || !quiet {
            output::object(self.output.output, &created, &verb)?;
        }
        let Some(limit) = limit else { return Ok(Exit::Fine) };
        interrupt::leaves(format!("{name} is being made all the same; look: {}", context.look(name)));
        let what = format!("{name} is not ready");
        let ready = wait::until(context, name, &wait::Wanted::by(&created), limit, &what).await?;
        if quiet {
            output::object(self.output.output, &ready, &verb)?;
        } else {
            let step = ready.status.and_then(|status| status.current_step).map(|step| step.id);
            let (step, time) = (step.unwrap_or_default(), output::seconds(begun.elapsed()));
            output::line(format!("{name} is ready on {step} after {time}"))?;
        }
        Ok(Exit::Fine)
    }

    /// Template and step must exist. Who may not read templates is checked by the operator instead.
    async fn check(&self, context: &Context) -> Result<(), Error> {
        let template = match template(context, &self.template).await {
            Ok(template) => template,
            Err(error) if error.report().exit == Exit::NotAllowed => return Ok(()),
            Err(error) => return Err(error),
        };
        match &self.step {
            Some(step) => choose(&template.spec.steps, None, &Choice::Named(step.clone()))
                .map(|_| ())
                .map_err(|_| no_step(&template, step)),
            None => Ok(()),
        }
    }

    async fn make_class(&self, context: &Context) -> Result<(), Error> {
        let namespaces: Api<Namespace> = Api::all(context.client.clone());
        let mut namespace = Namespace::default();
        namespace.metadata.name = Some(context.class.clone());
        namespace.labels_mut().insert(ROLE_LABEL.to_owned(), role::CLASS.to_owned());
        namespace.labels_mut().insert(CLASS_LABEL.to_owned(), context.class.clone());
        let doing = format!("create namespace {}", context.class);
        let params = PostParams { dry_run: self.dry_run.on_server(), field_manager: Some(PLUGIN.to_owned()) };
        match context.call(&doing, namespaces.create(&params, &namespace)).await {
            // It is there, or its name is all that this person may know of it.
            Err(Error::Api { source, .. }) if exists_already(&source) => Ok(()),
            Err(error) => match context.call(&doing, namespaces.get_opt(&context.class)).await {
                Ok(Some(_)) => Ok(()),
                _ => Err(error),
            },
            Ok(_) => Ok(()),
        }
    }

    fn wanted(&self) -> WorkspaceInstance {
        let owner = self.owner.clone().unwrap_or_else(|| self.name.clone());
        let spec = WorkspaceInstanceSpec {
            template_ref: TemplateRef { name: self.template.clone() },
            owner,
            members: Vec::new(),
            overrides: None,
            current_step: self.step.clone(),
            reset_count: None,
            operating_mode: None,
            extension: None,
        };
        WorkspaceInstance::new(&self.name, spec)
    }
}

/// The answer to a step that a template does not have.
pub fn no_step(template: &WorkspaceTemplate, step: &str) -> Error {
    let ids: Vec<&str> = template.spec.steps.iter().map(|step| step.id.as_str()).collect();
    Error::NotFound {
        what: format!("template {} has no step \"{step}\"", template.name_any()),
        why: format!("its steps are {}", ids.join(", ")),
        todo: "choose one of them".to_owned(),
    }
}

fn exists_already(fault: &kube::Error) -> bool {
    matches!(fault, kube::Error::Api(status) if status.reason == "AlreadyExists")
}
