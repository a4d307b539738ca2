//! `check`: does the cluster have what the product needs?

mod definitions;
mod nodes;
mod operators;
mod rights;
mod server;
mod storage;

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use crate::args::{Global, OutputArgs};
use crate::context::Context;
use crate::error::Error;
use crate::exit::Exit;
use crate::output::{self, Format};

/// Check whether the cluster has what workshops need
///
/// Nothing is changed. Exit code 3 when something has to be repaired; warnings alone are no failure.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl workshop check
  kubectl workshop check -n monday
  kubectl workshop check -o json")]
pub struct Check {
    #[command(flatten)]
    output: OutputArgs,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    /// Part of the product is not available, or could not be looked at.
    Warn,
    /// It has to be repaired.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Finding {
    check: &'static str,
    state: State,
    what: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    todo: String,
}

impl Finding {
    fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, state: State::Ok, what: what.into(), todo: String::new() }
    }

    fn warn(check: &'static str, what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { check, state: State::Warn, what: what.into(), todo: todo.into() }
    }

    fn fail(check: &'static str, what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { check, state: State::Fail, what: what.into(), todo: todo.into() }
    }

    /// What could not be looked at: a warning when the caller may not, a failure otherwise.
    fn unseen(check: &'static str, error: &Error) -> Self {
        let report = error.report();
        let what = format!("{}: {}", report.what, report.why.join("; "));
        match report.exit {
            Exit::NotAllowed => {
                Self::warn(check, what, "let somebody with more rights run this check as well")
            }
            _ => Self::fail(check, what, report.todo),
        }
    }
}

impl Check {
    /// Runs the verb.
    pub async fn run(self, global: &Global) -> Result<Exit, Error> {
        let context = Context::open(global).await?;
        // Without an answer to this there is nothing to check.
        let mut findings = vec![server::check(&context).await?];
        let (definitions, operators, nodes, rights, storage) = tokio::join!(
            definitions::check(&context),
            operators::check(&context),
            nodes::check(&context),
            rights::check(&context),
            storage::check(&context),
        );
        findings.extend([definitions, operators, nodes, rights, storage].into_iter().flatten());
        match self.output.output {
            Some(format @ (Format::Json | Format::Yaml)) => {
                let report = serde_json::json!({
                    "apiVersion": "cli.workshop.platform/v1", "kind": "CheckReport",
                    "cluster": context.cluster, "class": context.class, "findings": findings,
                });
                output::value(format, &report)?;
            }
            Some(Format::Name | Format::Wide) | None => output::print(&lines(&findings))?,
        }
        Ok(if findings.iter().any(|finding| finding.state == State::Fail) {
            Exit::Findings
        } else {
            Exit::Fine
        })
    }
}

fn lines(findings: &[Finding]) -> String {
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    let mut text = String::new();
    for finding in findings {
        let state = match finding.state {
            State::Ok => "ok",
            State::Warn => "warn",
            State::Fail => "FAIL",
        };
        let _ = writeln!(text, "{state:<5} {:<12} {}", finding.check, crate::table::plain(&finding.what));
        for line in finding.todo.lines() {
            let _ = writeln!(text, "{:<18} -> {line}", "");
        }
    }
    let _ = writeln!(
        text,
        "{} ok, {} to know, {} to repair",
        count(State::Ok),
        count(State::Warn),
        count(State::Fail)
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_is_a_line_and_says_what_to_do() {
        let findings = [
            Finding::ok("server", "Kubernetes 1.36.3"),
            Finding::warn("storage", "there is no default storage class", "mark one"),
            Finding::fail("operator", "not installed", "install the chart"),
        ];
        insta::assert_snapshot!(lines(&findings), @r"
        ok    server       Kubernetes 1.36.3
        warn  storage      there is no default storage class
                           -> mark one
        FAIL  operator     not installed
                           -> install the chart
        1 ok, 1 to know, 1 to repair
        ");
    }
}
