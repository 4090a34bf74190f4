//! What a build script prints for cargo.

use std::env;
use std::path::Path;

/// Lets the binaries, tests, examples and benches of the calling package find libtorch where
/// `torch-sys` found it, with its CUDA part if it has one.
///
/// To be called by a build script: it prints instructions for cargo. Without libtorch, or in a
/// package that does not depend on `torch-sys` itself, it prints an error that stops the build and
/// says what to do.
// Cargo reads a build script's standard output.
#[allow(clippy::print_stdout)]
pub fn libtorch() {
    let folder = env::var_os("DEP_TCH_LIBTORCH_LIB");
    for directive in directives(folder.as_deref().map(Path::new)) {
        println!("cargo::{directive}");
    }
}

/// What libtorch is to find in the binary before it looks into itself; torch-ext has it, and says why. A binary
/// without torch-ext goes without it.
const MKL: [&str; 2] =
    ["-u,mkl_serv_intel_cpu_true", "--export-dynamic-symbol=mkl_serv_intel_cpu_true"];

/// `folder` holds libtorch's libraries.
fn directives(folder: Option<&Path>) -> Vec<String> {
    let Some(folder) = folder else {
        return vec![
            "error=torch-sys did not say where libtorch lies. \
             Add `torch-sys = { version = \"=0.24.0\", default-features = false }` \
             to the [dependencies] of this package."
                .into(),
        ];
    };
    let library = folder.join("libtorch_cpu.so");
    let mut directives = vec![format!("rerun-if-changed={}", library.display())];
    if library.exists() {
        directives.push(format!("rustc-link-arg=-Wl,-rpath,{}", folder.display()));
        directives.extend(MKL.map(|flag| format!("rustc-link-arg=-Wl,{flag}")));
        directives.extend(cuda(folder));
    } else {
        directives.push(missing(&library));
    }
    directives
}

fn missing(library: &Path) -> String {
    format!(
        "error={} is gone. Run `cargo xtask setup` in enredo's checkout, or point LIBTORCH at a \
         libtorch 2.11.0 folder.",
        library.display()
    )
}

/// No symbol of `libtorch_cuda.so` is named by anyone: it registers itself when it is loaded. The
/// linker drops such a library unless told otherwise (<https://github.com/LaurentMazare/tch-rs/issues/980>).
fn cuda(folder: &Path) -> Option<String> {
    folder.join("libtorch_cuda.so").exists().then(|| {
        format!(
            "rustc-link-arg=-Wl,--push-state,--no-as-needed,-L{},-ltorch_cuda,--pop-state",
            folder.display()
        )
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::PathBuf;

    struct Folder(PathBuf);

    impl Folder {
        /// A temporary folder with these empty files in it.
        fn with(name: &str, files: &[&str]) -> Self {
            let folder = env::temp_dir().join(format!("enredo-link-{}-{name}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            files.iter().for_each(|file| fs::write(folder.join(file), "").unwrap());
            Self(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_run_path_is_libtorchs_folder() {
        let folder = Folder::with("cpu", &["libtorch_cpu.so"]);
        let at = folder.0.display();
        let expected = [
            format!("rerun-if-changed={at}/libtorch_cpu.so"),
            format!("rustc-link-arg=-Wl,-rpath,{at}"),
            "rustc-link-arg=-Wl,-u,mkl_serv_intel_cpu_true".to_owned(),
            "rustc-link-arg=-Wl,--export-dynamic-symbol=mkl_serv_intel_cpu_true".to_owned(),
        ];
        assert_eq!(directives(Some(&folder.0)), expected);
    }

    #[test]
    fn cuda_is_kept_by_the_linker_where_it_is() {
        let folder = Folder::with("cuda", &["libtorch_cpu.so", "libtorch_cuda.so"]);
        let last = directives(Some(&folder.0)).pop().unwrap();
        assert!(last.contains("--no-as-needed") && last.contains("-ltorch_cuda"), "{last}");
    }

    #[test]
    fn a_libtorch_that_is_gone_is_watched_for_and_told() {
        let folder = Folder::with("gone", &[]);
        let directives = directives(Some(&folder.0));
        assert!(directives[0].starts_with("rerun-if-changed="));
        assert!(directives[1].starts_with("error=") && directives[1].contains("cargo xtask setup"));
        assert_eq!(directives.len(), 2);
    }

    #[test]
    fn a_missing_dependency_is_told() {
        let [error] = directives(None).try_into().unwrap();
        assert!(error.starts_with("error=") && error.contains("torch-sys"), "{error}");
    }
}
