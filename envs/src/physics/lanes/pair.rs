//! Twice as many lanes: two values side by side.
//!
//! The solver waits for each result before it can go on. Two registers that do not depend on each other fill the waiting time.

use super::{Lanes, Mask};
use core::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// Two values of lanes as one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair<T>(T, T);

macro_rules! both {
    ($operation:ident, $method:ident, $bound:ident) => {
        impl<T: $bound> $operation for Pair<T> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(self.0.$method(other.0), self.1.$method(other.1))
            }
        }
    };
}

both!(Add, add, Lanes);
both!(Sub, sub, Lanes);
both!(Mul, mul, Lanes);
both!(Div, div, Lanes);
both!(BitAnd, bitand, Mask);
both!(BitOr, bitor, Mask);

impl<T: Lanes> Neg for Pair<T> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Self(-self.0, -self.1)
    }
}

impl<M: Mask> Not for Pair<M> {
    type Output = Self;

    #[inline(always)]
    fn not(self) -> Self {
        Self(!self.0, !self.1)
    }
}

impl<T: Lanes> Lanes for Pair<T> {
    type Mask = Pair<T::Mask>;
    const COUNT: usize = 2 * T::COUNT;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self(T::splat(value), T::splat(value))
    }

    #[inline(always)]
    fn lane(self, index: usize) -> f32 {
        if index < T::COUNT { self.0.lane(index) } else { self.1.lane(index - T::COUNT) }
    }

    #[inline(always)]
    fn set_lane(&mut self, index: usize, value: f32) {
        if index < T::COUNT {
            self.0.set_lane(index, value);
        } else {
            self.1.set_lane(index - T::COUNT, value);
        }
    }

    #[inline(always)]
    fn less(self, other: Self) -> Self::Mask {
        Pair(self.0.less(other.0), self.1.less(other.1))
    }

    #[inline(always)]
    fn at_most(self, other: Self) -> Self::Mask {
        Pair(self.0.at_most(other.0), self.1.at_most(other.1))
    }

    #[inline(always)]
    fn same(self, other: Self) -> Self::Mask {
        Pair(self.0.same(other.0), self.1.same(other.1))
    }

    #[inline(always)]
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
        Self(T::select(mask.0, yes.0, no.0), T::select(mask.1, yes.1, no.1))
    }

    #[inline(always)]
    fn lesser(self, other: Self) -> Self {
        Self(self.0.lesser(other.0), self.1.lesser(other.1))
    }

    #[inline(always)]
    fn greater(self, other: Self) -> Self {
        Self(self.0.greater(other.0), self.1.greater(other.1))
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(self.0.sqrt(), self.1.sqrt())
    }

    #[inline(always)]
    fn sin_cos(self) -> (Self, Self) {
        let (sin0, cos0) = self.0.sin_cos();
        let (sin1, cos1) = self.1.sin_cos();
        (Self(sin0, sin1), Self(cos0, cos1))
    }
}

impl<M: Mask> Mask for Pair<M> {
    const COUNT: usize = 2 * M::COUNT;

    #[inline(always)]
    fn splat(value: bool) -> Self {
        Self(M::splat(value), M::splat(value))
    }

    #[inline(always)]
    fn set_lane(&mut self, index: usize, value: bool) {
        if index < M::COUNT {
            self.0.set_lane(index, value);
        } else {
            self.1.set_lane(index - M::COUNT, value);
        }
    }

    #[inline(always)]
    fn lane(self, index: usize) -> bool {
        if index < M::COUNT { self.0.lane(index) } else { self.1.lane(index - M::COUNT) }
    }

    #[inline(always)]
    fn all(self) -> bool {
        (self.0 & self.1).all()
    }

    #[inline(always)]
    fn any(self) -> bool {
        (self.0 | self.1).any()
    }
}
