//! Which values of a network have a place for each part of a picture, and which of them Grad-CAM reads unless it is told otherwise.

mod layout;

use graph::{Graph, Id, Op};
use tch::Tensor;

pub use layout::TokenLayout;

use crate::check::is_fresh;
use crate::error::{During, Error};
use crate::executor::Executor;
use crate::passes::attention::maps;
use crate::shapes::Shapes;

/// A value whose activations and gradients can be read as maps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The value.
    pub value: Id,
    /// The path of the outermost module that gives it, or else its own name.
    pub name: String,
    /// Where the places of a picture are in its axes.
    pub layout: TokenLayout,
    /// The length of each axis, in the run that told the shapes.
    pub shape: Vec<i64>,
}

/// Values that modules give and that are maps, in order of execution; `shapes` are those of a run.
pub fn candidates(graph: &Graph, shapes: &Shapes) -> Vec<Candidate> {
    let layouts = layout::layouts(graph, shapes);
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut places: Vec<Option<usize>> = vec![None; graph.values.len()];
    for (name, value) in graph.modules() {
        let Some(found) = candidate(value, name, &layouts, shapes) else {
            continue;
        };
        // Of modules that give the same value the outer ones come later.
        if let Some(place) = places[value.0] {
            candidates[place].name = found.name;
        } else {
            places[value.0] = Some(candidates.len());
            candidates.push(found);
        }
    }
    candidates
}

/// The value of a name, where it can be read as maps.
pub fn named(graph: &Graph, shapes: &Shapes, name: &str) -> Option<Candidate> {
    candidate(
        graph.find(name)?,
        name,
        &layout::layouts(graph, shapes),
        shapes,
    )
}

impl Candidate {
    /// Channels, height and width of its maps.
    pub fn map_shape(&self) -> Option<[usize; 3]> {
        let channels = match (self.layout, &self.shape[..]) {
            (TokenLayout::ChannelsFirst, [_, channels, ..])
            | (_, [_, _, channels] | [_, _, _, channels]) => *channels,
            _ => return None,
        };
        let [height, width] = self.layout.grid(&self.shape)?;
        Some([channels, height, width].map(|side| side as usize))
    }
}

fn candidate(
    value: Id,
    name: &str,
    layouts: &[Option<TokenLayout>],
    shapes: &Shapes,
) -> Option<Candidate> {
    Some(Candidate {
        value,
        name: name.to_owned(),
        layout: layouts[value.0]?,
        shape: shapes.of(value)?.to_vec(),
    })
}

impl Executor {
    /// The layer that Grad-CAM reads by default. Of a convolutional network it is the last map before the global pooling; of one that ends in attention
    /// over tokens, the norm before the last attention. `input` shows that the places of that layer have a gradient; where they have none, an earlier one
    /// is taken. Nothing where no layer is a map.
    pub fn default_layer(
        &self,
        shapes: &Shapes,
        input: &Tensor,
    ) -> Result<Option<Candidate>, Error> {
        let layouts = layout::layouts(&self.graph, shapes);
        let by_rule = [
            norms_before_attention(&self.graph, &layouts),
            last_maps(&self.graph, &layouts),
        ];
        for value in by_rule.into_iter().flatten() {
            let Some(layout) = layouts[value.0] else {
                continue;
            };
            let (_, gradient) = self.gradient(value, input)?;
            let seen = |gradient: &Tensor| -> Result<bool, tch::TchError> {
                let any = layout.map(gradient)?.f_ne(0)?.f_any()?;
                bool::try_from(&any)
            };
            if seen(&gradient).during("looking for a gradient", &self.graph.values[value.0])? {
                let name = self.name_of(value);
                return Ok(candidate(value, &name, &layouts, shapes));
            }
        }
        Ok(None)
    }

