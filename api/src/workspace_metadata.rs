//! `workspace.yaml`: how workspaces run (domain.md, "Inputs"). It becomes the defaults of a template.

use crate::fault::Fault;
use crate::v1::{
    Access, Cluster, ClusterMode, IdleSuspend, Isolation, IsolationMode, Lifecycle, LifecycleMode, Resources,
    Settings, WebTerminal,
};
use crate::yaml::{self, Node, Reader, Table, nowhere};
use crate::{duration, quantity};

/// The only version of the format.
pub const VERSION: &str = "v1";

/// Longest duration, quantity and version that a template takes, in bytes.
const MAX_DURATION: usize = 24;
const MAX_QUANTITY: usize = 32;
const MAX_VERSION: usize = 32;

/// Reads `workspace.yaml`. What it leaves out is left to the operator's defaults (D2).
///
/// # Errors
/// Every fault of the file, in the order of the file.
pub fn parse(text: &str) -> Result<Settings, Vec<Fault>> {
    let root = yaml::parse(text).map_err(|fault| vec![fault])?;
    let mut reader = Reader::default();
    let known = ["version", "lifecycle", "isolation", "cluster", "resources", "access"];
    let table = reader.table(&root, "", &known, elsewhere);
    let version = table.get("version").map_or((None, table.at()), |node| (node.scalar(), node.at));
    if version.0 != Some(VERSION) {
        reader.fault("version", version.1, format!("must be \"{VERSION}\""));
    }
    let settings = Settings {
        lifecycle: table.get("lifecycle").map(|node| lifecycle(&mut reader, node)),
        isolation: table.get("isolation").map(|node| isolation(&mut reader, node)),
        cluster: table.get("cluster").map(|node| cluster(&mut reader, node)),
        resources: table.get("resources").map(|node| resources(&mut reader, node)),
        access: table.get("access").map(|node| access(&mut reader, node)),
        ..Settings::default()
    };
    reader.finish(settings)
}

/// Where a field belongs that has no business here.
fn elsewhere(name: &str) -> Option<&'static str> {
    match name {
        "workshop" | "base" | "steps" => Some("it belongs to step-spec.yaml"),
        "runAs" | "transition" | "network" | "overridePolicy" | "imagePullSecrets" | "allowedClasses"
        | "extraQuota" => Some("it is set in the template by the platform team"),
        _ => None,
    }
}

fn lifecycle(reader: &mut Reader, node: &Node) -> Lifecycle {
    let table = reader.table(node, "lifecycle", &["mode", "ttl", "idleSuspend"], nowhere);
    let modes = [("persistent", LifecycleMode::Persistent), ("ephemeral", LifecycleMode::Ephemeral)];
    Lifecycle {
        mode: reader.choice(&table, "mode", &modes, "must be \"persistent\" or \"ephemeral\""),
        ttl: ttl(reader, &table),
        max_extension: None,
        idle_suspend: reader
            .boolean(&table, "idleSuspend")
            .map(|enabled| IdleSuspend { enabled: Some(enabled), after: None }),
    }
}

fn ttl(reader: &mut Reader, table: &Table<'_>) -> Option<String> {
    let node = table.get("ttl")?;
    let text = node.scalar().unwrap_or_default();
    match duration::parse(text) {
        Ok(time) if time.is_zero() => reader.fault("lifecycle.ttl", node.at, "must be longer than zero"),
        Ok(_) if text.len() <= MAX_DURATION => {}
        _ => reader.fault("lifecycle.ttl", node.at, "invalid duration format"),
    }
    Some(text.to_owned())
}

fn isolation(reader: &mut Reader, node: &Node) -> Isolation {
    let table = reader.table(node, "isolation", &["mode"], nowhere);
    let modes = [("individual", IsolationMode::Individual), ("team", IsolationMode::Team)];
    Isolation { mode: reader.choice(&table, "mode", &modes, "must be \"individual\" or \"team\"") }
}

fn cluster(reader: &mut Reader, node: &Node) -> Cluster {
    let table = reader.table(node, "cluster", &["mode", "version"], nowhere);
    let modes = [
        ("none", ClusterMode::None),
        ("per-workspace", ClusterMode::PerWorkspace),
        ("shared", ClusterMode::Shared),
    ];
    let mode = reader.choice(&table, "mode", &modes, "must be \"none\", \"per-workspace\", or \"shared\"");
    let version = reader.text(&table, "version").map(|(text, at)| {
        if !is_version(text) {
            reader.fault("cluster.version", at, "must be a Kubernetes version, for example 1.36");
        }
        text.to_owned()
    });
    Cluster { mode, version, provisioner: None }
}

/// `1.36`, `v1.36`, `1.36.2`, or empty for the newest.
fn is_version(text: &str) -> bool {
    let mut numbers = text.strip_prefix('v').unwrap_or(text).split('.');
    let all = numbers.clone().all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    let count = numbers.by_ref().count();
    text.is_empty() || (all && (2..=3).contains(&count) && text.len() <= MAX_VERSION)
}

fn resources(reader: &mut Reader, node: &Node) -> Resources {
    let table = reader.table(node, "resources", &["cpu", "memory"], nowhere);
    let mut amount = |name, example| {
        let (text, at) = reader.text(&table, name)?;
        if text.len() > MAX_QUANTITY || !quantity::parse(text).is_ok_and(|value| value > 0) {
            let message = format!("must be a Kubernetes quantity above zero, for example {example}");
            reader.fault(table.path(name), at, message);
        }
        Some(text.to_owned())
    };
    Resources { cpu: amount("cpu", "500m"), memory: amount("memory", "1Gi") }
}

fn access(reader: &mut Reader, node: &Node) -> Access {
    let table = reader.table(node, "access", &["webTerminal"], nowhere);
    let web_terminal = table.get("webTerminal").map(|node| {
        let table = reader.table(node, "access.webTerminal", &["enabled"], target);
        WebTerminal { enabled: reader.boolean(&table, "enabled") }
    });
    Access { web_terminal }
}

fn target(name: &str) -> Option<&'static str> {
    (name == "target").then_some("the terminal always attaches to the container of the current step")
}

#[cfg(test)]
mod tests;
