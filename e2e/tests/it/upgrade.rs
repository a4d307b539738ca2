//! The operator is replaced in the middle of moves, and back again: no workspace restarts for it (G15, F40).

use std::cell::Cell;
use std::path::Path;

use futures::future::{join, join_all};
use testing::live::{Class, LiveError};

use super::journey::journey_alone;

const LEARNERS: [&str; 3] = ["ana", "bo", "cy"];

#[test]
fn an_upgrade_in_the_middle_of_moves_restarts_no_workspace() {
    journey_alone("upgrade", async |class| {
        class.workshop(&["one", "two", "three"]).await?;
        let mut before = Vec::new();
        for name in LEARNERS {
            class.start(name).await?;
            before.push((class.pod(name).await?.metadata.uid, class.container(name).await?.restart_count));
        }
        let done = Cell::new(false);
        let replaced = async {
            let ended = replace_twice(class).await;
            done.set(true);
            ended
        };
        let moves = join_all(LEARNERS.map(|name| move_until(class, name, &done)));
        let (replaced, moves) = join(replaced, moves).await;
        replaced?;
        for ((name, (uid, restarts)), moves) in LEARNERS.iter().zip(before).zip(moves) {
            let moves = moves?;
            assert_eq!(class.pod(name).await?.metadata.uid, uid, "{name} has another pod");
            assert_eq!(
                class.container(name).await?.restart_count - restarts,
                moves,
                "{name}: restarts for so many moves"
            );
        }
        Ok(())
    });
}

/// Moves a learner to and fro, each time to the proof, until `done` and once more, so that the last operator
/// has moved every learner too; answers how often.
async fn move_until(class: &Class, name: &str, done: &Cell<bool>) -> Result<i32, LiveError> {
    let mut moves = 0;
    let mut last = false;
    for step in ["two", "three", "one"].iter().cycle() {
        if last {
            break;
        }
        last = done.get();
        class.step(name, step).await?;
        class.ready(name).await?;
        class.answers(name, step).await?;
        moves += 1;
    }
    Ok(moves)
}

/// `helm upgrade` to a release with other pods of the operator, and back to the release before.
async fn replace_twice(class: &Class) -> Result<(), LiveError> {
    let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../helm/workshop");
    let chart = chart.to_string_lossy();
    let other = format!("operator.podAnnotations.workshop\\.platform/upgrade=at-{}", std::process::id());
    let words = [
        "upgrade",
        "workshop",
        &chart,
        "--reuse-values",
        "--set-string",
        &other,
        "--wait",
        "--timeout",
        "2m",
    ];
    class.world.helm(&words).await?;
    class.world.helm(&["rollback", "workshop", "--wait", "--timeout", "2m"]).await.map(drop)
}
