//! Where a model computes.

use tch::{Cuda, Device};

use crate::{Error, Result};

/// Reads `auto` (CUDA where there is one), `cpu`, `cuda` or `cuda:N`.
///
/// # Errors
/// [`Error::Device`] for another name, or for a CUDA device that is not there.
pub fn parse_device(name: &str) -> Result<Device> {
    match name {
        "auto" => Ok(Device::cuda_if_available()),
        "cpu" => Ok(Device::Cpu),
        "cuda" => cuda(name, 0),
        _ => {
            let number = name.strip_prefix("cuda:").and_then(|n| n.parse().ok());
            cuda(name, number.ok_or_else(|| unusable(name, "not a device".into()))?)
        }
    }
}

fn cuda(name: &str, number: usize) -> Result<Device> {
    let devices = usize::try_from(Cuda::device_count()).unwrap_or(0);
    match devices {
        0 => Err(unusable(name, "this libtorch sees no CUDA device".into())),
        _ if number >= devices => Err(unusable(name, format!("there are {devices} CUDA devices"))),
        _ => Ok(Device::Cuda(number)),
    }
}

fn unusable(name: &str, reason: String) -> Error {
    Error::Device { got: name.to_owned(), reason }
}

/// The name by which [`parse_device`] finds `device` again.
#[must_use]
pub fn device_name(device: Device) -> String {
    match device {
        Device::Cpu => "cpu".to_owned(),
        Device::Cuda(number) => format!("cuda:{number}"),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// Seeds libtorch's global generator, which draws initial parameters and dropout.
pub fn seed(seed: u64) {
    tch::manual_seed(seed as i64);
}

/// How many threads one operation uses on the CPU.
#[must_use]
pub fn threads() -> usize {
    usize::try_from(tch::get_num_threads()).unwrap_or(1)
}

/// Sets [`threads`] for the whole process; results are reproducible for an equal number only.
pub fn set_threads(count: usize) {
    tch::set_num_threads(i32::try_from(count.max(1)).unwrap_or(i32::MAX));
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read() {
        assert_eq!(parse_device("cpu").unwrap(), Device::Cpu);
        assert_eq!(device_name(parse_device("cpu").unwrap()), "cpu");
        assert!(parse_device("auto").is_ok());
    }

    #[test]
    fn unknown_and_absent_devices_are_refused() {
        let message = |name: &str| parse_device(name).unwrap_err().to_string();
        assert!(message("tpu").contains("device 'tpu': not a device; use auto, cpu"));
        assert!(message("cuda:x").contains("not a device"));
        if Cuda::device_count() == 0 {
            assert!(message("cuda").contains("sees no CUDA device"));
        }
        assert!(message("cuda:99").contains("CUDA device"));
    }
}
