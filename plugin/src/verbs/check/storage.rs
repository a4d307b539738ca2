//! A default storage class, for `lifecycle.mode: persistent`.

use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::ListParams;
use kube::{Api, ResourceExt};

use super::catalogue::STORAGE_DEFAULT as CHECK;
use super::finding::Finding;
use crate::context::Context;

const DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";

pub async fn check(context: &Context) -> Vec<Finding> {
    let classes: Api<StorageClass> = Api::all(context.client.clone());
    vec![match context.call("list storage classes", classes.list(&ListParams::default())).await {
        Ok(classes) => judge(&classes.items),
        Err(error) => Finding::unseen(CHECK, &error),
    }]
}

fn judge(classes: &[StorageClass]) -> Finding {
    let is_default =
        |class: &&StorageClass| class.annotations().get(DEFAULT).is_some_and(|value| value == "true");
    match classes.iter().find(is_default) {
        Some(class) => Finding::ok(CHECK, format!("default storage class {}", class.name_any())),
        None => Finding::warn(
            CHECK,
            "no default storage class: templates with lifecycle.mode: persistent cannot run",
            format!("mark one:\nkubectl annotate storageclass NAME {DEFAULT}=true"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn a_default_class_is_needed_for_persistent_workspaces() {
        let mut class = StorageClass::default();
        assert_eq!(judge(&[]).state, State::Warn);
        assert_eq!(judge(std::slice::from_ref(&class)).state, State::Warn);
        class.annotations_mut().insert(DEFAULT.to_owned(), "true".to_owned());
        assert_eq!(judge(&[class]).state, State::Ok);
    }
}
