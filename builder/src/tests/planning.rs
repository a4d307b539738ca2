use std::path::Path;

use super::support::{Folder, HEAD, repository_root};
use crate::{Options, PlanError, plan};

#[test]
fn faults_of_all_files_are_told_at_once_with_their_places() {
    let folder = Folder::with(
        "- id: one
  title: One
  files:
  - {path: /a, source: files/missing.txt}
  - {path: /b, source: files}
  commands:
  - apt-get install nginx
- id: two
  title: Two
",
    );
    folder.put("files/x", "x");
    folder.put("workspace.yaml", "version: v1\nlifecycle: {mode: forever}\n");
    folder.put("steps/one.md", "---\nminutes: x\n---\n");
    folder.put("steps/two.md", "---\nunlock: {after: [one, ghost, two]}\n---\n");
    folder.put("steps/two.checks.yaml", "checks:\n- {id: a}\n");
    folder.put("assets/run.exe", "x");
    assert_eq!(
        folder.faults(),
        [
            "step-spec.yaml:8:24: steps[0].files[0].source: file not found: files/missing.txt",
            "step-spec.yaml:9:24: steps[0].files[1].source: is not a file: files; name each file of a directory",
            "step-spec.yaml:11:5: steps[0].commands: step \"one\" has commands, and commands need a build engine, which this version does not have; write their results as files, or use a base image that has them",
            "assets/run.exe:1:1: is no picture that a page can show (png, jpg, jpeg, gif, svg, webp, avif)",
            "steps/one.md:2:10: minutes: must be a whole number from 1 to 1440",
            "steps/two.checks.yaml:2:3: checks[0].title: required",
            "steps/two.checks.yaml:2:3: checks[0].run: required",
            "steps/two.checks.yaml:2:3: checks[0].message: required",
            "steps/two.md:2:9: unlock.after[1]: \"ghost\" is no step of this workshop; there are: one, two",
            "steps/two.md:2:9: unlock.after: \"two\" waits for itself",
            "workspace.yaml:2:19: lifecycle.mode: must be \"persistent\" or \"ephemeral\"",
        ]
    );
}

#[test]
fn faults_of_the_specification_come_with_those_of_the_workspace() {
    let folder = Folder::with("- {id: A, title: A}\n");
    folder.put("workspace.yaml", "version: v2\n");
    assert_eq!(
        folder.faults(),
        [
            "step-spec.yaml:5:8: steps[0].id: must be lowercase alphanumeric and hyphens only",
            "workspace.yaml:1:10: version: must be \"v1\"",
        ]
    );
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_folder_is_refused_and_one_inside_is_not() {
    let folder = Folder::with(
        "- {id: a, title: A, files: [{path: /a, source: out}, {path: /b, source: in}, {path: /c, source: up/x}]}\n",
    );
    folder.put("inner", "x");
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("x"), "secret").unwrap();
    std::os::unix::fs::symlink(outside.path().join("x"), folder.path("out")).unwrap();
    std::os::unix::fs::symlink(outside.path(), folder.path("up")).unwrap();
    std::os::unix::fs::symlink("inner", folder.path("in")).unwrap();
    let faults = folder.faults();
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].contains("files[0].source: must stay inside the folder of the specification: out is "));
    assert!(faults[1].contains("files[2].source: must stay inside the folder"), "{faults:?}");
}

#[test]
fn options_replace_what_the_specification_says() {
    let folder = Folder::with("- {id: a, title: A}\n- {id: b, title: B}\n");
    let told = folder.plan();
    assert_eq!((told.name(), told.image().name().as_str()), ("shop", "registry.test:5000/team/shop"));
    assert_eq!(told.output(), folder.path("shop.workshop"));
    assert_eq!(told.steps().collect::<Vec<_>>(), [("a", "A"), ("b", "B")]);
    let options = Options {
        image: Some("localhost:1/x/y".to_owned()),
        base: Some("localhost:2/z:3".to_owned()),
        output: Some("/tmp/elsewhere".into()),
        from_step: Some("b".to_owned()),
        ..Options::default()
    };
    let told = folder.plan_with(&options);
    assert_eq!(told.image().name(), "localhost:1/x/y");
    assert_eq!(told.base().to_string(), "localhost:2/z:3");
    assert_eq!((told.output(), told.taken), (Path::new("/tmp/elsewhere"), 1));
    for (options, text) in [
        (
            Options { image: Some("x".into()), ..Options::default() },
            "--image: \"x\": name the registry, for example registry.example:5000/x",
        ),
        (
            Options { image: Some("localhost/x:1".into()), ..Options::default() },
            "--image: every step gets a tag of its own; write it without one: localhost/x",
        ),
        (
            Options { from_step: Some("c".into()), ..Options::default() },
            "--from-step: \"c\" is no step of this workshop; there are: a, b",
        ),
    ] {
        assert_eq!(plan(&folder.path("step-spec.yaml"), &options).unwrap_err().to_string(), text);
    }
}

#[test]
fn a_folder_without_a_specification_says_what_to_name() {
    let empty = tempfile::tempdir().unwrap();
    let error = plan(empty.path(), &Options::default()).unwrap_err();
    assert!(matches!(&error, PlanError::NoSpecification(path) if path.ends_with("step-spec.yaml")));
    assert!(error.to_string().contains("name a folder that holds step-spec.yaml"));
}

#[test]
fn a_text_without_a_step_is_a_warning() {
    let folder = Folder::with("- {id: a, title: A}\n");
    folder.put("steps/b.md", "x");
    folder.put("steps/a.md", "x");
    folder.put("steps/README", "x");
    let warnings = folder.plan().warnings;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].ends_with("steps/b.md: there is no step \"b\""));
}

#[test]
fn modes_follow_the_source_or_the_first_line() {
    let folder = Folder::with(
        "- id: a
  title: A
  files:
  - {path: /1, content: \"#!/bin/sh\\n\"}
  - {path: /2, content: text}
  - {path: /3, source: run}
  - {path: /4, source: text}
",
    );
    folder.put("run", "x");
    folder.put("text", "#!/bin/sh\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder.path("run"), std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    let modes: Vec<_> = folder.plan().steps[0].files.iter().map(|file| file.mode).collect();
    assert_eq!(modes, [0o755, 0o644, 0o755, 0o644]);
}

#[test]
fn the_example_can_be_planned() {
    let told = plan(&repository_root().join("examples/shell-basics"), &Options::default()).unwrap();
    assert_eq!(told.steps().count(), 6);
    assert_eq!(told.warnings, Vec::<String>::new());
    for step in &told.steps {
        assert!(!step.markdown.is_empty() && step.metadata.contains_key("checks"), "{}", step.id);
    }
}

#[test]
fn the_head_of_these_tests_is_itself_a_specification() {
    assert!(api::step_spec::parse(&format!("{HEAD}- {{id: a, title: A}}\n")).is_ok());
}
