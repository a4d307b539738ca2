use proptest::prelude::*;

use super::*;

const HEAD: &str = "version: v1\nworkshop:\n  name: shop\n  image: localhost:5000/team/shop\nbase:\n  image: localhost:5000/debian:12\n";

/// The faults as `line:column: path: message`.
fn faults(text: &str) -> Vec<String> {
    match parse(text) {
        Ok(_) => Vec::new(),
        Err(faults) => {
            faults.iter().map(|fault| format!("{}:{}: {fault}", fault.line, fault.column)).collect()
        }
    }
}

/// The faults of a specification with these steps.
fn of_steps(steps: &str) -> Vec<String> {
    faults(&format!("{HEAD}steps:\n{steps}"))
}

#[test]
fn a_whole_specification_is_read() {
    let spec = parse(&format!(
        "{HEAD}steps:
- id: one
  title: 2024
  network: none
  env: {{PORT: 8080, DEBUG: yes, EMPTY: \"\", VERSION: 1.30}}
  commands:
  - apt-get update
  - echo done
  files:
  - path: /etc/motd
    content: |
      hello
  - path: /srv/data.bin
    source: files/data.bin
- {{id: two, title: Second}}
"
    ))
    .unwrap();
    assert_eq!(spec.workshop.name, "shop");
    assert_eq!(spec.workshop.image.name(), "localhost:5000/team/shop");
    assert_eq!(spec.base.image.to_string(), "localhost:5000/debian:12");
    let [one, two] = &spec.steps[..] else { panic!("{:?}", spec.steps) };
    assert_eq!((one.id.as_str(), one.title.as_str()), ("one", "2024"));
    let env: Vec<_> = one.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(env, ["DEBUG=yes", "EMPTY=", "PORT=8080", "VERSION=1.30"], "values as they are written");
    assert_eq!(one.commands, ["apt-get update", "echo done"]);
    assert_eq!(one.network, Some(Network::None));
    assert_eq!(one.files[0].content, FileContent::Inline("hello\n".to_owned()));
    assert_eq!(one.files[1].content, FileContent::Source("files/data.bin".to_owned()));
    assert_eq!(one.files[1].at, Position { line: 20, column: 13 });
    assert!(two.files.is_empty() && two.env.is_empty() && two.commands.is_empty() && two.network.is_none());
}

#[test]
fn what_is_missing_is_told_in_the_words_of_the_domain() {
    let all = [
        "1:1: version: must be \"v1\"",
        "1:1: workshop.name: required",
        "1:1: workshop.image: required",
        "1:1: base.image: required",
        "1:1: steps: at least one step is required",
    ];
    assert_eq!(faults(""), all);
    assert_eq!(faults("# only a comment\n").len(), 5);
    assert_eq!(
        faults(
            "version: v1\nworkshop: {name: a, image: localhost/a}\nbase: {image: localhost/b}\nsteps: []\n"
        ),
        ["4:8: steps: at least one step is required"]
    );
    assert_eq!(of_steps("- {}\n"), ["8:3: steps[0]: id is required", "8:3: steps[0]: title is required"]);
    assert_eq!(
        of_steps("- id: a\n  title: \"\"\n- title: b\n"),
        ["8:3: steps[0]: title is required", "10:3: steps[1]: id is required"]
    );
}

#[test]
fn an_unknown_version_is_refused() {
    let text = HEAD.replace("version: v1", "version: v2");
    assert_eq!(faults(&format!("{text}steps:\n- {{id: a, title: A}}\n")), ["1:10: version: must be \"v1\""]);
}

#[test]
fn ids_follow_their_rules() {
    let long = "a".repeat(64);
    for (id, message) in [
        ("Intro", "must be lowercase alphanumeric and hyphens only"),
        ("a_b", "must be lowercase alphanumeric and hyphens only"),
        ("ä", "must be lowercase alphanumeric and hyphens only"),
        ("a.b", "must be lowercase alphanumeric and hyphens only"),
        ("-a", "must begin and end with a letter or digit"),
        ("a-", "must begin and end with a letter or digit"),
        (&long, "must be at most 63 characters long"),
        ("a-sha256-0123456789ab", "must not end with -sha256-<12 digits>, which is how tags for digests end"),
    ] {
        let text = format!("- title: A\n  id: {id:?}\n");
        assert_eq!(of_steps(&text), [format!("9:7: steps[0].id: {message}")], "{id}");
    }
    assert_eq!(
        of_steps("- {id: a, title: A}\n- {id: b, title: B}\n- {id: a, title: C}\n"),
        ["10:8: steps[2].id: \"a\" is already used by step 0"]
    );
    assert!(of_steps("- {id: 0-1-a, title: A}\n- {id: 7, title: B}\n").is_empty());
}

#[test]
fn files_follow_their_rules() {
    let file = |fields: &str| of_steps(&format!("- id: a\n  title: A\n  files:\n  - {fields}\n"));
    for (fields, fault) in [
        ("{path: /a}", "11:5: steps[0].files[0]: exactly one of content or source is required"),
        (
            "{path: /a, content: x, source: y}",
            "11:5: steps[0].files[0]: content and source are mutually exclusive",
        ),
        ("{path: a/b, content: x}", "11:12: steps[0].files[0].path: must be an absolute path"),
        ("{content: x}", "11:5: steps[0].files[0].path: required"),
        (
            "{path: /, content: x}",
            "11:12: steps[0].files[0].path: must be the path of a file, not of a directory",
        ),
        (
            "{path: /a/, content: x}",
            "11:12: steps[0].files[0].path: must be the path of a file, not of a directory",
        ),
        (
            "{path: /a/../b, content: x}",
            "11:12: steps[0].files[0].path: must not have empty, \".\" or \"..\" parts",
        ),
        (
            "{path: /a//b, content: x}",
            "11:12: steps[0].files[0].path: must not have empty, \".\" or \"..\" parts",
        ),
        (
            "{path: /a/.wh.b, content: x}",
            "11:12: steps[0].files[0].path: names that begin with .wh. mean deletions in an image layer",
        ),
        (
            "{path: /proc/x, content: x}",
            "11:12: steps[0].files[0].path: nothing of an image is seen below /proc, which is mounted over when a container starts",
        ),
        (
            "{path: /.workshop/agent, content: x}",
            "11:12: steps[0].files[0].path: nothing of an image is seen below /.workshop, which is mounted over when a container starts",
        ),
        (
            "{path: /a, source: /etc/passwd}",
            "11:24: steps[0].files[0].source: must be relative to the specification, so that others can build it too",
        ),
        (
            "{path: /a, source: ../x}",
            "11:24: steps[0].files[0].source: must stay inside the folder of the specification",
        ),
        ("{path: /a, source: [x]}", "11:24: steps[0].files[0].source: must be text, not a list"),
        (
            "{path: /a, content: x, mode: 7}",
            "11:28: steps[0].files[0].mode: unknown field; known here: path, content, source",
        ),
    ] {
        assert_eq!(file(fields), [fault], "{fields}");
    }
    assert!(file("{path: /a, content: \"\"}").is_empty(), "an empty file");
    assert!(file("{path: /process, content: x}").is_empty(), "not below /proc");
}

#[test]
fn files_of_a_step_do_not_collide() {
    let files = |paths: &[&str]| {
        let files: String = paths.iter().map(|path| format!("  - {{path: {path}, content: x}}\n")).collect();
        of_steps(&format!("- id: a\n  title: A\n  files:\n{files}"))
    };
    assert_eq!(
        files(&["/a", "/b", "/a"]),
        ["13:12: steps[0].files[2].path: \"/a\" is already written by file 0"]
    );
    assert_eq!(
        files(&["/a", "/a/b"]),
        ["12:12: steps[0].files[1].path: \"/a\" is a file (file 0), so nothing can be below it"]
    );
    assert_eq!(files(&["/a/b/c", "/a"]), ["12:12: steps[0].files[1].path: \"/a\" is a directory for file 0"]);
    assert!(files(&["/a-b", "/a/b", "/a.b"]).is_empty());
}

#[test]
fn other_fields_follow_their_rules() {
    let step = |fields: &str| of_steps(&format!("- id: a\n  title: A\n  {fields}\n"));
    for (fields, fault) in [
        ("network: bridge", "10:12: steps[0].network: must be \"none\" or \"host\""),
        ("env: [A]", "10:8: steps[0].env: must be a map, not a list"),
        (
            "env: {1A: x}",
            "10:9: steps[0].env.1A: a variable's name must be letters, digits and underscores, not beginning with a digit",
        ),
        (
            "env: {WORKSHOP_STEP: x}",
            "10:9: steps[0].env.WORKSHOP_STEP: names that begin with WORKSHOP_ belong to the platform",
        ),
        ("env: {A: }", "10:9: steps[0].env.A: has no value; write \"\" for an empty one"),
        ("env: {A: {}}", "10:12: steps[0].env.A: must be text, not a map"),
        ("commands: ls", "10:13: steps[0].commands: must be a list, not text"),
        ("commands: [\" \"]", "10:14: steps[0].commands[0]: is empty"),
        ("command: [ls]", "10:3: steps[0].command: unknown field; did you mean \"commands\"?"),
        ("resources: {}", "10:3: steps[0].resources: unknown field; it belongs to workspace.yaml"),
        ("title: B", "10:3: steps[0].title: written twice; the first is in line 9"),
    ] {
        assert_eq!(step(fields), [fault], "{fields}");
    }
}

#[test]
fn names_and_images_follow_their_rules() {
    let with =
        |from: &str, to: &str| faults(&format!("{}steps:\n- {{id: a, title: A}}\n", HEAD.replace(from, to)));
    for (from, to, fault) in [
        (
            "name: shop",
            "name: My Shop",
            "3:9: workshop.name: must be lowercase alphanumeric and hyphens only",
        ),
        ("name: shop", "name:", "3:3: workshop.name: required"),
        (
            "team/shop",
            "team/shop:1",
            "4:10: workshop.image: every step gets a tag of its own; write it without one: localhost:5000/team/shop",
        ),
        (
            "localhost:5000/debian:12",
            "debian:12",
            "6:10: base.image: \"debian:12\": name the registry, for example registry.example:5000/debian:12",
        ),
        (
            "version: v1",
            "version: v1\nlifecycle: {}",
            "2:1: lifecycle: unknown field; it belongs to workspace.yaml",
        ),
    ] {
        assert_eq!(with(from, to), [fault], "{to}");
    }
}

#[test]
fn all_faults_of_a_file_are_told_at_once_in_its_order() {
    let text = "version: v0
workshop: {name: Shop}
base: {}
steps:
- id: A
  title: A
  files:
  - path: x
- id: b
";
    assert_eq!(
        faults(text),
        [
            "1:10: version: must be \"v1\"",
            "2:11: workshop.image: required",
            "2:18: workshop.name: must be lowercase alphanumeric and hyphens only",
            "3:7: base.image: required",
            "5:7: steps[0].id: must be lowercase alphanumeric and hyphens only",
            "8:5: steps[0].files[0]: exactly one of content or source is required",
            "8:11: steps[0].files[0].path: must be an absolute path",
            "9:3: steps[1]: title is required",
        ]
    );
}

#[test]
fn what_is_not_yaml_has_one_fault_with_its_place() {
    let found = faults("version: v1\nsteps:\n  - id: a\n bad: x\n");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("4:"), "{found:?}");
    assert_eq!(faults("- a\n- b\n")[0], "1:1: must be a map, not a list");
}

/// Pieces that make texts which get past the first line.
const PIECES: &[&str] = &[
    "version: v1\n",
    "workshop:\n",
    "  name: a\n",
    "  image: localhost/a\n",
    "base:\n",
    "steps:\n",
    "- id: a\n",
    "  title: x\n",
    "  files:\n",
    "  - path: /a\n",
    "    content: |\n",
    "      x\n",
    "    source: y\n",
    "  env:\n",
    "    A: 1\n",
    "  commands: [",
    "]",
    "{",
    "}",
    ": ",
    "- ",
    "&a ",
    "*a",
    "!!str ",
    "<<: ",
    "? ",
    "\"",
    "'",
    "---\n",
    "\t",
    "\u{feff}",
    "é",
    "\0",
    "|",
    ">",
    "#",
    "\r\n",
    "null",
];

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,200}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_mixture_makes_the_parser_panic(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        let text = pieces.concat();
        for fault in parse(&text).err().unwrap_or_default() {
            prop_assert!(fault.line >= 1 && fault.column >= 1 && !fault.message.is_empty());
        }
    }
}
