//! `step-spec.yaml`: what the images of a workshop contain (domain.md, "Inputs").
//!
//! [`parse`] is pure: whether a `source` exists is known to whoever reads the folder.

mod read;
mod rules;

use std::collections::BTreeMap;

use wire::ImageReference;

use crate::fault::{Fault, Position};

/// The only version of the format.
pub const VERSION: &str = "v1";

/// A specification without faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepSpec {
    /// Name and place of the workshop.
    pub workshop: Workshop,
    /// What the first step is built from.
    pub base: Base,
    /// Steps in the order in which they are built; at least one, at most 500.
    pub steps: Vec<Step>,
}

/// Name and place of a workshop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workshop {
    /// Identifier, kept in the artifact. A DNS label.
    pub name: String,
    /// Repository of the step images, without tag and digest.
    pub image: ImageReference,
}

/// What the first step is built from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// Any image.
    pub image: ImageReference,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Lower-case letters, digits and hyphens; the image's tag.
    pub id: String,
    /// Shown to people.
    pub title: String,
    /// Files, in the order of the specification.
    pub files: Vec<File>,
    /// Environment, by name: the order in the file means nothing.
    pub env: BTreeMap<String, String>,
    /// Commands for a shell, in order.
    pub commands: Vec<String>,
    /// Network of the commands; absent means the default of the place where they run (D54).
    pub network: Option<Network>,
    /// Where the commands begin in the file, for messages.
    pub commands_at: Position,
}

/// One file of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Absolute path in the image, without empty, `.` and `..` parts.
    pub path: String,
    /// Where its bytes come from.
    pub content: FileContent,
    /// Where `source` or `content` stands in the file, for messages.
    pub at: Position,
}

/// Where the bytes of a file come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileContent {
    /// They stand in the specification.
    Inline(String),
    /// They are in this file, relative to the specification.
    Source(String),
}

/// Network of a step's commands (D54).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// None at all.
    None,
    /// That of the machine which builds.
    Host,
}

/// Reads a specification.
///
/// # Errors
/// Every fault of the file, in the order of the file.
pub fn parse(text: &str) -> Result<StepSpec, Vec<Fault>> {
    read::spec(text)
}

#[cfg(test)]
mod tests;
