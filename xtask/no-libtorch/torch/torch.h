#error "enredo: libtorch is not set up here. Run `cargo xtask setup` once, or point LIBTORCH at a libtorch 2.11.0 folder."
