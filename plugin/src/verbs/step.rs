//! `step`: move a learner to another step.

use std::time::Instant;

use api::names::field_manager;
use api::v1::WorkspaceInstance;
use clap::{ArgGroup, Args};

use super::create::no_step;
use super::{DryRunArgs, WaitArgs, bare_name, instance, template};
use crate::action::{Action, apply};
use crate::args::OutputArgs;
use crate::context::Context;
use crate::error::Error;
use crate::exit::Exit;
use crate::step_choice::{Choice, NoSuchStep, choose};
use crate::{interrupt, output, program, wait};

/// Move a learner to another step
///
/// The workspace changes to the image of the step. What the learner changed in the container's files
/// is gone; a volume at <home>/keep stays.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("which").required(true).args(["step", "next", "prev", "first"]),
    after_help = "\
Examples:
  kubectl workshop step ana pipes
  kubectl workshop step ana --next
  kubectl workshop step ana --first --no-wait"
)]
pub struct Step {
    /// Name of the instance
    #[arg(value_parser = bare_name)]
    name: String,
    /// Id of the step
    step: Option<String>,
    /// The step after the one asked for last
    #[arg(long)]
    next: bool,
    /// The step before the one asked for last
    #[arg(long)]
    prev: bool,
    /// The first step
    #[arg(long)]
    first: bool,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    dry_run: DryRunArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Step {
    /// Runs the verb.
    pub async fn run(self, context: &Context) -> Result<Exit, Error> {
        let before = instance(context, &self.name).await?;
        let step = self.wanted(context, &before).await?;
        let name = &self.name;
        let begun = Instant::now();
        let same = before.spec.current_step.as_deref() == Some(step.as_str());
        interrupt::leaves(format!("{name} goes on moving to {step}; look: {}", context.look(name)));
        let asked = if same {
            before
        } else {
            let action = Action {
                doing: format!("move {name} to {step}"),
                field: "currentStep",
                value: step.clone().into(),
                manager: field_manager::STEP,
                dry_run: self.dry_run.on_server(),
            };
            apply(context, &before, &action).await?
        };
        let limit = self.wait.limit().filter(|_| !self.dry_run.on_server());
        let Some(limit) = limit else {
            let verb = if same { "is asked for" } else { "asked for" };
            output::object(
                self.output.output,
                &asked,
                &format!("{verb} step {step}{}", self.dry_run.suffix()),
            )?;
            return Ok(Exit::Fine);
        };
        let wanted = wait::Wanted { step: Some(step.clone()), ..wait::Wanted::by(&asked) };
        let what = format!("{name} is not on {step}");
        let there = wait::until(context, name, &wanted, limit, &what).await?;
        match self.output.output {
            Some(format) => output::object(Some(format), &there, &format!("moved to {step}"))?,
            None if same => {
                output::line(format!(
                    "{name} is on {step} already (start it afresh: {} reset {name})",
                    program::name()
                ))?;
            }
            None => output::line(format!("moved {name} to {step} in {}", output::seconds(begun.elapsed())))?,
        }
        Ok(Exit::Fine)
    }

    /// The id of the step that the command line means.
    async fn wanted(&self, context: &Context, instance: &WorkspaceInstance) -> Result<String, Error> {
        let choice = match (&self.step, self.next, self.prev) {
            (Some(step), ..) => Choice::Named(step.clone()),
            (None, true, _) => Choice::Next,
            (None, _, true) => Choice::Previous,
            (None, ..) => Choice::First,
        };
        let template = match (template(context, &instance.spec.template_ref.name).await, &choice) {
            (Ok(template), _) => template,
            // Who may not read templates can still name a step; the operator checks it.
            (Err(error), Choice::Named(step)) if error.report().exit == Exit::NotAllowed => {
                return Ok(step.clone());
            }
            (Err(error), _) => return Err(error),
        };
        let current = instance.spec.current_step.as_deref();
        choose(&template.spec.steps, current, &choice).map_err(|fault| match fault {
            NoSuchStep::Unknown(step) | NoSuchStep::Lost(step) => no_step(&template, &step),
            NoSuchStep::NoNext(step) => beyond(&self.name, &step, "after", "last", "--prev"),
            NoSuchStep::NoPrevious(step) => beyond(&self.name, &step, "before", "first", "--next"),
        })
    }
}

fn beyond(name: &str, step: &str, side: &str, end: &str, back: &str) -> Error {
    Error::NotFound {
        what: format!("there is no step {side} {step}"),
        why: format!("{name} is on the {end} step of the workshop"),
        todo: format!(
            "go the other way with {back}, or start this step afresh: {} reset {name}",
            program::name()
        ),
    }
}
