//! Entropy coding of answers and hints: frequency tables and a range coder (proof.md, section 9).
//!
//! J. Duda, Asymmetric numeral systems, 2013 (rANS). Each step is a bijection, so bytes are the encoder's exactly if the
//! state starts in its interval, ends where the encoder began, and all bytes are used.

use dashu_int::UBig;

/// Frequencies of a table add up to `2^SCALE`.
const SCALE: u32 = 16;
/// The state is in `[LEAST, 256 LEAST)`.
const LEAST: u64 = 1 << 31;
/// Bytes of the state at the front of the coded part.
pub(super) const STATE: usize = 5;
/// One in fixed point.
const ONE: u128 = 1 << 60;
/// Weights below this have no symbol.
const LEAST_WEIGHT: u128 = 1 << 20;

/// Symbols for integers that are about Gaussian.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// Low bits that are coded uniformly.
    shift: u32,
    /// Symbols are `-most..=most`.
    most: i64,
    /// By symbol, from the least one on: the frequencies of all before it; one more at the end.
    cumulative: Vec<u32>,
    /// By the upper byte of a value: the symbol that its first value has.
    first: Vec<u16>,
}

impl Table {
    /// The table for integers of variance about `numerator/denominator`.
    pub(super) fn new(numerator: &UBig, denominator: &UBig) -> Self {
        let exceeds = |shift: u32| (denominator << (6 + 2 * shift as usize)) > *numerator;
        let shift = (0..).find(|&shift| exceeds(shift + 1)).unwrap_or(0);
        let theta = (denominator << (60 + 2 * shift as usize)) / (numerator << 1);
        let weights = weights(u128::try_from(theta).unwrap_or(u128::MAX));

        let most = weights.len() - 1;
        let count = 2 * most as u128 + 1;
        let total = weights[0] + 2 * weights[1..].iter().sum::<u128>();
        let frequency = |weight: u128| (1 + weight * ((1 << SCALE) - count) / total) as u32;
        let mut frequencies: Vec<u32> =
            weights.iter().rev().chain(&weights[1..]).map(|&weight| frequency(weight)).collect();
        frequencies[most] += (1 << SCALE) - frequencies.iter().sum::<u32>();
        Self::of_frequencies(shift, most as i64, &frequencies)
    }

    fn of_frequencies(shift: u32, most: i64, frequencies: &[u32]) -> Self {
        let mut cumulative = vec![0];
        for frequency in frequencies {
            cumulative.push(cumulative[cumulative.len() - 1] + frequency);
        }
        let symbol = |value: u32| cumulative.partition_point(|&sum| sum <= value) - 1;
        let first = (0..1 << (SCALE - 8)).map(|upper: u32| symbol(upper << 8) as u16).collect();
        Self { shift, most, cumulative, first }
    }

    /// Whether low parts fit the coder: `2^shift` divides the least state.
    pub(super) const fn fits(&self) -> bool {
        self.shift <= LEAST.trailing_zeros()
    }

    /// Where a value's symbol stands.
    fn find(&self, value: u32) -> usize {
        let mut place = self.first[(value >> 8) as usize] as usize;
        while self.cumulative[place + 1] <= value {
            place += 1;
        }
        place
    }

    /// What is added before low bits are cut.
    const fn offset(&self) -> i64 {
        if self.shift == 0 { 0 } else { 1 << (self.shift - 1) }
    }
}

/// `F_0, F_1, ..` in fixed point, proportional to `exp(-theta j^2)`, as far as they count.
fn weights(theta: u128) -> Vec<u128> {
    let (mut term, mut rho) = (ONE, 0i128);
    for n in 0..=40u128 {
        if n > 0 {
            term = term.saturating_mul(theta) / (n * ONE);
        }
        rho += if n % 2 == 0 { term as i128 } else { -(term as i128) };
    }
    let rho = rho.max(0) as u128;
    let square = (rho * rho) >> 60;
    let (mut weights, mut weight, mut ratio) = (vec![ONE], ONE, rho);
    loop {
        weight = (weight * ratio) >> 60;
        ratio = (ratio * square) >> 60;
        if weight < LEAST_WEIGHT {
            return weights;
        }
        weights.push(weight);
    }
}

/// Decodes integers from the front of the coded part.
pub(super) struct Decoder<'a> {
    state: u64,
    rest: &'a [u8],
}

impl<'a> Decoder<'a> {
    /// Nothing if the state is missing or outside its interval.
    pub(super) fn new(bytes: &'a [u8]) -> Option<Self> {
        let (head, rest) = bytes.split_at_checked(STATE)?;
        let state = head.iter().fold(0, |state, &byte| state << 8 | u64::from(byte));
        (LEAST..LEAST << 8).contains(&state).then_some(Self { state, rest })
    }

    /// The next integer; nothing if bytes are missing.
    #[inline]
    pub(super) fn integer(&mut self, table: &Table) -> Option<i64> {
        let value = (self.state & ((1 << SCALE) - 1)) as u32;
        let place = table.find(value);
        let (start, end) = (table.cumulative[place], table.cumulative[place + 1]);
        self.advance(u64::from(end - start), u64::from(start), SCALE)?;
        let symbol = place as i64 - table.most;
        let mut low = 0;
        if table.shift > 0 {
            low = self.state & ((1 << table.shift) - 1);
            self.advance(1, low, table.shift)?;
        }
        Some((symbol << table.shift) + low as i64 - table.offset())
    }

