//! Random generators keyed by (seed, purpose, index).
//!
//! Every task, fit, episode and test set draws from a ChaCha stream of its own, so no draw depends on how many others
//! came before it, on workers, retries or restarts.

use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;

/// The generators of one curriculum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    /// All generators that follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// For sampling the task with this number.
    pub fn task(&self, number: u64) -> ChaCha12Rng {
        self.stream(*b"task    ", number)
    }

    /// For the fit with this number.
    pub fn fit(&self, number: u64) -> ChaCha12Rng {
        self.stream(*b"fit     ", number)
    }

    /// For learning from the episode with this number.
    pub fn episode(&self, number: u64) -> ChaCha12Rng {
        self.stream(*b"episode ", number)
    }

    /// For drawing the test task with this index.
    pub fn test_task(&self, index: u64) -> ChaCha12Rng {
        self.stream(*b"testtask", index)
    }

    fn stream(&self, purpose: [u8; 8], index: u64) -> ChaCha12Rng {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.seed.to_le_bytes());
        key[8..16].copy_from_slice(&purpose);
        key[16..24].copy_from_slice(b"magister");
        let mut rng = ChaCha12Rng::from_seed(key);
        rng.set_stream(index);
        rng
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::Rng;

    use super::*;

    #[test]
    fn seeds_purposes_and_indices_give_different_numbers() {
        let mut seen = BTreeSet::new();
        for seed in [0, 1, u64::MAX] {
            let streams = Streams::new(seed);
            for index in [0, 1, 2, u64::MAX] {
                for mut rng in [
                    streams.task(index),
                    streams.fit(index),
                    streams.episode(index),
                    streams.test_task(index),
                ] {
                    assert!(seen.insert(rng.next_u64()));
                }
            }
        }
    }

    #[test]
    fn the_first_numbers_never_change() {
        // A changed value here changes every curriculum: raise ALGORITHM_VERSION.
        assert_eq!(Streams::new(1).task(1).next_u64(), 6_436_918_222_311_261_867);
    }
}
