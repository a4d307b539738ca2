//! The real program: as an ordinary process, and as PID 1 of namespaces of its own.

mod agent;
mod commands;
mod entrypoint;
mod health;
mod pid_one;
mod reaping;
mod termination;
