//! Compiles the shim against the libtorch that torch-sys found.

use std::{env, path::Path};

fn main() {
    println!("cargo:rerun-if-changed=shim/shim.cpp");
    if let Some(lib) = env::var_os("DEP_TCH_LIBTORCH_LIB") {
        let include = Path::new(&lib).join("../include");
        cc::Build::new()
            .cpp(true)
            .std("c++17")
            .warnings(false) // those of libtorch's headers
            .include(include.join("torch/csrc/api/include"))
            .include(include)
            .file("shim/shim.cpp")
            .compile("enredo_shim");
        println!("cargo:rustc-link-lib=torch_cpu");
        println!("cargo:rustc-link-lib=c10");
    }
    enredo_link::libtorch();
}
