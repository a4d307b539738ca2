//! A build, shown: a line per step, and its bytes on a terminal.

use builder::{BuiltStep, Outcome};

use crate::output::bytes;
use crate::transfers::Transfers;

impl builder::Progress for Transfers {
    fn phase(&self, text: &str) {
        self.say(text);
    }

    fn step_started(&self, position: usize, of: usize, id: &str) {
        // Without a bar, the line at the end of the step says all.
        if self.bar().is_some() {
            self.say(&format!("step {} of {of}: {id}", position + 1));
        }
    }

    fn step_finished(&self, step: &BuiltStep) {
        let (state, own) = (state(&step.outcome), bytes(step.own_bytes));
        let line = format!("{state:<9} {} {} {own}", step.id, step.digest.short());
        match self.bar() {
            Some(bar) => bar.println(line),
            None => self.say(&line),
        }
    }
}

/// What happened to a step, in a word.
#[must_use]
pub fn state(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Pushed => "pushed",
        Outcome::Unchanged => "unchanged",
        Outcome::Taken => "taken",
    }
}
