//! The tasks: each is a line or two of cargo, after libtorch is there.

use crate::command::Run;
use crate::error::Result;
use crate::host::Host;
use crate::libtorch::Device;
use crate::setup;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

/// Provides libtorch and says where it is.
pub(crate) fn setup(host: &Host, device: Device) -> Result<()> {
    let folder = setup::provide(host, device)?;
    println!("libtorch: {}", folder.display());
    Ok(())
}

/// Runs the example `notebook`, optimised, with `args`.
pub(crate) fn notebook(host: &Host, args: &[OsString]) -> Result<()> {
    setup(host, Device::Cpu)?;
    cargo(host).args(["run", "--release", "--example", "notebook", "--"]).args(args).run()
}

/// Runs every test of the workspace, then the projects that use it from outside.
pub(crate) fn test(host: &Host, args: &[OsString]) -> Result<()> {
    let folder = setup::provide(host, Device::Cpu)?;
    cargo(host).args(["test", "--workspace"]).args(args).run()?;
    ["stranger-decoding", "stranger-whole"]
        .iter()
        .try_for_each(|name| stranger(host, name, &folder))
}

/// Builds and runs a package of `tests/stranger`, as its author would, apart from where it builds.
fn stranger(host: &Host, name: &str, libtorch: &Path) -> Result<()> {
    cargo(host)
        .current_dir(host.root.join("tests/stranger"))
        .args(["run", "--locked", "--package", name, "--target-dir"])
        .arg(host.target_folder().join("stranger"))
        .env("LIBTORCH", libtorch)
        .run()
}

fn cargo(host: &Host) -> Command {
    let mut command = Command::new(&host.cargo);
    command.current_dir(&host.root);
    command
}
