//! Building: each step on top of the one before, pushed under both tags; then the workshop file.

use artifact::{Pinned, Workshop};
use oci::{Image, Layer, Origin, Push, Target};
use serde_json::json;
use wire::Digest;

use crate::built::{Built, BuiltStep, Outcome, Stores};
use crate::changes::changes;
use crate::entrypoint;
use crate::error::BuildError;
use crate::layers::Layers;
use crate::owner::Owners;
use crate::plan::{Plan, PlannedStep};
use crate::progress::Progress;
use crate::tree::Tree;

/// What everything of ours carries as its time.
const EPOCH: &str = "1970-01-01T00:00:00Z";
/// Text of the history entry of every layer. No names: layers of equal content are equal.
const CREATED_BY: &str = "workshop: files";
/// Content above which a layer is written to a file instead of memory, in bytes.
const IN_MEMORY: u64 = 32 << 20;

/// Builds and pushes all steps, and writes the workshop file at the end. Run again, it does only what is missing.
///
/// # Errors
/// When a registry fails or files do not fit into the image below. Steps that were pushed stay; the file is
/// not touched.
pub async fn build(plan: &Plan, stores: Stores<'_>, progress: &dyn Progress) -> Result<Built, BuildError> {
    let mut run = Run::begin(plan, stores, progress).await?;
    for (position, step) in plan.steps.iter().enumerate() {
        progress.step_started(position, plan.steps.len(), &step.id);
        let built = if position < plan.taken { run.take(step).await? } else { run.build(step).await? };
        progress.step_finished(&built);
        run.steps.push(built);
    }
    run.finish()
}

struct Run<'a> {
    plan: &'a Plan,
    stores: Stores<'a>,
    progress: &'a dyn Progress,
    base: Pinned,
    base_image: Image,
    /// Image of the step before, the base at first.
    image: Image,
    /// Layers that were made here.
    layers: Vec<Layer>,
    /// Paths of `image`; unknown until a step with files needs them.
    tree: Option<Tree>,
    scratch: Option<tempfile::TempDir>,
    steps: Vec<BuiltStep>,
    warnings: Vec<String>,
}

impl<'a> Run<'a> {
    async fn begin(
        plan: &'a Plan,
        stores: Stores<'a>,
        progress: &'a dyn Progress,
    ) -> Result<Self, BuildError> {
        progress.phase(&format!("reading the base image {}", plan.base));
        let found =
            Image::read(stores.base, plan.base.repository(), Target::of(&plan.base), &plan.options.platform)
                .await
                .map_err(|error| BuildError::Base(Box::new(error)))?;
        Ok(Self {
            plan,
            stores,
            progress,
            base: Pinned { reference: plan.base.clone(), digest: found.target.digest },
            image: found.image.clone(),
            base_image: found.image,
            layers: Vec::new(),
            tree: None,
            scratch: None,
            steps: Vec::new(),
            warnings: plan.warnings.clone(),
        })
    }

    /// A step that `--from-step` takes as built.
    async fn take(&mut self, step: &PlannedStep) -> Result<BuiltStep, BuildError> {
        let reference = self.plan.image.with_tag(&step.id)?;
        let (repository, platform) = (self.plan.image.repository(), &self.plan.options.platform);
        let found = match Image::read(self.stores.target, repository, Target::Tag(&step.id), platform).await {
            Err(oci::ImageError::Store(error)) if error.is_not_found() => {
                return Err(BuildError::NotBuilt { id: step.id.clone(), reference });
            }
            other => {
                other.map_err(|source| BuildError::Image { id: step.id.clone(), source: Box::new(source) })?
            }
        };
        let below = std::mem::replace(&mut self.image, found.image);
        if self.steps.is_empty() && !self.stands_on_base() {
            self.warnings.push(format!(
                "step \"{}\" was built from another base image than {} is now; build without --from-step to take the new one",
                step.id, self.plan.base
            ));
        }
        self.tree = None;
        self.describe(step, found.target.digest, below.layers.len(), Outcome::Taken)
    }

    fn stands_on_base(&self) -> bool {
        self.image.config.rootfs.diff_ids.starts_with(&self.base_image.config.rootfs.diff_ids)
    }

