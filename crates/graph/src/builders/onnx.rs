//! Networks of ONNX files: keys of their results hold the code of the reader by this file.

use crate::onnx::{self, Content, Program, Refusal};

/// The network in the content of an ONNX file; one that takes images of any height and width is read for those of `side` pixels.
pub fn onnx<'a>(content: &'a Content<'_>, side: i64) -> Result<Program<'a>, Refusal> {
    onnx::read(content, Some(side))
}
