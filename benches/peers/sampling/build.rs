//! One C++ function that llama.cpp has for its tests and leaves out of its C interface.

fn main() {
    println!("cargo::rerun-if-changed=src/dry.cpp");
    cc::Build::new().cpp(true).std("c++17").file("src/dry.cpp").compile("enredo_dry");
}
