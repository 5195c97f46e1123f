//! Arithmetic of sizes that may grow with the batch. The reader of `.pt2` files has its own, so that results of such files depend on nothing here.

use crate::op::Size;

const LARGE: &str = "it does not fit into 64 bits";

pub(super) fn whole(fixed: i64) -> Size {
    Size { each: 0, fixed }
}

/// A size that does not depend on the number of images.
pub(super) fn fixed(size: Size) -> Result<i64, String> {
    if size.each == 0 {
        Ok(size.fixed)
    } else {
        Err("it computes with the number of images".to_owned())
    }
}

pub(super) fn add(left: Size, right: Size) -> Result<Size, String> {
    let (each, fixed) = (
        left.each.checked_add(right.each),
        left.fixed.checked_add(right.fixed),
    );
    let both = each.zip(fixed);
    both.map(|(each, fixed)| Size { each, fixed })
        .ok_or_else(|| LARGE.to_owned())
}

/// The opposite.
pub(super) fn negative(size: Size) -> Result<Size, String> {
    times(size, -1)
}

fn times(size: Size, factor: i64) -> Result<Size, String> {
    let (each, fixed) = (
        size.each.checked_mul(factor),
        size.fixed.checked_mul(factor),
    );
    let both = each.zip(fixed);
    both.map(|(each, fixed)| Size { each, fixed })
        .ok_or_else(|| LARGE.to_owned())
}

/// A product in which one factor at most counts images.
pub(super) fn multiply(left: Size, right: Size) -> Result<Size, String> {
    match (left.each, right.each) {
        (_, 0) => times(left, right.fixed),
        (0, _) => times(right, left.fixed),
        _ => Err("it grows with the square of the number of images".to_owned()),
    }
}

/// A quotient, rounded down; what each image adds is not rounded.
pub(super) fn divide(left: Size, right: Size) -> Result<Size, String> {
    let divisor = fixed(right)?;
    if divisor < 1 {
        return Err("it divides by what is not a positive number".to_owned());
    }
    if left.each % divisor != 0 {
        return Err("it rounds a share of the number of images".to_owned());
    }
    Ok(Size {
        each: left.each / divisor,
        fixed: left.fixed.div_euclid(divisor),
    })
}

/// An axis of so many, which may be counted from the end.
pub(super) fn on(axis: i64, count: usize) -> Option<usize> {
    let from_start = if axis < 0 {
        axis.checked_add(i64::try_from(count).ok()?)?
    } else {
        axis
    };
    usize::try_from(from_start)
        .ok()
        .filter(|&axis| axis < count)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCH: Size = Size { each: 1, fixed: 0 };

    #[test]
    fn sizes_stay_multiples_of_the_batch() {
        let eight = multiply(BATCH, whole(8)).unwrap();
        assert_eq!(eight, Size { each: 8, fixed: 0 });
        assert_eq!(add(eight, whole(5)), Ok(Size { each: 8, fixed: 5 }));
        assert_eq!(
            divide(add(eight, whole(-5)).unwrap(), whole(4)),
            Ok(Size { each: 2, fixed: -2 })
        );
        assert_eq!(negative(eight), Ok(Size { each: -8, fixed: 0 }));
        for refused in [
            multiply(BATCH, BATCH),
            divide(BATCH, whole(2)),
            divide(BATCH, whole(0)),
            divide(whole(1), BATCH),
        ] {
            assert!(!refused.unwrap_err().is_empty());
        }
        assert!(
            add(whole(i64::MAX), whole(1)).is_err()
                && multiply(whole(i64::MIN), whole(-1)).is_err()
        );
        assert!(fixed(BATCH).is_err());
    }

    #[test]
    fn axes_are_counted_from_either_end() {
        assert_eq!(
            [on(0, 2), on(-1, 2), on(2, 2), on(-3, 2), on(i64::MIN, 2)],
            [Some(0), Some(1), None, None, None]
        );
    }
}
