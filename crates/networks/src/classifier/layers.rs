//! What a classifier's layers hold: activations, gradients there and at inputs, attention, and logits of what a method changed.

use imaging::Rgb;
use rayon::prelude::*;
use tch::{Kind, Tensor};

use super::{Answers, Classifier, size_of, unfit, values, with_memory};
use crate::error::{NetworkError, Operation};
use crate::input::{Batch, encode};
use crate::network::Features;

/// Activations of a layer: [channels, height, width], row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    /// The layer's output.
    pub activations: Vec<f32>,
    /// Channels, height and width.
    pub shape: [usize; 3],
}

/// Activations of a layer, and the gradient of a class's logit with respect to them; both [channels, height, width], row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    /// The layer's output.
    pub activations: Vec<f32>,
    /// dy^c / dA.
    pub gradients: Vec<f32>,
    /// Channels, height and width.
    pub shape: [usize; 3],
}

/// The attention of every block of a transformer for one input, in order of execution.
#[derive(Clone, Debug, PartialEq)]
pub struct Attentions {
    /// Tokens of a block: those that are no patches, then one for each patch.
    pub tokens: usize,
    /// How many tokens are no patches.
    pub prefix: usize,
    /// Whether the logits come from the class token, and not from the patches.
    pub class_token: bool,
    /// Rows and columns of patches.
    pub grid: [usize; 2],
    /// Of each block the attention, [heads, tokens, tokens], and the gradient of a class's logit there; empty where it was not asked for.
    pub blocks: Vec<(Vec<f32>, Vec<f32>)>,
}

impl Classifier {
    /// Activations and gradients for crops of one size, each with a target: the features without gradient, then forward and backward through
    /// the head only. Behind global average pooling and a linear layer the gradient is the layer's weight by the number of positions, and
    /// nothing goes backward.
    pub fn gradients(&self, asked: &[(&Rgb, usize)]) -> Result<Vec<Gradients>, NetworkError> {
        let targets: Vec<usize> = asked.iter().map(|(_, target)| *target).collect();
        self.check_targets(&targets)?;
        let crops: Vec<&Rgb> = asked.iter().map(|(crop, _)| *crop).collect();
        self.in_batches(&crops, |at, features, values| {
            let targets = &targets[at..][..values.len()];
            let gradients = match self.network.behind_pooling() {
                Some(output) => {
                    let maps = self.network.maps(&features.activations)?;
                    pooled_gradients(output, &maps, targets)?
                }
                None => self.head_gradients(features, targets)?,
            };
            let each = values.into_iter().zip(gradients);
            let gradients = each.map(|(values, gradients)| Gradients {
                activations: values.activations,
                gradients,
                shape: values.shape,
            });
            Ok(gradients.collect())
        })
    }

    /// Activations for crops of one size.
    pub fn activations(&self, crops: &[&Rgb]) -> Result<Vec<Values>, NetworkError> {
        self.in_batches(crops, |_, _, values| Ok(values))
    }

    /// Whether [`Classifier::gradients`] needs a pass backwards.
    pub fn goes_backward(&self) -> bool {
        self.network.behind_pooling().is_none()
    }

    /// What `read` makes of the features of crops, in batches: from the place of the first, the features of a whole batch, and the activations of
    /// the crops in it.
    fn in_batches<T>(
        &self,
        crops: &[&Rgb],
        mut read: impl FnMut(usize, &Features, Vec<Values>) -> Result<Vec<T>, NetworkError>,
    ) -> Result<Vec<T>, NetworkError> {
        let size = size_of_all(crops)?;
        let mut all = Vec::new();
        while all.len() < crops.len() {
            let found = with_memory(&self.gradient_batch, |inputs| {
                let some = &crops[all.len()..];
                let some = &some[..inputs.min(some.len())];
                let features = self.features(some, inputs, size)?;
                let maps = self.network.maps(&features.activations)?;
                let shape = maps.size();
                let shape = [shape[1], shape[2], shape[3]].map(|side| side as usize);
                let layer: usize = shape.iter().product();
                let activations = values(&maps)?;
                let each = activations.chunks_exact(layer).take(some.len());
                let each = each.map(|activations| Values {
                    activations: activations.to_vec(),
                    shape,
                });
                read(all.len(), &features, each.collect())
            })?;
            all.extend(found.into_iter().flatten());
        }
        Ok(all)
    }

