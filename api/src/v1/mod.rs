//! Version 1 of both kinds: the language of the code.

mod instance;
mod schema;
mod settings;
mod template;

pub use instance::*;
pub use settings::*;
pub use template::*;
