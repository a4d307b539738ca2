//! Pull before swap (D27): nothing usable is taken away for an image that is not there.

use api::conditions::{condition_type, reason};
use api::v1::Phase;
use testing::live::{Answers, condition, template};

use super::journey::journey;

#[test]
fn a_step_that_cannot_be_pulled_leaves_the_old_one_usable() {
    journey("pull", async |class| {
        let intro = class.world.images(&class.name, &["intro"]).await?.remove(0);
        let missing = class.world.step_image(&class.name, "missing", None)?;
        let steps = [&intro, &missing].map(|image| image.step(&class.world));
        class.load(template(&class.name, steps.to_vec())).await?;
        class.start("ana").await?;
        let (pod, container) = (class.pod("ana").await?, class.container("ana").await?);
        let answers = Answers::watch(class.address("ana").await?);

        class.step("ana", "missing").await?;
        let failed = reason::IMAGE_PULL_FAILED;
        let said = class.wait_for("ana", condition_type::STEP_READY, "False", Some(failed)).await?;
        assert_eq!(condition(&said, condition_type::IMAGES_AVAILABLE).unwrap().reason, failed);
        let ready = condition(&said, condition_type::READY).unwrap();
        assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("False", failed));
        for part in [missing.digest.as_str(), "not found", "cannot pull"] {
            assert!(ready.message.contains(part), "{part} is not in: {}", ready.message);
        }
        let status = said.status.as_ref().unwrap();
        assert_eq!(status.phase, Some(Phase::Transitioning));
        assert_eq!(status.current_step.as_ref().unwrap().id, "intro");

        // All the time the same container has answered, and it holds what the learner does.
        class.shell("ana", "echo mine >> exercise.txt").await?;
        assert_eq!(class.shell("ana", "cat exercise.txt").await?, "step intro\nmine");
        assert_eq!(class.container("ana").await?.container_id, container.container_id);
        let counts = answers.stop();
        assert!(matches!(&counts[..], [(step, count)] if step == "intro" && *count > 0), "{counts:?}");

        // It heals by itself.
        class.world.push(&missing).await?;
        class.ready("ana").await?;
        class.answers("ana", "missing").await?;
        assert_eq!(class.pod("ana").await?.metadata.uid, pod.metadata.uid);
        Ok(())
    });
}

#[test]
fn a_learner_turns_back_from_a_step_that_cannot_be_pulled() {
    journey("turn-back", async |class| {
        let intro = class.world.images(&class.name, &["intro"]).await?.remove(0);
        let missing = class.world.step_image(&class.name, "missing", None)?;
        let steps = [&intro, &missing].map(|image| image.step(&class.world));
        class.load(template(&class.name, steps.to_vec())).await?;
        class.start("ana").await?;
        let container = class.container("ana").await?.container_id;
        class.step("ana", "missing").await?;
        class.wait_for("ana", condition_type::READY, "False", Some(reason::IMAGE_PULL_FAILED)).await?;
        class.step("ana", "intro").await?;
        class.ready("ana").await?;
        // Nothing was swapped, so nothing of the learner's is lost.
        assert_eq!(class.container("ana").await?.container_id, container);
        Ok(())
    });
}

#[test]
fn a_first_step_that_cannot_be_pulled_says_so_and_heals() {
    journey("first-pull", async |class| {
        let missing = class.world.step_image(&class.name, "missing", None)?;
        class.load(template(&class.name, vec![missing.step(&class.world)])).await?;
        class.create(&class.instance("ana", &class.name)).await?;
        let failed = reason::IMAGE_PULL_FAILED;
        let said = class.wait_for("ana", condition_type::STEP_READY, "False", Some(failed)).await?;
        assert_eq!(said.status.unwrap().phase, Some(Phase::Failed));
        class.world.push(&missing).await?;
        class.ready("ana").await?;
        class.answers("ana", "missing").await?;
        Ok(())
    });
}
