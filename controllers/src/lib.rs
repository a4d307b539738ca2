//! The operator: what turns the spec of an instance into a running workspace, and says so.

pub mod backoff;
mod calls;
pub mod children;
pub mod config;
mod context;
pub mod error;
mod events;
mod facts;
mod instance;
mod memory;
pub mod metrics;
mod orphans;
mod pull_times;
mod pulls;
mod settings;
mod stores;
mod streams;
mod sweep;
mod template;
mod traces;
mod writes;

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use api::v1::{WorkspaceInstance, WorkspaceTemplate};
use futures::{FutureExt, StreamExt, TryStreamExt, future, stream};
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::{Config as ControllerConfig, Controller, watcher};
use kube::{Client, ResourceExt};
use tokio::sync::mpsc;
use tracing::Instrument;

pub use config::Config;
pub use context::Context;
pub use metrics::Metrics;

/// Template news on their way to the instances that use them; a full queue slows the watch down.
const TEMPLATE_NEWS: usize = 256;

/// The operator, ready to run.
pub struct Operator {
    context: Arc<Context>,
    streams: streams::Streams,
}

impl Operator {
    /// An operator over this client, which counts into `metrics`. Nothing is read before it runs.
    #[must_use]
    pub fn new(client: Client, config: Config, metrics: Metrics) -> Self {
        let (stores, streams) = streams::open(&client, &config.namespace);
        let context = Arc::new(Context::new(client, config, stores, metrics));
        Self { context, streams }
    }

    /// What the reconciles share: for the health and metrics pages.
    #[must_use]
    pub fn context(&self) -> Arc<Context> {
        self.context.clone()
    }

    /// Runs until `stop` is done, and lets reconciles that began come to their end.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) {
        let Self { context, streams } = self;
        let stop = stop.shared();
        let (sender, receiver) = mpsc::channel(TEMPLATE_NEWS);
        let instances = instance_controller(&context, streams.instances, streams.belongings, streams.pulls)
            .reconcile_on(users_of_changed_templates(context.clone(), receiver))
            .graceful_shutdown_on(stop.clone())
            .run(reconcile_instance, never, context.clone())
            .for_each(|_| future::ready(()));
        let templates =
            Controller::for_stream(told(streams.templates, sender), context.stores.templates.clone())
                .with_config(ControllerConfig::default().concurrency(2))
                .graceful_shutdown_on(stop.clone())
                .run(reconcile_template, never, context.clone())
                .for_each(|_| future::ready(()));
        let nodes = streams.nodes.for_each(|_| future::ready(()));
        let events = events::publish(context.client.clone(), context.events.queue(), &context.metrics);
        let beside = future::join3(nodes, sweep::sweep(&context), events);
        tokio::select! {
            _ = future::join(instances, templates) => {}
            _ = beside => {}
        }
    }
}

fn instance_controller(
    context: &Arc<Context>,
    instances: streams::News<WorkspaceInstance>,
    belongings: Vec<streams::News<streams::Belonging>>,
    pulls: streams::News<k8s_openapi::api::core::v1::Pod>,
) -> Controller<WorkspaceInstance> {
    let mut controller = Controller::for_stream(instances, context.stores.instances.clone())
        .with_config(ControllerConfig::default().concurrency(context.config.concurrency))
        .watches_stream(pulls, askers_of(context.clone()));
    for news in belongings {
        controller = controller.reconcile_on(owners(news));
    }
    controller
}

/// A watch that breaks is opened again by its own backoff; the controller need not hear of it.
fn owners(
    news: streams::News<streams::Belonging>,
) -> impl futures::Stream<Item = ObjectRef<WorkspaceInstance>> + Send {
    news.filter_map(|news| future::ready(news.ok().map(|belonging| belonging.instance())))
}

/// Instances that asked about a pull pod.
fn askers_of(
    context: Arc<Context>,
) -> impl Fn(k8s_openapi::api::core::v1::Pod) -> HashSet<ObjectRef<WorkspaceInstance>> + Send + Sync {
    move |pull| context.told_of_pull(&pull.name_any())
}

