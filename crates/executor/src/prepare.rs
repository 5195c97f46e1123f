//! What is done once, so that every run is fast: constants and batch norms folded, layouts and numbers chosen.

use graph::Id;
use tch::{Device, Kind};

use crate::error::Error;
use crate::executor::Executor;
use crate::flow::Flow;
use crate::passes::{self, Draft};

/// Where and in which numbers a network is prepared to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Where.
    pub device: Device,
    /// [`Kind::Float`], [`Kind::Double`], or [`Kind::BFloat16`]: then the last linear layer and the global pooling before it stay in f32, because a logit
    /// of bfloat16 has 8 bits.
    pub kind: Kind,
}

impl Executor {
    /// The same network for inference. What is `watched` can be given and wanted afterwards, as can the outputs; other values may have been merged with
    /// what follows them. The parameters are let go where something else took their place.
    pub fn prepared(self, form: Form, watched: &[Id]) -> Result<Self, Error> {
        if ![Kind::Float, Kind::Double, Kind::BFloat16].contains(&form.kind) {
            let found = format!("{:?}", form.kind);
            return Err(Error::Kind { found });
        }
        let values = self.graph.values.len();
        if let Some(&Id(id)) = watched.iter().find(|id| id.0 >= values) {
            return Err(Error::NoValue { id, values });
        }
        let _guard = tch::no_grad_guard();
        let kept: Vec<Id> = self
            .outputs()
            .into_iter()
            .chain(watched.iter().copied())
            .collect();
        let mut draft = Draft::new(self.graph, self.constants, &kept);
        passes::dropout::drop_dropout(&mut draft);
        passes::constants::fold(&mut draft, self.device)?;
        draft.drop_dead();
        passes::norms::fold(&mut draft)?;
        passes::pooling::pool_before_relu(&mut draft);
        draft.drop_dead();
        let mut styles = passes::precision::choose(&draft, form.kind);
        let channels_last = passes::layout::choose(&draft, form, &mut styles);
        let input_kind = passes::precision::of_input(&draft, &styles, form.kind);
        passes::layout::lay_out(&mut draft, form, &styles, channels_last)?;
        let Draft {
            graph, constants, ..
        } = draft;
        Ok(Self {
            flow: Flow::new(&graph, |id| constants[id.0].is_some()),
            graph,
            constants,
            styles,
            input_kind: Some(input_kind),
            device: form.device,
            channels_last,
            mode: crate::executor::Mode::Inference,
        })
    }
}
