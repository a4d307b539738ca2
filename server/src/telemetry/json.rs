//! The log as JSON: one object per line, the names of the instance, template and step on every line of
//! their reconcile, and the id of its trace. docs/platform/observability.md has the keys.

use std::io::Write;
use std::sync::OnceLock;

use opentelemetry::trace::TraceContextExt;
use serde_json::{Map, Value};
use tracing::dispatcher::WeakDispatch;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Dispatch, Event, Subscriber};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

/// What a line takes over from the spans around it.
const FROM_SPANS: [&str; 3] = ["instance", "template", "step"];

/// Writes events as JSON.
pub struct Json<W> {
    writer: W,
    dispatch: OnceLock<WeakDispatch>,
}

impl<W> Json<W> {
    /// Writes to this writer, one call for each line.
    pub fn new(writer: W) -> Self {
        Self { writer, dispatch: OnceLock::new() }
    }
}

/// What a span has of [`FROM_SPANS`].
#[derive(Default)]
struct Names(Map<String, Value>);

/// Collects fields.
struct Collect<'a>(&'a mut Map<String, Value>);

impl Collect<'_> {
    fn put(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Visit for Collect<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }
}

impl<S, W> Layer<S> for Json<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_register_dispatch(&self, dispatch: &Dispatch) {
        // Only a second registration finds it set, and there is none.
        let _ = self.dispatch.set(dispatch.downgrade());
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut all = Map::new();
        attributes.record(&mut Collect(&mut all));
        all.retain(|key, _| FROM_SPANS.contains(&key.as_str()));
        span.extensions_mut().insert(Names(all));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Map::new();
        line.insert("timestamp".to_owned(), jiff::Timestamp::now().strftime("%FT%T%.6fZ").to_string().into());
        line.insert("level".to_owned(), event.metadata().level().as_str().into());
        line.insert("target".to_owned(), event.metadata().target().into());
        // In its place, should the event have one.
        line.insert("message".to_owned(), Value::Null);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(Names(names)) = span.extensions().get::<Names>() {
                for (key, value) in names {
                    line.entry(key.clone()).or_insert_with(|| value.clone());
                }
            }
        }
        if let Some(trace) = context.lookup_current().and_then(|span| self.trace_id(&span.id())) {
            line.insert("trace_id".to_owned(), trace.into());
        }
        event.record(&mut Collect(&mut line));
        line.retain(|_, value| !value.is_null());
        let mut text = Value::Object(line).to_string();
        text.push('\n');
        // Where standard error is closed there is nobody to tell.
        let _ = self.writer.make_writer_for(event.metadata()).write_all(text.as_bytes());
    }
}

impl<W> Json<W> {
    /// The trace that this span is part of, if traces are on.
    fn trace_id(&self, span: &Id) -> Option<String> {
        let dispatch = self.dispatch.get()?.upgrade()?;
        let context = tracing_opentelemetry::get_otel_context(span, &dispatch)?;
        let trace = context.span().span_context().trace_id();
        (trace != opentelemetry::TraceId::INVALID).then(|| trace.to_string())
    }
}
