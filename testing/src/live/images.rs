//! Tiny step images, each with its own content, made by our own image code.

use std::process::Command;
use std::sync::OnceLock;

use api::v1::{PinnedReference, Step};
use oci::{ChangeSet, Image, Layer, NoProgress, Owner, Platform, Push};
use wire::Digest;

use super::{LiveError, World};

/// The programs of every image: one static file, from the Debian package `busybox-static`.
const BUSYBOX: &str = "/bin/busybox";
const COMMANDS: [&str; 22] = [
    "cat", "chown", "cut", "echo", "env", "grep", "head", "id", "kill", "ls", "mkdir", "ps", "rm", "seq",
    "sh", "sleep", "sort", "stat", "tail", "test", "touch", "wc",
];
const LEARNER: Owner = Owner { uid: 1000, gid: 1000 };
/// The file that every step brings and that a learner edits; it says which step it is of.
pub(super) const EXERCISE: &str = "/home/learner/exercise.txt";

/// The image of one step, pushed or not.
pub struct StepImage {
    /// Step id.
    pub id: String,
    /// Digest of its manifest.
    pub digest: Digest,
    repository: String,
    image: Image,
    layers: Vec<Layer>,
}

impl StepImage {
    /// A step of a template that runs it.
    #[must_use]
    pub fn step(&self, world: &World) -> Step {
        let reference = format!("{}/{}:{}", world.settings.registry, self.repository, self.id);
        Step {
            id: self.id.clone(),
            title: format!("Step {}", self.id),
            image: PinnedReference { reference, digest: self.digest.to_string() },
            unlock: None,
        }
    }
}

impl World {
    /// An image that is nowhere yet. `repository` makes its content different from that of all others.
    ///
    /// # Errors
    /// When it cannot be assembled.
    pub fn step_image(
        &self,
        repository: &str,
        id: &str,
        entrypoint: Option<&str>,
    ) -> Result<StepImage, LiveError> {
        let fault = |said: &dyn std::fmt::Display| LiveError::Image {
            step: id.to_owned(),
            said: format!("{said} (the package busybox-static is needed)"),
        };
        let base = base().map_err(|said| fault(&said))?;
        let mut files = ChangeSet::new();
        files.file(EXERCISE, format!("step {id}\n"), 0o644, LEARNER).map_err(|error| fault(&error))?;
        files.file("/etc/workshop", repository, 0o644, Owner::ROOT).map_err(|error| fault(&error))?;
        let layers = vec![base.clone(), files.layer().map_err(|error| fault(&error))?];
        let mut image = Image::scratch(&Platform::host());
        for layer in &layers {
            image.add_layer(layer, "test");
        }
        let config = &mut image.config.config;
        config.set_env("PATH", "/bin");
        config.set_env("HOME", "/home/learner");
        config.working_dir = "/home/learner".to_owned();
        config.user = "1000:1000".to_owned();
        if let Some(words) = entrypoint {
            config.set_env(wire::StepImageEnv::ENTRYPOINT, words);
        }
        let digest = image.digest().map_err(|error| fault(&error))?;
        Ok(StepImage { id: id.to_owned(), digest, repository: repository.to_owned(), image, layers })
    }

    /// Pushes an image, under its step id as tag.
    ///
    /// # Errors
    /// When the registry refuses.
    pub async fn push(&self, step: &StepImage) -> Result<(), LiveError> {
        let push = Push { image: &step.image, layers: &step.layers, origin: None };
        let pushed = push.to(self.registry.as_ref(), &step.repository, &[&step.id], &NoProgress).await;
        let fault =
            |error: oci::ImageError| LiveError::Image { step: step.id.clone(), said: error.to_string() };
        pushed.map(drop).map_err(fault)
    }

    /// Images of these steps, pushed.
    ///
    /// # Errors
    /// When one cannot be assembled or pushed.
    pub async fn images(&self, repository: &str, ids: &[&str]) -> Result<Vec<StepImage>, LiveError> {
        let mut images = Vec::new();
        for id in ids {
            let image = self.step_image(repository, id, None)?;
            self.push(&image).await?;
            images.push(image);
        }
        Ok(images)
    }
}

/// The layer below every step, made once per process.
fn base() -> Result<&'static Layer, String> {
    static BASE: OnceLock<Result<Layer, String>> = OnceLock::new();
    BASE.get_or_init(make_base).as_ref().map_err(Clone::clone)
}

fn make_base() -> Result<Layer, String> {
    let said = |error: &dyn std::fmt::Display| format!("{BUSYBOX}: {error}");
    let program = std::fs::read(BUSYBOX).map_err(|error| said(&error))?;
    let listed = Command::new(BUSYBOX).arg("--list").output().map_err(|error| said(&error))?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let files = || -> Result<ChangeSet, oci::ChangeError> {
        let mut files = ChangeSet::new();
        for directory in ["/bin", "/etc", "/home"] {
            files.directory(directory, 0o755, Owner::ROOT)?;
        }
        files.directory("/tmp", 0o1777, Owner::ROOT)?;
        files.directory("/home/learner", 0o755, LEARNER)?;
        files.file("/bin/busybox", program, 0o755, Owner::ROOT)?;
        for command in COMMANDS.iter().filter(|command| listed.lines().any(|line| line == **command)) {
            files.symlink(format!("/bin/{command}"), "busybox", Owner::ROOT)?;
        }
        let passwd = "root:x:0:0:root:/root:/bin/sh\nlearner:x:1000:1000::/home/learner:/bin/sh\n";
        files.file("/etc/passwd", passwd, 0o644, Owner::ROOT)?;
        files.file("/etc/group", "root:x:0:\nlearner:x:1000:\n", 0o644, Owner::ROOT)?;
        Ok(files)
    };
    files().map_err(|error| said(&error))?.layer().map_err(|error| said(&error))
}
