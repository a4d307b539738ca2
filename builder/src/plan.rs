//! Everything about a build that can be known without a registry.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use api::fault::{Fault, Position};
use api::step_spec::{self, FileContent};
use api::step_text::{self, Checks, Page};
use api::v1::{Settings, Unlock};
use api::workspace_metadata;
use artifact::Asset;
use oci::Content;
use serde_json::{Value, json};
use wire::ImageReference;

use crate::crosscheck;
use crate::error::PlanError;
use crate::folder::Folder;
use crate::options::Options;

const EXECUTABLE: u32 = 0o755;
const PLAIN: u32 = 0o644;

/// A workshop that can be built.
#[derive(Debug)]
pub struct Plan {
    pub(crate) name: String,
    pub(crate) image: ImageReference,
    pub(crate) base: ImageReference,
    pub(crate) output: PathBuf,
    pub(crate) steps: Vec<PlannedStep>,
    /// Number of steps that are taken as built.
    pub(crate) taken: usize,
    pub(crate) settings: Settings,
    pub(crate) assets: Vec<Asset>,
    pub(crate) warnings: Vec<String>,
    pub(crate) options: Options,
}

/// One step.
#[derive(Debug)]
pub(crate) struct PlannedStep {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) files: Vec<PlannedFile>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) markdown: String,
    pub(crate) unlock: Option<Unlock>,
    /// Where `unlock` stands in the page, for messages.
    pub(crate) unlock_at: Position,
    pub(crate) metadata: BTreeMap<String, Value>,
}

/// One file of a step.
#[derive(Debug)]
pub(crate) struct PlannedFile {
    /// Absolute path in the image.
    pub(crate) path: String,
    pub(crate) content: Content,
    pub(crate) mode: u32,
}

impl Plan {
    /// Identifier of the workshop.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Repository of the step images.
    #[must_use]
    pub fn image(&self) -> &ImageReference {
        &self.image
    }

    /// What the first step is built from.
    #[must_use]
    pub fn base(&self) -> &ImageReference {
        &self.base
    }

    /// Where the workshop file goes.
    #[must_use]
    pub fn output(&self) -> &Path {
        &self.output
    }

    /// Id and title of each step, in order.
    pub fn steps(&self) -> impl Iterator<Item = (&str, &str)> {
        self.steps.iter().map(|step| (step.id.as_str(), step.title.as_str()))
    }
}

/// Reads a workshop: a folder with `step-spec.yaml`, or the specification itself. No network.
///
/// # Errors
/// Every fault of every file at once, or what keeps from reading them.
pub fn plan(path: &Path, options: &Options) -> Result<Plan, PlanError> {
    let mut folder = Folder::open(path);
    let (file, text) = folder.specification()?;
    let spec = step_spec::parse(&text).map_err(|faults| folder.add(&file, faults)).ok();
    let settings = settings(&mut folder)?;
    let assets = folder.assets()?;
    let mut planned = Vec::new();
    let mut warnings = Vec::new();
    if let Some(spec) = &spec {
        for (n, step) in spec.steps.iter().enumerate() {
            refuse_commands(&mut folder, &file, n, step);
            let files = files(&mut folder, &file, n, step);
            planned.push(texts(&mut folder, step, files)?);
        }
        crosscheck::unlocks(&mut folder, &planned);
        warnings = crosscheck::orphans(&folder, spec)?;
    }
    let default_output = |name: &str| folder.path(Path::new(&format!("{name}.{}", artifact::FILE_EXTENSION)));
    let output =
        options.output.clone().or_else(|| spec.as_ref().map(|spec| default_output(&spec.workshop.name)));
    folder.finish()?;
    let (Some(spec), Some(output)) = (spec, output) else { return Err(PlanError::Faults(Vec::new())) };
    Ok(Plan {
        image: repository(options, spec.workshop.image)?,
        base: base(options, spec.base.image)?,
        taken: taken(options, &planned)?,
        name: spec.workshop.name,
        output,
        steps: planned,
        settings,
        assets,
        warnings,
        options: options.clone(),
    })
}

fn settings(folder: &mut Folder) -> Result<Settings, PlanError> {
    let name = Path::new("workspace.yaml");
    let Some(text) = folder.text(name)? else { return Ok(Settings::default()) };
    Ok(workspace_metadata::parse(&text).map_err(|faults| folder.add(name, faults)).unwrap_or_default())
}

