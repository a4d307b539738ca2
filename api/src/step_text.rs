//! The texts of a step: `steps/<id>.md` with its front matter, and `steps/<id>.checks.yaml` (D53).

use serde::{Deserialize, Serialize};

use crate::fault::{Fault, Position};
use crate::v1::Unlock;
use crate::yaml::{self, Node, Reader, Table, nowhere};

mod checks;

pub use checks::{Check, Checks, Hint, Question, checks};

const MAX_MINUTES: i32 = 24 * 60;
const FENCE: &str = "---";

/// What stands above the text of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FrontMatter {
    /// How long a learner needs, in minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u32>,
    /// What has to be completed before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlock: Option<Unlock>,
}

/// A text without its front matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// What stood above it.
    pub front_matter: FrontMatter,
    /// Markdown, with line feeds as ends of lines.
    pub markdown: String,
    /// Where `unlock` stands, for messages.
    pub unlock_at: Option<Position>,
}

/// Reads `steps/<id>.md`. Without a first line `---` all of it is text. Ends of lines become line feeds, so
/// that a checkout on Windows is the same page.
///
/// # Errors
/// Every fault of the front matter.
pub fn page(text: &str) -> Result<Page, Vec<Fault>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let Some(rest) = text.strip_prefix(FENCE).and_then(|rest| rest.strip_prefix('\n')) else {
        return Ok(Page { markdown: text, ..Page::default() });
    };
    let Some((front, body)) = split(rest) else {
        let message = "the front matter has no end; close it with a line ---";
        return Err(vec![Fault::new("", Position::START, message)]);
    };
    let (front_matter, unlock_at) =
        front_matter(front).map_err(|faults| faults.into_iter().map(below_fence).collect::<Vec<_>>())?;
    Ok(Page {
        front_matter,
        markdown: body.trim_start_matches('\n').to_owned(),
        unlock_at: unlock_at.map(|at| Position { line: at.line + 1, ..at }),
    })
}

/// Around the line `---`.
fn split(rest: &str) -> Option<(&str, &str)> {
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == FENCE {
            return Some((rest.get(..at)?, rest.get(at + line.len()..)?));
        }
        at += line.len();
    }
    None
}

fn below_fence(fault: Fault) -> Fault {
    Fault { line: fault.line + 1, ..fault }
}

fn front_matter(text: &str) -> Result<(FrontMatter, Option<Position>), Vec<Fault>> {
    let root = yaml::parse(text).map_err(|fault| vec![fault])?;
    let mut reader = Reader::default();
    let table = reader.table(&root, "", &["minutes", "unlock"], title);
    let minutes = reader.number(&table, "minutes", 1..=MAX_MINUTES).map(i32::unsigned_abs);
    let unlock = table.get("unlock").map(|node| unlock(&mut reader, node));
    reader.finish((FrontMatter { minutes, unlock }, table.get("unlock").map(|node| node.at)))
}

fn title(name: &str) -> Option<&'static str> {
    (name == "title").then_some("titles stand in step-spec.yaml only")
}

fn unlock(reader: &mut Reader, node: &Node) -> Unlock {
    let table: Table<'_> = reader.table(node, "unlock", &["after"], nowhere);
    let mut after = Vec::new();
    for (path, item) in reader.list(&table, "after") {
        after.extend(reader.scalar(item, &path).map(str::to_owned));
    }
    Unlock { after }
}

#[cfg(test)]
mod tests;
