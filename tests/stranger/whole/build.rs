fn main() {
    enredo_link::libtorch();
}
