//! The API server: reachable, and of a supported version.

use k8s_openapi::apimachinery::pkg::version::Info;

use super::catalogue::{REACHABLE, VERSION};
use super::finding::Finding;
use crate::context::Context;

/// Oldest Kubernetes that is supported: pod generations, and user namespaces on by default.
const OLDEST: (u32, u32) = (1, 33);

/// Its version, or the one finding that there is then.
pub async fn version(context: &Context) -> Result<Info, Box<Finding>> {
    let answer = context.call("reach the cluster", context.client.apiserver_version()).await;
    answer.map_err(|error| {
        let report = error.report();
        let what = format!("{}: {}", context.cluster, report.why.join("; "));
        Box::new(Finding::fail(REACHABLE, what, report.todo))
    })
}

pub fn reachable(context: &Context) -> Finding {
    Finding::ok(REACHABLE, format!("{} answers", context.cluster))
}

pub fn judge(version: &Info) -> Finding {
    let number = |text: &str| {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        text.get(..end).and_then(|digits| digits.parse::<u32>().ok()).unwrap_or(0)
    };
    let what = format!("Kubernetes {}", version.git_version.trim_start_matches('v'));
    if (number(&version.major), number(&version.minor)) >= OLDEST {
        return Finding::ok(VERSION, what);
    }
    let (major, minor) = OLDEST;
    Finding::fail(VERSION, what, format!("upgrade the cluster to Kubernetes {major}.{minor} or later"))
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn the_oldest_supported_version_is_in() {
        let state = |major: &str, minor: &str| {
            judge(&Info { major: major.into(), minor: minor.into(), ..Info::default() }).state
        };
        assert_eq!(state("1", "33"), State::Ok);
        assert_eq!(state("1", "36+"), State::Ok);
        assert_eq!(state("2", "0"), State::Ok);
        assert_eq!(state("1", "32"), State::Fail);
        assert_eq!(state("", ""), State::Fail);
    }
}
