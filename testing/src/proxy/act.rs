//! What faults do to a request.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::Response;
use nix::sys::signal::Signal;

use super::answer::{self, Body};
use super::connection::Gate;
use super::identity::Inner;
use super::{Action, Call, When};

/// How long a doomed program is given to send its next request.
const LAST_BREATH: Duration = Duration::from_millis(300);

/// How a request goes on after the faults of one moment.
pub(crate) enum Course {
    /// As it would.
    On,
    /// With this answer.
    Answer(Response<Body>),
    /// With a reset.
    Reset,
    /// Not at all.
    Never,
}

/// What faults do to an answer on its way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shape {
    /// Bytes after which it ends.
    pub(crate) truncate: Option<usize>,
    /// When a watch ends.
    pub(crate) end_after: Option<Duration>,
    /// When a watch falls silent.
    pub(crate) silent_after: Option<Duration>,
    /// Whether a watch ends with 410.
    pub(crate) gone: bool,
}

/// Lets all faults that are due at this moment act.
pub(crate) async fn act(inner: &Arc<Inner>, when: When, call: &Call, seq: u64, shape: &mut Shape) -> Course {
    let mut course = Course::On;
    for action in inner.shared.rules.due(when, call) {
        inner.shared.log.struck(seq, format!("{when:?} {action:?}"));
        let next = strike(inner, when, action, shape).await;
        if !matches!(next, Course::On) {
            course = next;
        }
    }
    course
}

async fn strike(inner: &Arc<Inner>, when: When, action: Action, shape: &mut Shape) -> Course {
    match action {
        Action::Kill {} if when == When::AfterReply => doom(inner.clone()),
        Action::Kill {} => {
            inner.signal(Signal::SIGKILL);
            return Course::Never;
        }
        Action::Stop { millis } => stop(inner.clone(), millis),
        Action::Reply { code, headers, body } => {
            return Course::Answer(answer::reply(code, &headers, body.as_deref()));
        }
        Action::Huge { mebibytes } => return Course::Answer(answer::huge(mebibytes)),
        Action::Reset {} => return Course::Reset,
        Action::Hold { millis: None } => return Course::Never,
        Action::Hold { millis: Some(millis) } => tokio::time::sleep(Duration::from_millis(millis)).await,
        Action::Truncate { bytes } => shape.truncate = Some(bytes),
        Action::EndWatch { millis } => shape.end_after = Some(Duration::from_millis(millis)),
        Action::Silence { millis } => shape.silent_after = Some(Duration::from_millis(millis)),
        Action::Gone {} if when == When::BeforeEvent => shape.gone = true,
        Action::Gone {} => return Course::Answer(answer::reply(410, &Default::default(), None)),
        Action::Partition { millis, refused } => partition(inner.clone(), millis, refused),
        Action::Strange { millis } => pose(inner.clone(), millis),
        // A folder that was writable a moment ago; if it is not, the program keeps a valid token.
        Action::Rotate {} => drop(inner.rotate()),
    }
    Course::On
}

/// The program dies when its next request arrives, or a moment later if none does.
fn doom(inner: Arc<Inner>) {
    inner.doomed.store(true, Ordering::SeqCst);
    tokio::spawn(async move {
        tokio::time::sleep(LAST_BREATH).await;
        kill_if_doomed(&inner);
    });
}

/// Whether the program was doomed, and is dead now.
pub(crate) fn kill_if_doomed(inner: &Inner) -> bool {
    let is_doomed = inner.doomed.swap(false, Ordering::SeqCst);
    if is_doomed {
        inner.signal(Signal::SIGKILL);
    }
    is_doomed
}

fn stop(inner: Arc<Inner>, millis: Option<u64>) {
    inner.signal(Signal::SIGSTOP);
    let Some(millis) = millis else { return };
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(millis)).await;
        inner.signal(Signal::SIGCONT);
    });
}

fn partition(inner: Arc<Inner>, millis: u64, refused: bool) {
    inner.gate.send_replace(if refused { Gate::Refused } else { Gate::Silent });
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(millis)).await;
        inner.gate.send_replace(Gate::Open);
    });
}

fn pose(inner: Arc<Inner>, millis: u64) {
    inner.serve_as_stranger(true);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(millis)).await;
        inner.serve_as_stranger(false);
    });
}
