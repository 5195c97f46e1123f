//! `[compute]`: what the networks run on. The batch is a constant of the program and no setting.

use std::thread::available_parallelism;

use crate::reader::{Choice, Section};

/// What is wrong about another precision in a study with a program.
pub(crate) const PROGRAM: &str =
    "a TorchScript program computes in the precision that it was saved with: expected \"fp32\"";
/// What is wrong about a LIME of another precision in a study in tf32.
pub(crate) const WHOLE_TF32: &str =
    "a study in tf32 computes all in tf32: expected no `precision` here";

/// Where the networks run. It is in no key: results agree within the stated tolerances.
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
    const EXPECTED: &'static str = "expected \"auto\", \"cpu\", \"cuda\", \"cuda:N\" with the number of a GPU from 0, or \"mps\"";

    fn named(name: &str) -> Option<Self> {
        match name {
            "auto" => Some(Self::Auto),
            "cpu" => Some(Self::Cpu),
            "cuda" => Some(Self::Cuda(None)),
            "mps" => Some(Self::Mps),
            _ => Some(Self::Cuda(Some(name.strip_prefix("cuda:")?.parse().ok()?))),
        }
    }

    fn read(section: &mut Section<'_>) -> Self {
        let name = section.text("device", Some("auto"));
        let device = Self::named(&name);
        if device.is_none() && !name.is_empty() {
            let title = format!("unknown device `{name}`");
            section.wrong("device", title, Self::EXPECTED);
        }
        device.unwrap_or(Self::Auto)
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

impl Choice for Precision {
    const WHAT: &'static str = "precision";
    const ALL: &'static [(&'static str, Self)] = &[
        ("fp32", Self::Fp32),
        ("tf32", Self::Tf32),
        ("bf16", Self::Bf16),
    ];
}

/// What the networks run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Threads of libtorch, 1 to 1024; the machine's cores where it is not set.
    pub threads: u32,
    /// Where the networks run.
    pub device: Device,
    /// In which numbers they compute.
    pub precision: Precision,
}

impl Settings {
    /// `programs`: whether a network of the study is a `TorchScript` program.
    pub(crate) fn read(mut section: Section<'_>, programs: bool) -> Self {
        let cores = available_parallelism().map_or(1, |cores| cores.get().min(1024) as u32);
        let settings = Self {
            threads: section.integer("threads", Some(cores), 1..=1024),
            device: Device::read(&mut section),
            precision: section.choice("precision", Precision::Fp32),
        };
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
