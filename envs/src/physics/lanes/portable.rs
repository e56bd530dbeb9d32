//! Eight lanes as an array: the safe twin of the registers, used wherever those are missing.

use super::{Lanes, Mask};
use crate::physics::trigonometry;
use core::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// Eight numbers in an array.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
pub(crate) struct Portable([f32; 8]);

/// Eight truth values in an array.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PortableMask([bool; 8]);

macro_rules! lanewise {
    ($operation:ident, $method:ident) => {
        impl $operation for Portable {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(core::array::from_fn(|lane| self.0[lane].$method(other.0[lane])))
            }
        }
    };
}

lanewise!(Add, add);
lanewise!(Sub, sub);
lanewise!(Mul, mul);
lanewise!(Div, div);

impl Neg for Portable {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Self(self.0.map(|value| -value))
    }
}

impl Lanes for Portable {
    type Mask = PortableMask;
    const COUNT: usize = 8;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([value; 8])
    }

    #[inline(always)]
    fn lane(self, index: usize) -> f32 {
        self.0[index]
    }

    #[inline(always)]
    fn set_lane(&mut self, index: usize, value: f32) {
        self.0[index] = value;
    }

    #[inline(always)]
    fn less(self, other: Self) -> PortableMask {
        PortableMask(core::array::from_fn(|lane| self.0[lane] < other.0[lane]))
    }

    #[inline(always)]
    fn at_most(self, other: Self) -> PortableMask {
        PortableMask(core::array::from_fn(|lane| self.0[lane] <= other.0[lane]))
    }

    #[inline(always)]
    fn same(self, other: Self) -> PortableMask {
        PortableMask(core::array::from_fn(|lane| self.0[lane].same(other.0[lane])))
    }

    #[inline(always)]
    fn select(mask: PortableMask, yes: Self, no: Self) -> Self {
        Self(core::array::from_fn(|lane| if mask.0[lane] { yes.0[lane] } else { no.0[lane] }))
    }

    #[inline(always)]
    fn lesser(self, other: Self) -> Self {
        Self(core::array::from_fn(|lane| self.0[lane].lesser(other.0[lane])))
    }

    #[inline(always)]
    fn greater(self, other: Self) -> Self {
        Self(core::array::from_fn(|lane| self.0[lane].greater(other.0[lane])))
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(self.0.map(f32::sqrt))
    }

    #[inline(always)]
    fn sin_cos(self) -> (Self, Self) {
        let both = self.0.map(trigonometry::sin_cos);
        (Self(both.map(|(sin, _)| sin)), Self(both.map(|(_, cos)| cos)))
    }
}

impl BitAnd for PortableMask {
    type Output = Self;

    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        Self(core::array::from_fn(|lane| self.0[lane] & other.0[lane]))
    }
}

impl BitOr for PortableMask {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        Self(core::array::from_fn(|lane| self.0[lane] | other.0[lane]))
    }
}

impl Not for PortableMask {
    type Output = Self;

    #[inline(always)]
    fn not(self) -> Self {
        Self(self.0.map(|value| !value))
    }
}

impl Mask for PortableMask {
    const COUNT: usize = 8;

    #[inline(always)]
    fn splat(value: bool) -> Self {
        Self([value; 8])
    }

    #[inline(always)]
    fn set_lane(&mut self, index: usize, value: bool) {
        self.0[index] = value;
    }

    #[inline(always)]
    fn lane(self, index: usize) -> bool {
        self.0[index]
    }

    #[inline(always)]
    fn all(self) -> bool {
        self.0.iter().all(|&value| value)
    }

    #[inline(always)]
    fn any(self) -> bool {
        self.0.iter().any(|&value| value)
    }
}
