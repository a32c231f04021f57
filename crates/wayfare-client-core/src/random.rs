//! A small seeded generator, used for jitter only.

use std::time::Duration;

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). Jitter needs spread, not secrecy. An SDK in
/// another language copies this generator to draw the same delays from the same seed.
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Draws a duration from `[0, ceiling)`; zero if `ceiling` is zero.
    pub(crate) fn duration_below(&mut self, ceiling: Duration) -> Duration {
        let nanos = u64::try_from(ceiling.as_nanos()).unwrap_or(u64::MAX);
        let scaled = (u128::from(self.next()) * u128::from(nanos)) >> 64;
        Duration::from_nanos(u64::try_from(scaled).unwrap_or(u64::MAX))
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_matches_its_published_values() {
        let mut random = Random::new(1_234_567);
        let drawn: Vec<u64> = (0..3).map(|_| random.next()).collect();
        assert_eq!(
            drawn,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn a_drawn_duration_stays_below_its_ceiling() {
        let mut random = Random::new(7);
        assert_eq!(random.duration_below(Duration::ZERO), Duration::ZERO);
        for _ in 0..1000 {
            assert!(random.duration_below(Duration::from_nanos(3)) < Duration::from_nanos(3));
        }
    }
}
