//! One file per verb.

pub mod build;
pub mod check;
pub mod create;
pub mod delete;
mod details;
pub mod load;
mod registries;
pub mod reset;
pub mod status;
pub mod step;
pub mod version;

use std::time::Duration;

use api::v1::{WorkspaceInstance, WorkspaceTemplate};
use clap::{Args, ValueEnum};
use kube::Api;

use crate::args::duration;
use crate::context::Context;
use crate::error::Error;
use crate::program;

/// `--wait` and `--no-wait` of verbs that wait unless told otherwise.
#[derive(Clone, Copy, Debug, Args)]
pub struct WaitArgs {
    /// Wait at most this long [default: 60s]
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_value = "60s", default_missing_value = "60s", value_parser = duration, hide_default_value = true)]
    wait: Duration,
    /// Ask for it and return at once
    #[arg(long, conflicts_with = "wait")]
    no_wait: bool,
}

impl WaitArgs {
    /// How long to wait; none means not at all.
    fn limit(self) -> Option<Duration> {
        (!self.no_wait).then_some(self.wait)
    }
}

/// `--dry-run`.
#[derive(Clone, Copy, Debug, Args)]
pub struct DryRunArgs {
    /// With =server: let the API server check everything and change nothing
    #[arg(
        long,
        value_name = "WHERE",
        value_enum,
        default_value = "none",
        hide_default_value = true,
        hide_possible_values = true
    )]
    dry_run: DryRun,
}

/// Where a dry run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DryRun {
    /// No dry run.
    None,
    /// The API server checks and stores nothing.
    Server,
}

impl DryRunArgs {
    /// Whether nothing is to be changed.
    pub fn on_server(self) -> bool {
        self.dry_run == DryRun::Server
    }

    /// What is written after a verb.
    pub fn suffix(self) -> &'static str {
        if self.on_server() { " (server dry run)" } else { "" }
    }
}

/// Longest name of an instance (its schema).
const LONGEST_INSTANCE_NAME: usize = 50;

/// Whether a text is a DNS label of at most `longest` characters.
fn is_name(text: &str, longest: usize) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let fits = text.starts_with(word) && text.ends_with(word) && text.chars().all(|c| word(c) || c == '-');
    fits && text.len() <= longest
}

/// The name of an instance as people write it, and as `-o name` prints it.
fn bare_name(text: &str) -> Result<String, String> {
    let name = text.rsplit_once('/').map_or(text, |(kind, name)| match kind {
        "workspaceinstance.workshop.platform" | "workspaceinstance" | "wsi" => name,
        _ => "",
    });
    if is_name(name, LONGEST_INSTANCE_NAME) {
        Ok(name.to_owned())
    } else {
        Err("want a name of lower-case letters, digits and hyphens, at most 50, for example ana".to_owned())
    }
}

/// Reads an instance; one that does not exist is answered with those that do.
async fn instance(context: &Context, name: &str) -> Result<WorkspaceInstance, Error> {
    let instances: Api<WorkspaceInstance> = context.in_class();
    let found = context.call(format!("read instance {name}"), instances.get_opt(name)).await?;
    match found {
        Some(instance) => Ok(instance),
        None => Err(no_instance(context, name).await),
    }
}

async fn no_instance(context: &Context, name: &str) -> Error {
    let instances: Api<WorkspaceInstance> = context.in_class();
    let all = context.call("list instances", instances.list(&kube::api::ListParams::default())).await;
    let all = match all {
        Ok(all) => all,
        // The kind itself may be unknown, or the list not allowed: that is the better answer.
        Err(error) => return error,
    };
    let names: Vec<String> = all.items.into_iter().filter_map(|one| one.metadata.name).collect();
    let there = if names.is_empty() { "it has none".to_owned() } else { format!("it has {}", some(&names)) };
    Error::NotFound {
        what: format!("there is no instance \"{name}\" in class {}", context.class),
        why: there,
        todo: format!("choose one of them, or another class with -n (all: {} status -A)", program::name()),
    }
}

/// Reads a template; one that does not exist is answered with those that do.
async fn template(context: &Context, name: &str) -> Result<WorkspaceTemplate, Error> {
    let templates: Api<WorkspaceTemplate> = Api::all(context.client.clone());
    if let Some(template) = context.call(format!("read template {name}"), templates.get_opt(name)).await? {
        return Ok(template);
    }
    let all = context.call("list templates", templates.list(&kube::api::ListParams::default())).await?;
    let names: Vec<String> = all.items.into_iter().filter_map(|one| one.metadata.name).collect();
    Err(Error::NotFound {
        what: format!("there is no template \"{name}\""),
        why: if names.is_empty() {
            "the cluster has no template yet".to_owned()
        } else {
            format!("the cluster has {}", some(&names))
        },
        todo: format!("choose one of them, or load a workshop: {} load ARTIFACT", program::name()),
    })
}

/// A list for people, not longer than a line or two.
fn some(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let shown = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{shown} and {more} more"),
        _ => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_as_people_and_programs_write_them() {
        assert_eq!(bare_name("ana").as_deref(), Ok("ana"));
        assert_eq!(bare_name("workspaceinstance.workshop.platform/ana-2").as_deref(), Ok("ana-2"));
        for wrong in ["", "Ana", "a.b", "-a", "a-", "pod/ana", &"a".repeat(51)] {
            assert!(bare_name(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn long_lists_are_cut_with_a_count() {
        let names: Vec<String> = (0..15).map(|n| format!("n{n}")).collect();
        assert!(some(&names).ends_with("n11 and 3 more"));
        assert_eq!(some(&names[..2]), "n0, n1");
    }
}
