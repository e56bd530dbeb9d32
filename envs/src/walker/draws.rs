//! What a seed decides apart from the track.
//!
//! Each use has a ChaCha8 stream of its own, keyed as the track's is: the seed (little-endian), the purpose filled up with
//! spaces to eight bytes, the word `magister`, and eight zero bytes. So the same seed gives a track and a push that have nothing
//! to do with each other.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The greatest force that pushes the hull during the first step, N. Source: `INITIAL_RANDOM` of the publication's environment.
const MOST_FORCE: f64 = 5.0;

/// The force that pushes the hull during the first step, N: evenly from -5 to just below 5.
pub(super) fn initial_force(seed: u64) -> f64 {
    const UNIT: f64 = 1.0 / 9_007_199_254_740_992.0; // 2⁻⁵³
    let share = (generator(seed, b"push    ").next_u64() >> 11) as f64 * UNIT;
    MOST_FORCE * (2.0 * share - 1.0)
}

/// The seed of the episode that follows where nobody has chosen one.
pub(super) fn following_seed(seed: u64) -> u64 {
    generator(seed, b"next    ").next_u64()
}

fn generator(seed: u64, purpose: &[u8; 8]) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(purpose);
    key[16..24].copy_from_slice(b"magister");
    ChaCha8Rng::from_seed(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forces_are_even_over_their_range() {
        let mut tenths = [0; 10];
        for seed in 0..10_000 {
            let force = initial_force(seed);
            assert!((-5.0..5.0).contains(&force), "{force}");
            tenths[(force + 5.0) as usize] += 1;
        }
        // 1,000 ± 30 are expected of each.
        assert!(tenths.iter().all(|count| (850..1_150).contains(count)), "{tenths:?}");
    }

    #[test]
    fn the_first_numbers_never_change() {
        // A changed value here changes every episode that anybody made from a seed.
        assert_eq!(initial_force(1).to_bits(), 0xbfae_9e4d_75f4_2a20);
        assert_eq!(following_seed(1), 0x18a3_c7e2_c9e8_e3a9);
    }

    #[test]
    fn seeds_that_follow_one_another_do_not_repeat() {
        let mut seeds = std::collections::BTreeSet::new();
        for first in 0..100 {
            let mut seed = first;
            for _ in 0..100 {
                assert!(seeds.insert(seed), "{seed}");
                seed = following_seed(seed);
            }
        }
    }
}
