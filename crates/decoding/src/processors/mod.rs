//! One processor a file: its formula, source, tie rule and cost.

mod notebook;
mod suppress;
mod temperature;
mod top_k;
mod top_p;

pub use notebook::{NotebookTemperature, NotebookTopP};
pub use suppress::SuppressTokens;
pub use temperature::Temperature;
pub use top_k::TopK;
pub use top_p::TopP;