fn refuse_commands(folder: &mut Folder, spec: &Path, n: usize, step: &step_spec::Step) {
    if !step.commands.is_empty() {
        let message = format!(
            "step \"{}\" has commands, and commands need a build engine, which this version does not have; write their results as files, or use a base image that has them",
            step.id
        );
        folder.add(spec, vec![Fault::new(format!("steps[{n}].commands"), step.commands_at, message)]);
    }
}

fn files(folder: &mut Folder, spec: &Path, n: usize, step: &step_spec::Step) -> Vec<PlannedFile> {
    let mut files = Vec::with_capacity(step.files.len());
    for (m, file) in step.files.iter().enumerate() {
        let (content, executable) = match &file.content {
            FileContent::Inline(text) => (Content::from(text.as_str()), text.starts_with("#!")),
            FileContent::Source(source) => match folder.source(source) {
                Ok(found) => (Content::File { path: found.path, size: found.size }, found.executable),
                Err(message) => {
                    let path = format!("steps[{n}].files[{m}].source");
                    folder.add(spec, vec![Fault::new(path, file.at, message)]);
                    continue;
                }
            },
        };
        let mode = if executable { EXECUTABLE } else { PLAIN };
        files.push(PlannedFile { path: file.path.clone(), content, mode });
    }
    files
}

fn texts(
    folder: &mut Folder,
    step: &step_spec::Step,
    files: Vec<PlannedFile>,
) -> Result<PlannedStep, PlanError> {
    let page_file = PathBuf::from(format!("steps/{}.md", step.id));
    let page = match folder.text(&page_file)? {
        Some(text) => {
            step_text::page(&text).map_err(|faults| folder.add(&page_file, faults)).unwrap_or_default()
        }
        None => Page::default(),
    };
    let checks_file = PathBuf::from(format!("steps/{}.checks.yaml", step.id));
    let checks = match folder.text(&checks_file)? {
        Some(text) => {
            step_text::checks(&text).map_err(|faults| folder.add(&checks_file, faults)).unwrap_or_default()
        }
        None => Checks::default(),
    };
    Ok(PlannedStep {
        id: step.id.clone(),
        title: step.title.clone(),
        files,
        env: step.env.clone(),
        metadata: metadata(&page, &checks),
        markdown: page.markdown,
        unlock_at: page.unlock_at.unwrap_or(Position::START),
        unlock: page.front_matter.unlock.filter(|unlock| !unlock.after.is_empty()),
    })
}

/// What goes into `step_metadata`; nothing for what is not there.
fn metadata(page: &Page, checks: &Checks) -> BTreeMap<String, Value> {
    let all = [
        ("minutes", json!(page.front_matter.minutes)),
        ("checks", json!(checks.checks)),
        ("hints", json!(checks.hints)),
        ("quiz", json!(checks.quiz)),
    ];
    let there = |value: &Value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty());
    all.into_iter().filter(|(_, value)| there(value)).map(|(key, value)| (key.to_owned(), value)).collect()
}

fn repository(options: &Options, written: ImageReference) -> Result<ImageReference, PlanError> {
    let Some(text) = &options.image else { return Ok(written) };
    let refused = |reason| PlanError::Option { option: "image", reason };
    let image: ImageReference =
        text.parse().map_err(|error: wire::ReferenceError| refused(error.to_string()))?;
    if image.tag().is_some() || image.digest().is_some() {
        let name = image.name();
        return Err(refused(format!("every step gets a tag of its own; write it without one: {name}")));
    }
    Ok(image)
}

fn base(options: &Options, written: ImageReference) -> Result<ImageReference, PlanError> {
    let Some(text) = &options.base else { return Ok(written) };
    text.parse().map_err(|error: wire::ReferenceError| PlanError::Option {
        option: "base",
        reason: error.to_string(),
    })
}

fn taken(options: &Options, steps: &[PlannedStep]) -> Result<usize, PlanError> {
    let Some(id) = &options.from_step else { return Ok(0) };
    steps.iter().position(|step| step.id == *id).ok_or_else(|| PlanError::Option {
        option: "from-step",
        reason: format!("\"{id}\" is no step of this workshop; there are: {}", crosscheck::ids(steps)),
    })
}
