//! Operators whose inputs are known: what computes shapes, axes and bounds.

use std::rc::Rc;

use super::{Found, Given, Trouble};
use crate::onnx::builder::Builder;
use crate::onnx::call::Call;
use crate::onnx::fold::Fold;
use crate::onnx::known::Known;
use crate::onnx::numbers::kind;
use crate::onnx::sizes::multiply;
use crate::onnx::sizes::on;
use crate::onnx::sizes::whole;
use crate::op::{Kind, Size};

/// What is known of the result; nothing is found where an input is not known, or where the result depends on how many images there are.
pub(super) fn folded<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    match call.node.operator {
        "Shape" => return shape(call, builder),
        "Size" => {
            let all = sides(call, builder)?;
            let count = all
                .iter()
                .try_fold(whole(1), |product, &side| multiply(product, side))?;
            return known(Known::ints(Kind::Int64, Vec::new(), vec![count]));
        }
        _ => {}
    }
    if call.node.inputs.is_empty() {
        return Err(Trouble::Unknown);
    }
    let mut inputs = Vec::new();
    for place in 0..call.node.inputs.len() {
        inputs.push(match call.input(place) {
            Some(name) => match builder.known(name)? {
                Some(known) => Some(known),
                None => return Err(Trouble::Unknown),
            },
            None => None,
        });
    }
    if matches!(call.node.operator, "Split") {
        return split(call, &inputs);
    }
    match result(call, &inputs) {
        Ok(Some(found)) => known(found),
        // As nodes, where that can be.
        Ok(None) | Err(_) => Err(Trouble::Unknown),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "what every translation returns")]
fn known<'a>(found: Known) -> Found<'a> {
    Ok(vec![Given::Known(found)])
}

fn sides(call: &Call<'_, '_>, builder: &Builder<'_>) -> Result<Vec<Size>, String> {
    let input = call.need(0)?;
    let shape = builder.shape(input)?.unwrap_or_else(|| vec![None]);
    let sides: Option<Vec<Size>> = shape.into_iter().collect();
    sides.ok_or_else(|| format!("it asks for the lengths of `{input}`, which are not known: export with images of a fixed height and width"))
}

fn shape<'a>(call: &Call<'_, 'a>, builder: &Builder<'a>) -> Found<'a> {
    let sides = sides(call, builder)?;
    let bound = |place: i64| {
        let place = if place < 0 {
            place.saturating_add(sides.len() as i64)
        } else {
            place
        };
        place.clamp(0, sides.len() as i64) as usize
    };
    let (start, end) = (
        bound(call.int("start", 0)?),
        bound(call.int("end", i64::MAX)?),
    );
    known(Known::list(
        sides.get(start..end).unwrap_or_default().to_vec(),
    ))
}

fn fold_of(operator: &str) -> Option<Fold> {
    Some(match operator {
        "Add" | "ReduceSum" => Fold::Add,
        "Sub" => Fold::Sub,
        "Mul" | "ReduceProd" => Fold::Mul,
        "Div" => Fold::Div,
        "Mod" => Fold::Mod,
        "Pow" => Fold::Pow,
        "Min" | "ReduceMin" => Fold::Min,
        "Max" | "ReduceMax" => Fold::Max,
        "Equal" => Fold::Eq,
        "Less" => Fold::Lt,
        "LessOrEqual" => Fold::Le,
        "Greater" => Fold::Gt,
        "GreaterOrEqual" => Fold::Ge,
        "And" => Fold::And,
        "Or" => Fold::Or,
        _ => return None,
    })
}

