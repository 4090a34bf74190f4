//! What the kernel tells of the machine, and the build script of the compilers.

use std::{fs, path::Path};

use enredo_peers_sampling::report::Machine;

pub fn machine() -> Machine {
    Machine {
        cpu: cpu().unwrap_or_else(|| "an unnamed CPU".into()),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        caches: (0..).map_while(cache).filter(|cache| !cache.starts_with("L1i")).collect(),
        rustc: env!("RUSTC_VERSION").into(),
        cxx: env!("CXX_VERSION").into(),
    }
}

fn cpu() -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(": ").map(|(_, name)| name.to_owned())
}

/// `L1d 48K`
fn cache(index: u32) -> Option<String> {
    let folder = format!("/sys/devices/system/cpu/cpu0/cache/index{index}");
    let read = |file: &str| fs::read_to_string(Path::new(&folder).join(file)).ok();
    let (level, kind, size) = (read("level")?, read("type")?, read("size")?);
    let kind = match kind.trim() {
        "Data" => "d",
        "Instruction" => "i",
        _ => "",
    };
    Some(format!("L{}{kind} {}", level.trim(), size.trim()))
}
