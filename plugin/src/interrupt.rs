//! Ctrl-C: what was asked for goes on in the cluster, and the person is told how to look again.

use std::sync::Mutex;

use crate::error::Error;

static LEFT_RUNNING: Mutex<Option<String>> = Mutex::new(None);

/// What goes on in the cluster if the program ends now, as a sentence.
pub fn leaves(sentence: impl Into<String>) {
    if let Ok(mut left) = LEFT_RUNNING.lock() {
        *left = Some(sentence.into());
    }
}

/// Ends when Ctrl-C is pressed.
pub async fn pressed() -> Error {
    if let Err(fault) = tokio::signal::ctrl_c().await {
        return Error::Runtime(fault);
    }
    let left = LEFT_RUNNING.lock().ok().and_then(|mut left| left.take());
    Error::Interrupted { left }
}
