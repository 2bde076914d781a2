//! Where randomness comes from: the operating system, or a seed that the user wrote.

use rand::rngs::{OsRng, StdRng};
use rand::{RngCore, SeedableRng, TryRngCore};
use sha2::{Digest, Sha256};
use weir_provider::Fault;

/// A source of random numbers.
pub(crate) enum Source {
    /// The operating system's.
    System,
    /// A sequence that a seed fixes. It is not the sequence that the incumbent's provider makes of the same seed.
    Seeded(Box<StdRng>),
}

impl Source {
    /// The sequence of a seed, or the system's source without one.
    pub(crate) fn seeded(seed: Option<&str>) -> Self {
        match seed.filter(|seed| !seed.is_empty()) {
            Some(seed) => Self::Seeded(Box::new(StdRng::from_seed(Sha256::digest(seed).into()))),
            None => Self::System,
        }
    }

    /// Fills the bytes.
    pub(crate) fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Fault> {
        match self {
            Self::System => OsRng.try_fill_bytes(bytes).map_err(|error| Fault::error("No randomness", error.to_string())),
            Self::Seeded(generator) => {
                generator.fill_bytes(bytes);
                Ok(())
            }
        }
    }

    /// A number from 0 to `bound - 1`, each equally likely; 0 for a bound of 0.
    pub(crate) fn below(&mut self, bound: u64) -> Result<u64, Fault> {
        if bound < 2 {
            return Ok(0);
        }
        // Numbers beyond the last whole multiple of the bound would favour the small results.
        let limit = u64::MAX - u64::MAX % bound;
        loop {
            let mut bytes = [0; 8];
            self.fill(&mut bytes)?;
            let number = u64::from_le_bytes(bytes);
            if number < limit {
                return Ok(number % bound);
            }
        }
    }

    /// One of the items; `None` when there is none.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> Result<Option<&'a T>, Fault> {
        Ok(items.get(usize::try_from(self.below(items.len() as u64)?).unwrap_or_default()))
    }

    /// Puts the items into any order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) -> Result<(), Fault> {
        for at in (1..items.len()).rev() {
            let other = usize::try_from(self.below(at as u64 + 1)?).unwrap_or_default();
            items.swap(at, other);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_and_seeds() {
        let mut system = Source::System;
        assert!((0..1000).all(|_| system.below(3).unwrap() < 3));
        assert_eq!(system.below(0).unwrap(), 0);
        let draw = |seed| Source::seeded(Some(seed)).below(1 << 60).unwrap();
        assert_eq!(draw("a"), draw("a"));
        assert_ne!(draw("a"), draw("b"));
        let mut items = [1, 2, 3, 4];
        system.shuffle(&mut items).unwrap();
        items.sort_unstable();
        assert_eq!(items, [1, 2, 3, 4]);
    }
}
