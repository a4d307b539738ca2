//! `build compile`: one image per step, and the artifact.

use std::path::PathBuf;

use builder::{BuildError, Built, BuiltStep, Options, Plan, PlanError, Stores};
use clap::Args;
use serde_json::json;

use super::super::registries::RegistryArgs;
use super::progress::state;
use crate::error::Error;
use crate::exit::Exit;
use crate::output::{self, Format, bytes};
use crate::report::advised;
use crate::transfers::Transfers;
use crate::{interrupt, program};

/// Build one image per step, push them, and write the artifact
///
/// Steps that did not change are not built again. Everything is checked before anything is built.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl workshop build compile
  kubectl workshop build compile examples/shell-basics --image registry.example/team/shell-basics
  kubectl workshop build compile --from-step pipes --output /tmp/shell-basics.workshop")]
pub struct Compile {
    /// Folder of the workshop, or its step-spec.yaml
    #[arg(default_value = ".", hide_default_value = true)]
    folder: PathBuf,
    /// Repository of the step images, instead of workshop.image
    #[arg(long, value_name = "REPOSITORY")]
    image: Option<String>,
    /// Image of the first step, instead of base.image
    #[arg(long, value_name = "IMAGE")]
    base: Option<String>,
    /// Take every step before this one as built
    #[arg(long, value_name = "ID")]
    from_step: Option<String>,
    /// Path of the artifact; default: FOLDER/NAME.workshop
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Form of what is printed: json, yaml, or name for the path of the artifact alone
    #[arg(short = 'o', long, value_name = "FORM", value_enum, hide_possible_values = true)]
    format: Option<Format>,
    #[command(flatten)]
    registries: RegistryArgs,
    /// Time in the artifact, in seconds since 1970; never the clock, so that equal folders give equal files
    #[arg(long, env = "SOURCE_DATE_EPOCH", default_value_t = 0, hide = true)]
    created_at: i64,
}

impl Compile {
    /// Runs the verb.
    pub async fn run(self) -> Result<Exit, Error> {
        let options = Options {
            image: self.image.clone(),
            base: self.base.clone(),
            from_step: self.from_step.clone(),
            output: self.output.clone(),
            cache: builder::default_cache(),
            created_at: self.created_at,
            ..Options::default()
        };
        let plan = builder::plan(&self.folder, &options).map_err(|fault| self.not_planned(&fault))?;
        interrupt::leaves(
            "steps that were pushed stay; the artifact is not touched; run the same command again to go on",
        );
        let built = self.build(&plan).await?;
        self.report(&plan, &built)?;
        Ok(Exit::Fine)
    }

    async fn build(&self, plan: &Plan) -> Result<Built, Error> {
        let open = |host: &str| {
            self.registries.open(host).map_err(|fault| Error::Registry {
                what: format!("cannot build {}", plan.name()),
                registry: host.to_owned(),
                why: fault.to_string(),
            })
        };
        let target = open(plan.image().registry())?;
        let other = match plan.base().registry() {
            host if host == plan.image().registry() => None,
            host => Some(open(host)?),
        };
        let stores = Stores { target: &target, base: other.as_ref().unwrap_or(&target) };
        let progress = Transfers::begin();
        let built = builder::build(plan, stores, &progress).await;
        drop(progress);
        built.map_err(|fault| not_built(plan, &fault))
    }

    fn report(&self, plan: &Plan, built: &Built) -> Result<(), Error> {
        for warning in &built.warnings {
            eprintln!("warning: {warning}");
        }
        match self.format {
            Some(format @ (Format::Json | Format::Yaml)) => output::value(format, &as_json(plan, built)),
            Some(Format::Name) => output::line(built.artifact_path.display().to_string()),
            Some(Format::Wide) | None => output::print(&lines(plan, built)),
        }
    }

    fn not_planned(&self, fault: &PlanError) -> Error {
        let what = format!("cannot build {}", self.folder.display());
        match fault {
            PlanError::NoSpecification(path) => Error::NotFound {
                what,
                why: format!("there is no specification {}", path.display()),
                todo: "name a folder that holds step-spec.yaml, or the specification itself".to_owned(),
            },
            PlanError::Option { .. } => Error::Usage {
                what: format!("{what}: {fault}"),
                todo: format!("see {} build compile --help", program::name()),
            },
            PlanError::Faults(_) | PlanError::File { .. } => Error::Build {
                what,
                why: fault.to_string(),
                todo: "correct it and run the same command again; nothing was built".to_owned(),
            },
        }
    }
}

fn not_built(plan: &Plan, fault: &BuildError) -> Error {
    let sentence = fault.to_string();
    let (why, todo) = advised(&sentence, "correct what is said above");
    let again =
        "then run the same command again: it goes on where it stopped, and the artifact was not touched";
    Error::Build {
        what: format!("cannot build {}", plan.name()),
        why: why.to_owned(),
        todo: format!("{todo}\n{again}"),
    }
}

fn lines(plan: &Plan, built: &Built) -> String {
    let mut table = crate::table::Table::new(&["STATE", "TAG", "DIGEST", "OWN"]);
    for step in &built.steps {
        let tag = step.reference.tag().unwrap_or(&step.id).to_owned();
        table.row(vec![
            state(&step.outcome).to_owned(),
            tag,
            step.digest.short().to_owned(),
            bytes(step.own_bytes),
        ]);
    }
    let changed = if built.artifact_changed { "written" } else { "unchanged" };
    format!(
        "{}\nimages   {}\nartifact {} ({}, {changed})\nnext     {} load {}\n",
        table.text(None),
        plan.image().name(),
        built.artifact_path.display(),
        bytes(built.artifact_size),
        program::name(),
        built.artifact_path.display(),
    )
}

/// What `-o json` prints; fields are only ever added.
fn as_json(plan: &Plan, built: &Built) -> serde_json::Value {
    let step = |step: &BuiltStep| {
        json!({
            "id": step.id, "title": step.title, "state": state(&step.outcome),
            "reference": step.reference.to_string(), "pinned": step.pinned.to_string(),
            "digest": step.digest.to_string(), "ownBytes": step.own_bytes, "sharedBytes": step.shared_bytes,
        })
    };
    json!({
        "apiVersion": "cli.workshop.platform/v1", "kind": "BuildReport", "workshop": built.name,
        "image": plan.image().name(), "steps": built.steps.iter().map(step).collect::<Vec<_>>(),
        "artifact": {
            "path": built.artifact_path, "contentDigest": built.content_digest.to_string(),
            "bytes": built.artifact_size, "changed": built.artifact_changed,
        },
        "warnings": built.warnings,
    })
}
