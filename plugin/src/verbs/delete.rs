//! `delete`: take workspaces away.

use std::io::{BufRead as _, IsTerminal as _};

use api::v1::WorkspaceInstance;
use clap::Args;
use kube::api::{DeleteParams, Preconditions};
use kube::{Api, ResourceExt};

use super::{DryRunArgs, WaitArgs, bare_name, instance, some};
use crate::args::OutputArgs;
use crate::context::Context;
use crate::error::Error;
use crate::exit::Exit;
use crate::{interrupt, output, program, wait};

/// Delete workspaces and everything in them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl workshop delete ana
  kubectl workshop delete ana bo --yes
  kubectl workshop status -o name | xargs kubectl workshop delete --yes")]
pub struct Delete {
    /// Names of instances
    #[arg(required = true, value_parser = bare_name)]
    names: Vec<String>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    dry_run: DryRunArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Delete {
    /// Runs the verb.
    pub async fn run(self, context: &Context) -> Result<Exit, Error> {
        if !self.yes && !self.dry_run.on_server() {
            confirm(&self.names, &context.class).await?;
        }
        let mut errors = Vec::new();
        let mut going = Vec::new();
        for name in &self.names {
            match self.begin(context, name).await {
                Ok(instance) => going.push(instance),
                Err(error) => errors.push(error),
            }
        }
        let (mut deleted, limit) = (0_usize, self.wait.limit().filter(|_| !self.dry_run.on_server()));
        for instance in &going {
            match self.end(context, instance, limit).await {
                Ok(()) => deleted += 1,
                Err(error) => errors.push(error),
            }
        }
        conclude(errors, deleted)
    }

    /// Asks for the deletion of exactly the object that was seen.
    async fn begin(&self, context: &Context, name: &str) -> Result<WorkspaceInstance, Error> {
        let seen = instance(context, name).await?;
        let params = DeleteParams {
            dry_run: self.dry_run.on_server(),
            preconditions: Some(Preconditions { uid: seen.uid(), resource_version: None }),
            ..DeleteParams::default()
        };
        let instances: Api<WorkspaceInstance> = context.in_class();
        interrupt::leaves(format!(
            "what is being deleted goes on; look: {} status -n {}",
            program::name(),
            context.class
        ));
        context.call(format!("delete instance {name}"), instances.delete(name, &params)).await?;
        Ok(seen)
    }

    async fn end(
        &self,
        context: &Context,
        instance: &WorkspaceInstance,
        limit: Option<std::time::Duration>,
    ) -> Result<(), Error> {
        let verb = match limit {
            Some(limit) => {
                wait::until_gone(context, &instance.name_any(), instance.uid().as_deref(), limit).await?;
                "deleted".to_owned()
            }
            None if self.dry_run.on_server() => format!("deleted{}", self.dry_run.suffix()),
            None => "is being deleted".to_owned(),
        };
        output::object(self.output.output, instance, &verb)
    }
}

/// One error is the error; some of several are a part that failed, each said when it is known.
fn conclude(mut errors: Vec<Error>, deleted: usize) -> Result<Exit, Error> {
    let (failed, of) = (errors.len(), errors.len() + deleted);
    match errors.pop() {
        None => Ok(Exit::Fine),
        Some(only) if of == 1 => Err(only),
        Some(last) => {
            errors.push(last);
            for error in &errors {
                eprint!("{}", error.report().text(false));
            }
            Err(Error::PartFailed { failed, of })
        }
    }
}

/// Asks at the terminal; without one nobody can be asked, and nothing is deleted.
async fn confirm(names: &[String], class: &str) -> Result<(), Error> {
    let what = match names {
        [one] => format!("workspace {one} of class {class}"),
        many => format!("{} workspaces of class {class}: {}", many.len(), some(many)),
    };
    ask(&what).await
}

/// Asks whether `what` may be deleted.
///
/// # Errors
/// Exit 8 where the answer is no, or where nobody can be asked.
pub async fn ask(what: &str) -> Result<(), Error> {
    let declined = |what: String| Error::Declined { what, todo: "say yes with --yes".to_owned() };
    if !std::io::stdin().is_terminal() {
        return Err(declined(format!("nothing was deleted: nobody can be asked about {what}")));
    }
    eprintln!("This deletes {what}, and all work in it.");
    eprint!("Go on? [y/N] ");
    // On a thread of its own, so that Ctrl-C is still heard.
    if tokio::task::spawn_blocking(says_yes).await.unwrap_or(false) {
        Ok(())
    } else {
        Err(declined("nothing was deleted".to_owned()))
    }
}

fn says_yes() -> bool {
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer).is_ok();
    read && ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error() -> Error {
        Error::Gone { what: "x".to_owned() }
    }

    #[test]
    fn the_exit_code_tells_part_from_all() {
        assert_eq!(conclude(vec![], 2).unwrap(), Exit::Fine);
        assert_eq!(conclude(vec![error()], 0).unwrap_err().report().exit, Exit::Failed);
        let part = conclude(vec![error()], 1).unwrap_err();
        assert_eq!((part.report().exit, part.to_string()), (Exit::PartFailed, "1 of 2 failed".to_owned()));
    }
}
