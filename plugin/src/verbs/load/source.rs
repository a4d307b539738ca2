//! Where an artifact is read from: a file, or a registry.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

use artifact::Workshop;
use oci::Target;
use wire::ImageReference;

use super::super::registries::RegistryArgs;
use crate::error::Error;
use crate::program;

const SCHEME: &str = "oci://";

/// A file, or a repository that holds the artifact beside the images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// The text after `oci://`.
    Registry(String),
}

impl FromStr for Source {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text.strip_prefix(SCHEME) {
            Some(reference) => Self::Registry(reference.to_owned()),
            None => Self::File(PathBuf::from(text)),
        })
    }
}

impl Source {
    /// Reads the artifact and verifies all of it.
    ///
    /// # Errors
    /// When it is not there, damaged, or of a newer version.
    pub async fn read(&self, registries: &RegistryArgs) -> Result<Workshop, Error> {
        match self {
            Self::File(path) if path.is_dir() => Err(Error::Usage {
                what: format!("{} is a folder, not an artifact", path.display()),
                todo: format!(
                    "build it first, and load the file that this prints: {} build compile {}",
                    program::name(),
                    path.display()
                ),
            }),
            Self::File(path) if !path.exists() => Err(Error::NotFound {
                what: format!("there is no file {}", path.display()),
                why: String::new(),
                todo: format!("build it: {} build compile FOLDER (it prints the path)", program::name()),
            }),
            Self::File(path) => Workshop::read(path).map_err(|fault| Error::Artifact {
                place: path.display().to_string(),
                why: fault.to_string(),
            }),
            Self::Registry(text) => fetch(text, registries).await,
        }
    }
}

async fn fetch(text: &str, registries: &RegistryArgs) -> Result<Workshop, Error> {
    let reference: ImageReference = text.parse().map_err(|fault: wire::ReferenceError| Error::Usage {
        what: format!("{SCHEME}{text} names no repository: {fault}"),
        todo: format!("write {SCHEME}registry.example/team/workshop"),
    })?;
    let failed = |why: String| Error::Registry {
        what: format!("cannot read the artifact of {}", reference.name()),
        registry: reference.registry().to_owned(),
        why,
    };
    let registry = registries.open(reference.registry()).map_err(|fault| failed(fault.to_string()))?;
    let target = match (reference.digest(), reference.tag()) {
        (Some(digest), _) => Target::Digest(digest),
        (None, tag) => Target::Tag(tag.unwrap_or(artifact::TAG)),
    };
    let fetched = artifact::fetch(&registry, reference.repository(), target).await;
    fetched.map(|(workshop, _)| workshop).map_err(|fault| failed(fault.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_tells_a_registry_from_a_file() {
        assert_eq!("oci://r.example/w".parse(), Ok(Source::Registry("r.example/w".to_owned())));
        assert_eq!("a/b.workshop".parse(), Ok(Source::File(PathBuf::from("a/b.workshop"))));
    }

    #[tokio::test]
    async fn what_is_no_artifact_says_what_to_build() {
        let folder = tempfile::tempdir().unwrap();
        let registries = RegistryArgs::default();
        let error = Source::File(folder.path().to_owned()).read(&registries).await.unwrap_err();
        assert!(error.report().todo.contains("build compile"), "{error:?}");
        let error = Source::File(folder.path().join("x.workshop")).read(&registries).await.unwrap_err();
        assert_eq!(error.report().exit, crate::exit::Exit::NotFound);
        let file = folder.path().join("y.workshop");
        std::fs::write(&file, "not SQLite").unwrap();
        let error = Source::File(file).read(&registries).await.unwrap_err();
        assert_eq!(error.report().exit, crate::exit::Exit::Failed);
        assert!(!error.report().why.is_empty());
    }
}
