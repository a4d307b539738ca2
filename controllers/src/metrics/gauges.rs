//! What is counted when somebody asks, from the stores.

use std::collections::BTreeMap;

use api::v1::Phase;

use super::families::{Controller, Families};

/// Every phase, so that a phase without instances reads 0 and not as missing.
const PHASES: [(Phase, &str); 9] = [
    (Phase::Pending, "Pending"),
    (Phase::Provisioning, "Provisioning"),
    (Phase::Running, "Running"),
    (Phase::Transitioning, "Transitioning"),
    (Phase::Suspended, "Suspended"),
    (Phase::Resuming, "Resuming"),
    (Phase::Failed, "Failed"),
    (Phase::Expired, "Expired"),
    (Phase::Terminating, "Terminating"),
];

/// What holds at this moment.
#[derive(Clone, Debug, Default)]
pub struct Gauges {
    /// Instances by phase; without a phase they count as pending.
    pub instances: BTreeMap<&'static str, i64>,
    /// Templates.
    pub templates: i64,
    /// Instances that wait for their next try.
    pub instances_in_backoff: i64,
    /// Templates that wait for their next try.
    pub templates_in_backoff: i64,
}

impl Gauges {
    /// Counts phases.
    pub fn count(&mut self, phases: impl Iterator<Item = Option<Phase>>) {
        for phase in phases {
            let phase = phase.unwrap_or(Phase::Pending);
            let word = PHASES.iter().find(|(known, _)| *known == phase).map_or("Other", |(_, word)| word);
            let count = self.instances.entry(word).or_default();
            *count = count.saturating_add(1);
        }
    }
}

impl Families {
    /// Takes over what holds at this moment.
    pub fn set(&self, gauges: &Gauges) {
        for (_, word) in PHASES {
            let count = gauges.instances.get(word).copied().unwrap_or_default();
            self.instances.get_or_create(&[("phase", word)]).set(count);
        }
        self.templates.set(gauges.templates);
        for (controller, count) in [
            (Controller::Instance, gauges.instances_in_backoff),
            (Controller::Template, gauges.templates_in_backoff),
        ] {
            self.backoff.get_or_create(&[("controller", controller.word())]).set(count);
        }
    }
}
