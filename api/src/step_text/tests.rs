use proptest::prelude::*;

use super::*;

fn lines(faults: Vec<Fault>) -> Vec<String> {
    faults.iter().map(|fault| format!("{}:{}: {fault}", fault.line, fault.column)).collect()
}

#[test]
fn front_matter_comes_off_the_text() {
    let read = page("---\nminutes: 25\nunlock: {after: [a, b]}\n---\n\n## Goal\n\n---\nrule\n").unwrap();
    assert_eq!(read.front_matter.minutes, Some(25));
    assert_eq!(read.front_matter.unlock.unwrap().after, ["a", "b"]);
    assert_eq!(read.unlock_at, Some(Position { line: 3, column: 9 }));
    assert_eq!(read.markdown, "## Goal\n\n---\nrule\n");
}

#[test]
fn a_page_needs_no_front_matter_and_no_text() {
    assert_eq!(page("").unwrap(), Page::default());
    assert_eq!(page("## Goal\r\n").unwrap().markdown, "## Goal\n", "one end of line on every machine");
    assert_eq!(page("---\n---\n").unwrap(), Page::default());
    assert_eq!(page("----\n").unwrap().markdown, "----\n");
}

#[test]
fn faults_of_the_front_matter_have_the_lines_of_the_file() {
    assert_eq!(
        lines(page("---\nminutes: many\ntitle: A\n---\n").unwrap_err()),
        [
            "2:10: minutes: must be a whole number from 1 to 1440",
            "3:1: title: unknown field; titles stand in step-spec.yaml only"
        ]
    );
    assert_eq!(
        lines(page("---\nminutes: 3\n").unwrap_err()),
        ["1:1: the front matter has no end; close it with a line ---"]
    );
}

const CHECKS: &str = "
checks:
- id: errors
  title: The errors are counted
  run: test -f errors.txt
  exitCode: 1
  message: Write it down.
hints:
- {check: errors, after: 1, text: Use grep.}
- {text: For the whole step.}
quiz:
- {id: pid, question: Which PID?, options: [0, 1], answers: [1]}
- {id: word, question: Which word?, answers: [chmod]}
";

#[test]
fn checks_hints_and_questions_are_read() {
    let all = checks(CHECKS).unwrap();
    assert_eq!((all.checks.len(), all.hints.len(), all.quiz.len()), (1, 2, 2));
    assert_eq!(all.checks[0].exit_code, 1);
    assert_eq!(all.hints[0].check.as_deref(), Some("errors"));
    assert_eq!((all.hints[1].after, &all.hints[1].check), (0, &None));
    assert_eq!(all.quiz[0].options, ["0", "1"]);
    assert_eq!(checks("").unwrap(), Checks::default());
}

#[test]
fn faults_of_checks_are_told_at_once() {
    let text = "checks:
- {id: a, title: A, run: x}
- {id: a, title: A, run: x, message: m, exitCode: 300, shell: bash}
hints:
- {check: b, text: t}
quiz:
- {id: q, question: Q, options: [x], answers: [y]}
";
    assert_eq!(
        lines(checks(text).unwrap_err()),
        [
            "2:3: checks[0].message: required",
            "3:3: checks[1].id: \"a\" is already used by checks[0]",
            "3:51: checks[1].exitCode: must be a whole number from 0 to 255",
            "3:56: checks[1].shell: unknown field; known here: id, title, run, exitCode, message",
            "5:11: hints[0].check: \"b\" is no check of this step; there are: a, a",
            "7:3: quiz[0].answers[0]: \"y\" is not among the options",
        ]
    );
}

proptest! {
    #[test]
    fn no_text_makes_the_readers_panic(text in "(---\n)?(checks:\n- )?[-a-z0-9:{}\\[\\]|>&*! \n\r\té]{0,120}") {
        let _ = page(&text);
        let _ = checks(&text);
    }
}
