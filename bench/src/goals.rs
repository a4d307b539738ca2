//! The goals, each a ratio or a count of the same run.

use crate::arm::Arm;
use crate::run::{Measured, Series};

/// A goal and what came of it.
#[derive(Debug)]
pub struct Goal {
    /// What is wanted.
    pub wanted: &'static str,
    /// What was measured.
    pub measured: String,
    /// Whether it holds.
    pub met: bool,
}

/// Every goal that this run can judge.
pub fn goals(measured: &Measured) -> Vec<Goal> {
    let mut goals = Vec::new();
    let arm = |arm| measured.alone.get(&arm);
    if let (Some(ours), Some(raw), Some(recreate)) = (arm(Arm::Ours), arm(Arm::RawPatch), arm(Arm::Recreate))
    {
        let share = ours.usable.p50 / recreate.usable.p50;
        goals.push(Goal {
            wanted: "usable, p50: at most 0.20 of Recreate",
            measured: format!("{share:.2}"),
            met: share <= 0.20,
        });
        let share = ours.usable.p95 / recreate.usable.p95;
        goals.push(Goal {
            wanted: "usable, p95: at most 0.25 of Recreate",
            measured: format!("{share:.2}"),
            met: share <= 0.25,
        });
        let added = 1000.0 * (ours.usable.p50 - raw.usable.p50);
        goals.push(Goal {
            wanted: "the operator adds at most 5 ms to the raw patch, p50",
            measured: format!("{added:.1} ms"),
            met: added <= 5.0,
        });
        let added = 1000.0 * (ours.usable.p99 - raw.usable.p99);
        goals.push(Goal {
            wanted: "the operator adds at most 25 ms to the raw patch, p99",
            measured: format!("{added:.1} ms"),
            met: added <= 25.0,
        });
        goals.push(writes(ours));
    }
    if let Some(flips) = &measured.flips {
        goals.push(Goal {
            wanted: "no BackOff event in random moves and resets",
            measured: format!("{} in {}", flips.back_offs, flips.count),
            met: flips.back_offs == 0,
        });
        goals.push(Goal {
            wanted: "same pod, same address",
            measured: format!("{} pods made, {} addresses changed", flips.pods_made, flips.addresses_changed),
            met: flips.pods_made + flips.addresses_changed == 0,
        });
    }
    goals
}

/// Two writes per transition: the pod and the status; one more status for each that took over two seconds.
#[allow(clippy::cast_precision_loss)]
fn writes(ours: &Series) -> Goal {
    let by_operator: f64 = ours
        .writes
        .iter()
        .filter(|(key, _)| key.starts_with("workshop-operator: "))
        .map(|(_, number)| number)
        .sum();
    let allowed = 2.0 + ours.slow as f64 / ours.usable.count.max(1) as f64;
    Goal {
        wanted: "two operator writes per transition, and one for each over two seconds",
        measured: format!("{by_operator:.2} of {allowed:.2} allowed"),
        met: by_operator > 0.0 && by_operator <= allowed + 0.001,
    }
}