    /// The features of crops in a batch of `inputs`, which is filled up with zeros.
    fn features(
        &self,
        crops: &[&Rgb],
        inputs: usize,
        size: [usize; 2],
    ) -> Result<Features, NetworkError> {
        let kind = self.network.input_kind();
        let mut batch = Batch::new(inputs, size, kind)?;
        let one = batch.input_bytes();
        let painted = batch.inputs(crops.len()).chunks_exact_mut(one);
        for (crop, planes) in crops.iter().zip(painted) {
            self.normalisation.encode(crop.pixels(), kind, planes);
        }
        tch::no_grad(|| self.network.features(&batch.tensor(inputs)?))
    }

    fn check_targets(&self, targets: &[usize]) -> Result<(), NetworkError> {
        targets
            .iter()
            .try_for_each(|&target| self.check_target(target))
    }

    /// The gradients of each target's logit, by a pass back through the head.
    pub(crate) fn head_gradients(
        &self,
        features: &Features,
        targets: &[usize],
    ) -> Result<Vec<Vec<f32>>, NetworkError> {
        let activations = leaf(&features.activations)?;
        let logits = self.network.head(&features.with(&activations))?;
        let mut gradients = self.backward(&logits, targets, &[&activations])?;
        let gradients = self.network.maps(&gradients.remove(0))?;
        rows(&gradients, targets.len())
    }

    /// The gradient of each target's logit with respect to some values behind which the logits of inputs are.
    fn backward(
        &self,
        logits: &Tensor,
        targets: &[usize],
        behind: &[&Tensor],
    ) -> Result<Vec<Tensor>, NetworkError> {
        let rows = (0..).zip(targets);
        let chosen: Vec<Tensor> = rows
            .map(|(row, &target)| {
                let row: Result<Tensor, tch::TchError> = logits.f_select(0, row);
                row.and_then(|row| row.f_select(0, target as i64))
            })
            .collect::<Result<_, _>>()
            .during("reading a logit")?;
        // No input's logits depend on another input, so the gradient of the sum has each one's own.
        let sum = Tensor::f_stack(&chosen, 0)
            .and_then(|chosen| chosen.f_sum(Kind::Float))
            .during("reading a logit")?;
        let no_gradient = || NetworkError::NoGradient {
            head: self.network.head_name(),
        };
        // libtorch follows the gradient of a sum without asking whether there is one.
        if !sum.requires_grad() {
            return Err(no_gradient());
        }
        let gradients =
            Tensor::f_run_backward(&[sum], behind, false, false).during("the backward pass")?;
        // There may be one that does not come from these values.
        if gradients.iter().any(|gradient| !gradient.defined()) {
            return Err(no_gradient());
        }
        Ok(gradients)
    }

    /// The gradients of a class's logit with respect to `count` inputs of a height and width, each [channels, height, width]. `input` gives those in a
    /// place and its class; `found` gets the gradient there. Places come in order. `interrupted` is looked at before each batch.
    pub fn input_gradients(
        &self,
        count: usize,
        size: [usize; 2],
        input: &(dyn Fn(usize) -> (Vec<f32>, usize) + Sync),
        found: &mut dyn FnMut(usize, &[f32]),
        interrupted: &dyn Fn() -> bool,
    ) -> Result<(), NetworkError> {
        let mut start = 0;
        while start < count {
            if interrupted() {
                return Err(NetworkError::Interrupted);
            }
            let gradients = with_memory(&self.gradient_batch, |inputs| {
                let end = count.min(start + inputs);
                let (batch, targets) = self.batch_of(start..end, inputs, size, input)?;
                let x = leaf(&batch.tensor(inputs)?)?;
                let logits = self.network.forward(&x)?;
                let mut gradients = self.backward(&logits, &targets, &[&x])?;
                rows(&gradients.remove(0), targets.len())
            })?;
            for gradient in gradients.into_iter().flatten() {
                found(start, &gradient);
                start += 1;
            }
        }
        Ok(())
    }

