//! One reconcile of an instance: five verbs, five files.
//!
//! | file | verb | client? |
//! |---|---|---|
//! | `gather` | read what the spec points at | yes |
//! | `check` | ask the rules of `api` | no |
//! | `plan` | what should exist, and the next single move | no |
//! | `apply` | write it, in the order in which it protects | yes |
//! | `report` | conditions and status | yes, if they differ |

mod apply;
mod check;
mod gather;
mod plan;
mod remove;
mod report;
mod rows;
mod seen;
mod stage;

use std::sync::Arc;

use api::v1::WorkspaceInstance;
use kube::runtime::controller::Action;

use crate::context::Context;
use crate::error::{Class, Error};

pub use gather::Gathered;
pub use plan::Swap;
pub use seen::{PodSeen, Pulled, pulled};
pub use stage::Stage;

/// Brings one instance a move closer to its spec.
///
/// # Errors
/// What the API server refused; the controller tries again by the error's class.
pub async fn reconcile(instance: Arc<WorkspaceInstance>, context: Arc<Context>) -> Result<Action, Error> {
    let Some(gathered) = gather::gather(instance, &context).await? else {
        return Ok(Action::await_change());
    };
    if gathered.instance.metadata.deletion_timestamp.is_some() {
        return remove::remove(&gathered, &context).await;
    }
    let checked = check::check(&gathered, &context.config);
    let planned = plan::plan(&gathered, checked, &context.config, |node, digest| {
        context.pulled(&gathered.owner, node, digest)
    });
    match apply::apply(&gathered, planned, &context).await {
        Ok(applied) => report::report(&gathered, applied, &context).await,
        // A person has to act, so a person has to be told; the controller goes on trying.
        Err(error) if error.class() == Class::Lasting => {
            let stage = Stage::StartFailed { reason: "Refused".to_owned(), message: error.to_string() };
            report::report(&gathered, apply::Applied { stage, resource_version: None }, &context).await?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}
