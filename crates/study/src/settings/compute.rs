//! `[compute]`: what the networks run on. The batch is a constant of the program and no setting.

use std::thread::available_parallelism;

use crate::reader::{Choice, Section};

/// What is wrong about another precision in a study with a program.
pub(crate) const PROGRAM: &str =
    "a TorchScript program computes in the precision that it was saved with: expected \"fp32\"";

/// Where the networks run. It is in no key: results agree within the stated tolerances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// The processor.
    Cpu,
}

impl Choice for Device {
    const WHAT: &'static str = "device";
    const ALL: &'static [(&'static str, Self)] = &[("cpu", Self::Cpu)];
}

/// In which numbers the networks compute. It is in the key of everything that a network answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floating point throughout: the reference.
    Fp32,
    /// bfloat16 in all layers but the last; built-in architectures only.
    Bf16,
}

impl Choice for Precision {
    const WHAT: &'static str = "precision";
    const ALL: &'static [(&'static str, Self)] = &[("fp32", Self::Fp32), ("bf16", Self::Bf16)];
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
            device: section.choice("device", Device::Cpu),
            precision: section.choice("precision", Precision::Fp32),
        };
        if programs && settings.precision != Precision::Fp32 {
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
