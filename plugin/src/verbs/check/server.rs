//! Version of the API server.

use super::Finding;
use crate::context::Context;
use crate::error::Error;

const CHECK: &str = "server";
/// Oldest Kubernetes that is supported: pod generations, and user namespaces on by default.
const OLDEST: (u32, u32) = (1, 33);

pub async fn check(context: &Context) -> Result<Finding, Error> {
    let version = context.call("reach the cluster", context.client.apiserver_version()).await?;
    Ok(judge(&version.major, &version.minor, &version.git_version))
}

fn judge(major: &str, minor: &str, full: &str) -> Finding {
    let number = |text: &str| {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        text.get(..end).and_then(|digits| digits.parse::<u32>().ok()).unwrap_or(0)
    };
    let what = format!("Kubernetes {}", full.trim_start_matches('v'));
    if (number(major), number(minor)) >= OLDEST {
        Finding::ok(CHECK, what)
    } else {
        let (major, minor) = OLDEST;
        Finding::fail(CHECK, what, format!("upgrade the cluster to Kubernetes {major}.{minor} or later"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn the_oldest_supported_version_is_in() {
        assert_eq!(judge("1", "33", "v1.33.0").state, State::Ok);
        assert_eq!(judge("1", "36+", "v1.36.3-gke.1").state, State::Ok);
        assert_eq!(judge("2", "0", "v2.0.0").state, State::Ok);
        assert_eq!(judge("1", "32", "v1.32.9").state, State::Fail);
        assert_eq!(judge("", "", "").state, State::Fail);
    }
}