    /// Logits of inputs that are not crops, as [`Classifier::input_gradients`] takes them: of each its class's.
    pub fn input_logits(
        &self,
        count: usize,
        size: [usize; 2],
        input: &(dyn Fn(usize) -> (Vec<f32>, usize) + Sync),
    ) -> Result<Vec<f32>, NetworkError> {
        let mut all = Vec::new();
        while all.len() < count {
            let found = with_memory(&self.gradient_batch, |inputs| {
                let end = count.min(all.len() + inputs);
                let (batch, targets) = self.batch_of(all.len()..end, inputs, size, input)?;
                let logits = tch::no_grad(|| self.network.forward(&batch.tensor(inputs)?))?;
                let rows = rows(&logits, targets.len())?;
                let each = rows.iter().zip(targets);
                Ok(each.map(|(row, target)| row[target]).collect::<Vec<_>>())
            })?;
            all.extend(found.into_iter().flatten());
        }
        Ok(all)
    }

    /// A batch with the inputs of some places, filled up with zeros, and their classes.
    fn batch_of(
        &self,
        places: std::ops::Range<usize>,
        inputs: usize,
        size: [usize; 2],
        input: &(dyn Fn(usize) -> (Vec<f32>, usize) + Sync),
    ) -> Result<(Batch, Vec<usize>), NetworkError> {
        let kind = self.network.input_kind();
        let mut batch = Batch::new(inputs, size, kind)?;
        let one = batch.input_bytes();
        let painted = batch.inputs(places.len()).par_chunks_exact_mut(one);
        let targets: Vec<usize> = painted
            .zip(places)
            .map(|(planes, place)| {
                let (values, target) = input(place);
                encode(values.into_iter(), kind, planes);
                target
            })
            .collect();
        self.check_targets(&targets)?;
        Ok((batch, targets))
    }

