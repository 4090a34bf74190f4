//! Lets this package's binaries, tests, examples and benches find libtorch.

fn main() {
    #[cfg(feature = "torch")]
    enredo_link::libtorch();
}
