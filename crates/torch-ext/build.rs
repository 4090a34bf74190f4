//! Compiles the shim against the libtorch that torch-sys found.

use std::{env, fs, path::Path};

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

/// Or few loops become vectors: nobody asks for the flags of a floating-point fault, `errno` or the sign of 0.
const PLAIN_FLOATS: [&str; 3] = ["-fno-trapping-math", "-fno-math-errno", "-fno-signed-zeros"];

fn main() {
    println!("cargo:rerun-if-changed=shim");
    if let Some(lib) = env::var_os("DEP_TCH_LIBTORCH_LIB") {
        compile(Path::new(&lib));
    }
    enredo_link::libtorch();
}

fn compile(lib: &Path) {
    let include = lib.join("../include");
    let mut build = cc::Build::new();
    build
        .cpp(true)
        .std("c++17")
        .warnings(false) // those of libtorch's headers
        .flag_if_supported("-Wno-psabi")
        .opt_level(3) // in tests, too: they train
        .flags(PLAIN_FLOATS)
        .include(include.join("torch/csrc/api/include"))
        .include(include)
        .files(FILES.map(|name| format!("shim/{name}.cpp")));
    let openmp = openmp(lib).filter(|_| build.get_compiler().is_like_gnu());
    match &openmp {
        Some(_) => drop(build.flag("-fopenmp")),
        None => println!(
            "cargo:warning=without GCC and a libgomp beside libtorch, the training step's own loops take one thread"
        ),
    }
    build.compile("enredo_shim");
    println!("cargo:rustc-link-lib=torch_cpu");
    println!("cargo:rustc-link-lib=c10");
    if let Some(name) = openmp {
        println!("cargo:rustc-link-lib=dylib:+verbatim={name}");
    }
}

/// libtorch's own OpenMP, whose threads the shim's loops share; without it they run on one.
fn openmp(lib: &Path) -> Option<String> {
    let files = fs::read_dir(lib).ok()?.flatten();
    let names = files.filter_map(|file| file.file_name().into_string().ok());
    names.filter(|name| name.starts_with("libgomp") && name.contains(".so")).min()
}
