//! Journeys on the node cluster: all of it is in `tests/it`.
