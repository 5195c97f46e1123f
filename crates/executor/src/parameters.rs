//! The tensors of a file, as libtorch's.

use checkpoint::{Dtype, Stored, Tensors};
use graph::{Graph, onnx, pt2};
use tch::{Kind, TchError, Tensor};

use crate::error::{During, Error};
use crate::executor::Executor;

/// The network of a `.pt2` file, with the parameters that the file has. It is no method, so that the reader is not in the code digest of the executor.
pub fn open(program: &pt2::Program<'_>) -> Result<Executor, Error> {
    with(&program.graph, &program.tensors)
}

/// The network of an ONNX file, with the parameters that the file has.
pub fn open_onnx(program: &onnx::Program<'_>) -> Result<Executor, Error> {
    with(&program.graph, &program.tensors)
}

fn with(graph: &Graph, stored: &Tensors<'_>) -> Result<Executor, Error> {
    let tensors = graph.parameters.iter().map(|parameter| {
        let stored = stored.get(&parameter.name);
        let stored = stored.ok_or_else(|| Error::NoParameter {
            name: parameter.name.clone(),
        })?;
        tensor(stored).during("reading a parameter", &parameter.name)
    });
    let tensors = tensors.collect::<Result<_, Error>>()?;
    Executor::new(graph.clone(), tensors)
}

/// A stored tensor, in the numbers that the file has; half precision and bfloat16 become f32 without loss.
pub fn tensor(stored: &Stored<'_>) -> Result<Tensor, TchError> {
    let kind = match stored.dtype {
        Dtype::BOOL => Kind::Bool,
        Dtype::U8 => Kind::Uint8,
        Dtype::I8 => Kind::Int8,
        Dtype::I16 => Kind::Int16,
        Dtype::I32 => Kind::Int,
        Dtype::I64 => Kind::Int64,
        Dtype::F16 => Kind::Half,
        Dtype::BF16 => Kind::BFloat16,
        Dtype::F32 => Kind::Float,
        Dtype::F64 => Kind::Double,
        other => {
            return Err(TchError::Kind(format!(
                "its numbers are {other:?}, which cannot be read"
            )));
        }
    };
    let shape: Vec<i64> = stored.shape.iter().map(|&side| side as i64).collect();
    let tensor = Tensor::f_from_data_size(&stored.bytes(), &shape, kind)?;
    match kind {
        Kind::Half | Kind::BFloat16 => tensor.f_to_kind(Kind::Float),
        _ => Ok(tensor),
    }
}
