//! The program as people start it.

mod cluster;
mod program;
mod usage;