/// Every instance whose template changed or went.
fn users_of_changed_templates(
    context: Arc<Context>,
    receiver: mpsc::Receiver<String>,
) -> impl futures::Stream<Item = ObjectRef<WorkspaceInstance>> + Send {
    stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) }).flat_map(
        move |name| {
            let users = context.stores.instances.state_filter(move |i| i.spec.template_ref.name == name);
            stream::iter(users.into_iter().map(|instance| ObjectRef::from_obj(instance.as_ref())))
        },
    )
}

/// The same news, with the names also sent to the instances.
fn told(
    news: streams::News<WorkspaceTemplate>,
    sender: mpsc::Sender<String>,
) -> impl futures::Stream<Item = Result<WorkspaceTemplate, watcher::Error>> + Send {
    news.and_then(move |template| {
        let sender = sender.clone();
        async move {
            // A closed queue means that the operator is stopping.
            let _ = sender.send(template.name_any()).await;
            Ok(template)
        }
    })
}

async fn reconcile_instance(
    instance: Arc<WorkspaceInstance>,
    context: Arc<Context>,
) -> Result<Action, Infallible> {
    let span = context.reconcile_span(&instance);
    let key = ObjectRef::from_obj(instance.as_ref());
    let work = async {
        context.stores.ready().await;
        let began = Instant::now();
        let result = instance::reconcile(instance, context.clone()).await;
        context.metrics.reconciled(metrics::Controller::Instance, began.elapsed());
        ended(result, &key, &context.instance_backoff, metrics::Controller::Instance, &context.metrics)
    };
    Ok(work.instrument(span).await)
}

async fn reconcile_template(
    template: Arc<WorkspaceTemplate>,
    context: Arc<Context>,
) -> Result<Action, Infallible> {
    let span = traces::reconcile_template(&template);
    let key = ObjectRef::from_obj(template.as_ref());
    let work = async {
        context.stores.ready().await;
        let began = Instant::now();
        let result = template::reconcile(template, context.clone()).await;
        context.metrics.reconciled(metrics::Controller::Template, began.elapsed());
        ended(result, &key, &context.template_backoff, metrics::Controller::Template, &context.metrics)
    };
    Ok(work.instrument(span).await)
}

/// Failures are told and timed inside the reconcile's span, so the controller never sees one.
fn never<K>(_: Arc<K>, error: &Infallible, _: Arc<Context>) -> Action {
    match *error {}
}

/// What comes after a reconcile: nothing, or the next try.
fn ended<K>(
    result: Result<Action, error::Error>,
    key: &ObjectRef<K>,
    backoff: &backoff::Backoff<ObjectRef<K>>,
    controller: metrics::Controller,
    metrics: &Metrics,
) -> Action
where
    K: kube::Resource<DynamicType = ()>,
{
    let error = match result {
        Ok(action) => {
            backoff.forget(key);
            return action;
        }
        Err(error) => error,
    };
    let pause = backoff.failed(key, error.first_pause());
    metrics.failed(controller, error.reason());
    tracing::Span::current().record("otel.status_code", "ERROR");
    // Somebody else wrote first: this is how it should be, and nobody has to look at it.
    if error.class() == error::Class::Stale {
        tracing::debug!(%error, retry_in = ?pause, "the watch is behind");
    } else {
        tracing::warn!(%error, retry_in = ?pause, "reconcile failed");
    }
    Action::requeue(pause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::tests::fixture::Fixture;
    use crate::instance::tests::stores::Play;

    #[tokio::test]
    async fn a_template_that_changed_wakes_its_instances_and_no_others() {
        let play = Play::of(&Fixture::new());
        let (sender, receiver) = mpsc::channel(TEMPLATE_NEWS);
        let template = Fixture::new().template_object().unwrap();
        let mut other = template.clone();
        other.metadata.name = Some("another".to_owned());
        let news: streams::News<WorkspaceTemplate> = Box::pin(stream::iter([Ok(other), Ok(template)]));
        let passed_on = told(news, sender).count().await;
        let woken: Vec<_> = users_of_changed_templates(play.context, receiver).collect().await;
        assert_eq!((passed_on, woken), (2, vec![ObjectRef::new("ana").within("monday")]));
    }
}
