//! `reset`: start the current step afresh.

use std::time::Instant;

use api::names::field_manager;
use api::v1::WorkspaceInstance;
use clap::Args;

use super::{DryRunArgs, WaitArgs, bare_name, instance};
use crate::action::{Action, apply};
use crate::args::OutputArgs;
use crate::context::Context;
use crate::error::Error;
use crate::exit::Exit;
use crate::{interrupt, output, wait};

/// Start the current step afresh
///
/// Every change that the learner made to the container's files is gone; a volume at <home>/keep stays.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl workshop reset ana
  kubectl workshop reset ana --wait=2m")]
pub struct Reset {
    /// Name of the instance
    #[arg(value_parser = bare_name)]
    name: String,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    dry_run: DryRunArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Reset {
    /// Runs the verb.
    pub async fn run(self, context: &Context) -> Result<Exit, Error> {
        let name = &self.name;
        let before = instance(context, name).await?;
        let count = next_count(&before);
        let action = Action {
            doing: format!("reset {name}"),
            field: "resetCount",
            value: count.into(),
            manager: field_manager::RESET,
            dry_run: self.dry_run.on_server(),
        };
        let begun = Instant::now();
        interrupt::leaves(format!("{name} goes on starting afresh; look: {}", context.look(name)));
        let asked = apply(context, &before, &action).await?;
        let Some(limit) = self.wait.limit().filter(|_| !self.dry_run.on_server()) else {
            output::object(
                self.output.output,
                &asked,
                &format!("asked for reset {count}{}", self.dry_run.suffix()),
            )?;
            return Ok(Exit::Fine);
        };
        let what = format!("{name} has not started afresh");
        let there = wait::until(context, name, &wait::Wanted::by(&asked), limit, &what).await?;
        if self.output.output.is_some() {
            output::object(self.output.output, &there, "reset")?;
        } else {
            let step =
                there.status.and_then(|status| status.current_step).map(|step| step.id).unwrap_or_default();
            output::line(format!("reset {name} to a fresh {step} in {}", output::seconds(begun.elapsed())))?;
        }
        Ok(Exit::Fine)
    }
}

/// One more than anybody has asked for or seen, so that two resets never mean the same.
fn next_count(instance: &WorkspaceInstance) -> i64 {
    let proven = instance.status.as_ref().and_then(|status| status.reset_count).unwrap_or_default();
    instance.spec.reset_count.unwrap_or_default().max(proven).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_count_grows_beyond_spec_and_status() {
        let instance = |spec: Option<i64>, status: Option<i64>| -> WorkspaceInstance {
            let mut value = json!({
                "apiVersion": "workshop.platform/v1", "kind": "WorkspaceInstance", "metadata": {"name": "ana"},
                "spec": {"templateRef": {"name": "shell"}, "owner": "ana"}, "status": {}
            });
            value["spec"]["resetCount"] = json!(spec);
            value["status"]["resetCount"] = json!(status);
            serde_json::from_value(value).unwrap()
        };
        assert_eq!(next_count(&instance(None, None)), 1);
        assert_eq!(next_count(&instance(Some(2), Some(1))), 3);
        assert_eq!(next_count(&instance(None, Some(4))), 5);
    }
}
