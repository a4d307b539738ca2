//! The agent as PID 1 of a real container.

use testing::live::{LIMIT, Look, template, until};

use super::journey::journey;

#[test]
fn it_ends_at_once_and_takes_stubborn_programs_with_it() {
    journey("agent-ends", async |class| {
        // The image's own program does not care about SIGTERM.
        let stubborn = r#"["sh","-c","trap '' TERM; echo started > /tmp/started; env > /tmp/env; while :; do sleep 1; done"]"#;
        let one = class.world.step_image(&class.name, "one", Some(stubborn))?;
        let two = class.world.step_image(&class.name, "two", None)?;
        for image in [&one, &two] {
            class.world.push(image).await?;
        }
        class
            .load(template(&class.name, [&one, &two].map(|image| image.step(&class.world)).to_vec()))
            .await?;
        class.start("ana").await?;

        let started = until("the image's own program runs", LIMIT, async || {
            Ok(match class.shell("ana", "cat /tmp/started /tmp/env").await {
                Ok(text) => Look::Yes(text),
                Err(error) => Look::NotYet(error.to_string()),
            })
        });
        let text = started.await?;
        assert!(text.starts_with("started\n"), "{text}");
        assert!(!text.contains("WORKSHOP_ENTRYPOINT"), "the program sees how it was started: {text}");
        assert_eq!(class.shell("ana", "cat /proc/1/comm").await?, "agent");

        class.step("ana", "two").await?;
        class.ready("ana").await?;
        class.answers("ana", "two").await?;
        // Killed after the time of grace it would be 137.
        let last = class.container("ana").await?.last_state.unwrap().terminated.unwrap();
        assert_eq!((last.exit_code, last.signal), (0, None), "{last:?}");
        Ok(())
    });
}

#[test]
fn it_reaps_what_terminals_leave_behind() {
    journey("agent-reaps", async |class| {
        class.workshop(&["one"]).await?;
        class.start("ana").await?;
        // The shell ends before its child, which PID 1 inherits.
        let orphan = class.shell("ana", "sleep 2 >/dev/null 2>&1 & echo $!").await?;
        let parent = class.shell("ana", &format!("cut -d ' ' -f 4 /proc/{orphan}/stat")).await?;
        assert_eq!(parent, "1", "process {orphan} was not inherited");
        until("the orphan is reaped", LIMIT, async || {
            let left =
                class.shell("ana", &format!("cat /proc/{orphan}/stat 2>/dev/null || echo gone")).await?;
            Ok(if left == "gone" { Look::Yes(()) } else { Look::NotYet(left) })
        })
        .await?;
        let zombies =
            class.shell("ana", "cat /proc/[0-9]*/stat 2>/dev/null | grep -c ') Z ' || true").await?;
        assert_eq!(zombies, "0");
        class.answers("ana", "one").await
    });
}

#[test]
fn a_program_that_cannot_start_leaves_the_workspace() {
    journey("agent-stays", async |class| {
        let image = class.world.step_image(&class.name, "one", Some(r#"["/no/such/program"]"#))?;
        class.world.push(&image).await?;
        class.load(template(&class.name, vec![image.step(&class.world)])).await?;
        class.start("ana").await?;
        class.answers("ana", "one").await?;
        let namespace = class.workspace("ana");
        let log = class.world.kubectl(&["logs", "-n", &namespace, "workspace", "-c", "workspace"]).await?;
        assert!(log.contains("/no/such/program") && log.contains("the workspace stays"), "{log}");
        assert_eq!(class.container("ana").await?.restart_count, 0);
        Ok(())
    });
}
