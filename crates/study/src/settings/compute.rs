//! `[compute]`: what the networks run on. The batch is a constant of the program and no setting.

use std::thread::available_parallelism;

use config::{Declared, Section, Value};

/// What is wrong about another precision in a study with a program.
pub(crate) const PROGRAM: &str =
    "a TorchScript program computes in the precision that it was saved with: expected \"fp32\"";
/// What is wrong about a method's own precision in a study in tf32.
pub(crate) const WHOLE_TF32: &str =
    "a study in tf32 computes everything in tf32: remove `precision` here";

/// Most threads.
const MOST_THREADS: u32 = 1024;

/// Where the networks run. No key contains the device: results agree within the stated tolerances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// All CUDA GPUs where there are any, else the processor.
    Auto,
    /// The processor.
    Cpu,
    /// All CUDA GPUs, which share the work; or the one of a number, from 0.
    Cuda(Option<u16>),
    /// The GPU of an Apple processor.
    Mps,
}

impl Device {
    const EXPECTED: &'static str =
        "\"auto\", \"cpu\", \"cuda\", \"cuda:N\" with the number of a GPU from 0, or \"mps\"";

    fn named(name: &str) -> Option<Self> {
        match name {
            "auto" => Some(Self::Auto),
            "cpu" => Some(Self::Cpu),
            "cuda" => Some(Self::Cuda(None)),
            "mps" => Some(Self::Mps),
            _ => Some(Self::Cuda(Some(name.strip_prefix("cuda:")?.parse().ok()?))),
        }
    }
}

impl Value for Device {
    type Limits = ();

    fn read(section: &mut Section<'_>, key: &'static str, _: Option<Self>, (): ()) -> Self {
        let name = section.text(key, Some("auto"));
        let device = Self::named(&name);
        if device.is_none() && !name.is_empty() {
            let title = format!("unknown device `{name}`");
            section.wrong(key, title, format!("expected {}", Self::EXPECTED));
        }
        device.unwrap_or(Self::Auto)
    }

    fn takes((): &()) -> String {
        Self::EXPECTED.to_owned()
    }

    fn written(&self) -> String {
        "\"auto\"".to_owned()
    }
}

/// In which numbers the networks compute. It is in the key of everything that a network answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floating point throughout: the reference.
    Fp32,
    /// As fp32, but convolutions and products of matrices keep 10 bits of each factor; on CUDA GPUs only.
    Tf32,
    /// bfloat16 in all layers but the last; built-in architectures only.
    Bf16,
}

config::choice!(Precision, "precision": Fp32 => "fp32", Tf32 => "tf32", Bf16 => "bf16");

config::settings! {
    /// What the networks run on.
    #[derive(Clone, Copy)]
    pub struct Settings {
        /// Threads of libtorch.
        threads: Option<u32> [1..=MOST_THREADS] = None => "as many as the machine has cores";
        /// Where the networks run: `auto` uses all CUDA GPUs, or the processor if there are none. Results agree within the tolerances of
        /// docs/exactness.md.
        device: Device = Device::Auto;
        /// Number format of the networks: `tf32` only on CUDA GPUs, `bf16` only with built-in architectures.
        precision: Precision = Precision::Fp32;
    }
}

impl Settings {
    /// Threads of libtorch.
    pub fn threads(&self) -> u32 {
        let cores = || available_parallelism().map_or(1, |cores| cores.get() as u32);
        self.threads.unwrap_or_else(|| cores().min(MOST_THREADS))
    }

    /// `programs`: whether a network of the study is a `TorchScript` program.
    pub(crate) fn checked(mut section: Section<'_>, programs: bool) -> Self {
        let settings = Self::read(&mut section);
        if settings.precision == Precision::Tf32
            && matches!(settings.device, Device::Cpu | Device::Mps)
        {
            let title = "`precision = \"tf32\"` needs a CUDA GPU";
            let label = "set it to \"fp32\", or `device` to \"cuda\"";
            section.wrong("precision", title, label);
        }
        if programs && settings.precision == Precision::Bf16 {
            section.wrong(
                "precision",
                PROGRAM,
                "a network of this study is a TorchScript program",
            );
        }
        section.finish();
        settings
    }
}
