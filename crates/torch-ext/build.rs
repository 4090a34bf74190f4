//! Compiles the shim against the libtorch that torch-sys found.

use std::{env, fs, path::Path};

const FILES: [&str; 10] = [
    "attention",
    "decode",
    "dropout",
    "embedding",
    "generator",
    "linear",
    "loops",
    "mkl",
    "norm",
    "optimizer",
];

/// The loops, which are compiled for each instruction set.
const LOOPS: [&str; 3] = ["heads", "rows", "steps"];

/// How many f32 a register holds, and the flags of the compiler for it, which are those of libtorch's own kernels on x86.
type Set = (u32, &'static [&'static str]);
const SETS: [Set; 3] = [
    (4, &[]),
    (8, &["-mavx2", "-mfma", "-mf16c"]),
    (16, &["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx2", "-mfma", "-mf16c"]),
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
    let mut build = plain();
    let sets = sets(&build);
    build
        .warnings(false) // those of libtorch's headers
        .include(include.join("torch/csrc/api/include"))
        .include(include)
        .files(FILES.map(|name| format!("shim/{name}.cpp")));
    if sets.len() > 1 {
        build.define("SEVERAL_SETS", None);
    }
    let openmp = openmp(lib).filter(|_| build.get_compiler().is_like_gnu());
    match &openmp {
        Some(_) => drop(build.flag("-fopenmp")),
        None => println!(
            "cargo:warning=without GCC and a libgomp beside libtorch, the training step's own loops take one thread"
        ),
    }
    build.compile("enredo_shim");
    for (lanes, flags) in sets {
        compile_loops(*lanes, flags); // after the shim, which needs them
    }
    println!("cargo:rustc-link-lib=torch_cpu");
    println!("cargo:rustc-link-lib=c10");
    if let Some(name) = openmp {
        println!("cargo:rustc-link-lib=dylib:+verbatim={name}");
    }
}

fn plain() -> cc::Build {
    let mut build = cc::Build::new();
    build.cpp(true).std("c++17").flag_if_supported("-Wno-psabi").flags(PLAIN_FLOATS);
    build.opt_level(3); // in tests, too: they train
    build
}

fn sets(build: &cc::Build) -> &'static [Set] {
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch != "x86_64") {
        return &SETS[..1];
    }
    let mut flags = SETS.iter().flat_map(|(_, flags)| *flags);
    if flags.all(|flag| build.is_flag_supported(flag).unwrap_or(false)) {
        return &SETS;
    }
    println!(
        "cargo:warning=the compiler does not know AVX-512, so the training step's own loops do without AVX"
    );
    &SETS[..1]
}

fn compile_loops(lanes: u32, flags: &[&str]) {
    plain()
        .flags(flags)
        .define("LANES", lanes.to_string().as_str())
        .files(LOOPS.map(|name| format!("shim/{name}.cpp")))
        .compile(&format!("enredo_loops_{lanes}"));
}

/// libtorch's own OpenMP, whose threads the shim's loops share; without it they run on one.
fn openmp(lib: &Path) -> Option<String> {
    let files = fs::read_dir(lib).ok()?.flatten();
    let names = files.filter_map(|file| file.file_name().into_string().ok());
    names.filter(|name| name.starts_with("libgomp") && name.contains(".so")).min()
}
