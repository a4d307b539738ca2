//! Forward, back, any jump, reset: the same pod, another container, two writes each.

use testing::live::{Class, LiveError, Versions};

use super::journey::journey;

/// What stays the same over all moves: pod, address, and the folder that the agent lies in.
#[derive(Debug, PartialEq)]
struct Kept {
    uid: Option<String>,
    address: String,
    folder: String,
}

impl Kept {
    async fn of(class: &Class, name: &str) -> Result<Self, LiveError> {
        Ok(Self {
            uid: class.pod(name).await?.metadata.uid,
            address: class.address(name).await?,
            folder: class.shell(name, "stat -c '%d %i %Y' /.workshop /.workshop/agent").await?,
        })
    }
}

/// The step is there with its own files, in a container that is not `old`; its id and its count of restarts.
async fn arrived(class: &Class, name: &str, step: &str, old: &str) -> Result<(String, i32), LiveError> {
    class.ready(name).await?;
    class.answers(name, step).await?;
    let text = class.shell(name, "cat exercise.txt").await?;
    assert_eq!(text, format!("step {step}"), "the files of {step}");
    let container = class.container(name).await?;
    let id = container.container_id.unwrap();
    assert_ne!(id, old, "{step} runs in the old container");
    Ok((id, container.restart_count))
}

#[test]
fn forward_back_jump_and_reset() {
    journey("moves", async |class| {
        let images = class.workshop(&["one", "two", "three", "four"]).await?;
        class.start("ana").await?;
        let kept = Kept::of(class, "ana").await?;
        let (mut container, mut restarts) = arrived(class, "ana", "one", "").await?;
        let edit = "echo mine >> exercise.txt; touch new.txt; echo";
        for (step, reset) in [("two", 0), ("one", 0), ("four", 0), ("four", 1), ("three", 1), ("three", 2)] {
            class.shell("ana", edit).await?;
            class.step("ana", step).await?;
            if reset > 0 {
                class.reset("ana", reset).await?;
            }
            let (id, count) = arrived(class, "ana", step, &container).await?;
            assert!(count > restarts, "{step}: {count} restarts after {restarts}");
            assert_eq!(class.shell("ana", "ls").await?, "exercise.txt", "what the learner made is gone");
            assert_eq!(Kept::of(class, "ana").await?, kept, "{step}");
            let status = class.get("ana").await?.status.unwrap();
            let current = status.current_step.unwrap();
            let image = images.iter().find(|image| image.id == step).unwrap();
            assert_eq!((current.id.as_str(), current.digest.as_str()), (step, image.digest.as_str()));
            assert_eq!(status.reset_count, Some(reset));
            (container, restarts) = (id, count);
        }
        let moves: Vec<_> = class.get("ana").await?.status.unwrap().history;
        let moves: Vec<_> = moves.iter().map(|one| (one.to.as_str(), one.reset_count)).collect();
        assert_eq!(
            moves,
            [("one", 0), ("two", 0), ("one", 0), ("four", 0), ("four", 1), ("three", 1), ("three", 2)]
        );
        assert_eq!(class.events("ana", "BackOff").await?, [""; 0]);
        Ok(())
    });
}

#[test]
fn a_move_costs_two_writes() {
    journey("two-writes", async |class| {
        let images = class.workshop(&["one", "two"]).await?;
        class.start("ana").await?;
        class.held(&images[1]).await?;
        let namespace = class.workspace("ana");
        let versions = Versions::watch(class, "ana");
        versions.begun().await;
        let mark = class.world.mark().await?;
        let wishes = [("two", 0), ("one", 0), ("one", 1), ("two", 1), ("two", 2), ("one", 2)];
        let mut before = class.get("ana").await?.spec;
        for (step, reset) in wishes {
            // One wish at a time: a step or a reset.
            if before.reset_count.unwrap_or_default() == reset {
                class.step("ana", step).await?;
            } else {
                class.reset("ana", reset).await?;
            }
            before = class.ready("ana").await?.spec;
        }
        let ours = class.world.writes_since(mark).await?;
        let ours = ours.of(|write| {
            write.is_operators()
                && (write.is_in(&namespace) || write.is_in(&class.name))
                && write.resource != "events"
        });
        // A move of more than two seconds says so in one more write.
        let slow = versions.stop().iter().filter(|seen| moving(seen)).count();
        assert_eq!(ours.count("patch", "pods"), wishes.len(), "{ours}");
        let statuses = ours.count("patch", "workspaceinstances/status");
        assert_eq!(statuses, wishes.len() + slow, "{slow} slow moves\n{ours}");
        assert_eq!(ours.0.len(), wishes.len() + statuses, "{ours}");
        Ok(())
    });
}

fn moving(seen: &api::v1::WorkspaceInstance) -> bool {
    seen.status.as_ref().is_some_and(|status| status.transition.is_some())
}

#[test]
fn thirty_quick_flips_meet_no_back_off() {
    journey("flips", async |class| {
        class.workshop(&["one", "two", "three"]).await?;
        class.start("ana").await?;
        let uid = class.pod("ana").await?.metadata.uid;
        for flip in 0..30 {
            let step = ["two", "three", "one"][flip % 3];
            class.step("ana", step).await?;
            // Every third waits for nothing at all.
            if flip % 3 != 0 {
                class.ready("ana").await?;
            }
        }
        class.ready("ana").await?;
        class.answers("ana", "one").await?;
        assert_eq!(class.pod("ana").await?.metadata.uid, uid);
        assert_eq!(class.events("ana", "BackOff").await?, [""; 0]);
        Ok(())
    });
}
