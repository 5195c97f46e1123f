//! Where a network computes, and in which numbers.

use std::fmt;

use crate::precision::Precision;

/// An available device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device(pub(crate) tch::Device);

impl Device {
    /// The processor.
    pub const CPU: Self = Self(tch::Device::Cpu);

    pub(crate) fn tch(self) -> tch::Device {
        self.0
    }

    /// Whether it is the processor.
    pub fn is_cpu(self) -> bool {
        self == Self::CPU
    }

    /// Whether it is a CUDA GPU.
    pub(crate) fn is_cuda(self) -> bool {
        matches!(self.0, tch::Device::Cuda(_))
    }
}

impl fmt::Display for Device {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            tch::Device::Cuda(number) => write!(formatter, "cuda:{number}"),
            tch::Device::Mps => formatter.write_str("mps"),
            _ => formatter.write_str("cpu"),
        }
    }
}

/// On which device, and in which numbers, a network is prepared to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Where.
    pub device: Device,
    /// In which numbers.
    pub precision: Precision,
}

impl From<Precision> for Form {
    /// On the processor.
    fn from(precision: Precision) -> Self {
        Self {
            device: Device::CPU,
            precision,
        }
    }
}
