//! Closed sets of names.

use removal::{Backdrop, Order, Replacement};
use sampling::{Sampler, samplers};
use statistics::{Head, Measured};
use surrogate::Distance;

/// A closed set of values with names.
pub trait Choice: Copy + PartialEq + 'static {
    /// What is chosen, in the singular, for messages: "sampler".
    const WHAT: &'static str;
    /// Every value, at least one.
    const ALL: &'static [Self];

    /// The name of this value in `pipeline.toml`.
    fn name(self) -> &'static str;
}

/// The first value, which stands for a default in files that may not name the others.
pub fn first<T: Choice>() -> T {
    T::ALL[0]
}

/// The names of all values.
pub(crate) fn names<T: Choice>() -> Vec<&'static str> {
    T::ALL.iter().map(|value| value.name()).collect()
}

/// Gives each value of an enum its name: `choice!(Colour, "colour": Red => "red", Blue => "blue")`.
#[macro_export]
macro_rules! choice {
    ($type:ty, $what:literal: $($value:ident => $name:literal),+ $(,)?) => {
        impl $crate::Choice for $type {
            const WHAT: &'static str = $what;
            const ALL: &'static [Self] = &[$(Self::$value),+];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $name),+
                }
            }
        }
    };
}

/// Enums of arithmetic crates, which name their values themselves.
macro_rules! named {
    ($($type:ty, $what:literal, $all:expr;)+) => {$(
        impl Choice for $type {
            const WHAT: &'static str = $what;
            const ALL: &'static [Self] = &$all;

            fn name(self) -> &'static str {
                <$type>::name(self)
            }
        }
    )+};
}

named! {
    Backdrop, "replacement", Backdrop::ALL;
    Distance, "distance", Distance::ALL;
    Head, "head", Head::ALL;
    Measured, "measured", Measured::ALL;
    Order, "order", Order::ALL;
    Replacement, "replacement", Replacement::ALL;
    Sampler, "sampler", samplers::ALL;
}
