//! Everything about one workspace, as text for people.

use std::fmt::Write as _;

use api::v1::{Move, OperatingMode, WorkspaceInstance, WorkspaceInstanceStatus, WorkspaceTemplate};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;

use crate::explain::situation::{self, Situation};
use crate::output;
use crate::table::{NARROW, Table, plain, wrap};

/// The lines of `status NAME`; `template` where the caller may read it.
pub fn text(instance: &WorkspaceInstance, template: Option<&WorkspaceTemplate>, now: Timestamp) -> String {
    let mut lines = Lines(String::new());
    let spec = &instance.spec;
    lines.line("Name", instance.name_any());
    lines.line("Class", instance.namespace().unwrap_or_default());
    lines.line("User", &spec.owner);
    let members = || spec.members.iter().map(|member| member.name.as_str()).collect::<Vec<_>>().join(", ");
    lines.some("Members", (!spec.members.is_empty()).then(members));
    situation(&mut lines, &situation::of(instance), now);
    let status = instance.status.clone().unwrap_or_default();
    steps(&mut lines, instance, &status, template, now);
    place(&mut lines, instance, status, now);
    let mut text = lines.0;
    if let Some(status) = &instance.status {
        conditions(&mut text, &status.conditions, now);
        if !status.history.is_empty() {
            let _ = write!(text, "\n{}", history(&status.history, now));
        }
    }
    text
}

/// What is the case, why, what is waited for and what to do.
fn situation(lines: &mut Lines, situation: &Situation, now: Timestamp) {
    let since = situation.since.map(|at| output::span(at, now)).unwrap_or_default();
    let mut notes: Vec<&str> = situation.reason.as_deref().into_iter().collect();
    if situation.stalled {
        notes.push("stalled");
    }
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) };
    lines.line("State", format!("{} for {since}{notes}", situation.state));
    for (nth, cause) in situation.causes.iter().enumerate() {
        lines.named(if nth == 0 { "Why:" } else { "" }, cause);
    }
    lines.some("Waiting for", situation.waits.as_ref().map(|what| format!("{what}, for {since}")));
    lines.some("Do", situation.cure.clone());
}

/// Template and steps.
fn steps(
    lines: &mut Lines,
    instance: &WorkspaceInstance,
    status: &WorkspaceInstanceStatus,
    template: Option<&WorkspaceTemplate>,
    now: Timestamp,
) {
    let spec = &instance.spec;
    let revision = status.template_revision.as_deref();
    lines.line("Template", with_note(&spec.template_ref.name, revision, "revision"));
    let newer =
        template.and_then(|template| template.status.as_ref()?.revision.as_deref()).unwrap_or_default();
    let update = format!("there is revision {newer} of the template; the next move or reset takes it")
        .replace("revision  of", "a newer revision of");
    lines.some("Update", status.update_available.then_some(update));
    let place = |id: &str| {
        let steps = template.map(|template| template.spec.steps.as_slice()).unwrap_or_default();
        let at = steps.iter().position(|step| step.id == id)?;
        Some(format!("{} of {}", at + 1, steps.len()))
    };
    lines.some(
        "Step",
        status.current_step.as_ref().map(|step| {
            let place = place(&step.id).map(|place| format!("{place}, ")).unwrap_or_default();
            format!("{} ({place}for {})", step.id, output::span(step.since.0, now))
        }),
    );
    lines.some("Image", status.current_step.as_ref().map(|step| short(&step.digest)));
    let proven = status.current_step.as_ref().map(|step| &step.id);
    lines.some("Asked for", spec.current_step.clone().filter(|asked| Some(asked) != proven));
    lines.some(
        "Moving",
        status.transition.as_ref().map(|one| {
            format!("to {} for {}, attempt {}", one.to, output::span(one.started_at.0, now), one.attempt)
        }),
    );
    lines.some("Resets", status.reset_count.filter(|count| *count > 0).map(|count| count.to_string()));
    lines.some("Completed", (!status.completed_steps.is_empty()).then(|| status.completed_steps.join(", ")));
}

/// The first digits of a digest, as tags have them; `-o json` has all.
fn short(digest: &str) -> String {
    digest.chars().take("sha256:".len() + 12).collect()
}

/// Where it is, and its times.
fn place(lines: &mut Lines, instance: &WorkspaceInstance, status: WorkspaceInstanceStatus, now: Timestamp) {
    let ago = |at: Timestamp| format!("{} ago", output::span(at, now));
    let mode = instance.spec.operating_mode.filter(|mode| *mode == OperatingMode::Suspended);
    lines.some("Mode", mode.map(|mode| format!("{mode:?}")));
    lines.some("Phase", status.phase.map(|phase| format!("{phase:?}")));
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
}

/// The table of conditions, and below it what none of the lines above has said.
fn conditions(text: &mut String, conditions: &[Condition], now: Timestamp) {
    if conditions.is_empty() {
        return;
    }
    let mut table = Table::new(&["CONDITION", "STATUS", "REASON", "SINCE"]);
    for condition in conditions {
        let since = output::span(condition.last_transition_time.0, now);
        table.row(vec![condition.type_.clone(), condition.status.clone(), condition.reason.clone(), since]);
    }
    let _ = write!(text, "\n{}", table.text(Some(NARROW)));
    for condition in conditions {
        let message = plain(&condition.message);
        let above = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !message.is_empty() && !above.contains(&message.split_whitespace().collect::<Vec<_>>().join(" ")) {
            for line in wrap(&format!("{}: {message}", condition.type_), NARROW - 2) {
                let _ = writeln!(text, "  {line}");
            }
        }
    }
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

struct Lines(String);

/// Width of the words in front.
const WORD: usize = 15;

impl Lines {
    fn line(&mut self, word: &str, text: impl AsRef<str>) {
        self.named(&format!("{word}:"), text);
    }

    /// Long texts go on below themselves.
    fn named(&mut self, word: &str, text: impl AsRef<str>) {
        for (nth, line) in wrap(text.as_ref(), NARROW - WORD).iter().enumerate() {
            let _ = writeln!(self.0, "{:<WORD$}{line}", if nth == 0 { word } else { "" });
        }
    }

    fn some(&mut self, word: &str, text: Option<String>) {
        if let Some(text) = text {
            self.line(word, text);
        }
    }
}
