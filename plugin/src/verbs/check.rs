//! `check`: does the cluster have what the product needs?

mod catalogue;
mod definitions;
mod features;
mod finding;
mod identity;
mod install;
mod leader;
mod nodes;
mod operators;
mod planned;
mod pull;
mod rights;
mod room;
mod server;
mod storage;
mod text;
mod until_well;
mod webhooks;

use std::time::Duration;

use api::v1::WorkspaceTemplate;
use clap::Args;
use futures::future::{FutureExt, join_all};
use kube::Api;
use kube::api::ListParams;

use self::finding::{Finding, any_failed};
use self::planned::Planned;
use self::text::Look;
use crate::args::{Global, OutputArgs, duration};
use crate::colour;
use crate::context::Context;
use crate::error::Error;
use crate::exit::Exit;
use crate::output::{self, Format};

/// Check whether the cluster has what workshops need
///
/// Nothing is changed (--pull runs a pod for a moment). Exit code 3 when something has to be repaired;
/// warnings alone are no failure.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl workshop check --pre                        before the product is installed
  kubectl workshop check --wait=2m                    after it was: wait until all is well
  kubectl workshop check --class monday --learners 30 is there room?
  kubectl workshop check --pull shell-basics/pipes    can a node pull this step?
  kubectl workshop check -o json")]
pub struct Check {
    /// Look only at what is needed before an installation
    #[arg(long, conflicts_with_all = ["class", "learners", "pull"])]
    pre: bool,
    /// Look again until nothing has to be repaired [with no TIME: 5m]
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "5m", value_parser = duration)]
    wait: Option<Duration>,
    #[command(flatten)]
    planned: Planned,
    /// Let a pod pull the image of this step as the operator would, and remove it
    #[arg(long, value_name = "TEMPLATE/STEP", value_parser = pull::step_of)]
    pull: Option<pull::StepOf>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Check {
    /// Runs the verb.
    pub async fn run(self, global: &Global) -> Result<Exit, Error> {
        let mut context = Context::open(global).await?;
        if let Some(class) = &self.planned.class {
            context.class.clone_from(class);
        }
        if let Some(limit) = self.wait {
            return until_well::run(&self, &context, limit, global.color).await;
        }
        let findings = self.look(&context).await;
        self.print(&context, &findings, global.color)?;
        Ok(if any_failed(&findings) { Exit::Findings } else { Exit::Fine })
    }

    /// Looks at everything that was asked for.
    async fn look(&self, context: &Context) -> Vec<Finding> {
        let version = match server::version(context).await {
            Ok(version) => version,
            // Without an answer to this there is nothing to look at.
            Err(finding) => return vec![*finding],
        };
        let mut findings = vec![server::reachable(context), server::judge(&version)];
        let looks = if self.pre { before(context) } else { self.after(context).await };
        findings.extend(join_all(looks).await.into_iter().flatten());
        if let Some(step) = self.pull.as_ref().filter(|_| !any_failed(&findings)) {
            findings.push(pull::check(context, step).await);
        }
        findings.sort_by_key(|finding| finding.check.category);
        findings
    }

    /// What is looked at once the product is there.
    async fn after<'a>(&'a self, context: &'a Context) -> Vec<Looks<'a>> {
        let templates = templates(context).await;
        let mut looks = vec![
            identity::check(context).boxed(),
            features::check(context).boxed(),
            rights::check(context, &rights::USE).boxed(),
            definitions::check(context).boxed(),
            operators::check(context).boxed(),
            webhooks::check(context).boxed(),
            storage::check(context).boxed(),
            nodes::check(context, nodes::who_needs_root(&templates)).boxed(),
        ];
        if let Some(learners) = self.planned.learners {
            looks.push(room::check(context, templates, learners, self.planned.template.as_deref()).boxed());
        }
        looks
    }

    fn print(&self, context: &Context, findings: &[Finding], color: colour::When) -> Result<(), Error> {
        match self.output.output {
            Some(format @ (Format::Json | Format::Yaml)) => {
                let report = serde_json::json!({
                    "apiVersion": "cli.workshop.platform/v1", "kind": "CheckReport",
                    "cluster": context.cluster, "class": context.class, "findings": findings,
                });
                output::value(format, &report)
            }
            Some(Format::Name) => findings
                .iter()
                .filter(|finding| finding.state != finding::State::Ok)
                .try_for_each(|finding| output::line(finding.check.id)),
            Some(Format::Wide) | None => output::print(&text::lines(findings, self.how(color))),
        }
    }

    fn how(&self, color: colour::When) -> Look {
        Look { coloured: colour::on(color), wide: self.output.output == Some(Format::Wide) }
    }
}

/// A look at one part of the cluster.
type Looks<'a> = futures::future::BoxFuture<'a, Vec<Finding>>;

/// What is looked at before an installation.
fn before(context: &Context) -> Vec<Looks<'_>> {
    vec![
        identity::check(context).boxed(),
        features::user_namespaces(context).map(|finding| vec![finding]).boxed(),
        rights::check(context, &rights::INSTALL).boxed(),
        install::check(context).boxed(),
        storage::check(context).boxed(),
        nodes::check(context, Vec::new()).boxed(),
    ]
}

/// The templates that the caller may see; who may not is told by the rights.
async fn templates(context: &Context) -> Vec<WorkspaceTemplate> {
    let templates: Api<WorkspaceTemplate> = Api::all(context.client.clone());
    let found = context.call("list templates", templates.list(&ListParams::default())).await;
    found.map(|list| list.items).unwrap_or_default()
}
