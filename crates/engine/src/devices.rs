//! Sound devices, for programs that list them without a phone.

pub use bellbird_device::{DeviceError, DeviceInfo, Direction, Nature};

/// The sound system in use, and what devices it has.
///
/// # Errors
/// Where no sound system answers.
pub fn list() -> Result<(String, Vec<DeviceInfo>), DeviceError> {
    bellbird_device::list_devices(&bellbird_device::Host::Automatic)
}
