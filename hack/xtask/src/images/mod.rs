//! `cargo xtask images`: assembles the product's own images and pushes them, without a container engine.

mod base;
mod error;
mod programs;
mod report;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use oci::{Image, Layer, NoProgress, Platform, Push, Registry, RegistryOptions, Store};
use wire::ImageReference;

use error::Error;
use report::{Digests, Published};

/// Tag of the images that hold our programs: the version of the workspace.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Which images go where.
#[derive(Args)]
pub struct Arguments {
    /// Host and port of the registry; loopback and 198.18.0.0/15 are spoken to over plain HTTP.
    #[arg(long, value_name = "HOST:PORT")]
    registry: String,
    /// One image instead of all; may be repeated.
    #[arg(long, value_name = "NAME")]
    only: Vec<Name>,
    /// JSON file that the digests are written to; entries of other images in it are kept.
    #[arg(long, value_name = "FILE")]
    digests: Option<PathBuf>,
    /// Folder of the compiled programs; by default the one that this program lies in.
    #[arg(long, value_name = "DIRECTORY")]
    binaries: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Name {
    /// PID 1 of every workspace, for the init container.
    Agent,
    /// Operator, webhooks and gateway.
    Server,
    /// Base of the examples: Debian 12 with a shell and what a lesson about it needs.
    ShellBase,
}

impl Name {
    fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Server => "server",
            Self::ShellBase => "shell-base",
        }
    }

    fn tag(self) -> &'static str {
        match self {
            Self::Agent | Self::Server => VERSION,
            Self::ShellBase => base::RELEASE,
        }
    }

    fn assemble(self, binaries: &Path) -> Result<Assembled, Error> {
        match self {
            Self::Agent => programs::agent(binaries),
            Self::Server => programs::server(binaries),
            Self::ShellBase => base::shell(),
        }
    }
}

/// An image of one layer.
struct Assembled {
    image: Image,
    layer: Layer,
}

impl Assembled {
    fn new(layer: Layer, created_by: &str) -> Self {
        let mut image = Image::scratch(&Platform::host());
        image.add_layer(&layer, created_by);
        Self { image, layer }
    }
}

/// Assembles and pushes, and prints a line for each image.
///
/// # Errors
/// When a program has not been compiled, a tool is missing, or the registry refuses.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let runtime = tokio::runtime::Runtime::new().map_err(Error::Runtime)?;
    let registry = Registry::open(&arguments.registry, &RegistryOptions::from_environment()?)?;
    let binaries = match &arguments.binaries {
        Some(folder) => folder.clone(),
        None => own_folder()?,
    };
    let names = if arguments.only.is_empty() { Name::value_variants() } else { arguments.only.as_slice() };
    let mut digests = match &arguments.digests {
        Some(path) => Digests::read(path)?,
        None => Digests::default(),
    };
    for name in names {
        let assembled = name.assemble(&binaries)?;
        let published = runtime.block_on(publish(*name, &assembled, &registry))?;
        println!("{published}");
        digests.insert(name.as_str(), &published);
    }
    match &arguments.digests {
        Some(path) => digests.write(path),
        None => Ok(()),
    }
}

async fn publish(name: Name, assembled: &Assembled, store: &dyn Store) -> Result<Published, Error> {
    let text = format!("{}/workshop/{}:{}", store.name(), name.as_str(), name.tag());
    let reference: ImageReference = text.parse()?;
    let layers = std::slice::from_ref(&assembled.layer);
    let push = Push { image: &assembled.image, layers, origin: None };
    let pushed = push.to(store, reference.repository(), &[name.tag()], &NoProgress).await?;
    Ok(Published { reference, pushed })
}

/// Cargo puts all programs of the workspace beside this one.
fn own_folder() -> Result<PathBuf, Error> {
    let own = std::env::current_exe().map_err(Error::Runtime)?;
    Ok(own.parent().map(Path::to_path_buf).unwrap_or_default())
}
