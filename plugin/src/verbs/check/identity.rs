//! Who asks: the user that the API server sees.

use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::Api;
use kube::api::PostParams;

use super::catalogue::IDENTITY;
use super::finding::Finding;
use crate::context::Context;
use crate::verbs::version::CLIENT;

const ANONYMOUS: &str = "system:anonymous";

pub async fn check(context: &Context) -> Vec<Finding> {
    let reviews: Api<SelfSubjectReview> = Api::all(context.client.clone());
    let review = SelfSubjectReview::default();
    let answer = context.call("ask who you are", reviews.create(&PostParams::default(), &review)).await;
    vec![match answer {
        Ok(review) => {
            let user = review.status.and_then(|status| status.user_info).and_then(|user| user.username);
            judge(&user.unwrap_or_default())
        }
        Err(error) => Finding::unseen(IDENTITY, &error),
    }]
}

fn judge(user: &str) -> Finding {
    if user.is_empty() || user == ANONYMOUS {
        return Finding::fail(
            IDENTITY,
            "the API server does not know who you are: the kubeconfig has no credentials",
            "sign in as your platform team says, or choose others with --context or --user",
        );
    }
    Finding::ok(IDENTITY, format!("kubectl-workshop {CLIENT}, signed in as {user}"))
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn nobody_is_not_signed_in() {
        assert_eq!(judge("ana").state, State::Ok);
        assert_eq!(judge(ANONYMOUS).state, State::Fail);
        assert_eq!(judge("").state, State::Fail);
    }
}
