//! What must hold between the files of a workshop.

use std::collections::BTreeSet;
use std::path::Path;

use api::fault::Fault;
use api::step_spec::StepSpec;

use crate::error::PlanError;
use crate::folder::Folder;
use crate::plan::PlannedStep;

/// Names in `unlock.after` are steps, and no step waits for itself.
pub(crate) fn unlocks(folder: &mut Folder, steps: &[PlannedStep]) {
    let after = |id: &str| {
        let step = steps.iter().find(|step| step.id == id);
        step.and_then(|step| step.unlock.as_ref()).map_or(&[][..], |unlock| unlock.after.as_slice())
    };
    for step in steps {
        let mut faults = Vec::new();
        for (n, name) in after(&step.id).iter().enumerate() {
            if !steps.iter().any(|step| step.id == *name) {
                let message = format!("\"{name}\" is no step of this workshop; there are: {}", ids(steps));
                faults.push((format!("unlock.after[{n}]"), message));
            }
        }
        let mut seen = BTreeSet::new();
        let mut open: Vec<&String> = after(&step.id).iter().collect();
        while let Some(name) = open.pop() {
            if seen.insert(name) {
                open.extend(after(name));
            }
        }
        if seen.contains(&step.id) {
            faults.push(("unlock.after".to_owned(), format!("\"{}\" waits for itself", step.id)));
        }
        let at = step.unlock_at;
        let faults = faults.into_iter().map(|(path, message)| Fault::new(path, at, message)).collect();
        folder.add(Path::new(&format!("steps/{}.md", step.id)), faults);
    }
}

/// For messages.
pub(crate) fn ids(steps: &[PlannedStep]) -> String {
    steps.iter().map(|step| step.id.as_str()).collect::<Vec<_>>().join(", ")
}

/// Texts that belong to no step: a renamed step loses its page without a word otherwise.
pub(crate) fn orphans(folder: &Folder, spec: &StepSpec) -> Result<Vec<String>, PlanError> {
    let mut warnings = Vec::new();
    for name in folder.files(Path::new("steps"), 0)? {
        let text = name.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let id = [".md", ".checks.yaml", ".solution.sh"].iter().find_map(|end| text.strip_suffix(end));
        if let Some(id) = id.filter(|id| !spec.steps.iter().any(|step| step.id == *id)) {
            warnings.push(format!("{}: there is no step \"{id}\"", folder.path(&name).display()));
        }
    }
    Ok(warnings)
}
