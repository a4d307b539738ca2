//! plugin
fn main() {}
