//! Random numbers for tracks, the same on every machine.
//!
//! All numbers of a track come from one ChaCha8 stream, in the order in which the track is laid. Its 32-byte key is the
//! seed (little-endian), the word `track` filled up with spaces to eight bytes, the word `magister`, and eight zero bytes:
//! the scheme of the teacher's streams, so that whoever draws something else from the same seed gets other numbers.
//!
//! A number in [0, 1) is the upper 53 bits of one 64-bit output. The logarithm, sine and cosine come from the `libm`
//! crate, because the standard library takes them from the platform, whose last bits differ.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The numbers of one track.
#[derive(Clone, Debug)]
pub(super) struct Draws {
    generator: ChaCha8Rng,
}

impl Draws {
    pub(super) fn new(seed: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(b"track   ");
        key[16..24].copy_from_slice(b"magister");
        Self { generator: ChaCha8Rng::from_seed(key) }
    }

    /// A number from [least, most), evenly.
    pub(super) fn uniform(&mut self, least: f64, most: f64) -> f64 {
        least + (most - least) * self.share()
    }

    /// One of the whole numbers from `least` to just below `end`, evenly to within 2⁻⁵³.
    pub(super) fn whole(&mut self, least: u32, end: u32) -> u32 {
        least + (f64::from(end - least) * self.share()) as u32
    }

    /// A normal deviate.
    ///
    /// Marsaglia's polar method, whose second deviate is dropped: no state but the stream's outlives the call.
    pub(super) fn normal(&mut self, mean: f64, deviation: f64) -> f64 {
        loop {
            let u = self.uniform(-1.0, 1.0);
            let v = self.uniform(-1.0, 1.0);
            let square = u * u + v * v;
            if square > 0.0 && square < 1.0 {
                return mean + deviation * (u * (-2.0 * libm::log(square) / square).sqrt());
            }
        }
    }

    fn share(&mut self) -> f64 {
        const UNIT: f64 = 1.0 / 9_007_199_254_740_992.0; // 2⁻⁵³
        (self.generator.next_u64() >> 11) as f64 * UNIT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_numbers_never_change() {
        // A changed value here changes every track that anybody made from a seed.
        let mut draws = Draws::new(1);
        let bits =
            [draws.uniform(0.0, 1.0), draws.normal(0.0, 1.0), draws.normal(0.0, 1.0)].map(f64::to_bits);
        assert_eq!(bits, [0x3fe1_7aae_7136_dcb3, 0x3fd0_c78c_7e6e_04d8, 0x4005_1a2e_ef6b_4f57], "{bits:#x?}");
    }

    #[test]
    fn whole_numbers_reach_both_ends_and_nothing_beyond() {
        let mut draws = Draws::new(2);
        let mut seen = [0; 6];
        for _ in 0..1_000 {
            seen[draws.whole(3, 5) as usize] += 1;
        }
        assert_eq!(seen[..3], [0; 3]);
        assert_eq!(seen[5], 0);
        assert!(seen[3] > 400 && seen[4] > 400, "{seen:?}");
    }

    #[test]
    fn normal_deviates_have_the_moments_of_the_normal() {
        let mut draws = Draws::new(3);
        let count = 100_000;
        let deviates: Vec<f64> = (0..count).map(|_| draws.normal(5.0, 2.0)).collect();
        let mean = deviates.iter().sum::<f64>() / f64::from(count);
        let moment = |power: i32| {
            deviates.iter().map(|value| ((value - mean) / 2.0).powi(power)).sum::<f64>() / f64::from(count)
        };
        assert!((mean - 5.0).abs() < 0.02, "{mean}");
        assert!((moment(2) - 1.0).abs() < 0.02, "{}", moment(2));
        assert!(moment(3).abs() < 0.05, "{}", moment(3));
        assert!((moment(4) - 3.0).abs() < 0.1, "{}", moment(4));
    }
}
