//! `status`: what workspaces are doing.

use std::collections::BTreeMap;
use std::pin::pin;

use api::conditions::condition_type;
use api::v1::WorkspaceInstance;
use clap::Args;
use futures::StreamExt;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::ListParams;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, ResourceExt};

use super::{bare_name, details, instance};
use crate::args::OutputArgs;
use crate::context::Context;
use crate::error::Error;
use crate::exit::Exit;
use crate::output::{self, Format};
use crate::program;
use crate::table::{NARROW, Table};

/// Largest part of a list in one answer, so that a large class does not burden the API server.
const PAGE: u32 = 500;

/// Show workspaces: a line each, or everything about one
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl workshop status
  kubectl workshop status ana
  kubectl workshop status -A -o wide
  kubectl workshop status --watch")]
pub struct Status {
    /// Name of an instance; default: all of the class
    #[arg(value_parser = bare_name)]
    name: Option<String>,
    /// Those of all classes
    #[arg(short = 'A', long, conflicts_with = "name")]
    all_namespaces: bool,
    /// Go on and show every change, until Ctrl-C
    #[arg(short, long)]
    watch: bool,
    #[command(flatten)]
    output: OutputArgs,
}

impl Status {
    /// Runs the verb.
    pub async fn run(self, context: &Context) -> Result<Exit, Error> {
        match (&self.name, self.output.output) {
            _ if self.watch => self.follow(context).await?,
            (Some(name), Some(Format::Wide)) => self.table(vec![instance(context, name).await?])?,
            (Some(name), None) => {
                output::print(&details::text(&instance(context, name).await?, Timestamp::now()))?
            }
            (Some(name), format) => output::object(format, &instance(context, name).await?, "")?,
            (None, Some(format @ (Format::Json | Format::Yaml | Format::Name))) => {
                output::list(format, self.read(context).await?)?;
            }
            (None, _) => {
                let instances = self.read(context).await?;
                if instances.is_empty() {
                    self.say_nothing_here(context);
                } else {
                    self.table(instances)?;
                }
            }
        }
        Ok(Exit::Fine)
    }

    /// Standard output stays empty, so that programs see no row.
    fn say_nothing_here(&self, context: &Context) {
        let place = if self.all_namespaces {
            "in this cluster".to_owned()
        } else {
            format!("in class {}", context.class)
        };
        eprintln!("no workspaces {place} (make one: {} create NAME --template TEMPLATE)", program::name());
    }

    fn api(&self, context: &Context) -> Api<WorkspaceInstance> {
        if self.all_namespaces { Api::all(context.client.clone()) } else { context.in_class() }
    }

    async fn read(&self, context: &Context) -> Result<Vec<WorkspaceInstance>, Error> {
        let (api, mut params) = (self.api(context), ListParams::default().limit(PAGE));
        let mut instances = Vec::new();
        loop {
            let page = context.call("list instances", api.list(&params)).await?;
            instances.extend(page.items);
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = params.continue_token(&token),
                None => return Ok(instances),
            }
        }
    }

    fn table(&self, instances: Vec<WorkspaceInstance>) -> Result<(), Error> {
        let now = Timestamp::now();
        let wide = self.output.output == Some(Format::Wide);
        let mut table = Table::new(&titles(self.all_namespaces, wide));
        for instance in &instances {
            table.row(cells(instance, self.all_namespaces, wide, now));
        }
        output::print(&table.text((!wide).then_some(NARROW)))
    }

    /// Prints an object or a row whenever it says something new; a broken watch is taken up again.
    async fn follow(&self, context: &Context) -> Result<(), Error> {
        let config = match &self.name {
            Some(name) => {
                instance(context, name).await?;
                watcher::Config::default().fields(&format!("metadata.name={name}"))
            }
            None => watcher::Config::default(),
        };
        let mut events = pin!(watcher(self.api(context), config).default_backoff());
        let mut shown: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut header = true;
        while let Some(event) = events.next().await {
            match event {
                Ok(Event::Apply(instance) | Event::InitApply(instance)) => {
                    self.show(&instance, &mut shown, &mut header)?;
                }
                Ok(Event::Delete(instance)) => {
                    shown.remove(&key(&instance));
                    eprintln!("{} is gone", instance.name_any());
                }
                Ok(Event::Init | Event::InitDone) => {}
                Err(watcher::Error::InitialListFailed(source) | watcher::Error::WatchStartFailed(source))
                    if matches!(&source, kube::Error::Api(status) if [401, 403, 404].contains(&status.code)) =>
                {
                    return Err(context.failed("watch instances", source));
                }
                Err(fault) => eprintln!("the watch broke and is taken up again ({fault})"),
            }
        }
        Ok(())
    }

    fn show(
        &self,
        instance: &WorkspaceInstance,
        shown: &mut BTreeMap<String, Vec<String>>,
        header: &mut bool,
    ) -> Result<(), Error> {
        if let Some(format @ (Format::Json | Format::Yaml | Format::Name)) = self.output.output {
            return output::object(Some(format), instance, "");
        }
        let wide = self.output.output == Some(Format::Wide);
        let row = cells(instance, self.all_namespaces, wide, Timestamp::now());
        // Ages change by themselves; a row is new when anything else does.
        let lasting = row.get(..row.len().saturating_sub(2)).unwrap_or_default().to_vec();
        if shown.insert(key(instance), lasting.clone()) == Some(lasting) {
            return Ok(());
        }
        let mut table = Table::new(&titles(self.all_namespaces, wide));
        table.row(row);
        let text = table.text((!wide).then_some(NARROW));
        let row_alone = text.split_once('\n').map_or("", |(_, row)| row);
        output::print(if std::mem::take(header) { &text } else { row_alone })
    }
}

fn key(instance: &WorkspaceInstance) -> String {
    format!("{}/{}", instance.namespace().unwrap_or_default(), instance.name_any())
}

fn titles(all: bool, wide: bool) -> Vec<&'static str> {
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

fn cells(instance: &WorkspaceInstance, all: bool, wide: bool, now: Timestamp) -> Vec<String> {
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

    #[test]
    fn the_columns_are_those_of_the_definition() {
        let now = "2026-01-05T10:00:00Z".parse().unwrap();
        let mut table = Table::new(&titles(false, false));
        table.row(cells(&ana(), false, false, now));
        insta::assert_snapshot!(table.text(Some(NARROW)), @r"
        NAME  TEMPLATE      USER  STEP   READY  REASON    EXPIRES  AGE
        ana   shell-basics  ana   pipes  True   AsWanted  3h       60m
        ");
    }

    #[test]
    fn every_cell_has_a_title() {
        for (all, wide) in [(false, false), (true, false), (false, true), (true, true)] {
            let now = Timestamp::UNIX_EPOCH;
            assert_eq!(titles(all, wide).len(), cells(&ana(), all, wide, now).len());
        }
    }

    #[test]
    fn an_instance_that_no_operator_has_seen_says_so() {
        let mut instance = ana();
        instance.status = None;
        let cells = cells(&instance, false, false, Timestamp::UNIX_EPOCH);
        assert_eq!(cells[3..7], ["-", "Unknown", "-", "-"]);
    }
}
