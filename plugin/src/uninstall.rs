//! `uninstall`: takes every workspace away before the operator goes, and tells how the rest goes.
//!
//! Works in any order: where the operator is gone already, the workspace namespaces are deleted from
//! here, and an instance is let go only after its namespace is gone (D7, pitfall 11).

mod drain;
mod inventory;
mod rest;

use clap::Args;
use kube::Api;
use kube::api::{DeleteParams, Preconditions};

use self::inventory::Inventory;
use crate::args::duration;
use crate::context::Context;
use crate::error::Error;
use crate::exit::Exit;
use crate::verbs::DryRunArgs;
use crate::verbs::delete::ask;
use crate::{interrupt, output, program};

/// Take all workspaces away before the operator is removed, and say how to remove the rest
///
/// Deletes every instance of every class and waits until their namespaces are gone. Works also where the
/// operator, the definitions or namespaces were removed first. Templates and definitions stay, unless
/// --definitions is given.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl workshop uninstall --dry-run=server
  kubectl workshop uninstall
  kubectl workshop uninstall --definitions --yes --wait=10m")]
pub struct Uninstall {
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Delete the definitions of both kinds as well, and with them every template
    #[arg(long)]
    definitions: bool,
    /// Wait at most this long until everything is gone [default: 5m]
    #[arg(long, value_name = "TIME", require_equals = true, default_value = "5m", value_parser = duration, hide_default_value = true)]
    wait: std::time::Duration,
    #[command(flatten)]
    dry_run: DryRunArgs,
}

impl Uninstall {
    /// Runs the verb.
    pub async fn run(self, context: &Context) -> Result<Exit, Error> {
        let found = Inventory::take(context).await?;
        if self.dry_run.on_server() {
            return self.rehearse(context, &found).await;
        }
        if !self.yes
            && let Some(what) = found.at_stake(self.definitions)
        {
            ask(&what).await?;
        }
        interrupt::leaves(format!(
            "what is being deleted goes on; go on with: {} uninstall",
            program::name()
        ));
        let limit = tokio::time::Instant::now() + self.wait;
        let gone = drain::drain(context, limit).await?;
        output::line(format!("workspaces: {} deleted, none left", gone.max(found.instances.len())))?;
        if self.definitions {
            drain::definitions(context, limit).await?;
            output::line("definitions: deleted, and every template with them")?;
        }
        output::print(&rest::text(&Inventory::take(context).await?))?;
        Ok(Exit::Fine)
    }

    /// Says what would go; the API server checks every deletion of an instance and does none.
    async fn rehearse(&self, context: &Context, found: &Inventory) -> Result<Exit, Error> {
        for instance in &found.instances {
            let params = DeleteParams {
                dry_run: true,
                preconditions: Some(Preconditions {
                    uid: Some(instance.uid.clone()),
                    resource_version: None,
                }),
                ..DeleteParams::default()
            };
            let api: Api<api::v1::WorkspaceInstance> =
                Api::namespaced(context.client.clone(), &instance.class);
            context.call(format!("delete {instance}"), api.delete(&instance.name, &params)).await?;
            output::line(format!("{instance} deleted{}", self.dry_run.suffix()))?;
        }
        for namespace in found.orphans() {
            output::line(format!("namespace {} deleted{}", namespace.name, self.dry_run.suffix()))?;
        }
        if self.definitions {
            for name in &found.definitions {
                output::line(format!("definition {name} deleted{}", self.dry_run.suffix()))?;
            }
        }
        output::print(&rest::text(found))?;
        Ok(Exit::Fine)
    }
}
