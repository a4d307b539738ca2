//! Writes what was planned, in the order in which it protects: the namespace with its labels,
//! limits, policy, identity, and only then the pod.

use api::names;

use super::gather::{Gathered, NamespaceSeen};
use super::plan::{NamespaceMove, NeededChildren, Planned, PodMove};
use super::rights::once_known;
use super::stage::Stage;
use crate::children::pod::own;
use crate::context::Context;
use crate::error::Error;

/// Writes, and answers where the workspace stands then. Every write may have happened before: a
/// crash between any two converges to the same end.
///
/// # Errors
/// The first refusal; what was written stays.
pub async fn apply(gathered: &Gathered, planned: Planned, context: &Context) -> Result<Stage, Error> {
    let Planned { namespace, children, pull_secrets, pod, pulls, failed_pulls, touched_pulls, stage } =
        planned;
    finalize(gathered, context).await?;
    let namespace_uid = match move_namespace(gathered, namespace, context).await? {
        Ok(uid) => uid,
        Err(taken) => return Ok(taken),
    };
    let fresh = children.operator_binding.is_some();
    protect(children, context).await?;
    for name in pull_secrets {
        let meta = || gathered.owner.meta(&name);
        once_known(fresh, || context.writes.copy_secret(&context.config.namespace, &name, meta())).await?;
    }
    once_known(fresh, || move_pod(gathered, &pod, namespace_uid.as_deref(), context)).await?;
    for (name, uid) in failed_pulls {
        context.writes.delete_pod(&context.config.namespace, &name, &uid).await?;
    }
    for (name, uid) in touched_pulls {
        context.writes.touch_pod(&context.config.namespace, &name, &uid).await?;
    }
    for pull in pulls {
        context.writes.create_pod(&pull).await?;
    }
    Ok(stage)
}

async fn finalize(gathered: &Gathered, context: &Context) -> Result<(), Error> {
    let metadata = &gathered.instance.metadata;
    let mut finalizers = metadata.finalizers.clone().unwrap_or_default();
    if finalizers.iter().any(|finalizer| finalizer == names::FINALIZER) {
        return Ok(());
    }
    finalizers.push(names::FINALIZER.to_owned());
    let newest = context.writes.set_finalizers(&gathered.instance, &finalizers).await?;
    context.written.note(
        &gathered.owner.uid,
        metadata.resource_version.as_deref().unwrap_or_default(),
        &newest,
    );
    Ok(())
}

/// The uid of the workspace namespace, or the stage that holds while its name is not to be had.
async fn move_namespace(
    gathered: &Gathered,
    namespace: NamespaceMove,
    context: &Context,
) -> Result<Result<Option<String>, Stage>, Error> {
    match namespace {
        NamespaceMove::Stay => Ok(Ok(gathered.namespace.as_ref().map(|seen| seen.uid.clone()))),
        NamespaceMove::SetLevel { uid, level } => {
            context.writes.set_security_level(&gathered.owner.namespace, &uid, level).await?;
            Ok(Ok(Some(uid)))
        }
        NamespaceMove::Create(wanted) => match context.writes.create_namespace(&wanted).await? {
            Some(made) => Ok(Ok(made.metadata.uid)),
            // The watch shows our own namespaces only, so this is somebody else's, or ours unseen yet.
            None => Ok(match taken(gathered, context).await? {
                Taken::Ours(uid) => Ok(Some(uid)),
                Taken::Going => Err(Stage::NamespaceTerminating),
                Taken::Foreign => Err(Stage::NamespaceTaken),
            }),
        },
    }
}

/// Who has the name of the workspace namespace.
enum Taken {
    Ours(String),
    Going,
    Foreign,
}

async fn taken(gathered: &Gathered, context: &Context) -> Result<Taken, Error> {
    let name = &gathered.owner.namespace;
    let Some(meta) = context.namespace_now(name).await? else { return Ok(Taken::Going) };
    let seen = NamespaceSeen::of(&meta, &gathered.owner.uid);
    let managed = meta
        .labels
        .as_ref()
        .and_then(|labels| labels.get(names::MANAGED_BY_LABEL))
        .is_some_and(|by| by == names::OPERATOR);
    Ok(match seen {
        NamespaceSeen { ours: true, deleting: false, uid, .. } => Taken::Ours(uid),
        NamespaceSeen { deleting: true, .. } if managed => Taken::Going,
        NamespaceSeen { .. } => Taken::Foreign,
    })
}

async fn protect(children: NeededChildren, context: &Context) -> Result<(), Error> {
    // Taken apart to the last field: a child that nobody applies does not compile.
    let NeededChildren {
        resource_quota,
        limit_range,
        network_policy,
        service_account,
        role_binding,
        operator_binding,
    } = children;
    // The operator's own rights first: without them it may write nothing else here.
    let fresh = operator_binding.is_some();
    if let Some(child) = operator_binding {
        context.writes.apply_child(&child).await?;
    }
    if let Some(child) = role_binding {
        context.writes.apply_child(&child).await?;
    }
    // Then the quota: the quota controller counts it while the others are written.
    if let Some(child) = resource_quota {
        once_known(fresh, || context.writes.apply_child(&child)).await?;
    }
    if let Some(child) = limit_range {
        once_known(fresh, || context.writes.apply_child(&child)).await?;
    }
    if let Some(child) = network_policy {
        once_known(fresh, || context.writes.apply_child(&child)).await?;
    }
    if let Some(child) = service_account {
        once_known(fresh, || context.writes.apply_child(&child)).await?;
    }
    Ok(())
}

async fn move_pod(
    gathered: &Gathered,
    pod: &PodMove,
    namespace_uid: Option<&str>,
    context: &Context,
) -> Result<(), Error> {
    let namespace = &gathered.owner.namespace;
    match pod {
        PodMove::Stay => Ok(()),
        PodMove::Swap(swap) => context.writes.swap(namespace, swap).await,
        PodMove::Delete { uid } => context.writes.delete_pod(namespace, names::WORKSPACE, uid).await,
        PodMove::Create(pod) => {
            let mut pod = pod.clone();
            let incomplete =
                || Error::Incomplete { what: format!("namespace {namespace}"), field: "metadata.uid" };
            own(&mut pod, namespace_uid.ok_or_else(incomplete)?);
            let wants_user_namespace = pod.spec.as_ref().is_some_and(|spec| spec.host_users == Some(false));
            let made = context.writes.create_pod(&pod).await?;
            let dropped = |made: &k8s_openapi::api::core::v1::Pod| {
                made.spec.as_ref().is_some_and(|spec| spec.host_users != Some(false))
            };
            // A server that does not know the field drops it, and the learner would be root of the node.
            if let Some(made) = made.filter(|made| wants_user_namespace && dropped(made)) {
                let uid = made.metadata.uid.unwrap_or_default();
                context.writes.delete_pod(namespace, names::WORKSPACE, &uid).await?;
                return Err(Error::NoUserNamespaces);
            }
            Ok(())
        }
    }
}
