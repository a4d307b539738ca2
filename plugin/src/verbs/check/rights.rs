//! What the caller may do.

use futures::future::join_all;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::Api;
use kube::api::PostParams;

use super::Finding;
use crate::context::Context;
use crate::error::Error;

const CHECK: &str = "rights";

/// What a person needs for some verbs.
struct Need {
    /// Verbs of the plugin.
    what: &'static str,
    resource: &'static str,
    in_class: bool,
    verbs: &'static [&'static str],
    /// ClusterRole of the chart that gives it.
    role: &'static str,
}

const NEEDS: [Need; 3] = [
    Need {
        what: "create, move, reset and delete workspaces",
        resource: "workspaceinstances",
        in_class: true,
        verbs: &["get", "list", "watch", "create", "patch", "delete"],
        role: "workshop-instructor",
    },
    Need {
        what: "see which workshops there are",
        resource: "workspacetemplates",
        in_class: false,
        verbs: &["get", "list"],
        role: "workshop-template-reader",
    },
    Need {
        what: "load workshops",
        resource: "workspacetemplates",
        in_class: false,
        verbs: &["get", "create", "update"],
        role: "workshop-admin",
    },
];

pub async fn check(context: &Context) -> Vec<Finding> {
    join_all(NEEDS.iter().map(|need| async move {
        let answers = join_all(need.verbs.iter().map(|verb| allowed(context, need, verb))).await;
        match answers.into_iter().collect::<Result<Vec<bool>, Error>>() {
            Ok(allowed) => judge(need, &context.class, &allowed),
            Err(error) => Finding::unseen(CHECK, &error),
        }
    }))
    .await
}

async fn allowed(context: &Context, need: &Need, verb: &str) -> Result<bool, Error> {
    let attributes = ResourceAttributes {
        group: Some(api::names::GROUP.to_owned()),
        resource: Some(need.resource.to_owned()),
        verb: Some(verb.to_owned()),
        namespace: need.in_class.then(|| context.class.clone()),
        ..ResourceAttributes::default()
    };
    let spec = SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() };
    let review = SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() };
    let reviews: Api<SelfSubjectAccessReview> = Api::all(context.client.clone());
    let answer = context.call("ask what you may do", reviews.create(&PostParams::default(), &review)).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}

/// Not to be allowed is no fault of the cluster: an instructor need not load workshops.
fn judge(need: &Need, class: &str, allowed: &[bool]) -> Finding {
    let place = if need.in_class { format!(" in class {class}") } else { String::new() };
    let missing: Vec<&str> =
        need.verbs.iter().zip(allowed).filter(|(_, allowed)| !**allowed).map(|(verb, _)| *verb).collect();
    if missing.is_empty() {
        return Finding::ok(CHECK, format!("you may {}{place}", need.what));
    }
    Finding::warn(
        CHECK,
        format!("you may not {}{place}: {} {} is missing", need.what, missing.join(", "), need.resource),
        format!("if you should, ask for the ClusterRole {}{place}", need.role),
    )
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn a_missing_right_is_named_with_the_role_that_gives_it() {
        let [instances, templates, _] = &NEEDS;
        assert_eq!(judge(instances, "monday", &[true; 6]).state, State::Ok);
        let finding = judge(templates, "monday", &[true, false]);
        assert_eq!(finding.state, State::Warn);
        assert_eq!(
            finding.what,
            "you may not see which workshops there are: list workspacetemplates is missing"
        );
        assert_eq!(finding.todo, "if you should, ask for the ClusterRole workshop-template-reader");
    }
}