    async fn build(&mut self, step: &PlannedStep) -> Result<BuiltStep, BuildError> {
        let below = self.image.layers.len();
        self.add_files(step).await?;
        let config = &mut self.image.config;
        config.created = Some(EPOCH.to_owned());
        step.env.iter().for_each(|(name, value)| config.config.set_env(name, value));
        entrypoint::keep(&mut config.config);
        let failed = |source| BuildError::Image { id: step.id.clone(), source: Box::new(source) };
        let digest = self.image.digest().map_err(|error| failed(error.into()))?;
        let fixed = fixed_tag(&step.id, &digest);
        let origin = Origin { store: self.stores.base, repository: self.plan.base.repository() };
        let push = Push { image: &self.image, layers: &self.layers, origin: Some(origin) };
        let tags = [step.id.as_str(), fixed.as_str()];
        let pushed = push
            .to(self.stores.target, self.plan.image.repository(), &tags, self.progress)
            .await
            .map_err(failed)?;
        let outcome = if pushed.already_there { Outcome::Unchanged } else { Outcome::Pushed };
        self.describe(step, pushed.digest, below, outcome)
    }

    async fn add_files(&mut self, step: &PlannedStep) -> Result<(), BuildError> {
        if step.files.is_empty() {
            return Ok(());
        }
        let mut tree = match self.tree.take() {
            Some(tree) => tree,
            None => self.read_tree().await?,
        };
        let refused = |reason: String| BuildError::Step { id: step.id.clone(), reason };
        let set = changes(&step.files, &self.image.config.config, &mut tree).map_err(refused)?;
        self.tree = Some(tree);
        let size: u64 = step.files.iter().map(|file| file.content.size()).sum();
        let layer = if size > IN_MEMORY {
            let folder = match self.scratch.take() {
                Some(folder) => folder,
                None => tempfile::tempdir().map_err(|error| refused(error.to_string()))?,
            };
            let path = folder.path().join(format!("layer-{}", self.layers.len()));
            self.scratch = Some(folder);
            set.layer_into(&path)
        } else {
            set.layer()
        };
        let layer = layer.map_err(|error| refused(error.to_string()))?;
        self.image.add_layer(&layer, CREATED_BY);
        self.layers.push(layer);
        Ok(())
    }

    /// The paths of the image so far: lists of the base's layers, and of those that were taken as built.
    async fn read_tree(&mut self) -> Result<Tree, BuildError> {
        let cache = self.plan.options.cache.as_deref();
        let base = Layers { store: self.stores.base, repository: self.plan.base.repository(), cache };
        let built = Layers { store: self.stores.target, repository: self.plan.image.repository(), cache };
        let mut tree = Tree::default();
        for layer in &self.image.layers {
            let of_base = self.base_image.layers.contains(layer);
            let from = if of_base { &base } else { &built };
            tree.apply(&from.list(layer, self.progress).await?);
        }
        if let Ok(owners) = Owners::of(&self.image.config.config, &tree) {
            self.warnings.extend(owners.warning());
        }
        Ok(tree)
    }

    fn describe(
        &self,
        step: &PlannedStep,
        digest: Digest,
        below: usize,
        outcome: Outcome,
    ) -> Result<BuiltStep, BuildError> {
        let sizes = || self.image.layers.iter().map(|layer| layer.size);
        Ok(BuiltStep {
            id: step.id.clone(),
            title: step.title.clone(),
            reference: self.plan.image.with_tag(&step.id)?,
            pinned: self.plan.image.with_tag(&fixed_tag(&step.id, &digest))?,
            digest,
            own_bytes: sizes().skip(below).sum(),
            shared_bytes: sizes().take(below).sum(),
            outcome,
        })
    }

    fn finish(self) -> Result<Built, BuildError> {
        let steps = self.plan.steps.iter().zip(&self.steps).map(|(planned, built)| {
            let mut metadata = planned.metadata.clone();
            metadata.insert("imageTag".to_owned(), json!(built.pinned.to_string()));
            artifact::Step {
                id: planned.id.clone(),
                title: planned.title.clone(),
                markdown: planned.markdown.clone(),
                image: Pinned { reference: built.reference.clone(), digest: built.digest.clone() },
                unlock: planned.unlock.clone(),
                metadata,
            }
        });
        let workshop = Workshop {
            name: self.plan.name.clone(),
            version: api::step_spec::VERSION.to_owned(),
            created_at: self.plan.options.created_at,
            image: self.plan.image.clone(),
            base: self.base.clone(),
            settings: self.plan.settings.clone(),
            steps: steps.collect(),
            assets: self.plan.assets.clone(),
        };
        let written = workshop.write(&self.plan.output)?;
        Ok(Built {
            name: workshop.name,
            steps: self.steps,
            base: self.base,
            artifact_path: self.plan.output.clone(),
            content_digest: written.content_digest,
            artifact_size: written.size,
            artifact_changed: written.changed,
            warnings: self.warnings,
        })
    }
}

/// The tag that never moves (D19).
fn fixed_tag(id: &str, digest: &Digest) -> String {
    format!("{id}-sha256-{}", digest.short())
}
