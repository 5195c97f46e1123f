//! A value of a run, in one or both of the layouts that a processor computes in.

use tch::{TchError, Tensor};

/// At least one of both is there.
#[derive(Debug)]
pub(crate) struct Slot {
    dense: Option<Tensor>,
    onednn: Option<Tensor>,
}

impl Slot {
    /// In whichever layout it is.
    pub(crate) fn new(tensor: Tensor) -> Self {
        if tensor.is_mkldnn() {
            Self {
                dense: None,
                onednn: Some(tensor),
            }
        } else {
            Self::dense(tensor)
        }
    }

    /// In the ordinary layout.
    pub(crate) fn dense(tensor: Tensor) -> Self {
        Self {
            dense: Some(tensor),
            onednn: None,
        }
    }

    /// The length of each axis.
    pub(crate) fn size(&self) -> Vec<i64> {
        self.dense
            .as_ref()
            .or(self.onednn.as_ref())
            .map_or_else(Vec::new, Tensor::size)
    }

    /// The value in oneDNN's layout or in the ordinary one; converted once where it is `kept` for other readers.
    pub(crate) fn read(&mut self, onednn: bool, kept: bool) -> Result<Tensor, TchError> {
        let (found, other) = if onednn {
            (&mut self.onednn, &self.dense)
        } else {
            (&mut self.dense, &self.onednn)
        };
        match (&*found, other) {
            (Some(tensor), _) => Ok(tensor.shallow_clone()),
            (None, Some(other)) => {
                let converted = convert(other, onednn)?;
                if kept {
                    *found = Some(converted.shallow_clone());
                }
                Ok(converted)
            }
            (None, None) => Err(TchError::Shape("a value is in no layout".to_owned())),
        }
    }

    /// A constant as a node wants it. In oneDNN's layout are only those that nodes of that layout read; the others may stay as they are.
    pub(crate) fn read_constant(mut self, onednn: bool) -> Result<Tensor, TchError> {
        match &self.dense {
            Some(dense) if onednn => Ok(dense.shallow_clone()),
            _ => self.read(onednn, false),
        }
    }
}

fn convert(tensor: &Tensor, onednn: bool) -> Result<Tensor, TchError> {
    if onednn {
        tensor.f_to_mkldnn(None)
    } else {
        tensor.f_to_dense(None, false)
    }
}
