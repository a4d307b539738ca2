//! Which step a person means by `--next`, `--prev`, `--first` or a name.

use api::v1::Step;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// By id.
    Named(String),
    /// The one after the current step.
    Next,
    /// The one before the current step.
    Previous,
    /// The first of the workshop.
    First,
}

/// Why there is no such step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoSuchStep {
    /// No step has this id.
    Unknown(String),
    /// The current step is the last.
    NoNext(String),
    /// The current step is the first.
    NoPrevious(String),
    /// The template has no step at all, or not the current one.
    Lost(String),
}

/// The id of the step that `choice` means, given the step that the instance is to be on.
///
/// # Errors
/// When the template has no such step.
pub fn choose(steps: &[Step], current: Option<&str>, choice: &Choice) -> Result<String, NoSuchStep> {
    let ids: Vec<&str> = steps.iter().map(|step| step.id.as_str()).collect();
    let first = ids.first().copied().unwrap_or_default();
    let current = current.unwrap_or(first);
    let place = ids.iter().position(|id| *id == current);
    let found = match choice {
        Choice::Named(id) => {
            return if ids.contains(&id.as_str()) {
                Ok(id.clone())
            } else {
                Err(NoSuchStep::Unknown(id.clone()))
            };
        }
        Choice::First => ids.first(),
        Choice::Next => match place {
            Some(place) => Some(ids.get(place + 1).ok_or_else(|| NoSuchStep::NoNext(current.to_owned()))?),
            None => None,
        },
        Choice::Previous => match place {
            Some(place) => {
                let before = place.checked_sub(1).and_then(|before| ids.get(before));
                Some(before.ok_or_else(|| NoSuchStep::NoPrevious(current.to_owned()))?)
            }
            None => None,
        },
    };
    found.map(|id| (*id).to_owned()).ok_or_else(|| NoSuchStep::Lost(current.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::v1::PinnedReference;

    fn steps() -> Vec<Step> {
        let image = PinnedReference { reference: "r.example/w:x".to_owned(), digest: String::new() };
        ["intro", "pipes", "scripts"]
            .map(|id| Step { id: id.to_owned(), title: id.to_owned(), image: image.clone(), unlock: None })
            .to_vec()
    }

    #[test]
    fn next_and_previous_go_from_where_the_instance_is_to_be() {
        let steps = steps();
        assert_eq!(choose(&steps, None, &Choice::Next).as_deref(), Ok("pipes"));
        assert_eq!(choose(&steps, Some("pipes"), &Choice::Next).as_deref(), Ok("scripts"));
        assert_eq!(choose(&steps, Some("pipes"), &Choice::Previous).as_deref(), Ok("intro"));
        assert_eq!(choose(&steps, Some("scripts"), &Choice::First).as_deref(), Ok("intro"));
        assert_eq!(choose(&steps, None, &Choice::Named("scripts".to_owned())).as_deref(), Ok("scripts"));
    }

    #[test]
    fn there_is_nothing_beyond_the_ends() {
        let steps = steps();
        assert_eq!(
            choose(&steps, Some("scripts"), &Choice::Next),
            Err(NoSuchStep::NoNext("scripts".to_owned()))
        );
        assert_eq!(choose(&steps, None, &Choice::Previous), Err(NoSuchStep::NoPrevious("intro".to_owned())));
        assert_eq!(choose(&steps, Some("gone"), &Choice::Next), Err(NoSuchStep::Lost("gone".to_owned())));
        let unknown = Choice::Named("pipe".to_owned());
        assert_eq!(choose(&steps, None, &unknown), Err(NoSuchStep::Unknown("pipe".to_owned())));
    }
}