fn result(call: &Call<'_, '_>, inputs: &[Option<Rc<Known>>]) -> Result<Option<Known>, String> {
    let input = |place: usize| inputs.get(place).and_then(Option::as_deref);
    let need = |place: usize| input(place).ok_or_else(|| format!("it has no input {place}"));
    let first = need(0)?;
    let operator = call.node.operator;
    let rank = first.shape.len();
    let axis = |default: i64| {
        on(call.int("axis", default)?, rank)
            .ok_or_else(|| "it has an axis that is not there".to_owned())
    };
    if let Some(fold) = fold_of(operator) {
        if operator.starts_with("Reduce") {
            let axes = match input(1) {
                Some(axes) => axes.count(),
                None => call.ints("axes")?.map_or(rank, |axes| axes.len()),
            };
            // Lists only, all of them.
            return if axes == rank {
                first.reduced(fold, call.int("keepdims", 1)? != 0).map(Some)
            } else {
                Ok(None)
            };
        }
        let mut all = first.clone();
        for place in 1..inputs.len() {
            all = Known::folded(fold, &all, need(place)?)?;
        }
        return Ok(Some(all));
    }
    Ok(Some(match operator {
        "Identity" => first.clone(),
        "Cast" => first.cast(kind(call.int("to", 0)?)?)?,
        "Neg" => Known::folded(
            Fold::Sub,
            &Known::ints(first.kind, Vec::new(), vec![whole(0)]),
            first,
        )?,
        "Sqrt" => first.each(
            |_| Err("it takes the root of integers".to_owned()),
            f64::sqrt,
        )?,
        "Floor" => first.each(Ok, f64::floor)?,
        "Ceil" => first.each(Ok, f64::ceil)?,
        "Not" => Known::folded(
            Fold::Eq,
            first,
            &Known::ints(Kind::Bool, Vec::new(), vec![whole(0)]),
        )?,
        "Gather" => first.gathered(axis(0)?, need(1)?)?,
        "Concat" => {
            let parts: Option<Vec<&Known>> = inputs.iter().map(Option::as_deref).collect();
            Known::joined(&parts.ok_or("an input is missing")?, axis(0)?)?
        }
        "Where" => Known::chosen(first, need(1)?, need(2)?)?,
        "Reshape" => first.reshaped(open(&need(1)?.fixed()?, first)?)?,
        "Flatten" if axis(1)? == 0 => first.reshaped(vec![1, first.count()])?,
        "Unsqueeze" | "Squeeze" => {
            let axes = match input(1) {
                Some(axes) => Some(axes.fixed()?),
                None => call.ints("axes")?,
            };
            first.reshaped(resized(&first.shape, axes, operator == "Unsqueeze")?)?
        }
        "Transpose" => {
            let order = match call.ints("perm")? {
                Some(order) => order
                    .iter()
                    .map(|&axis| on(axis, rank))
                    .collect::<Option<_>>()
                    .ok_or("it has an axis that is not there")?,
                None => (0..rank).rev().collect::<Vec<usize>>(),
            };
            first.permuted(&order)?
        }
        "Slice" => sliced(first, need(1)?, need(2)?, input(3), input(4))?,
        "Expand" => {
            let wanted: Option<Vec<usize>> = need(1)?
                .fixed()?
                .iter()
                .map(|&side| usize::try_from(side).ok())
                .collect();
            first.expanded(&wanted.ok_or("it has a negative length")?)?
        }
        "Range" => {
            let bounds = [first.fixed()?, need(1)?.fixed()?, need(2)?.fixed()?];
            let [Some(&start), Some(&end), Some(&step)] =
                bounds.each_ref().map(|bound| bound.first())
            else {
                return Ok(None);
            };
            let places = range(start, end, step)?;
            Known::ints(
                first.kind,
                vec![places.len()],
                places.into_iter().map(whole).collect(),
            )
        }
        _ => return Ok(None),
    }))
}

/// From `start` up or down to `end`, which is not reached.
fn range(start: i64, end: i64, step: i64) -> Result<Vec<i64>, String> {
    if step == 0 {
        return Err("its step is 0".to_owned());
    }
    let within = |&place: &i64| if step > 0 { place < end } else { place > end };
    let places =
        std::iter::successors(Some(start), |place| place.checked_add(step)).take_while(within);
    let places: Vec<i64> = places.take(crate::onnx::known::MOST_KNOWN + 1).collect();
    if places.len() > crate::onnx::known::MOST_KNOWN {
        return Err("it is too long".to_owned());
    }
    Ok(places)
}

/// A shape in which -1 stands for what is left, and 0 for what is there.
fn open(wanted: &[i64], first: &Known) -> Result<Vec<usize>, String> {
    let wrong = || "its shape does not fit".to_owned();
    let mut shape = Vec::new();
    let mut rest = None;
    for (place, &side) in wanted.iter().enumerate() {
        shape.push(match side {
            -1 if rest.replace(place).is_none() => 1,
            0 => *first.shape.get(place).ok_or_else(wrong)?,
            side => usize::try_from(side).map_err(|_| wrong())?,
        });
    }
    if let Some(side) = rest.and_then(|place| shape.get_mut(place)) {
        *side = 0;
        let given = wanted
            .iter()
            .filter(|&&side| side > 0)
            .try_fold(1_usize, |product, &side| product.checked_mul(side as usize));
        *side = given
            .and_then(|given| first.count().checked_div(given))
            .ok_or_else(wrong)?;
    }
    Ok(shape)
}

/// A shape with axes of length 1 put in or left out.
fn resized(shape: &[usize], axes: Option<Vec<i64>>, adds: bool) -> Result<Vec<usize>, String> {
    let wrong = || "it has an axis that is not there".to_owned();
    let Some(axes) = axes else {
        return Ok(shape.iter().copied().filter(|&side| side != 1).collect());
    };
    let rank = if adds {
        shape.len() + axes.len()
    } else {
        shape.len()
    };
    let axes: Option<Vec<usize>> = axes.iter().map(|&axis| on(axis, rank)).collect();
    let axes = axes.ok_or_else(wrong)?;
    if !adds {
        let kept = shape
            .iter()
            .enumerate()
            .filter(|(axis, _)| !axes.contains(axis));
        return Ok(kept.map(|(_, &side)| side).collect());
    }
    let mut sides = shape.iter();
    (0..rank)
        .map(|axis| {
            if axes.contains(&axis) {
                Ok(1)
            } else {
                sides.next().copied().ok_or_else(wrong)
            }
        })
        .collect()
}