    /// The activation of a value and the gradient there of the sum of each input's largest logit.
    pub fn gradient(&self, value: Id, input: &Tensor) -> Result<(Tensor, Tensor), Error> {
        let mut wanted = vec![value];
        wanted.extend(self.cut(value)?);
        let batch = input.size().first().copied().ok_or(Error::NoBatch)?;
        let given = [(self.graph.input, input.shallow_clone())];
        let below = tch::no_grad(|| self.run_for(batch, &given, &wanted))?;
        let mut given: Vec<(Id, Tensor)> = wanted.into_iter().zip(below).collect();
        let leaf = given[0]
            .1
            .f_detach()
            .and_then(|leaf| leaf.f_set_requires_grad(true));
        let leaf = leaf.during("the backward pass", "")?;
        given[0].1 = leaf.shallow_clone();
        let output = self.outputs()[0];
        let logits = self.run_for(batch, &given, &[output])?.remove(0);
        let back = || -> Result<Tensor, tch::TchError> {
            let sum = logits.f_amax(-1, false)?.f_sum(None)?;
            if !sum.requires_grad() {
                return leaf.f_zeros_like();
            }
            let gradient = Tensor::f_run_backward(&[sum], &[&leaf], false, false)?.remove(0);
            if gradient.defined() {
                gradient.f_contiguous()
            } else {
                leaf.f_zeros_like()
            }
        };
        Ok((
            leaf.f_detach().during("the backward pass", "")?,
            back().during("the backward pass", "")?,
        ))
    }

    /// The path of the outermost module that gives a value, or else the value's own name.
    fn name_of(&self, value: Id) -> String {
        let mut modules = self.graph.modules().into_iter().rev();
        let outermost = modules.find(|(_, given)| *given == value);
        outermost.map_or_else(
            || self.graph.values[value.0].clone(),
            |(module, _)| module.to_owned(),
        )
    }
}

/// The norms before the attentions, the last first, where no convolution over places follows the last attention.
fn norms_before_attention(graph: &Graph, layouts: &[Option<TokenLayout>]) -> Vec<Id> {
    let attentions: Vec<usize> = maps(&graph.nodes);
    let Some(&last) = attentions.last() else {
        return Vec::new();
    };
    let convolves = |node: &graph::Node| {
        matches!(node.op, Op::Convolution { .. }) && layouts[node.outputs[0].0].is_some()
    };
    if graph.nodes[last..].iter().any(convolves) {
        return Vec::new();
    }
    let mut norms: Vec<Id> = Vec::new();
    for &attention in attentions.iter().rev().take(MOST_SEARCHED) {
        let mut before = vec![false; graph.values.len()];
        for id in &graph.nodes[attention].inputs {
            before[id.0] = true;
        }
        let norm = graph.nodes[..attention].iter().rev().find(|node| {
            let leads = node.outputs.iter().any(|id| before[id.0]);
            if leads {
                for id in &node.inputs {
                    before[id.0] = true;
                }
            }
            let norms = matches!(
                node.op,
                Op::LayerNorm { .. } | Op::GroupNorm { .. } | Op::BatchNorm { .. }
            );
            leads
                && norms
                && layouts[node.outputs[0].0]
                    .is_some_and(|layout| layout != TokenLayout::ChannelsFirst)
        });
        if let Some(norm) = norm.map(|node| node.outputs[0])
            && !norms.contains(&norm)
        {
            norms.push(norm);
        }
        if norms.len() == MOST_TRIED {
            break;
        }
    }
    norms
}

/// Maps that are computed and not only pooled or rearranged, the last first.
fn last_maps(graph: &Graph, layouts: &[Option<TokenLayout>]) -> Vec<Id> {
    let pools = |op: &Op| matches!(op, Op::MaxPool { .. } | Op::AvgPool { .. });
    let nodes = graph.nodes.iter().rev();
    let computed = nodes.filter(|node| is_fresh(&node.op) && !pools(&node.op));
    let maps = computed.filter_map(|node| node.outputs.first().copied());
    maps.filter(|id| layouts[id.0].is_some())
        .take(MOST_TRIED)
        .collect()
}

/// Attentions before which a norm is looked for, because each search goes through all nodes before one.
const MOST_SEARCHED: usize = 64;
/// Values that are tried for a gradient before none is taken.
const MOST_TRIED: usize = 8;
