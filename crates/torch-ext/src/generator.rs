//! The state of libtorch's generators of random numbers.

use std::{ffi::c_int, ptr};

use tch::{Device, Tensor};

use crate::{
    Error, Result,
    shim::{enredo_generator_state, enredo_set_generator_state, told},
};

/// The state of the global generator of `device`: bytes, 5,056 of them on the CPU.
///
/// # Errors
/// [`Error::NoGenerator`] for other devices than the CPU and CUDA; [`Error::Shim`] for a CUDA device that
/// is not there.
pub fn generator_state(device: Device) -> Result<Tensor> {
    let mut state = ptr::null_mut();
    // SAFETY: the shim writes a new tensor to `state`, or returns a message and leaves it alone.
    unsafe {
        told("read the generator's state", enredo_generator_state(index(device)?, &mut state))?;
        Ok(Tensor::from_ptr(state))
    }
}

/// Puts back a state that [`generator_state`] gave.
///
/// # Errors
/// As [`generator_state`], and [`Error::Shim`] for a tensor that is no state.
pub fn set_generator_state(device: Device, state: &Tensor) -> Result<()> {
    // SAFETY: the shim reads the tensor, which outlives the call.
    unsafe {
        let message = enredo_set_generator_state(index(device)?, state.as_ptr());
        told("set the generator's state", message)
    }
}

fn index(device: Device) -> Result<c_int> {
    match device {
        Device::Cpu => Ok(-1),
        Device::Cuda(index) => Ok(index as c_int),
        other => Err(Error::NoGenerator { device: format!("{other:?}") }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_state_is_refused() {
        let state = Tensor::from_slice(&[1u8, 2, 3]);
        let error = set_generator_state(Device::Cpu, &state).unwrap_err();
        assert!(error.to_string().starts_with("libtorch could not set the generator"), "{error}");
        assert_eq!(error.to_string().lines().count(), 1);
    }

    #[test]
    fn other_devices_have_none() {
        let error = generator_state(Device::Mps).unwrap_err();
        assert!(error.to_string().contains("no generator for Mps"), "{error}");
    }

    #[test]
    fn a_device_that_is_not_there_is_an_error() {
        if tch::Cuda::device_count() == 0 {
            assert!(matches!(generator_state(Device::Cuda(0)), Err(Error::Shim { .. })));
        }
    }
}