    /// Asks about `count` inputs, each the normalised crop times a mask of [height, width], which `mask` writes into zeros.
    pub fn ask_masked(
        &self,
        crop: &Rgb,
        target: usize,
        count: usize,
        mask: &(dyn Fn(usize, &mut [f32]) + Sync),
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Answers, NetworkError> {
        self.check_target(target)?;
        let (size, kind) = (size_of(crop), self.network.input_kind());
        let input = self.input(crop);
        let paint = |place: usize, planes: &mut [u8]| {
            let mut shown = vec![0.0; size[0] * size[1]];
            mask(place, &mut shown);
            let pixels = input.iter().zip(shown.iter().cycle());
            encode(pixels.map(|(value, share)| value * share), kind, planes);
        };
        self.answer_painted(&self.batch, count, size, &paint, target, interrupted)
    }

    /// The normalised input of a crop: [channels, height, width].
    pub fn input(&self, crop: &Rgb) -> Vec<f32> {
        self.normalisation.input(crop)
    }

    /// A class's logits for `count` changed copies of what the layer gives for a crop: `change` changes the activations of one, [channels, height,
    /// width].
    pub fn changed_logits(
        &self,
        crop: &Rgb,
        target: usize,
        count: usize,
        change: &(dyn Fn(usize, &mut [f32]) + Sync),
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Vec<f32>, NetworkError> {
        self.check_target(target)?;
        let mut all = Vec::new();
        // Of a batch of copies; another one only where a batch was halved.
        let mut below: Option<(usize, Features)> = None;
        while all.len() < count {
            if interrupted() {
                return Err(NetworkError::Interrupted);
            }
            let found = with_memory(&self.few_batch, |inputs| {
                let features = match below.take() {
                    Some((copies, features)) if copies == inputs => features,
                    _ => self.features(&vec![crop; inputs], inputs, size_of(crop))?,
                };
                let changed = features
                    .activations
                    .f_zeros_like()
                    .and_then(|mut copy| copy.f_copy_(&features.activations).map(|()| copy))
                    .during("changing activations")?;
                let maps = self.network.maps(&changed)?;
                let some = all.len()..count.min(all.len() + inputs);
                let mut each = rows(&maps, some.len())?;
                let places = each.par_iter_mut().zip(some.clone());
                places.for_each(|(activations, place)| change(place, activations));
                let write = || -> Result<(), tch::TchError> {
                    for (row, activations) in each.iter().enumerate() {
                        let mut map = maps.f_select(0, row as i64)?;
                        let values = Tensor::f_from_slice(activations)?;
                        map.f_copy_(&values.f_view_as(&map)?.f_to_device(map.device())?)?;
                    }
                    Ok(())
                };
                tch::no_grad(write).during("changing activations")?;
                let logits = tch::no_grad(|| self.network.head(&features.with(&changed)))?;
                let rows = rows(&logits, some.len())?;
                below = Some((inputs, features));
                Ok(rows.iter().map(|row| row[target]).collect::<Vec<_>>())
            })?;
            all.extend(found.into_iter().flatten());
        }
        Ok(all)
    }

    /// The attention of every block for crops of one size, each with a target, of whose logit the gradients are where they are asked for. The network
    /// has to be loaded for that.
    pub fn attentions(
        &self,
        asked: &[(&Rgb, usize)],
        with_gradients: bool,
    ) -> Result<Vec<Attentions>, NetworkError> {
        let crops: Vec<&Rgb> = asked.iter().map(|(crop, _)| *crop).collect();
        let size = size_of_all(&crops)?;
        let normalisation = self.normalisation;
        let input = |place: usize| (normalisation.input(asked[place].0), asked[place].1);
        let mut all = Vec::new();
        while all.len() < asked.len() {
            let found = with_memory(&self.gradient_batch, |inputs| {
                let end = asked.len().min(all.len() + inputs);
                let (batch, targets) = self.batch_of(all.len()..end, inputs, size, &input)?;
                let x = batch.tensor(inputs)?;
                let x = if with_gradients { leaf(&x)? } else { x };
                self.batch_attentions(&x, &targets, with_gradients)
            })?;
            all.extend(found.into_iter().flatten());
        }
        Ok(all)
    }

    /// Whether a logit has a gradient at what the class token, the first one, takes of others in the last block.
    fn reads_class_token(&self, input: &Tensor) -> Result<bool, NetworkError> {
        if let Some(&known) = self.class_token.get() {
            return Ok(known);
        }
        let first = input.f_narrow(0, 0, 1).during("making an input")?;
        let (logits, maps) = self.network.attention(&leaf(&first)?)?;
        let Some(last) = maps.last() else {
            return Ok(false);
        };
        let gradient = self.backward(&logits, &[0], &[last])?.remove(0);
        let row = gradient.f_select(2, 0).during("looking for a gradient")?;
        let found = any(&row)?;
        Ok(*self.class_token.get_or_init(|| found))
    }

    fn batch_attentions(
        &self,
        input: &Tensor,
        targets: &[usize],
        with_gradients: bool,
    ) -> Result<Vec<Attentions>, NetworkError> {
        let run = || self.network.attention(input);
        let (logits, maps) = if with_gradients {
            run()?
        } else {
            tch::no_grad(run)?
        };
        let (prefix, grid) = self
            .network
            .tokens()
            .ok_or_else(|| NetworkError::NoAttention {
                found: "the layer that a CAM would read has no tokens".to_owned(),
            })?;
        let tokens = prefix + grid[0] * grid[1];
        let side = tokens as i64;
        for map in &maps {
            let shape = map.size();
            if !matches!(shape[..], [batch, _, rows, columns] if batch == input.size()[0] && rows == side && columns == side)
            {
                return Err(NetworkError::NoAttention {
                    found: format!(
                        "one of its attentions has the shape {shape:?}, and not [batch, heads, {side}, {side}]"
                    ),
                });
            }
        }
        let gradients = if with_gradients {
            let behind: Vec<&Tensor> = maps.iter().collect();
            self.backward(&logits, targets, &behind)?
        } else {
            Vec::new()
        };
        let class_token = prefix > 0 && self.reads_class_token(input)?;
        let mut all = vec![
            Attentions {
                tokens,
                prefix,
                class_token,
                grid,
                blocks: Vec::new(),
            };
            targets.len()
        ];
        for (block, map) in maps.iter().enumerate() {
            let maps = rows(map, targets.len())?;
            let gradients = match gradients.get(block) {
                Some(gradients) => rows(gradients, targets.len())?,
                None => vec![Vec::new(); targets.len()],
            };
            let each = maps.into_iter().zip(gradients);
            for (attentions, block) in all.iter_mut().zip(each) {
                attentions.blocks.push(block);
            }
        }
        Ok(all)
    }
}

/// The height and width of crops, which have to be of one size.
fn size_of_all(crops: &[&Rgb]) -> Result<[usize; 2], NetworkError> {
    let Some(first) = crops.first() else {
        return Ok([0, 0]);
    };
    let size = size_of(first);
    match crops.iter().find(|crop| size_of(crop) != size) {
        None => Ok(size),
        Some(other) => Err(unfit(
            "a crop's height and width",
            format!("{size:?}"),
            format!("{:?}", size_of(other)),
        )),
    }
}

/// Whether any of the values is not 0.
fn any(values: &Tensor) -> Result<bool, NetworkError> {
    let any = values.f_ne(0).and_then(|differ| differ.f_any());
    any.and_then(|any| bool::try_from(&any))
        .during("looking for a gradient")
}

/// The same values as a leaf that a gradient is wanted for.
fn leaf(values: &Tensor) -> Result<Tensor, NetworkError> {
    values
        .f_detach()
        .and_then(|values| values.f_set_requires_grad(true))
        .during("the backward pass")
}

/// The values of each of the first `count` inputs of a batch.
fn rows(batch: &Tensor, count: usize) -> Result<Vec<Vec<f32>>, NetworkError> {
    let some = batch
        .f_narrow(0, 0, count as i64)
        .during("reading values")?;
    let one = some.numel().checked_div(count).unwrap_or_default();
    let all = values(&some)?;
    Ok(all.chunks_exact(one.max(1)).map(<[f32]>::to_vec).collect())
}

/// `dy^c / dA_k = W[c, k] / (height x width)` at every position, for a linear layer with weights `output`, [classes, channels], behind global
/// average pooling.
fn pooled_gradients(
    output: &Tensor,
    activations: &Tensor,
    targets: &[usize],
) -> Result<Vec<Vec<f32>>, NetworkError> {
    let shape = activations.size();
    let positions = (shape[2] * shape[3]) as usize;
    let gradient = |&target: &usize| {
        // One logit is halved between two classes, as in `two_sided`.
        let (row, factor) = match (output.size()[0], target) {
            (1, 0) => (0, -0.5),
            (1, _) => (0, 0.5),
            _ => (target as i64, 1.0),
        };
        let row = output.f_select(0, row).during("reading weights")?;
        let weights = values(&row)?;
        let each = weights
            .iter()
            .map(|weight| factor * weight / positions as f32);
        Ok(each.flat_map(|weight| vec![weight; positions]).collect())
    };
    targets.iter().map(gradient).collect()
}
