//! What is computed of two known numbers.

use std::cmp::Ordering;

use super::sizes::{add, divide, fixed, multiply, negative, whole};
use crate::op::Size;

/// What is computed of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Min,
    Max,
    Eq,
    Lt,
    Le,
    Gt,
    Ge,
    And,
    Or,
}

pub(super) fn holds(fold: Fold, order: Option<Ordering>) -> bool {
    order.is_some_and(|order| match fold {
        Fold::Eq => order.is_eq(),
        Fold::Lt => order.is_lt(),
        Fold::Le => order.is_le(),
        Fold::Gt => order.is_gt(),
        Fold::Ge => order.is_ge(),
        _ => false,
    })
}

/// Whether two sizes are the same for any number of images.
pub(super) fn is_equal(left: Size, right: Size) -> Result<bool, String> {
    compare(Fold::Eq, left, right).map(|truth| truth != 0)
}

/// One where a comparison holds for any number of images, zero where it holds for none.
fn compare(fold: Fold, left: Size, right: Size) -> Result<i64, String> {
    let apart = add(left, negative(right)?)?;
    let unknown = || "it depends on how many images there are".to_owned();
    if apart.each == 0 {
        return Ok(i64::from(holds(fold, Some(apart.fixed.cmp(&0)))));
    }
    // There is at least one image, and the difference goes one way from there on.
    let first = add(whole(apart.each), whole(apart.fixed))?.fixed;
    let grows = apart.each > 0;
    let beyond = if grows { first > 0 } else { first < 0 };
    let reaches = beyond || first == 0;
    let truth = match (fold, grows) {
        (Fold::Gt, _) if beyond => grows,
        (Fold::Lt, _) if beyond => !grows,
        (Fold::Eq | Fold::Le, true) | (Fold::Eq | Fold::Ge, false) if beyond => false,
        (Fold::Ge, true) | (Fold::Le, false) if reaches => true,
        (Fold::Lt, true) | (Fold::Gt, false) if reaches => false,
        _ => return Err(unknown()),
    };
    Ok(i64::from(truth))
}

pub(super) fn integers(fold: Fold, left: Size, right: Size) -> Result<Size, String> {
    let large = || "it does not fit into 64 bits".to_owned();
    match fold {
        Fold::Add => add(left, right),
        Fold::Sub => add(left, negative(right)?),
        Fold::Mul => multiply(left, right),
        Fold::Div if left.each != 0 => divide(left, right),
        Fold::Div => fixed(left)?
            .checked_div(fixed(right)?)
            .map(whole)
            .ok_or_else(large),
        Fold::Mod => fixed(left)?
            .checked_rem_euclid(fixed(right)?)
            .map(whole)
            .ok_or_else(large),
        Fold::Pow => {
            let exponent = u32::try_from(fixed(right)?).map_err(|_| large())?;
            fixed(left)?
                .checked_pow(exponent)
                .map(whole)
                .ok_or_else(large)
        }
        Fold::Min | Fold::Max => {
            let larger = compare(Fold::Ge, left, right);
            let smaller = match larger {
                Ok(larger) => larger == 0,
                Err(_) => compare(Fold::Le, left, right)? != 0,
            };
            Ok(if smaller == (fold == Fold::Min) {
                left
            } else {
                right
            })
        }
        Fold::And => Ok(whole(i64::from(fixed(left)? != 0 && fixed(right)? != 0))),
        Fold::Or => Ok(whole(i64::from(fixed(left)? != 0 || fixed(right)? != 0))),
        Fold::Eq | Fold::Lt | Fold::Le | Fold::Gt | Fold::Ge => {
            compare(fold, left, right).map(whole)
        }
    }
}

pub(super) fn real(fold: Fold, left: f64, right: f64) -> Result<f64, String> {
    Ok(match fold {
        Fold::Add => left + right,
        Fold::Sub => left - right,
        Fold::Mul => left * right,
        Fold::Div => left / right,
        Fold::Mod => left % right,
        Fold::Pow => left.powf(right),
        Fold::Min => left.min(right),
        Fold::Max => left.max(right),
        _ => return Err("it compares real numbers".to_owned()),
    })
}
