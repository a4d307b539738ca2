//! Findings as lines for people: a tick, what is the case, and below it what to do.

use std::fmt::Write as _;

use super::finding::{Finding, State};
use crate::colour::{Colour, paint};
use crate::table::{NARROW, wrap};

/// Width of the word of a category.
const WORD: usize = 12;
/// Where the text of a finding begins: behind the word, a tick and two spaces.
const INDENT: usize = WORD + 3;

/// Where hints begin: far to the left, so that a command fits a line and can be copied.
const HINT: usize = 4;

/// How the lines are made.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Coloured ticks.
    pub coloured: bool,
    /// Every check with its id, and no line is broken.
    pub wide: bool,
}

/// A tick in its colour.
pub fn tick(state: State, coloured: bool) -> String {
    let (tick, colour) = match state {
        State::Ok => ("√", Colour::Green),
        State::Warn => ("‼", Colour::Yellow),
        State::Fail => ("×", Colour::Red),
    };
    paint(tick, colour, coloured)
}

/// The lines of all findings, and the count.
pub fn lines(findings: &[Finding], look: Look) -> String {
    let mut text = String::new();
    let mut last = "";
    for finding in findings {
        let word = finding.check.category.word();
        one(&mut text, finding, if word == last { "" } else { word }, look);
        last = word;
    }
    let _ = writeln!(text, "{}", count(findings));
    text
}

fn one(text: &mut String, finding: &Finding, word: &str, look: Look) {
    let width = if look.wide { usize::MAX } else { NARROW - INDENT };
    let what = match look.wide {
        true => format!("{:<22} {}", finding.check.id, finding.what),
        false => finding.what.clone(),
    };
    for (nth, line) in wrap(&what, width).iter().enumerate() {
        let _ = match nth {
            0 => writeln!(text, "{word:<WORD$} {} {line}", tick(finding.state, look.coloured)),
            _ => writeln!(text, "{:<INDENT$}{line}", ""),
        };
    }
    let width = if look.wide { usize::MAX } else { NARROW - HINT };
    for todo in finding.todo.lines().flat_map(|line| wrap(line, width)) {
        let _ = writeln!(text, "{:<HINT$}{todo}", "");
    }
    if finding.state != State::Ok {
        let _ = writeln!(text, "{:<HINT$}(docs/platform/check.md#{})", "", finding.check.id);
    }
}

fn count(findings: &[Finding]) -> String {
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    match (count(State::Ok), count(State::Warn), count(State::Fail)) {
        (ok, 0, 0) => format!("all {ok} checks are fine"),
        (ok, warn, 0) => format!("{ok} fine, {warn} to know, nothing to repair"),
        (ok, warn, fail) => format!("{ok} fine, {warn} to know, {fail} to repair"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::{OPERATOR_READY, STORAGE_DEFAULT, VERSION};
    use super::*;

    #[test]
    fn every_finding_is_a_line_and_says_what_to_do() {
        let findings = [
            Finding::ok(VERSION, "Kubernetes 1.36.3"),
            Finding::warn(STORAGE_DEFAULT, "there is no default storage class", "mark one"),
            Finding::fail(OPERATOR_READY, "not\u{1b}[2J installed", "install the chart"),
        ];
        insta::assert_snapshot!(lines(&findings, Look { coloured: false, wide: false }), @"
        cluster      √ Kubernetes 1.36.3
        storage      ‼ there is no default storage class
            mark one
            (docs/platform/check.md#storage-default)
        operator     × not [2J installed
            install the chart
            (docs/platform/check.md#operator-ready)
        1 fine, 1 to know, 1 to repair
        ");
        let coloured = lines(&findings, Look { coloured: true, wide: false });
        assert!(coloured.contains("\u{1b}[31m×\u{1b}[0m not"), "{coloured:?}");
    }
}
