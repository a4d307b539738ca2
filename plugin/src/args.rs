//! The command line. Flags that mean the same for every verb stand in [`Global`].

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::colour::When;
use crate::output::Format;
use crate::program;
use crate::verbs;

/// Workshops on Kubernetes: every step of a workshop is an image, every learner gets a workspace.
#[derive(Debug, Parser)]
#[command(
    version,
    propagate_version = false,
    disable_version_flag = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "\
First hour:
  kubectl workshop check                              is the cluster ready?
  kubectl workshop build compile examples/shell-basics
  kubectl workshop load examples/shell-basics/shell-basics.workshop
  kubectl workshop create ana --template shell-basics --wait
  kubectl workshop step ana --next
  kubectl workshop status ana

Flags of the cluster (-n, --context, ...) go after the word workshop.
Exit codes: 0 fine, 1 failed, 2 wrong usage, 3 findings, 4 part failed, 5 timed out waiting,
6 not found, 7 not allowed, 8 declined, 130 interrupted."
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub verb: Verb,
}

/// Flags that every verb takes, at any place.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Cluster")]
pub struct Global {
    /// Namespace of the class; default: the one of the kubeconfig context
    #[arg(short, long, global = true, value_name = "CLASS")]
    pub namespace: Option<String>,
    /// Context of the kubeconfig
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Option<String>,
    /// Cluster of the kubeconfig
    #[arg(long, global = true, value_name = "NAME")]
    pub cluster: Option<String>,
    /// User of the kubeconfig
    #[arg(long, global = true, value_name = "NAME")]
    pub user: Option<String>,
    /// Kubeconfig file; default: the list in KUBECONFIG, or ~/.kube/config
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Address of the API server
    #[arg(short, long, global = true, value_name = "URL")]
    pub server: Option<String>,
    /// Bearer token
    #[arg(long, global = true, value_name = "TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Act as this user
    #[arg(long = "as", global = true, value_name = "USER")]
    pub as_user: Option<String>,
    /// Act as a member of this group; may be repeated
    #[arg(long = "as-group", global = true, value_name = "GROUP")]
    pub as_group: Vec<String>,
    /// Longest time for one answer of the API server, for example 30s
    #[arg(long, global = true, value_name = "TIME", value_parser = duration, default_value = "30s")]
    pub request_timeout: Duration,
    /// Colours: auto, always or never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        value_enum,
        default_value = "auto",
        hide_possible_values = true,
        hide_default_value = true
    )]
    pub color: When,
    /// Say what lies behind an error
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    Build(verbs::build::Build),
    Load(verbs::load::Load),
    Create(verbs::create::Create),
    Status(verbs::status::Status),
    Step(verbs::step::Step),
    Reset(verbs::reset::Reset),
    Delete(verbs::delete::Delete),
    Check(verbs::check::Check),
    Version(verbs::version::Version),
    Uninstall(crate::uninstall::Uninstall),
}

/// `-o` of verbs that print objects.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct OutputArgs {
    /// Form of the output: json, yaml, name or wide
    #[arg(short, long, value_name = "FORM", value_enum, hide_possible_values = true)]
    pub output: Option<Format>,
}

/// A duration with a unit, `90s`, `5m`, `1h30m`.
pub fn duration(text: &str) -> Result<Duration, String> {
    api::duration::parse(text).map_err(|fault| fault.to_string())
}

/// Reads the command line, under the name that the program was called by.
///
/// # Errors
/// Wrong usage, and the texts of `--help`: clap prints both and knows their exit codes.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let matches = command().try_get_matches_from(arguments)?;
    Cli::from_arg_matches(&matches)
}

/// The command with its examples, written for the name in use.
pub fn command() -> clap::Command {
    renamed(Cli::command().bin_name(program::name()).display_name(program::name()))
}

/// Examples are written for `kubectl workshop`; who calls `workshop` reads them so (CL-01).
fn renamed(mut command: clap::Command) -> clap::Command {
    let as_called = |text: String| text.replace("kubectl workshop", program::name());
    if let Some(text) = command.get_after_help().map(ToString::to_string) {
        command = command.after_help(as_called(text));
    }
    if command.get_name() == "step" {
        // The order that people write; clap would put the choice first.
        let usage = format!("{} step [OPTIONS] <NAME> <STEP|--next|--prev|--first>", program::name());
        command = command.override_usage(usage);
    }
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        command = command.mut_subcommand(name, renamed);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn cluster_flags_may_stand_anywhere() {
        for line in ["workshop -n monday step ana pipes", "workshop step ana -n monday pipes"] {
            let cli = parse(line.split(' ').map(OsString::from)).unwrap();
            assert_eq!(cli.global.namespace.as_deref(), Some("monday"), "{line}");
        }
    }

    #[test]
    fn every_verb_has_an_example() {
        fn visit(command: &clap::Command) {
            let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(text.contains("kubectl workshop"), "{} has no example", command.get_name());
            command.get_subcommands().for_each(visit);
        }
        visit(&Cli::command());
    }
}