    fn advance(&mut self, frequency: u64, start: u64, bits: u32) -> Option<()> {
        let value = self.state & ((1 << bits) - 1);
        self.state = frequency * (self.state >> bits) + value - start;
        while self.state < LEAST {
            let (&byte, rest) = self.rest.split_first()?;
            self.state = self.state << 8 | u64::from(byte);
            self.rest = rest;
        }
        Some(())
    }

    /// Whether all bytes are used and the state is where the encoder began.
    pub(super) const fn is_finished(&self) -> bool {
        self.rest.is_empty() && self.state == LEAST
    }
}

/// Encodes integers, the last one first.
pub(super) struct Encoder {
    state: u64,
    reversed: Vec<u8>,
}

impl Encoder {
    pub(super) const fn new() -> Self {
        Self { state: LEAST, reversed: Vec::new() }
    }

    /// Puts an integer in front; nothing if the table has no symbol for it.
    pub(super) fn integer(&mut self, table: &Table, integer: i64) -> Option<()> {
        let shifted = integer + table.offset();
        let symbol = shifted >> table.shift;
        if symbol.abs() > table.most {
            return None;
        }
        if table.shift > 0 {
            let low = (shifted & ((1 << table.shift) - 1)) as u64;
            self.put(1, low, table.shift);
        }
        let place = (symbol + table.most) as usize;
        let (start, end) = (table.cumulative[place], table.cumulative[place + 1]);
        self.put(u64::from(end - start), u64::from(start), SCALE);
        Some(())
    }

    fn put(&mut self, frequency: u64, start: u64, bits: u32) {
        while self.state >= frequency << (39 - bits) {
            self.reversed.push(self.state as u8);
            self.state >>= 8;
        }
        self.state = ((self.state / frequency) << bits) + self.state % frequency + start;
    }

    /// The coded part.
    pub(super) fn finish(self) -> Vec<u8> {
        let mut bytes = self.state.to_be_bytes()[8 - STATE..].to_vec();
        bytes.extend(self.reversed.iter().rev());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frequency(table: &Table, symbol: i64) -> u32 {
        let place = (symbol + table.most) as usize;
        table.cumulative[place + 1] - table.cumulative[place]
    }

    /// V = 167475/8, D = 6, g = 9, S = 119 (proof.md, section 14).
    fn tables() -> (Table, Table) {
        let [n, dn] = [167_475u32, 8].map(UBig::from);
        let z = Table::new(&n, &dn);
        let eta = Table::new(
            &(n * 12u32 + &dn * ((UBig::from(119u32) << 12) + (UBig::from(2u32) << 18))),
            &((dn * 12u32) << 18),
        );
        (z, eta)
    }

    /// proof.md, section 14.
    #[test]
    fn known_answers() {
        let (z, eta) = tables();
        assert_eq!((z.shift, z.most, eta.shift, eta.most), (4, 67, 0, 4));
        assert_eq!([0, 1, 67].map(|symbol| frequency(&z, symbol)), [2926, 2868, 1]);
        let frequencies: Vec<u32> = (-4..=4).map(|symbol| frequency(&eta, symbol)).collect();
        assert_eq!(frequencies, [1, 1, 283, 11867, 41232, 11867, 283, 1, 1]);

        let coded = [(&z, 0), (&z, -1), (&z, 1000), (&eta, 0), (&eta, 1)];
        let mut encoder = Encoder::new();
        coded.iter().rev().for_each(|&(table, integer)| encoder.integer(table, integer).unwrap());
        let bytes = encoder.finish();
        assert_eq!(bytes, [0x00, 0x89, 0x9b, 0x84, 0x37, 0x48, 0x30, 0xfb, 0x6c, 0xa0]);

        let mut decoder = Decoder::new(&bytes).unwrap();
        for (table, integer) in coded {
            assert_eq!(decoder.integer(table), Some(integer));
        }
        assert!(decoder.is_finished());
        assert!(encoder_refuses(&z, (67 << 4) + 8) && encoder_refuses(&z, -(67 << 4) - 9));
        assert!(!encoder_refuses(&z, (67 << 4) + 7) && !encoder_refuses(&z, -(67 << 4) - 8));
    }

    fn encoder_refuses(table: &Table, integer: i64) -> bool {
        Encoder::new().integer(table, integer).is_none()
    }

    #[test]
    fn what_is_cut_or_changed_is_not_finished() {
        let (z, _) = tables();
        let mut encoder = Encoder::new();
        (0..300).for_each(|integer| encoder.integer(&z, integer).unwrap());
        let bytes = encoder.finish();
        let decodes = |bytes: &[u8]| {
            let mut decoder = Decoder::new(bytes)?;
            (0..300).map(|_| decoder.integer(&z)).collect::<Option<Vec<_>>>()?;
            decoder.is_finished().then_some(())
        };
        assert!(decodes(&bytes).is_some());
        assert!((0..bytes.len()).all(|length| decodes(&bytes[..length]).is_none()));
        assert!(decodes(&[bytes.as_slice(), &[0]].concat()).is_none());
    }
}
