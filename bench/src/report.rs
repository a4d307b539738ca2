//! The two reports.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use crate::arm::Arm;
use crate::error::BenchError;
use crate::goals::goals;
use crate::run::{Measured, Series};

/// The report for people.
pub fn markdown(measured: &Measured) -> String {
    let mut text = format!(
        "# Step changes, side by side\n\nMeasured {} on Kubernetes {}, one node, {} cores for everything: API server, etcd, kubelet,\noperator, bench. Times in seconds, from the request; all images on the node. How: [README](README.md).\n",
        measured.date, measured.kubernetes, measured.cores
    );
    let count = measured.alone.values().next().map_or(0, |series| series.usable.count);
    let _ = writeln!(text, "\n## One at a time, the arms in turns ({count} changes each)\n");
    table(&mut text, &measured.alone);
    if !measured.together.is_empty() {
        let _ = writeln!(text, "\n## {} workspaces at once, arm after arm\n", measured.at_once);
        table(&mut text, &measured.together);
    }
    text.push_str("\n## Writes at the API server per change, one at a time\n\nLeases and events are left out; `admin` is the bench, which makes the request.\n\n");
    writes(&mut text, &measured.alone);
    text.push_str("\n## Goals\n\n| goal | measured | met |\n|---|---|---|\n");
    for goal in goals(measured) {
        let met = if goal.met { "yes" } else { "**no**" };
        let _ = writeln!(text, "| {} | {} | {met} |", goal.wanted, goal.measured);
    }
    text
}

fn table(text: &mut String, series: &BTreeMap<Arm, Series>) {
    text.push_str("| way | usable p50 | p95 | p99 | Ready p50 | p95 | in status p50 | usable / Recreate p50 |\n|---|---|---|---|---|---|---|---|\n");
    let recreate = series.get(&Arm::Recreate).map_or(f64::NAN, |series| series.usable.p50);
    for (arm, one) in series {
        let status = one.status.as_ref().map_or("-".to_owned(), |times| format!("{:.3}", times.p50));
        let _ = writeln!(
            text,
            "| {} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} | {status} | {:.2} |",
            arm.title(),
            one.usable.p50,
            one.usable.p95,
            one.usable.p99,
            one.ready.p50,
            one.ready.p95,
            one.usable.p50 / recreate
        );
    }
}

fn writes(text: &mut String, series: &BTreeMap<Arm, Series>) {
    text.push_str("| way | all | by whom |\n|---|---|---|\n");
    for (arm, one) in series {
        let all: f64 = one.writes.values().sum();
        let by: Vec<_> = one.writes.iter().map(|(key, number)| format!("{key} {number:.2}")).collect();
        let _ = writeln!(text, "| {} | {all:.1} | {} |", arm.title(), by.join(", "));
    }
}

/// Writes both reports into this folder.
///
/// # Errors
/// When a file cannot be written.
pub fn write(folder: &Path, markdown: &str, measured: &Measured) -> Result<(), BenchError> {
    std::fs::create_dir_all(folder).map_err(BenchError::file(folder))?;
    let json = serde_json::to_string_pretty(measured).unwrap_or_default();
    for (name, content) in [("transition.md", markdown.to_owned()), ("transition.json", json + "\n")] {
        let path = folder.join(name);
        std::fs::write(&path, content).map_err(BenchError::file(&path))?;
    }
    Ok(())
}
