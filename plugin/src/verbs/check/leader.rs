//! The lease by which one replica of the operator leads: held, and fresh.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use kube::Api;

use super::catalogue::OPERATOR_LEADER;
use super::finding::Finding;
use crate::context::Context;
use crate::error::Error;
use crate::output;

/// Longest silence that is waited out before a lease counts as left behind.
const LONGEST: Duration = Duration::from_secs(20);

pub async fn check(context: &Context, namespace: &str) -> Finding {
    match look(context, namespace).await {
        Ok(finding) => finding,
        Err(error) => Finding::unseen(OPERATOR_LEADER, &error),
    }
}

/// Clocks differ, so an old time alone proves nothing: a lease is stale when it also stays as it is for
/// as long as its holder may be silent.
async fn look(context: &Context, namespace: &str) -> Result<Finding, Error> {
    let leases: Api<Lease> = Api::namespaced(context.client.clone(), namespace);
    let doing = format!("read the lease {namespace}/{}", api::names::OPERATOR);
    let Some(first) = context.call(&doing, leases.get_opt(api::names::OPERATOR)).await? else {
        return Ok(absent(namespace));
    };
    let spec = first.spec.clone().unwrap_or_default();
    let holder = spec.holder_identity.clone().unwrap_or_default();
    if holder.is_empty() {
        return Ok(nobody(namespace));
    }
    if silence(&spec) <= allowed(&spec) {
        return Ok(leads(&holder));
    }
    tokio::time::sleep(allowed(&spec)).await;
    let second = context.call(&doing, leases.get_opt(api::names::OPERATOR)).await?;
    match second {
        Some(second) if second.metadata.resource_version != first.metadata.resource_version => {
            Ok(leads(&holder))
        }
        _ => Ok(silent(namespace, &holder, &spec)),
    }
}

fn allowed(spec: &LeaseSpec) -> Duration {
    let seconds = spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
    Duration::from_secs(seconds.unwrap_or(15)).min(LONGEST)
}

fn silence(spec: &LeaseSpec) -> Duration {
    let Some(renewed) = &spec.renew_time else { return Duration::MAX };
    // A clock that is ahead of ours makes it negative: then the lease is looked at twice.
    Duration::try_from(jiff::Timestamp::now().duration_since(renewed.0)).unwrap_or(Duration::MAX)
}

fn see_why(namespace: &str) -> String {
    format!("see why:\nkubectl -n {namespace} logs -l app.kubernetes.io/component=operator")
}

fn leads(holder: &str) -> Finding {
    let pod = holder.split('_').next().unwrap_or(holder);
    Finding::ok(OPERATOR_LEADER, format!("{pod} leads"))
}

fn absent(namespace: &str) -> Finding {
    Finding::warn(
        OPERATOR_LEADER,
        format!("no replica has taken the lease {namespace}/{} yet", api::names::OPERATOR),
        see_why(namespace),
    )
}

fn nobody(namespace: &str) -> Finding {
    Finding::fail(
        OPERATOR_LEADER,
        format!("nobody holds the lease {namespace}/{}, so nothing moves", api::names::OPERATOR),
        see_why(namespace),
    )
}

fn silent(namespace: &str, holder: &str, spec: &LeaseSpec) -> Finding {
    let since = spec.renew_time.as_ref().map(|time| output::span(time.0, jiff::Timestamp::now()));
    let since = since.unwrap_or_else(|| "ever".to_owned());
    Finding::fail(
        OPERATOR_LEADER,
        format!("{holder} holds the lease and has not renewed it for {since}, so nothing moves"),
        see_why(namespace),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;

    #[test]
    fn silence_is_counted_from_the_last_renewal() {
        let ago = |seconds: i64| {
            let at = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(seconds);
            LeaseSpec {
                renew_time: Some(MicroTime(at)),
                lease_duration_seconds: Some(15),
                ..LeaseSpec::default()
            }
        };
        assert!(silence(&ago(3)) < allowed(&ago(3)));
        assert!(silence(&ago(40)) > allowed(&ago(40)));
        // Two minutes ahead of this clock: not believed either.
        assert!(silence(&ago(-120)) > allowed(&ago(-120)));
        assert_eq!(silence(&LeaseSpec::default()), Duration::MAX);
        let endless = LeaseSpec { lease_duration_seconds: Some(i32::MAX), ..LeaseSpec::default() };
        assert_eq!(allowed(&endless), LONGEST);
    }
}
