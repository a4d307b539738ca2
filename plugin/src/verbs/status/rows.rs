//! A line for each workspace.

use api::conditions::condition_type;
use api::v1::WorkspaceInstance;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;

use crate::output;
use crate::table::{NARROW, Table};

/// Which columns there are.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    /// With the class.
    pub all: bool,
    /// `-o wide`.
    pub wide: bool,
}

impl Columns {
    /// The whole table, at most 80 columns unless it is wide.
    pub fn table(self, instances: &[WorkspaceInstance], now: Timestamp) -> String {
        let mut table = Table::new(&titles(self));
        for instance in instances {
            table.row(self.cells(instance, now));
        }
        table.text((!self.wide).then_some(NARROW))
    }

    /// One row.
    pub fn cells(self, instance: &WorkspaceInstance, now: Timestamp) -> Vec<String> {
        cells(instance, self, now)
    }
}

fn titles(Columns { all, wide }: Columns) -> Vec<&'static str> {
    let mut titles = Vec::new();
    if all {
        titles.push("CLASS");
    }
    titles.extend(["NAME", "TEMPLATE", "USER", "STEP", "READY", "REASON"]);
    if wide {
        titles.extend(["PHASE", "WORKSPACE", "ADDRESS"]);
    }
    titles.extend(["EXPIRES", "AGE"]);
    titles
}

fn cells(instance: &WorkspaceInstance, Columns { all, wide }: Columns, now: Timestamp) -> Vec<String> {
    let dash = |text: Option<String>| text.filter(|text| !text.is_empty()).unwrap_or_else(|| "-".to_owned());
    let status = instance.status.clone().unwrap_or_default();
    let ready: Option<&Condition> = status.conditions.iter().find(|c| c.type_ == condition_type::READY);
    let mut cells = Vec::new();
    if all {
        cells.push(dash(instance.namespace()));
    }
    cells.extend([
        instance.name_any(),
        instance.spec.template_ref.name.clone(),
        instance.spec.owner.clone(),
        dash(status.current_step.map(|step| step.id)),
        ready.map_or_else(|| "Unknown".to_owned(), |ready| ready.status.clone()),
        dash(ready.map(|ready| ready.reason.clone())),
    ]);
    if wide {
        let phase = status.phase.map(|phase| format!("{phase:?}"));
        cells.extend([dash(phase), dash(status.workspace_namespace), dash(status.url)]);
    }
    let expires = status.expires_at.map(|at| output::left(at.0, now));
    let age = instance.metadata.creation_timestamp.as_ref().map(|at| output::span(at.0, now));
    cells.extend([dash(expires), dash(age)]);
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wait::tests::ana;

    const PLAIN: Columns = Columns { all: false, wide: false };

    #[test]
    fn the_columns_are_those_of_the_definition() {
        let now = "2026-01-05T10:00:00Z".parse().unwrap();
        insta::assert_snapshot!(PLAIN.table(&[ana()], now), @r"
        NAME  TEMPLATE      USER  STEP   READY  REASON    EXPIRES  AGE
        ana   shell-basics  ana   pipes  True   AsWanted  3h       60m
        ");
    }

    #[test]
    fn every_cell_has_a_title() {
        for (all, wide) in [(false, false), (true, false), (false, true), (true, true)] {
            let columns = Columns { all, wide };
            assert_eq!(titles(columns).len(), columns.cells(&ana(), Timestamp::UNIX_EPOCH).len());
        }
    }

    #[test]
    fn an_instance_that_no_operator_has_seen_says_so() {
        let mut instance = ana();
        instance.status = None;
        let cells = PLAIN.cells(&instance, Timestamp::UNIX_EPOCH);
        assert_eq!(cells[3..7], ["-", "Unknown", "-", "-"]);
    }
}
