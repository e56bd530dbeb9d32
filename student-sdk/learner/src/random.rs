//! Random numbers: a stream for each purpose and index, so that a restored learner has none to restore.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What random numbers are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A network's first weights.
    Weights,
    /// How actions deviate from the policy's means.
    Noise,
    /// The order in which samples are learned from.
    Order,
    /// What a task leaves open in an episode.
    Episode,
    /// What a task leaves open in an evaluation.
    Test,
}

/// The stream of a purpose and an index.
pub(crate) fn stream(seed: u64, purpose: Purpose, index: u64) -> ChaCha8Rng {
    let name: &[u8; 8] = match purpose {
        Purpose::Weights => b"weights ",
        Purpose::Noise => b"noise   ",
        Purpose::Order => b"order   ",
        Purpose::Episode => b"episode ",
        Purpose::Test => b"test    ",
    };
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(name);
    key[16..24].copy_from_slice(&index.to_le_bytes());
    ChaCha8Rng::from_seed(key)
}

/// A seed for what draws by itself.
pub(crate) fn seed_of(seed: u64, purpose: Purpose, index: u64) -> u64 {
    stream(seed, purpose, index).next_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_in_seed_purpose_and_index() {
        let first = seed_of(1, Purpose::Noise, 0);
        assert_eq!(first, seed_of(1, Purpose::Noise, 0));
        for other in [(2, Purpose::Noise, 0), (1, Purpose::Order, 0), (1, Purpose::Noise, 1)] {
            assert_ne!(first, seed_of(other.0, other.1, other.2), "{other:?}");
        }
    }
}
