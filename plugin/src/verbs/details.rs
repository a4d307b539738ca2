//! Everything about one workspace, as text for people.

use std::fmt::Write as _;

use api::v1::{Move, OperatingMode, WorkspaceInstance};
use jiff::Timestamp;
use kube::ResourceExt;

use crate::output;
use crate::table::{NARROW, Table, plain};

/// The lines of `status NAME`.
pub fn text(instance: &WorkspaceInstance, now: Timestamp) -> String {
    let mut lines = Lines(String::new());
    let (spec, status) = (&instance.spec, instance.status.clone().unwrap_or_default());
    let ago = |at: Timestamp| format!("{} ago", output::span(at, now));
    lines.line("Name", instance.name_any());
    lines.line("Class", instance.namespace().unwrap_or_default());
    lines.line(
        "Template",
        with_note(&spec.template_ref.name, status.template_revision.as_deref(), "revision"),
    );
    lines.line("User", &spec.owner);
    lines.some(
        "Members",
        (!spec.members.is_empty()).then(|| names(spec.members.iter().map(|m| m.name.as_str()))),
    );
    lines.some("Phase", status.phase.map(|phase| format!("{phase:?}")));
    lines.some(
        "Step",
        status.current_step.as_ref().map(|step| format!("{} (since {})", step.id, ago(step.since.0))),
    );
    lines.some("Image", status.current_step.as_ref().map(|step| step.digest.clone()));
    let proven = status.current_step.as_ref().map(|step| &step.id);
    lines.some("Asked for", spec.current_step.clone().filter(|asked| Some(asked) != proven));
    lines.some(
        "Moving",
        status
            .transition
            .as_ref()
            .map(|t| format!("to {} for {}, attempt {}", t.to, output::span(t.started_at.0, now), t.attempt)),
    );
    lines.some("Resets", status.reset_count.filter(|count| *count > 0).map(|count| count.to_string()));
    lines.some(
        "Completed",
        (!status.completed_steps.is_empty())
            .then(|| names(status.completed_steps.iter().map(String::as_str))),
    );
    lines.some(
        "Mode",
        spec.operating_mode.filter(|mode| *mode == OperatingMode::Suspended).map(|mode| format!("{mode:?}")),
    );
    lines.some("Runs as", status.run_as.map(|user| format!("{user:?}")));
    lines.some("Workspace", status.workspace_namespace.map(|namespace| format!("namespace {namespace}")));
    lines.some("Address", status.url);
    lines.some("Started", status.started_at.map(|at| ago(at.0)));
    lines.some(
        "Expires",
        status.expires_at.map(|at| match output::left(at.0, now).as_str() {
            "past" => "past".to_owned(),
            left => format!("in {left}"),
        }),
    );
    lines.some("Last activity", status.last_activity_time.map(|at| ago(at.0)));
    lines.some(
        "Update",
        status
            .update_available
            .then(|| "the template has a newer revision; a move or reset takes it".to_owned()),
    );
    let mut text = lines.0;
    if status.conditions.is_empty() {
        text.push_str("\nNo operator has seen it yet.\n");
    } else {
        let mut table = Table::new(&["CONDITION", "STATUS", "REASON", "SINCE"]);
        for condition in &status.conditions {
            let since = output::span(condition.last_transition_time.0, now);
            table.row(vec![
                condition.type_.clone(),
                condition.status.clone(),
                condition.reason.clone(),
                since,
            ]);
        }
        let _ = write!(text, "\n{}", table.text(Some(NARROW)));
        for condition in status.conditions.iter().filter(|condition| !condition.message.is_empty()) {
            let _ = writeln!(text, "  {}: {}", condition.type_, plain(&condition.message));
        }
    }
    if !status.history.is_empty() {
        let _ = write!(text, "\n{}", history(&status.history, now));
    }
    text
}

/// The moves, newest last as they happened.
fn history(moves: &[Move], now: Timestamp) -> String {
    let mut table = Table::new(&["MOVE", "FROM", "TO", "RESETS", "AGO"]);
    for (nth, one) in moves.iter().enumerate() {
        table.row(vec![
            (nth + 1).to_string(),
            one.from.clone().unwrap_or_else(|| "-".to_owned()),
            one.to.clone(),
            one.reset_count.to_string(),
            output::span(one.at.0, now),
        ]);
    }
    table.text(Some(NARROW))
}

fn with_note(text: &str, note: Option<&str>, word: &str) -> String {
    note.map_or_else(|| text.to_owned(), |note| format!("{text} ({word} {note})"))
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

struct Lines(String);

impl Lines {
    fn line(&mut self, word: &str, text: impl AsRef<str>) {
        let _ = writeln!(self.0, "{:<14} {}", format!("{word}:"), plain(text.as_ref()));
    }

    fn some(&mut self, word: &str, text: Option<String>) {
        if let Some(text) = text {
            self.line(word, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wait::tests::ana;

    #[test]
    fn one_workspace_on_one_screen() {
        let now = "2026-01-05T10:00:00Z".parse().unwrap();
        insta::assert_snapshot!(text(&ana(), now));
    }
}
