//! `--watch`: redrawn on a terminal, a line for every change otherwise (CL-06).

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::pin::pin;
use std::time::Duration;

use api::v1::WorkspaceInstance;
use futures::StreamExt;
use jiff::Timestamp;
use kube::ResourceExt;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use tokio::time::{MissedTickBehavior, interval};

use super::{Status, template};
use crate::context::Context;
use crate::error::Error;
use crate::output::{self, Format};
use crate::screen::Screen;
use crate::verbs::{details, instance};

/// How often ages are drawn anew.
const TICK: Duration = Duration::from_secs(5);

/// Shows what changes, for ever; a broken watch is taken up again.
///
/// # Errors
/// When the instance is not there, or the caller may not watch.
pub async fn follow(status: &Status, context: &Context) -> Result<(), Error> {
    let config = match &status.name {
        Some(name) => {
            instance(context, name).await?;
            watcher::Config::default().fields(&format!("metadata.name={name}"))
        }
        None => watcher::Config::default(),
    };
    let mut events = pin!(watcher(status.api(context), config).default_backoff());
    let mut shown = Shown::new(status, context);
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            _ = tick.tick() => {
                shown.draw().await?;
                continue;
            }
        };
        match event {
            Some(Ok(event)) => shown.take(event).await?,
            Some(Err(
                watcher::Error::InitialListFailed(source) | watcher::Error::WatchStartFailed(source),
            )) if matches!(&source, kube::Error::Api(status) if [401, 403, 404].contains(&status.code)) => {
                return Err(context.failed("watch instances", source));
            }
            Some(Err(fault)) => shown.broke(&fault),
            None => return Ok(()),
        }
    }
}

/// What was shown.
struct Shown<'a> {
    status: &'a Status,
    context: &'a Context,
    /// On a terminal, and no `-o` for programs.
    screen: Option<Screen>,
    instances: BTreeMap<String, WorkspaceInstance>,
    /// Seen since the last list began; the rest has gone while the watch was away.
    listed: Vec<String>,
    rows: BTreeMap<String, Vec<String>>,
    complete: bool,
    header: bool,
}

impl<'a> Shown<'a> {
    fn new(status: &'a Status, context: &'a Context) -> Self {
        let for_people = matches!(status.output.output, None | Some(Format::Wide));
        let draws = for_people && std::io::stdout().is_terminal() && crate::progress::redraws();
        Self {
            status,
            context,
            screen: draws.then(Screen::default),
            instances: BTreeMap::new(),
            listed: Vec::new(),
            rows: BTreeMap::new(),
            complete: false,
            header: true,
        }
    }

    async fn take(&mut self, event: Event<WorkspaceInstance>) -> Result<(), Error> {
        match event {
            Event::Init => self.listed.clear(),
            Event::InitApply(instance) => {
                self.listed.push(key(&instance));
                self.changed(instance)?;
            }
            Event::InitDone => {
                let gone: Vec<String> =
                    self.instances.keys().filter(|key| !self.listed.contains(key)).cloned().collect();
                gone.iter().for_each(|key| self.gone(key));
                self.complete = true;
            }
            Event::Apply(instance) => self.changed(instance)?,
            Event::Delete(instance) => self.gone(&key(&instance)),
        }
        self.draw().await
    }

    fn changed(&mut self, instance: WorkspaceInstance) -> Result<(), Error> {
        if self.screen.is_none() {
            self.append(&instance)?;
        }
        self.instances.insert(key(&instance), instance);
        Ok(())
    }

    fn gone(&mut self, key: &str) {
        self.instances.remove(key);
        self.rows.remove(key);
        if self.screen.is_none() {
            eprintln!("{key} is gone");
        }
    }

    fn broke(&self, fault: &watcher::Error) {
        if self.screen.is_none() {
            eprintln!("the watch broke and is taken up again ({fault})");
        }
    }

    /// Draws everything in its place, once all of it is known.
    async fn draw(&mut self) -> Result<(), Error> {
        let Some(screen) = self.screen.as_mut().filter(|_| self.complete) else { return Ok(()) };
        let (now, instances): (_, Vec<WorkspaceInstance>) =
            (Timestamp::now(), self.instances.values().cloned().collect());
        let text = match (&self.status.name, instances.as_slice()) {
            (Some(_), [instance]) if self.status.output.output.is_none() => {
                let template = template(self.context, instance).await;
                details::text(instance, template.as_ref(), now)
            }
            (Some(name), []) => format!("{name} is gone\n"),
            (None, []) => format!("no workspaces in class {}\n", self.context.class),
            _ => self.status.columns().table(&instances, now),
        };
        screen.draw(&text)
    }

    /// A line, if it says something new.
    fn append(&mut self, instance: &WorkspaceInstance) -> Result<(), Error> {
        if let Some(format @ (Format::Json | Format::Yaml | Format::Name)) = self.status.output.output {
            return output::object(Some(format), instance, "");
        }
        let (columns, now) = (self.status.columns(), Timestamp::now());
        let row = columns.cells(instance, now);
        // Ages change by themselves; a row is new when anything else does.
        let lasting = row.get(..row.len().saturating_sub(2)).unwrap_or_default().to_vec();
        if self.rows.insert(key(instance), lasting.clone()) == Some(lasting) {
            return Ok(());
        }
        let text = columns.table(std::slice::from_ref(instance), now);
        let row_alone = text.split_once('\n').map_or("", |(_, row)| row);
        output::print(if std::mem::take(&mut self.header) { &text } else { row_alone })
    }
}

fn key(instance: &WorkspaceInstance) -> String {
    format!("{}/{}", instance.namespace().unwrap_or_default(), instance.name_any())
}
