//! Pictures that networks are tried on.

use tch::{Kind, TchError, Tensor};

/// Values that rise from -2 to 2.
pub(super) fn ramp(shape: [i64; 4]) -> Result<Tensor, TchError> {
    Tensor::f_linspace(
        -2,
        2,
        shape.iter().product(),
        (Kind::Float, tch::Device::Cpu),
    )?
    .f_view(shape)
}

/// Values from -2 to 2 that no two inputs have in common, and none in one colour.
pub(super) fn waves(shape: [i64; 4]) -> Result<Tensor, TchError> {
    let [count, rest @ ..] = shape;
    let waves = Tensor::f_arange_start(1, count + 1, (Kind::Float, tch::Device::Cpu))?;
    let phases = ramp([1, rest[0], rest[1], rest[2]])?.f_mul(&waves.f_view([-1, 1, 1, 1])?)?;
    phases.f_mul_scalar(50)?.f_sin()?.f_mul_scalar(2)
}
