//! What the caller may do, asked verb by verb (SelfSubjectAccessReview).

use futures::future::join_all;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::Api;
use kube::api::PostParams;

use super::catalogue::{RIGHTS_INSTALL, RIGHTS_LOAD, RIGHTS_TEMPLATES, RIGHTS_WORKSPACES, Subject};
use super::finding::{Finding, State};
use crate::context::Context;
use crate::error::Error;

/// What a person needs for some verbs.
pub struct Need {
    check: Subject,
    /// Verbs of the plugin.
    what: &'static str,
    group: &'static str,
    resources: &'static [&'static str],
    in_class: bool,
    verbs: &'static [&'static str],
    /// How it is come by.
    todo: &'static str,
    /// What it is to be without it. An instructor need not load workshops.
    without: State,
}

/// What the verbs of this program need.
pub const USE: [Need; 3] = [
    Need {
        check: RIGHTS_WORKSPACES,
        what: "create, move, reset and delete workspaces",
        group: api::names::GROUP,
        resources: &["workspaceinstances"],
        in_class: true,
        verbs: &["get", "list", "watch", "create", "patch", "delete"],
        todo: "if you should, ask for the ClusterRole workshop-instructor in this class",
        without: State::Warn,
    },
    Need {
        check: RIGHTS_TEMPLATES,
        what: "see which workshops there are",
        group: api::names::GROUP,
        resources: &["workspacetemplates"],
        in_class: false,
        verbs: &["get", "list"],
        todo: "if you should, ask for the ClusterRole workshop-template-reader",
        without: State::Warn,
    },
    Need {
        check: RIGHTS_LOAD,
        what: "load workshops",
        group: api::names::GROUP,
        resources: &["workspacetemplates"],
        in_class: false,
        verbs: &["get", "create", "update"],
        todo: "if you should, ask for the ClusterRole workshop-admin",
        without: State::Warn,
    },
];

const AS_ADMINISTRATOR: &str = "install as an administrator of the cluster: --context, --user or --as";

/// What an installation writes for the whole cluster; whoever may do this may do the rest.
pub const INSTALL: [Need; 3] = [
    Need {
        check: RIGHTS_INSTALL,
        what: "install the kinds",
        group: "apiextensions.k8s.io",
        resources: &["customresourcedefinitions"],
        in_class: false,
        verbs: &["get", "create", "patch"],
        todo: AS_ADMINISTRATOR,
        without: State::Fail,
    },
    Need {
        check: RIGHTS_INSTALL,
        what: "install the roles",
        group: "rbac.authorization.k8s.io",
        resources: &["clusterroles", "clusterrolebindings"],
        in_class: false,
        // escalate: the API server lets nobody give away rights that he does not hold.
        verbs: &["get", "create", "patch", "escalate", "bind"],
        todo: AS_ADMINISTRATOR,
        without: State::Fail,
    },
    Need {
        check: RIGHTS_INSTALL,
        what: "install the operator",
        group: "apps",
        resources: &["deployments"],
        in_class: false,
        verbs: &["get", "create", "patch"],
        todo: AS_ADMINISTRATOR,
        without: State::Fail,
    },
];

pub async fn check(context: &Context, needs: &[Need]) -> Vec<Finding> {
    join_all(needs.iter().map(|need| async move {
        let asked =
            need.resources.iter().flat_map(|resource| need.verbs.iter().map(move |verb| (*verb, *resource)));
        let answers = join_all(asked.map(|(verb, resource)| async move {
            let allowed = allowed(context, need, verb, resource).await?;
            Ok(if allowed { None } else { Some(format!("{verb} {resource}")) })
        }))
        .await;
        match answers.into_iter().collect::<Result<Vec<Option<String>>, Error>>() {
            Ok(missing) => judge(need, &context.class, &missing.into_iter().flatten().collect::<Vec<_>>()),
            Err(error) => Finding::unseen(need.check, &error),
        }
    }))
    .await
}

async fn allowed(context: &Context, need: &Need, verb: &str, resource: &str) -> Result<bool, Error> {
    let attributes = ResourceAttributes {
        group: Some(need.group.to_owned()),
        resource: Some(resource.to_owned()),
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

fn judge(need: &Need, class: &str, missing: &[String]) -> Finding {
    let place = if need.in_class { format!(" in class {class}") } else { String::new() };
    if missing.is_empty() {
        return Finding::ok(need.check, format!("you may {}{place}", need.what));
    }
    Finding {
        check: need.check,
        state: need.without,
        what: format!("you may not {}{place}; missing: {}", need.what, missing.join(", ")),
        todo: need.todo.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_right_is_named_with_the_role_that_gives_it() {
        let [instances, templates, _] = &USE;
        assert_eq!(judge(instances, "monday", &[]).state, State::Ok);
        let finding = judge(templates, "monday", &["list workspacetemplates".to_owned()]);
        assert_eq!(finding.state, State::Warn);
        assert_eq!(
            finding.what,
            "you may not see which workshops there are; missing: list workspacetemplates"
        );
        assert_eq!(finding.todo, "if you should, ask for the ClusterRole workshop-template-reader");
    }

    #[test]
    fn nobody_installs_without_the_rights() {
        assert_eq!(judge(&INSTALL[0], "monday", &["create x".to_owned()]).state, State::Fail);
    }
}
