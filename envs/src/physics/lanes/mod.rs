//! Numbers of which a register holds several: the arithmetic on which the solver is written once.
//!
//! A [`Lanes`] value holds one `f32` of each of [`Lanes::COUNT`] worlds. With `f32` itself, which holds one, the
//! solver is the scalar engine; with [`Portable`] it works on arrays of eight, on every machine; with those of `registers`
//! on the 8 or 16 floats of a vector register. All compute the same bits, because every operation here is
//! an IEEE operation on single lanes: nothing is fused, reordered or approximated.
//!
//! Where a scalar program branches, lanes may disagree: both sides are computed and [`Lanes::select`] picks for
//! each lane. Where they agree, [`Mask::all`] and [`Mask::any`] still let a whole side be left out.

mod pair;
mod portable;
#[cfg(target_arch = "x86_64")]
pub(crate) mod registers;

use super::trigonometry;
use core::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

pub(crate) use pair::Pair;
pub(crate) use portable::Portable;

/// One `f32` for each of [`Lanes::COUNT`] worlds.
pub(crate) trait Lanes:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + 'static
{
    /// One truth value for each lane.
    type Mask: Mask;

    /// How many worlds one value holds.
    const COUNT: usize;

    /// The same number in every lane.
    fn splat(value: f32) -> Self;
    /// The number of lane `index`.
    fn lane(self, index: usize) -> f32;
    /// Puts a number into lane `index`.
    fn set_lane(&mut self, index: usize, value: f32);

    /// Whether each lane is less than the other's.
    fn less(self, other: Self) -> Self::Mask;
    /// Whether each lane is less than the other's or equal to it.
    fn at_most(self, other: Self) -> Self::Mask;
    /// Whether each lane has the other's bits.
    fn same(self, other: Self) -> Self::Mask;
    /// The lanes of `yes` where the mask holds, those of `no` elsewhere.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;

    /// The lesser one; the other where they are equal or not comparable.
    fn lesser(self, other: Self) -> Self;
    /// The greater one; the other where they are equal or not comparable.
    fn greater(self, other: Self) -> Self;
    /// The square root.
    fn sqrt(self) -> Self;
    /// Sine and cosine of angles in radians, with the bits of [`trigonometry::sin_cos`].
    fn sin_cos(self) -> (Self, Self);

    /// Zero in every lane.
    #[inline(always)]
    fn zero() -> Self {
        Self::splat(0.0)
    }

    /// The number within bounds, by the comparisons of Box2D's `b2Clamp`.
    #[inline(always)]
    fn bounded(self, low: Self, high: Self) -> Self {
        low.greater(self.lesser(high))
    }

    /// The magnitude.
    #[inline(always)]
    fn magnitude(self) -> Self {
        Self::select(Self::zero().less(self), self, -self)
    }
}

/// One truth value for each lane.
pub(crate) trait Mask:
    Copy + BitAnd<Output = Self> + BitOr<Output = Self> + Not<Output = Self> + 'static
{
    /// How many worlds one mask tells about.
    const COUNT: usize;

    /// The same truth in every lane.
    fn splat(value: bool) -> Self;
    /// Sets the truth of lane `index`.
    fn set_lane(&mut self, index: usize, value: bool);
    /// The truth of lane `index`.
    fn lane(self, index: usize) -> bool;
    /// Whether every lane holds.
    fn all(self) -> bool;
    /// Whether any lane holds.
    fn any(self) -> bool;
}

/// Work over lanes that is compiled for the instructions with which it is done.
pub(crate) trait Task {
    /// Does it; every implementation is inlined.
    fn run(self);
}

/// Instructions with which work over lanes is done.
pub(crate) trait Instructions: Copy {
    /// Does work with them.
    fn run(self, task: impl Task);
}

/// The instructions that every processor of the target has.
#[derive(Clone, Copy)]
pub(crate) struct Common;

impl Instructions for Common {
    #[inline(always)]
    fn run(self, task: impl Task) {
        task.run();
    }
}

impl Lanes for f32 {
    type Mask = bool;
    const COUNT: usize = 1;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        value
    }

    #[inline(always)]
    fn lane(self, _index: usize) -> f32 {
        self
    }

    #[inline(always)]
    fn set_lane(&mut self, _index: usize, value: f32) {
        *self = value;
    }

    #[inline(always)]
    fn less(self, other: Self) -> bool {
        self < other
    }

    #[inline(always)]
    fn at_most(self, other: Self) -> bool {
        self <= other
    }

    #[inline(always)]
    fn same(self, other: Self) -> bool {
        self.to_bits() == other.to_bits()
    }

    #[inline(always)]
    fn select(mask: bool, yes: Self, no: Self) -> Self {
        if mask { yes } else { no }
    }

    #[inline(always)]
    fn lesser(self, other: Self) -> Self {
        if self < other { self } else { other }
    }

    #[inline(always)]
    fn greater(self, other: Self) -> Self {
        if self > other { self } else { other }
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        f32::sqrt(self)
    }

    #[inline(always)]
    fn sin_cos(self) -> (Self, Self) {
        trigonometry::sin_cos(self)
    }
}

impl Mask for bool {
    const COUNT: usize = 1;

    #[inline(always)]
    fn splat(value: bool) -> Self {
        value
    }

    #[inline(always)]
    fn set_lane(&mut self, _index: usize, value: bool) {
        *self = value;
    }

    #[inline(always)]
    fn lane(self, _index: usize) -> bool {
        self
    }

    #[inline(always)]
    fn all(self) -> bool {
        self
    }

    #[inline(always)]
    fn any(self) -> bool {
        self
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, clippy::type_complexity, reason = "bits are compared, in tables of operations")]
mod tests;
