//! `version`: of this program, of the operator, of Kubernetes.

use clap::Args;
use serde::Serialize;

use crate::args::{Global, OutputArgs};
use crate::context::Context;
use crate::error::Error;
use crate::exit::Exit;
use crate::operator;
use crate::output::{self, Format};

/// Version of this program.
pub const CLIENT: &str = env!("CARGO_PKG_VERSION");

/// Show the versions of this program, the operator and Kubernetes
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl workshop version
  kubectl workshop version --client
  kubectl workshop version -o json")]
pub struct Version {
    /// This program only; no cluster is asked
    #[arg(long)]
    client: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// What `-o json` prints; fields are only ever added.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Versions {
    client: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    operator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kubernetes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

impl Version {
    /// Runs the verb.
    pub async fn run(self, global: &Global) -> Result<Exit, Error> {
        let mut versions =
            Versions { client: CLIENT.to_owned(), operator: None, kubernetes: None, warning: None };
        let asked = if self.client { Ok(()) } else { ask(global, &mut versions).await };
        match self.output.output {
            Some(format @ (Format::Json | Format::Yaml)) => output::value(format, &versions)?,
            Some(Format::Name | Format::Wide) | None => output::print(&lines(&versions, self.client))?,
        }
        asked.map(|()| Exit::Fine)
    }
}

async fn ask(global: &Global, versions: &mut Versions) -> Result<(), Error> {
    let context = Context::open(global).await?;
    let server = context.call("read the version of Kubernetes", context.client.apiserver_version()).await?;
    versions.kubernetes = Some(server.git_version.trim_start_matches('v').to_owned());
    let found = match operator::deployments(&context).await {
        Ok(found) => found,
        // A learner's or instructor's rights need not reach to the operator's namespace.
        Err(error) if error.report().exit == Exit::NotAllowed => return Ok(()),
        Err(error) => return Err(error),
    };
    versions.operator = found.first().and_then(operator::version);
    versions.warning = versions.operator.as_deref().and_then(|operator| skew(CLIENT, operator));
    Ok(())
}

fn lines(versions: &Versions, client_only: bool) -> String {
    let mut text = format!("Client:     {}\n", versions.client);
    if client_only {
        return text;
    }
    let unknown = "unknown".to_owned();
    text.push_str(&format!("Operator:   {}\n", versions.operator.as_ref().unwrap_or(&unknown)));
    text.push_str(&format!("Kubernetes: {}\n", versions.kubernetes.as_ref().unwrap_or(&unknown)));
    if let Some(warning) = &versions.warning {
        text.push_str(&format!("warning: {warning}\n"));
    }
    text
}

/// A warning when the minor versions are more than one apart (CL-17).
pub fn skew(client: &str, operator: &str) -> Option<String> {
    let parts = |version: &str| {
        let mut numbers = version.trim_start_matches('v').split(['.', '-', '+']).map(str::parse::<u32>);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    };
    let ((major, minor), (other_major, other_minor)) = (parts(client)?, parts(operator)?);
    (major != other_major || minor.abs_diff(other_minor) > 1).then(|| {
        format!(
            "client {client} and operator {operator} are more than one minor version apart: upgrade the older"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_minor_version_apart_is_fine() {
        assert_eq!(skew("0.1.0", "0.2.5"), None);
        assert_eq!(skew("0.1.0", "v0.1.0-rc.1"), None);
        assert_eq!(skew("0.1.0", "dev"), None);
        assert!(skew("0.1.0", "0.3.0").is_some());
        assert!(skew("1.0.0", "0.1.0").is_some());
    }
}
