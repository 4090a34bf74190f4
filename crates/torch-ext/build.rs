//! Compiles the shim against the libtorch that torch-sys found.

use std::{env, path::Path};

const FILES: [&str; 10] = [
    "attention",
    "dropout",
    "embedding",
    "generator",
    "heads",
    "linear",
    "mkl",
    "norm",
    "optimizer",
    "rows",
];

fn main() {
    println!("cargo:rerun-if-changed=shim");
    if let Some(lib) = env::var_os("DEP_TCH_LIBTORCH_LIB") {
        let include = Path::new(&lib).join("../include");
        cc::Build::new()
            .cpp(true)
            .std("c++17")
            .warnings(false) // those of libtorch's headers
            .opt_level(3) // in tests, too: they train
            .flags(["-fno-trapping-math", "-fno-math-errno", "-fno-signed-zeros"]) // or few loops become vectors
            .include(include.join("torch/csrc/api/include"))
            .include(include)
            .files(FILES.map(|name| format!("shim/{name}.cpp")))
            .compile("enredo_shim");
        println!("cargo:rustc-link-lib=torch_cpu");
        println!("cargo:rustc-link-lib=c10");
    }
    enredo_link::libtorch();
}
