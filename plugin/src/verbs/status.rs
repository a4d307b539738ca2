//! `status`: what workspaces are doing.

mod follow;
mod rows;

use api::v1::{WorkspaceInstance, WorkspaceTemplate};
use clap::Args;
use jiff::Timestamp;
use kube::Api;
use kube::api::ListParams;

use super::{bare_name, details, instance};
use crate::args::OutputArgs;
use crate::context::Context;
use crate::error::Error;
use crate::exit::Exit;
use crate::output::{self, Format};
use crate::program;

/// Largest part of a list in one answer, so that a large class does not burden the API server.
const PAGE: u32 = 500;

/// Show workspaces: a line each, or everything about one
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl workshop status
  kubectl workshop status ana
  kubectl workshop status -A -o wide
  kubectl workshop status --watch")]
pub struct Status {
    /// Name of an instance; default: all of the class
    #[arg(value_parser = bare_name)]
    name: Option<String>,
    /// Those of all classes
    #[arg(short = 'A', long, conflicts_with = "name")]
    all_namespaces: bool,
    /// Go on until Ctrl-C: redrawn on a terminal, a line for every change otherwise
    #[arg(short, long)]
    watch: bool,
    #[command(flatten)]
    output: OutputArgs,
}

impl Status {
    /// Runs the verb.
    pub async fn run(self, context: &Context) -> Result<Exit, Error> {
        match (&self.name, self.output.output) {
            _ if self.watch => follow::follow(&self, context).await?,
            (Some(name), Some(Format::Wide)) => self.table(vec![instance(context, name).await?])?,
            (Some(name), None) => {
                let instance = instance(context, name).await?;
                let template = template(context, &instance).await;
                output::print(&details::text(&instance, template.as_ref(), Timestamp::now()))?;
            }
            (Some(name), format) => output::object(format, &instance(context, name).await?, "")?,
            (None, Some(format @ (Format::Json | Format::Yaml | Format::Name))) => {
                output::list(format, self.read(context).await?)?;
            }
            (None, _) => {
                let instances = self.read(context).await?;
                if instances.is_empty() {
                    self.say_nothing_here(context);
                } else {
                    self.table(instances)?;
                }
            }
        }
        Ok(Exit::Fine)
    }

    /// Standard output stays empty, so that programs see no row.
    fn say_nothing_here(&self, context: &Context) {
        let place = if self.all_namespaces {
            "in this cluster".to_owned()
        } else {
            format!("in class {}", context.class)
        };
        eprintln!("no workspaces {place} (make one: {} create NAME --template TEMPLATE)", program::name());
    }

    fn api(&self, context: &Context) -> Api<WorkspaceInstance> {
        if self.all_namespaces { Api::all(context.client.clone()) } else { context.in_class() }
    }

    async fn read(&self, context: &Context) -> Result<Vec<WorkspaceInstance>, Error> {
        let (api, mut params) = (self.api(context), ListParams::default().limit(PAGE));
        let mut instances = Vec::new();
        loop {
            let page = context.call("list instances", api.list(&params)).await?;
            instances.extend(page.items);
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = params.continue_token(&token),
                None => return Ok(instances),
            }
        }
    }

    fn table(&self, instances: Vec<WorkspaceInstance>) -> Result<(), Error> {
        output::print(&self.columns().table(&instances, Timestamp::now()))
    }

    fn columns(&self) -> rows::Columns {
        rows::Columns { all: self.all_namespaces, wide: self.output.output == Some(Format::Wide) }
    }
}

/// The template of an instance, where the caller may read it: it says how far along a step is.
async fn template(context: &Context, instance: &WorkspaceInstance) -> Option<WorkspaceTemplate> {
    let templates: Api<WorkspaceTemplate> = Api::all(context.client.clone());
    let name = &instance.spec.template_ref.name;
    context.call(format!("read template {name}"), templates.get_opt(name)).await.ok().flatten()
}
