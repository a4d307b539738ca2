//! `steps/<id>.checks.yaml`: how a step is checked, and what helps.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::yaml::{self, Node, Reader, Table, nowhere};

const MAX_TRIES: i32 = 100;

/// Checks, hints and questions of one step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Checks {
    /// In the order in which they are run.
    pub checks: Vec<Check>,
    /// In the order in which they are offered.
    pub hints: Vec<Hint>,
    /// In the order in which they are asked.
    pub quiz: Vec<Question>,
}

/// A script that tells whether an exercise is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// Unique within the step.
    pub id: String,
    /// Shown to the learner, passed or not.
    pub title: String,
    /// Script for `/bin/sh`, run in the workspace.
    pub run: String,
    /// Exit code that means passed.
    #[serde(default)]
    pub exit_code: u8,
    /// Shown when it fails.
    pub message: String,
}

/// Help with an exercise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hint {
    /// Id of the check that it helps with; absent means the step as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    /// Failed tries after which it is offered; 0 means at once.
    pub after: u32,
    /// Markdown.
    pub text: String,
}

/// A question with given answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// Unique within the step.
    pub id: String,
    /// Markdown.
    pub question: String,
    /// Answers to choose from; without any a short text is typed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// The right answers. They never reach the page.
    pub answers: Vec<String>,
}

/// Reads `steps/<id>.checks.yaml`.
///
/// # Errors
/// Every fault of the file, in the order of the file.
pub fn checks(text: &str) -> Result<Checks, Vec<Fault>> {
    let root = yaml::parse(text).map_err(|fault| vec![fault])?;
    let mut reader = Reader::default();
    let table = reader.table(&root, "", &["checks", "hints", "quiz"], nowhere);
    let mut ids = HashMap::new();
    let mut all = Checks::default();
    for (path, node) in reader.list(&table, "checks") {
        all.checks.push(check(&mut reader, &path, node, &mut ids));
    }
    for (path, node) in reader.list(&table, "hints") {
        all.hints.push(hint(&mut reader, &path, node, &all.checks));
    }
    for (path, node) in reader.list(&table, "quiz") {
        all.quiz.push(question(&mut reader, &path, node, &mut ids));
    }
    reader.finish(all)
}

fn required(reader: &mut Reader, table: &Table<'_>, name: &str) -> String {
    let text = reader.text(table, name).map(|(text, _)| text).unwrap_or_default();
    let faulty = table.get(name).is_some_and(|node| node.scalar().is_none());
    if text.trim().is_empty() && !faulty {
        reader.fault(table.path(name), table.at(), "required");
    }
    text.to_owned()
}

fn id(reader: &mut Reader, table: &Table<'_>, path: &str, ids: &mut HashMap<String, String>) -> String {
    let id = required(reader, table, "id");
    if !id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        reader.fault(table.path("id"), table.at(), "must be lowercase alphanumeric and hyphens only");
    } else if let Some(before) = ids.get(&id).filter(|_| !id.is_empty()) {
        reader.fault(table.path("id"), table.at(), format!("\"{id}\" is already used by {before}"));
    }
    ids.entry(id.clone()).or_insert_with(|| path.to_owned());
    id
}

fn check(reader: &mut Reader, path: &str, node: &Node, ids: &mut HashMap<String, String>) -> Check {
    let table = reader.table(node, path, &["id", "title", "run", "exitCode", "message"], nowhere);
    Check {
        id: id(reader, &table, path, ids),
        title: required(reader, &table, "title"),
        run: required(reader, &table, "run"),
        exit_code: reader.number(&table, "exitCode", 0..=255).and_then(|n| u8::try_from(n).ok()).unwrap_or(0),
        message: required(reader, &table, "message"),
    }
}

fn hint(reader: &mut Reader, path: &str, node: &Node, checks: &[Check]) -> Hint {
    let table = reader.table(node, path, &["check", "after", "text"], nowhere);
    let check = reader.text(&table, "check").map(|(name, at)| {
        if !checks.iter().any(|check| check.id == name) {
            let known = checks.iter().map(|check| check.id.as_str()).collect::<Vec<_>>().join(", ");
            reader.fault(
                table.path("check"),
                at,
                format!("\"{name}\" is no check of this step; there are: {known}"),
            );
        }
        name.to_owned()
    });
    let after = reader.number(&table, "after", 0..=MAX_TRIES).map_or(0, i32::unsigned_abs);
    Hint { check, after, text: required(reader, &table, "text") }
}

fn question(reader: &mut Reader, path: &str, node: &Node, ids: &mut HashMap<String, String>) -> Question {
    let table = reader.table(node, path, &["id", "question", "options", "answers"], nowhere);
    let question = Question {
        id: id(reader, &table, path, ids),
        question: required(reader, &table, "question"),
        options: texts(reader, &table, "options"),
        answers: texts(reader, &table, "answers"),
    };
    if question.answers.is_empty() {
        reader.fault(table.path("answers"), table.at(), "at least one answer is required");
    }
    for (n, answer) in question.answers.iter().enumerate() {
        if !question.options.is_empty() && !question.options.contains(answer) {
            reader.fault(
                format!("{path}.answers[{n}]"),
                table.at(),
                format!("\"{answer}\" is not among the options"),
            );
        }
    }
    question
}

fn texts(reader: &mut Reader, table: &Table<'_>, name: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for (path, node) in reader.list(table, name) {
        texts.extend(reader.scalar(node, &path).map(str::to_owned));
    }
    texts
}
