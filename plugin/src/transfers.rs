//! Pushes, shown: a bar of bytes on a terminal, lines otherwise.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use oci::{Descriptor, Moved};

use crate::progress::redraws;

/// Hears of everything that moves.
pub struct Transfers {
    bar: Option<ProgressBar>,
    blobs: Mutex<BTreeMap<String, Blob>>,
}

#[derive(Clone, Copy, Default)]
struct Blob {
    size: u64,
    passed: u64,
}

impl Transfers {
    /// Begins to show.
    #[must_use]
    pub fn begin() -> Self {
        let bar = redraws().then(|| {
            let bar = ProgressBar::new(0);
            let style = "{spinner} {msg:40!} {bar:20} {bytes:>10} of {total_bytes:<10} {elapsed}";
            if let Ok(style) = ProgressStyle::with_template(style) {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Self { bar, blobs: Mutex::default() }
    }

    /// The bar, on a terminal.
    pub fn bar(&self) -> Option<&ProgressBar> {
        self.bar.as_ref()
    }

    /// Says what is being done now.
    pub fn say(&self, text: &str) {
        match self.bar() {
            Some(bar) => bar.set_message(text.to_owned()),
            None => eprintln!("{} {text}", jiff::Zoned::now().strftime("%H:%M:%S")),
        }
    }

    fn blobs(&self) -> MutexGuard<'_, BTreeMap<String, Blob>> {
        self.blobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is known of one blob, and shows the sums.
    fn count(&self, blob: &Descriptor, change: impl FnOnce(&mut Blob)) {
        let mut blobs = self.blobs();
        change(blobs.entry(blob.digest.to_string()).or_default());
        let Some(bar) = self.bar() else { return };
        bar.set_length(blobs.values().map(|blob| blob.size).sum());
        bar.set_position(blobs.values().map(|blob| blob.passed).sum());
    }
}

impl oci::Progress for Transfers {
    fn started(&self, blob: &Descriptor) {
        self.count(blob, |known| *known = Blob { size: blob.size, passed: 0 });
    }

    fn advanced(&self, blob: &Descriptor, bytes: u64) {
        self.count(blob, |known| known.passed = known.passed.saturating_add(bytes).min(known.size));
    }

    fn finished(&self, blob: &Descriptor, _: Moved) {
        self.count(blob, |known| known.passed = known.size);
    }
}

impl Drop for Transfers {
    fn drop(&mut self) {
        if let Some(bar) = self.bar() {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oci::Progress as _;

    #[test]
    fn a_retry_counts_from_nothing() {
        let transfers = Transfers { bar: None, blobs: Mutex::default() };
        let digest = wire::Digest::from_sha256(&[1; 32]);
        let blob: Descriptor = serde_json::from_value(serde_json::json!({
            "mediaType": "application/octet-stream", "digest": digest, "size": 100
        }))
        .unwrap();
        transfers.started(&blob);
        transfers.advanced(&blob, 60);
        transfers.started(&blob);
        transfers.advanced(&blob, 30);
        let passed = |transfers: &Transfers| transfers.blobs().values().map(|blob| blob.passed).sum::<u64>();
        assert_eq!(passed(&transfers), 30);
        transfers.finished(&blob, Moved::Uploaded);
        assert_eq!(passed(&transfers), 100);
    }
}
