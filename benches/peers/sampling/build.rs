//! One C++ function that llama.cpp has for its tests and leaves out of its C interface; and the compilers' names.

use std::{env, path::Path, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=src/dry.cpp");
    let cxx = cc::Build::new().cpp(true).get_compiler();
    say("RUSTC_VERSION", Path::new(&env::var("RUSTC").unwrap_or_else(|_| "rustc".into())));
    say("CXX_VERSION", cxx.path());
    if env::var_os("CARGO_FEATURE_PEERS").is_some() {
        cc::Build::new().cpp(true).std("c++17").file("src/dry.cpp").compile("enredo_dry");
    }
}

/// Puts the first line of `program --version` into the environment of the crate.
fn say(name: &str, program: &Path) {
    let output = Command::new(program).arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let line = text.ok().and_then(|text| text.lines().next().map(str::to_owned));
    println!("cargo::rustc-env={name}={}", line.unwrap_or_else(|| "unknown".into()));
}
