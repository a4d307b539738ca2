//! A journey: a class of its own, and an account of what was there if it fails.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::{PoisonError, RwLock};

use futures::FutureExt;
use testing::live::{Class, LiveError, World};

/// Journeys go side by side; one that takes parts of the cluster away goes alone.
static CLUSTER: RwLock<()> = RwLock::new(());

/// A journey beside others.
pub fn journey(word: &str, body: impl AsyncFnOnce(&Class) -> Result<(), LiveError>) {
    let _beside = CLUSTER.read().unwrap_or_else(PoisonError::into_inner);
    go(word, body);
}

/// A journey that others would notice.
pub fn journey_alone(word: &str, body: impl AsyncFnOnce(&Class) -> Result<(), LiveError>) {
    let _alone = CLUSTER.write().unwrap_or_else(PoisonError::into_inner);
    go(word, body);
}

fn go(word: &str, body: impl AsyncFnOnce(&Class) -> Result<(), LiveError>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let class = open(word).await.unwrap_or_else(|error| panic!("{error}"));
        let ended = AssertUnwindSafe(body(&class)).catch_unwind().await;
        let failed = !matches!(ended, Ok(Ok(())));
        if failed {
            account(&class).await;
        }
        // Left as it is for whoever wants to look.
        if std::env::var_os("WORKSHOP_TEST_KEEP").is_none() || !failed {
            let closed = class.close().await;
            if !failed {
                closed.unwrap_or_else(|error| panic!("{error}"));
            }
        }
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => panic!("{error}"),
            Err(panic) => resume_unwind(panic),
        }
    });
}

async fn open(word: &str) -> Result<Class, LiveError> {
    Class::open(World::find().await?, word).await
}

/// What kubectl shows of the class and its workspaces.
async fn account(class: &Class) {
    let name = &class.name;
    let selector = format!("workshop.platform/class={name}");
    let questions: [&[&str]; 4] = [
        &["get", "workspaceinstances", "-n", name, "-o", "yaml"],
        &["get", "namespaces,pods", "-A", "-l", &selector, "-o", "wide"],
        &["get", "pods", "-n", "workshop-system", "-o", "wide"],
        &["logs", "-n", "workshop-system", "deployment/workshop-operator", "--tail", "30"],
    ];
    for question in questions {
        let answer = class.world.kubectl(question).await.unwrap_or_else(|error| error.to_string());
        eprintln!("--- kubectl {}\n{answer}", question.join(" "));
    }
}
