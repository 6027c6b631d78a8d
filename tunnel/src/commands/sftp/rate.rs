//! Bytes per second, as people write them.

use std::num::NonZeroU64;
use std::str::FromStr;

/// Bytes per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate(NonZeroU64);

impl Rate {
    /// So many.
    pub(super) fn bytes_per_second(self) -> NonZeroU64 {
        self.0
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("{text} is no number of bytes: 500K, 20M, 1.5G");
        let (number, unit) = match text.char_indices().last() {
            Some((at, letter)) if letter.is_ascii_alphabetic() => (text.get(..at).unwrap_or_default(), letter),
            _ => (text, 'B'),
        };
        let unit = match unit.to_ascii_uppercase() {
            'B' => 1.0,
            'K' => 1e3,
            'M' => 1e6,
            'G' => 1e9,
            _ => return Err(bad()),
        };
        let bytes = number.parse::<f64>().ok().filter(|number| number.is_finite()).ok_or_else(bad)? * unit;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        NonZeroU64::new(bytes as u64).map(Self).ok_or_else(bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_units() {
        let check = |text: &str, expected: Option<u64>| {
            assert_eq!(text.parse::<Rate>().ok().map(|rate| rate.0.get()), expected, "{text}");
        };
        check("1000", Some(1000));
        check("500K", Some(500_000));
        check("1.5g", Some(1_500_000_000));
        for text in ["", "0", "-1", "M", "12x", "1KB", "inf", "é"] {
            check(text, None);
        }
    }
}
