//! Lets this package's binaries, tests, examples and benches find libtorch.

fn main() {
    enredo_link::libtorch();
}