fn sliced(
    first: &Known,
    starts: &Known,
    ends: &Known,
    axes: Option<&Known>,
    steps: Option<&Known>,
) -> Result<Known, String> {
    let (starts, ends) = (starts.fixed()?, ends.fixed()?);
    let axes = match axes {
        Some(axes) => axes.fixed()?,
        None => (0..starts.len() as i64).collect(),
    };
    let steps = match steps {
        Some(steps) => steps.fixed()?,
        None => vec![1; starts.len()],
    };
    let mut found = first.clone();
    for (((start, end), axis), step) in starts.into_iter().zip(ends).zip(axes).zip(steps) {
        let axis = on(axis, found.shape.len()).ok_or("it has an axis that is not there")?;
        let side = found.shape.get(axis).copied().unwrap_or_default() as i64;
        let from_end = |place: i64| {
            if place < 0 {
                place.saturating_add(side)
            } else {
                place
            }
        };
        if side == 0 {
            continue;
        }
        let (low, high) = if step > 0 { (0, side) } else { (-1, side - 1) };
        let start = from_end(start).clamp(0, high);
        // Behind the first place, counting down.
        let end = if step < 0 && end < -side {
            -1
        } else {
            from_end(end).clamp(low, high)
        };
        let places = range(start, end, step)?.into_iter().map(whole).collect();
        found = found.gathered(axis, &Known::list(places))?;
    }
    Ok(found)
}

/// The parts of a list.
fn split<'a>(call: &Call<'_, 'a>, inputs: &[Option<Rc<Known>>]) -> Found<'a> {
    let first = inputs
        .first()
        .and_then(Option::as_deref)
        .ok_or("it has no input")?;
    let axis =
        on(call.int("axis", 0)?, first.shape.len()).ok_or("it has an axis that is not there")?;
    let side = first.shape.get(axis).copied().unwrap_or_default() as i64;
    let parts = call.count().max(1);
    let lengths = match inputs.get(1).and_then(Option::as_deref) {
        Some(lengths) => lengths.fixed()?,
        None => match call.ints("split")? {
            Some(lengths) => lengths,
            None => vec![(side + parts as i64 - 1) / parts as i64; parts],
        },
    };
    let mut start = 0_i64;
    let mut found = Vec::new();
    for length in lengths.into_iter().take(parts) {
        let end = start
            .checked_add(length)
            .ok_or("its lengths do not fit")?
            .min(side);
        let places = range(start, end, 1)?.into_iter().map(whole).collect();
        found.push(Given::Known(first.gathered(axis, &Known::list(places))?));
        start = end;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(items: &[i64]) -> Known {
        Known::list(items.iter().map(|&item| whole(item)).collect())
    }

    fn slice(items: &[i64], start: i64, end: i64, step: i64) -> Vec<i64> {
        let one = |item: i64| list(&[item]);
        sliced(
            &list(items),
            &one(start),
            &one(end),
            Some(&one(0)),
            Some(&one(step)),
        )
        .unwrap()
        .fixed()
        .unwrap()
    }

    #[test]
    fn slices_of_lists_go_both_ways() {
        let items = [0, 1, 2, 3, 4];
        assert_eq!(slice(&items, 1, 3, 1), [1, 2]);
        assert_eq!(slice(&items, -2, i64::MAX, 1), [3, 4]);
        assert_eq!(slice(&items, 0, i64::MAX, 2), [0, 2, 4]);
        assert_eq!(slice(&items, -1, i64::MIN, -1), [4, 3, 2, 1, 0]);
        assert_eq!(slice(&items, -1, -3, -1), [4, 3]);
        assert!(slice(&items, 9, 12, 1).is_empty());
        assert!(slice(&[], -1, i64::MIN, -1).is_empty());
    }

    #[test]
    fn shapes_with_open_lengths_are_completed() {
        let six = list(&[0, 1, 2, 3, 4, 5]);
        assert_eq!(open(&[-1, 2], &six), Ok(vec![3, 2]));
        assert_eq!(open(&[0], &six), Ok(vec![6]));
        assert!(open(&[-1, -1], &six).is_err() && open(&[-2], &six).is_err());
        assert_eq!(
            resized(&[3, 1], Some(vec![0, -1]), true),
            Ok(vec![1, 3, 1, 1])
        );
        assert_eq!(resized(&[3, 1], None, false), Ok(vec![3]));
        assert!(resized(&[3], Some(vec![4]), true).is_err());
        assert!(range(0, 10, 0).is_err() && range(0, i64::MAX, 1).is_err());
    }
}
