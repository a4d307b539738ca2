//! From the tree to the specification. Empty texts stand in for what has a fault: they never get out.

use std::collections::{BTreeMap, HashMap};

use wire::ImageReference;

use super::rules;
use super::{Base, File, FileContent, Network, Step, StepSpec, VERSION, Workshop};
use crate::fault::{Fault, Position};
use crate::yaml::{self, Entry, Node, Reader, Table, Value, nowhere};

const MAX_STEPS: usize = 500;
const MAX_TITLE: usize = 200;

pub(super) fn spec(text: &str) -> Result<StepSpec, Vec<Fault>> {
    let root = yaml::parse(text).map_err(|fault| vec![fault])?;
    let mut reader = Reader::default();
    let table = reader.table(&root, "", &["version", "workshop", "base", "steps"], elsewhere);
    version(&mut reader, &table);
    let workshop = workshop(&mut reader, &table);
    let base = section(&mut reader, &table, "base", &["image"]);
    let base = image(&mut reader, &base).map(|(image, _)| Base { image });
    let steps = steps(&mut reader, &table);
    // Without a fault both are there.
    let spec = workshop.zip(base).map(|(workshop, base)| StepSpec { workshop, base, steps });
    reader.finish(spec)?.ok_or_else(Vec::new)
}

/// Where a field belongs that has no business here.
fn elsewhere(name: &str) -> Option<&'static str> {
    matches!(name, "lifecycle" | "isolation" | "cluster" | "resources" | "access")
        .then_some("it belongs to workspace.yaml")
}

fn version(reader: &mut Reader, table: &Table<'_>) {
    let (found, at) = match table.get("version") {
        Some(node) => (node.scalar(), node.at),
        None => (None, table.at()),
    };
    if found != Some(VERSION) {
        reader.fault("version", at, format!("must be \"{VERSION}\""));
    }
}

/// A map of the root; an absent one is empty and stands where the root does.
fn section<'n>(reader: &mut Reader, root: &Table<'n>, name: &str, known: &[&str]) -> Table<'n> {
    match root.get(name) {
        Some(node) => reader.table(node, name, known, nowhere),
        None => Table::empty(name, root.at()),
    }
}

/// A text that must be there.
fn required<'n>(reader: &mut Reader, table: &Table<'n>, name: &str) -> Option<(&'n str, Position)> {
    let faulty = table.get(name).is_some_and(|node| node.scalar().is_none());
    match reader.text(table, name) {
        Some((text, at)) if !text.is_empty() => Some((text, at)),
        _ if faulty => None,
        _ => {
            let at = table.get(name).map_or(table.at(), |node| node.at);
            reader.fault(table.path(name), at, "required");
            None
        }
    }
}

fn image(reader: &mut Reader, table: &Table<'_>) -> Option<(ImageReference, Position)> {
    let (text, at) = required(reader, table, "image")?;
    match text.parse() {
        Ok(image) => Some((image, at)),
        Err(error) => {
            reader.fault(table.path("image"), at, wire::ReferenceError::to_string(&error));
            None
        }
    }
}

fn workshop(reader: &mut Reader, root: &Table<'_>) -> Option<Workshop> {
    let table = section(reader, root, "workshop", &["name", "image"]);
    let name = required(reader, &table, "name");
    if let Some((message, at)) = name.and_then(|(name, at)| rules::label(name).map(|message| (message, at))) {
        reader.fault("workshop.name", at, message);
    }
    let (image, at) = image(reader, &table)?;
    if image.tag().is_some() || image.digest().is_some() {
        let message = format!("every step gets a tag of its own; write it without one: {}", image.name());
        reader.fault("workshop.image", at, message);
    }
    Some(Workshop { name: name?.0.to_owned(), image })
}

fn steps(reader: &mut Reader, root: &Table<'_>) -> Vec<Step> {
    let items = reader.list(root, "steps");
    let at = root.get("steps").map_or(root.at(), |node| node.at);
    if root.get("steps").is_none_or(|node| matches!(&node.value, Value::List(items) if items.is_empty())) {
        reader.fault("steps", at, "at least one step is required");
    }
    if items.len() > MAX_STEPS {
        reader.fault("steps", at, format!("at most {MAX_STEPS} steps, these are {}", items.len()));
    }
    let mut first = HashMap::new();
    let mut steps = Vec::with_capacity(items.len());
    for (n, (path, node)) in items.into_iter().enumerate() {
        let (step, id_at) = step(reader, &path, node);
        match first.get(&step.id) {
            Some(m) => {
                let message = format!("\"{}\" is already used by step {m}", step.id);
                reader.fault(format!("{path}.id"), id_at, message);
            }
            None if !step.id.is_empty() => drop(first.insert(step.id.clone(), n)),
            None => {}
        }
        steps.push(step);
    }
    steps
}

