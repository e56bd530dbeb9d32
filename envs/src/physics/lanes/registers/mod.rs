//! Lanes in vector registers of an x86-64. **The one module with unsafe code.**
//!
//! Every operation is one instruction, or a few, that round each lane as the scalar operation does; nothing is fused.
//! [`super::Portable`] is the safe twin, and tests compare all of them with the scalar in every bit.
//!
//! Why it is sound: the instructions run where the processor has them. The only way into this module is a [`Token`], and a
//! token comes from asking the processor. They touch no memory, save the accessors of single lanes, which stay
//! within their register's bytes.
#![allow(unsafe_code, reason = "vector instructions; see above")]

mod avx2;
mod avx512;

pub(crate) use avx2::Avx2;
pub(crate) use avx512::Avx512;

use super::{Instructions, Task};

/// Proof that the processor has the instructions of `T`.
pub(crate) struct Token<T>(core::marker::PhantomData<T>);

impl<T> Clone for Token<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Token<T> {}

impl<T> Token<T> {
    fn when(present: bool) -> Option<Self> {
        present.then_some(Self(core::marker::PhantomData))
    }
}

/// Asks the processor for AVX2.
pub(crate) fn detect_avx2() -> Option<Token<Avx2>> {
    Token::when(std::arch::is_x86_feature_detected!("avx2"))
}

/// Asks the processor for the foundation of AVX-512.
pub(crate) fn detect_avx512() -> Option<Token<Avx512>> {
    Token::when(std::arch::is_x86_feature_detected!("avx512f") && std::arch::is_x86_feature_detected!("avx2"))
}

impl Instructions for Token<Avx2> {
    fn run(self, task: impl Task) {
        #[target_feature(enable = "avx2")]
        fn with_avx2(task: impl Task) {
            task.run();
        }
        // SAFETY: the token says that the processor has AVX2.
        unsafe { with_avx2(task) }
    }
}

impl Instructions for Token<Avx512> {
    fn run(self, task: impl Task) {
        #[target_feature(enable = "avx512f,avx2")]
        fn with_avx512(task: impl Task) {
            task.run();
        }
        // SAFETY: the token says that the processor has both.
        unsafe { with_avx512(task) }
    }
}
