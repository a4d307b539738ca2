//! Percentiles.

use serde::Serialize;

/// Times of one arm, in seconds.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Times {
    /// Number of changes.
    pub count: usize,
    /// Half are below.
    pub p50: f64,
    /// Nineteen of twenty are below.
    pub p95: f64,
    /// Ninety-nine of a hundred are below.
    pub p99: f64,
}

impl Times {
    /// From single times in seconds, in any order.
    pub fn of(mut all: Vec<f64>) -> Self {
        all.sort_by(f64::total_cmp);
        let at = |share: f64| percentile(&all, share);
        Self { count: all.len(), p50: at(0.50), p95: at(0.95), p99: at(0.99) }
    }
}

/// The nearest-rank percentile of sorted values; 0 where there are none.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted.get(rank - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_nearest() {
        let times = Times::of((1..=100).rev().map(f64::from).collect());
        assert_eq!((times.p50, times.p95, times.p99), (50.0, 95.0, 99.0));
        let one = Times::of(vec![7.0]);
        assert_eq!((one.p50, one.p99), (7.0, 7.0));
        assert_eq!(Times::of(Vec::new()).count, 0);
    }
}
