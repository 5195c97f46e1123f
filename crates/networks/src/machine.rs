//! Which devices and instructions this machine has; no result depends on it.

use crate::cuda;
use crate::device::Device;
use crate::error::NetworkError;
use crate::precision::Precision;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All CUDA GPUs where there are any, else the processor.
    Auto,
    /// The processor.
    Cpu,
    /// All CUDA GPUs.
    Cuda,
    /// The CUDA GPU of this number, from 0.
    CudaNumber(usize),
    /// The GPU of an Apple processor.
    Mps,
}

/// What this machine and its libtorch have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Whether libtorch's CUDA part is there.
    pub cuda_library: bool,
    /// CUDA GPUs that it can use.
    pub gpus: usize,
    /// Whether there is the GPU of an Apple processor.
    pub mps: bool,
}

impl Machine {
    /// This one. Opens libtorch's CUDA part where it is there.
    pub fn here() -> Self {
        let cuda_library = cuda::open_cuda();
        let gpus = if cuda_library {
            tch::Cuda::device_count().max(0) as usize
        } else {
            0
        };
        Self {
            cuda_library,
            gpus,
            mps: tch::utils::has_mps(),
        }
    }

    /// The devices that share the work, at least one.
    pub fn devices(self, wanted: Wanted) -> Result<Vec<Device>, NetworkError> {
        let cuda = |number| Device(tch::Device::Cuda(number));
        let gpus = (0..self.gpus).map(cuda).collect();
        match wanted {
            Wanted::Auto | Wanted::Cuda if self.gpus > 0 => Ok(gpus),
            Wanted::Auto | Wanted::Cpu => Ok(vec![Device::CPU]),
            Wanted::CudaNumber(number) if number < self.gpus => Ok(vec![cuda(number)]),
            Wanted::Cuda | Wanted::CudaNumber(_) => Err(self.no_cuda(wanted)),
            Wanted::Mps if self.mps => Ok(vec![Device(tch::Device::Mps)]),
            Wanted::Mps => Err(NetworkError::Device {
                wanted: "mps".to_owned(),
                found: "this libtorch has no GPU of an Apple processor".to_owned(),
                remedy: "set device = \"auto\" or \"cpu\" in [compute]",
            }),
        }
    }

    fn no_cuda(self, wanted: Wanted) -> NetworkError {
        let wanted = match wanted {
            Wanted::CudaNumber(number) => format!("cuda:{number}"),
            _ => "cuda".to_owned(),
        };
        let (found, remedy) = match (self.cuda_library, self.gpus) {
            (false, _) => (
                "libtorch's CUDA part is not there".to_owned(),
                "run `make libtorch` on a machine where nvidia-smi lists a GPU, or with LIBTORCH_FLAVOR=cuda; or set device = \"auto\" or \"cpu\" in [compute]",
            ),
            (true, 0) => (
                "libtorch finds no GPU that it can use".to_owned(),
                "look whether nvidia-smi lists one, whether its driver is new enough, and whether CUDA_VISIBLE_DEVICES hides it; or set device = \"auto\" or \"cpu\" in [compute]",
            ),
            (true, count) => (
                format!("the numbers of the GPUs here go from 0 to {}", count - 1),
                "name one of these, or set device = \"cuda\" in [compute], which uses all",
            ),
        };
        NetworkError::Device {
            wanted,
            found,
            remedy,
        }
    }
}

/// Whether this processor has instructions for these numbers. Without them each product is computed in f32 between two conversions, which takes
/// several times as long as f32 alone.
pub fn is_native(precision: Precision) -> bool {
    precision != Precision::Bf16 || has_bf16()
}

/// AMX, which multiplies matrices of bf16, comes with AVX-512's instructions for bf16.
#[cfg(target_arch = "x86_64")]
fn has_bf16() -> bool {
    std::arch::is_x86_feature_detected!("avx512bf16")
}

#[cfg(target_arch = "aarch64")]
fn has_bf16() -> bool {
    std::arch::is_aarch64_feature_detected!("bf16")
}

/// No other processor's instructions are known.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn has_bf16() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(gpus: usize) -> Machine {
        Machine {
            cuda_library: gpus > 0,
            gpus,
            mps: false,
        }
    }

    fn names(machine: Machine, wanted: Wanted) -> Vec<String> {
        let devices = machine.devices(wanted).unwrap();
        devices.iter().map(ToString::to_string).collect()
    }

    fn refusal(machine: Machine, wanted: Wanted) -> String {
        machine.devices(wanted).unwrap_err().to_string()
    }

    #[test]
    fn auto_takes_all_gpus_and_the_processor_where_there_is_none() {
        assert_eq!(names(machine(0), Wanted::Auto), ["cpu"]);
        assert_eq!(names(machine(1), Wanted::Auto), ["cuda:0"]);
        assert_eq!(
            names(machine(3), Wanted::Auto),
            ["cuda:0", "cuda:1", "cuda:2"]
        );
        assert_eq!(names(machine(3), Wanted::Cpu), ["cpu"]);
    }

    #[test]
    fn cuda_is_all_gpus_or_the_one_that_is_named() {
        assert_eq!(names(machine(2), Wanted::Cuda), ["cuda:0", "cuda:1"]);
        assert_eq!(names(machine(2), Wanted::CudaNumber(1)), ["cuda:1"]);
    }

    #[test]
    fn a_gpu_that_is_not_there_is_refused_with_what_is_and_how_to_fix_it() {
        let without_library = refusal(machine(0), Wanted::Cuda);
        assert!(
            without_library.contains("LIBTORCH_FLAVOR=cuda"),
            "{without_library}"
        );
        let without_gpu = Machine {
            cuda_library: true,
            ..machine(0)
        };
        let without_gpu = refusal(without_gpu, Wanted::CudaNumber(0));
        assert!(
            without_gpu.contains("nvidia-smi") && without_gpu.contains("cuda:0"),
            "{without_gpu}"
        );
        let other = refusal(machine(2), Wanted::CudaNumber(2));
        assert!(
            other.contains("from 0 to 1") && other.contains("cuda:2"),
            "{other}"
        );
        assert!(refusal(machine(2), Wanted::Mps).contains("Apple"));
    }

    #[test]
    fn an_apple_gpu_is_taken_where_it_is_asked_for_only() {
        let apple = Machine {
            mps: true,
            ..machine(0)
        };
        assert_eq!(names(apple, Wanted::Mps), ["mps"]);
        assert_eq!(names(apple, Wanted::Auto), ["cpu"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_processor_has_bf16_where_the_system_says_so() {
        let text = std::fs::read_to_string("/proc/cpuinfo").unwrap();
        let mut words = text.split_whitespace();
        let said = words.any(|word| ["avx512_bf16", "bf16"].contains(&word));
        assert_eq!(is_native(Precision::Bf16), said);
        assert!(is_native(Precision::Fp32));
    }
}
