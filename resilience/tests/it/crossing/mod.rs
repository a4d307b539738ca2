//! Requests that cross each other: one row per case, each with its end, its restarts and its writes.
