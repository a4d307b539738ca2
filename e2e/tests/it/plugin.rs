//! The command line as an instructor uses it, on the real cluster.

use serde_json::Value;
use testing::live::Class;

use super::journey::{journey, journey_alone};

struct Ended {
    code: i32,
    out: String,
    err: String,
}

/// Runs a line; the first word is the program.
async fn run(class: &Class, line: &str) -> Ended {
    let mut words = line.split_whitespace();
    let mut command = class.world.command(words.next().unwrap());
    let output = command.args(words).output().await.unwrap();
    Ended {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs a line, which must end with this code.
async fn expect(class: &Class, code: i32, line: &str) -> Ended {
    let ended = run(class, line).await;
    assert_eq!(ended.code, code, "{line}\n{}{}", ended.out, ended.err);
    ended
}

#[test]
fn an_instructor_leads_a_learner_through() {
    journey("plugin", async |class| {
        class.workshop(&["intro", "deploy", "scale"]).await?;
        let name = &class.name;
        let made =
            expect(class, 0, &format!("kubectl-workshop create ana --template {name} -n {name} --wait"))
                .await;
        assert!(made.out.contains("ana is ready on intro"), "{}", made.out);
        class.answers("ana", "intro").await?;
        expect(class, 0, &format!("kubectl workshop step ana --next -n {name}")).await;
        class.answers("ana", "deploy").await?;
        expect(class, 0, &format!("kubectl-workshop step ana scale -n {name}")).await;
        class.shell("ana", "echo mine >> exercise.txt").await?;
        expect(class, 0, &format!("kubectl workshop reset ana -n {name}")).await;
        assert_eq!(class.shell("ana", "cat exercise.txt").await?, "step scale");
        expect(class, 0, &format!("kubectl-workshop step ana --prev -n {name}")).await;
        class.answers("ana", "deploy").await?;

        let table = expect(class, 0, &format!("kubectl workshop status -n {name}")).await.out;
        assert!(table.lines().any(|line| line.starts_with("ana ") && line.contains("deploy")), "{table}");
        let json = expect(class, 0, &format!("kubectl-workshop status ana -n {name} -o json")).await.out;
        let object: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(object["status"]["currentStep"]["id"], "deploy");

        expect(class, 0, &format!("kubectl workshop delete ana --yes --wait -n {name}")).await;
        expect(class, 6, &format!("kubectl-workshop status ana -n {name}")).await;
        Ok(())
    });
}

#[test]
fn exit_codes_tell_scripts_what_happened() {
    journey("codes", async |class| {
        let name = &class.name;
        let intro = class.world.images(name, &["intro"]).await?.remove(0);
        let missing = class.world.step_image(name, "missing", None)?;
        let steps = [&intro, &missing].map(|image| image.step(&class.world));
        class.load(testing::live::template(name, steps.to_vec())).await?;
        class.start("ana").await?;
        expect(class, 2, "kubectl-workshop step").await;
        expect(class, 2, "kubectl workshop nonsense").await;
        expect(class, 6, &format!("kubectl-workshop step nobody --next -n {name}")).await;
        let nowhere = expect(class, 6, &format!("kubectl-workshop step ana nowhere -n {name}")).await;
        assert!(nowhere.err.contains("intro") && nowhere.err.contains("missing"), "{}", nowhere.err);
        expect(class, 5, &format!("kubectl-workshop step ana missing -n {name} --wait=1s")).await;
        let failed =
            expect(class, 1, &format!("kubectl workshop step ana missing -n {name} --wait=90s")).await;
        assert!(failed.err.contains("ImagePullFailed"), "{}", failed.err);
        class.answers("ana", "intro").await?;
        expect(class, 7, &format!("kubectl-workshop status ana -n {name} --as nobody")).await;
        Ok(())
    });
}

#[test]
fn the_cluster_is_found_ready() {
    journey("check", async |class| {
        class.workshop(&["intro"]).await?;
        class.start("ana").await?;
        let name = &class.name;
        // Another journey may be taking a part of the cluster away only when this one does not run.
        let check = expect(class, 0, &format!("kubectl-workshop check -n {name} --wait=1m")).await.out;
        for told in [
            "√ pods may have a user namespace",
            "√ the image of a workspace may change in place",
            "√ their schemas are those of this program",
            "√ workshop-system/workshop-operator",
            "√ user namespaces on all nodes",
        ] {
            assert!(check.contains(told), "{told} is not in\n{check}");
        }
        assert!(check.lines().all(|line| line.chars().count() <= 80), "{check}");
        let room =
            expect(class, 0, &format!("kubectl workshop check -n {name} --learners 1 --template {name}"))
                .await;
        assert!(room.out.contains("√ room for "), "{}", room.out);
        let pulled = expect(class, 0, &format!("kubectl workshop check -n {name} --pull {name}/intro")).await;
        assert!(pulled.out.contains(&format!("has {name}/intro")), "{}", pulled.out);
        let status = expect(class, 0, &format!("kubectl workshop status ana -n {name}")).await.out;
        assert!(status.contains("State:         ready for"), "{status}");
        assert!(status.contains("Step:          intro (1 of 1,"), "{status}");
        for line in ["kubectl-workshop version", "kubectl workshop version"] {
            let version = expect(class, 0, line).await.out;
            assert!(version.contains(env!("CARGO_PKG_VERSION")), "{version}");
        }
        Ok(())
    });
}

#[test]
fn a_missing_operator_is_found_and_its_return_is_waited_for() {
    journey_alone("gone", async |class| {
        let scale = |replicas: &str| {
            format!("kubectl -n workshop-system scale deployment workshop-operator --replicas={replicas}")
        };
        let before = expect(
            class,
            0,
            "kubectl -n workshop-system get deployment workshop-operator -o jsonpath={.spec.replicas}",
        )
        .await;
        expect(class, 0, &scale("0")).await;
        // Whatever is found, the operator comes back before anything is judged.
        let check = run(class, "kubectl-workshop check").await;
        let waited = run(class, "kubectl-workshop check --wait=1s").await;
        expect(class, 0, &scale(before.out.trim())).await;
        let well = run(class, "kubectl-workshop check --wait=2m").await;
        assert_eq!(check.code, 3, "{}{}", check.out, check.err);
        assert!(check.out.contains("× workshop-system/workshop-operator is switched off"), "{}", check.out);
        assert_eq!(waited.code, 5, "{}{}", waited.out, waited.err);
        assert_eq!(well.code, 0, "{}{}", well.out, well.err);
        assert!(well.err.contains("× operator-ready"), "the change was not told: {}", well.err);
        Ok(())
    });
}
