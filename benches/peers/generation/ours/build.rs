//! Finds libtorch at run time.

fn main() {
    enredo_link::libtorch();
}
