//! The processors, one to a file.

mod epsilon;
mod eta;
mod min_p;
mod notebook;
mod suppress;
mod temperature;
mod top_k;
mod top_n_sigma;
mod top_p;
mod typical;
mod xtc;

pub use epsilon::Epsilon;
pub use eta::Eta;
pub use min_p::MinP;
pub use notebook::{NotebookTemperature, NotebookTopP};
pub use suppress::SuppressTokens;
pub use temperature::Temperature;
pub use top_k::TopK;
pub use top_n_sigma::TopNSigma;
pub use top_p::TopP;
pub use typical::Typical;
pub use xtc::Xtc;