fn step(reader: &mut Reader, path: &str, node: &Node) -> (Step, Position) {
    const KNOWN: [&str; 6] = ["id", "title", "files", "env", "commands", "network"];
    let table = reader.table(node, path, &KNOWN, elsewhere);
    let (id, id_at) = named(reader, &table, path, "id");
    if !id.is_empty()
        && let Some(message) = rules::step_id(&id)
    {
        reader.fault(table.path("id"), id_at, message);
    }
    let (title, title_at) = named(reader, &table, path, "title");
    if title.chars().count() > MAX_TITLE || title.contains(char::is_control) {
        let message = format!("must be one line of at most {MAX_TITLE} characters");
        reader.fault(table.path("title"), title_at, message);
    }
    let choices = [("none", Network::None), ("host", Network::Host)];
    let step = Step {
        id,
        title,
        files: files(reader, &table),
        env: env(reader, &table),
        commands: commands(reader, &table),
        network: reader.choice(&table, "network", &choices, "must be \"none\" or \"host\""),
        commands_at: table.get("commands").map_or(table.at(), |node| node.at),
    };
    (step, id_at)
}

/// Id or title: what is missing is a fault of the step.
fn named(reader: &mut Reader, table: &Table<'_>, path: &str, name: &str) -> (String, Position) {
    match reader.text(table, name) {
        Some((text, at)) if !text.trim().is_empty() => return (text.to_owned(), at),
        None if table.get(name).is_some() => {}
        _ => reader.fault(path, table.at(), format!("{name} is required")),
    }
    (String::new(), table.at())
}

fn env(reader: &mut Reader, step: &Table<'_>) -> BTreeMap<String, String> {
    let path = step.path("env");
    let mut env = BTreeMap::new();
    let entries = step.get("env").map(|node| reader.entries(node, &path)).unwrap_or_default();
    for Entry { name, at, value } in entries {
        let field = format!("{path}.{name}");
        if let Some(message) = rules::variable(name) {
            reader.fault(&field, at, message);
        }
        if matches!(value.value, Value::Null) {
            reader.fault(field, at, "has no value; write \"\" for an empty one");
        } else if let Some(text) = reader.scalar(value, &field) {
            if text.contains('\0') {
                reader.fault(field, value.at, "must not contain a NUL character");
            }
            env.insert(name.to_owned(), text.to_owned());
        }
    }
    env
}

fn commands(reader: &mut Reader, step: &Table<'_>) -> Vec<String> {
    let mut commands = Vec::new();
    for (path, node) in reader.list(step, "commands") {
        match reader.scalar(node, &path) {
            Some(text) if text.trim().is_empty() => reader.fault(path, node.at, "is empty"),
            Some(text) => commands.push(text.to_owned()),
            None => {}
        }
    }
    commands
}

fn files(reader: &mut Reader, step: &Table<'_>) -> Vec<File> {
    let mut files: Vec<File> = Vec::new();
    let mut first: HashMap<String, usize> = HashMap::new();
    for (n, (path, node)) in reader.list(step, "files").into_iter().enumerate() {
        let Some((file, path_at)) = file(reader, &path, node) else { continue };
        if let Some(message) = rules::below_a_file(&file.path, &first) {
            reader.fault(format!("{path}.path"), path_at, message);
        }
        first.entry(file.path.clone()).or_insert(n);
        files.push(file);
    }
    files
}

fn file(reader: &mut Reader, path: &str, node: &Node) -> Option<(File, Position)> {
    let table = reader.table(node, path, &["path", "content", "source"], nowhere);
    let target = required(reader, &table, "path");
    if let Some((message, at)) = target.and_then(|(text, at)| rules::image_path(text).map(|m| (m, at))) {
        reader.fault(table.path("path"), at, message);
    }
    let at = table.get("source").or(table.get("content")).map_or(table.at(), |node| node.at);
    let content = match (table.get("content"), table.get("source")) {
        (Some(_), Some(_)) => {
            reader.fault(path, table.at(), "content and source are mutually exclusive");
            None
        }
        (None, None) => {
            reader.fault(path, table.at(), "exactly one of content or source is required");
            None
        }
        (Some(_), None) => {
            reader.text(&table, "content").map(|(text, _)| FileContent::Inline(text.to_owned()))
        }
        (None, Some(_)) => source(reader, &table),
    };
    let (target, path_at) = target?;
    Some((File { path: target.to_owned(), content: content?, at }, path_at))
}

fn source(reader: &mut Reader, table: &Table<'_>) -> Option<FileContent> {
    let (text, at) = required(reader, table, "source")?;
    if let Some(message) = rules::source_path(text) {
        reader.fault(table.path("source"), at, message);
        return None;
    }
    Some(FileContent::Source(text.to_owned()))
}
