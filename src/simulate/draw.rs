//! The simulator's own source of chance: SplitMix64 and the few distributions the stories need.
//!
//! No crate and no platform is involved, so a seed gives the same incident everywhere and for ever.
//! Never used outside the simulator.

/// A stream of numbers that depends on its seed alone.
#[derive(Debug, Clone)]
pub(super) struct Draw(u64);

impl Draw {
    /// A stream of its own for a purpose, so that one more draw in one place does not change all
    /// others (FNV-1a of the purpose, mixed with the seed).
    pub(super) fn new(seed: u64, purpose: &str) -> Self {
        let hash = purpose.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let mut draw = Self(hash ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        draw.bits();
        draw
    }

    /// The next 64 bits (Steele, Lea and Flood, "Fast splittable pseudorandom number generators").
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A whole number in `0..count`; zero when `count` is zero.
    pub(super) fn below(&mut self, count: usize) -> usize {
        (self.bits() % count.max(1) as u64) as usize
    }

    /// A whole number in `low..=high`.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.bits() % (high - low + 1).max(1) as u64) as i64
    }

    /// A number in `[0, 1)`.
    pub(super) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number in `[low, high)`.
    pub(super) fn real(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A number in `[low, high)` whose logarithm is uniform; both positive.
    pub(super) fn log(&mut self, low: f64, high: f64) -> f64 {
        (self.real(low.ln(), high.ln())).exp()
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of the values, which must not be none.
    pub(super) fn pick<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }

    /// Some of the values in a random order, at most `count`.
    pub(super) fn some<T: Copy>(&mut self, values: &[T], count: usize) -> Vec<T> {
        let mut left = values.to_vec();
        let mut taken = Vec::new();
        while taken.len() < count && !left.is_empty() {
            let index = self.below(left.len());
            taken.push(left.swap_remove(index));
        }
        taken
    }

    /// An index drawn by weight.
    pub(super) fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        for (index, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return index;
            }
        }
        weights.len().saturating_sub(1)
    }

    /// A standard normal number (Box and Muller).
    pub(super) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// A gamma number of this shape and mean 1 (Marsaglia and Tsang).
    pub(super) fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let boost = self.unit().max(1e-12).powf(1.0 / shape);
            return self.gamma_of(shape + 1.0) * boost / shape;
        }
        self.gamma_of(shape) / shape
    }

    fn gamma_of(&mut self, shape: f64) -> f64 {
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            let u = self.unit().max(1e-300);
            if v > 0.0 && u.ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }

    /// A beta number with this mean and intra-class correlation.
    pub(super) fn beta(&mut self, mean: f64, correlation: f64) -> f64 {
        let weight = 1.0 / correlation - 1.0;
        let (a, b) = (mean * weight, (1.0 - mean) * weight);
        let (x, y) = (self.gamma(a) * a, self.gamma(b) * b);
        if x + y > 0.0 { x / (x + y) } else { mean }
    }

    /// A Poisson count (Knuth's product for small means, a rounded normal for large ones).
    pub(super) fn poisson(&mut self, mean: f64) -> usize {
        if mean <= 0.0 {
            return 0;
        }
        if mean > 50.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0) as usize;
        }
        let floor = (-mean).exp();
        let mut product = self.unit();
        let mut count = 0;
        while product > floor {
            product *= self.unit();
            count += 1;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_what_was_asked_for() {
        let mut draw = Draw::new(7, "test");
        let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
        let many = |f: &mut dyn FnMut() -> f64| (0..20_000).map(|_| f()).collect::<Vec<_>>();
        let poisson = mean(many(&mut || draw.poisson(3.0) as f64));
        assert!((poisson - 3.0).abs() < 0.06, "{poisson}");
        let gamma = mean(many(&mut || draw.gamma(0.5)));
        assert!((gamma - 1.0).abs() < 0.06, "{gamma}");
        let beta = mean(many(&mut || draw.beta(0.02, 0.01)));
        assert!((beta - 0.02).abs() < 0.002, "{beta}");
    }

    #[test]
    fn one_seed_one_stream() {
        let first: Vec<u64> = (0..5).map(|_| Draw::new(1, "a").bits()).collect();
        assert!(first.iter().all(|bits| *bits == first[0]));
        assert_ne!(Draw::new(1, "a").bits(), Draw::new(1, "b").bits());
        assert_ne!(Draw::new(1, "a").bits(), Draw::new(2, "a").bits());
    }
}
