//! Discrete Gaussians by tables of cumulative probabilities (proof.md, section 10).
//!
//! Probabilities have `64 w - 1` bits for w words, at least the security level and 60 bits more. A draw looks its number
//! up by bisection, so memory accesses depend on secrets, and in one of some 2^60 draws time does.

use dashu_int::UBig;
use zeroize::Zeroize;

use super::xof::Stream;

/// Most words of a probability.
const WORDS: usize = 5;
/// Bits beyond those of a probability that the table is computed with.
const GUARD: usize = 128;

/// The words of a number, the upper one first.
type Number = [u64; WORDS];

/// The samplers of the commitment's randomness and of the masks.
pub(super) type Samplers = [Gaussian; 2];

/// The distribution of `|x|` for x from a discrete Gaussian on the integers.
#[derive(Debug)]
pub(super) struct Gaussian {
    words: usize,
    /// The probabilities of `|x| <= 0`, `|x| <= 1`, .., the last of which is 1.
    cumulative: Vec<Number>,
    /// Their upper words, which decide nearly always.
    upper: Vec<u64>,
}

impl Gaussian {
    /// With variance `numerator/denominator`, at least 1, at a security level.
    pub(super) fn new([numerator, denominator]: &[UBig; 2], security: u32) -> Self {
        let words = (security as usize + 61).div_ceil(64).min(WORDS);
        let precision = 64 * words + GUARD;
        let weights = weights(numerator, denominator, precision);

        // |x| = 0 counts once, all others twice
        let total = weights.iter().fold(UBig::ZERO, |sum, weight| sum + (weight << 1)) - &weights[0];
        let mut sum = UBig::ZERO;
        let cumulative = weights.iter().enumerate().map(|(size, weight)| {
            sum += if size == 0 { weight.clone() } else { weight << 1 };
            number(&((&sum << (64 * words - 1)) / &total), words)
        });
        let cumulative: Vec<Number> = cumulative.collect();
        let upper = cumulative.iter().map(|number| number[0]).collect();
        Self { words, cumulative, upper }
    }

    /// An integer from the stream: a bit for the sign, the others for the size.
    pub(super) fn draw(&self, stream: &mut Stream) -> i64 {
        let mut number = [0; WORDS];
        for word in &mut number[..self.words] {
            *word = stream.word();
        }
        let sign = (number[0] >> 63) as i64;
        number[0] &= u64::MAX >> 1;
        let below = self.upper.partition_point(|&upper| upper < number[0]);
        let equal = self.cumulative[below..].iter().take_while(|&probability| *probability <= number);
        let size = (below + equal.count()) as i64;
        number.zeroize();
        (size ^ -sign) + sign
    }

    /// Fills a vector.
    pub(super) fn fill(&self, stream: &mut Stream, values: &mut [i64]) {
        values.iter_mut().for_each(|value| *value = self.draw(stream));
    }
}

/// `exp(-x^2/(2 variance))` for x = 0, 1, .. in fixed point, down to 64 bits below the last that counts.
fn weights(numerator: &UBig, denominator: &UBig, precision: usize) -> Vec<UBig> {
    let one = UBig::ONE << precision;
    let exponent = (denominator << precision) / (numerator << 1);
    let ratio = exponential(&exponent, precision); // exp(-1/(2 variance))
    let square = (&ratio * &ratio) >> precision;
    let least = UBig::ONE << (GUARD - 64);
    let (mut weights, mut weight, mut step) = (vec![one.clone()], one, ratio);
    loop {
        weight = (weight * &step) >> precision;
        step = (step * &square) >> precision;
        if weight < least {
            return weights;
        }
        weights.push(weight.clone());
    }
}

/// `exp(-x)` for `0 <= x <= 1` in fixed point.
fn exponential(x: &UBig, precision: usize) -> UBig {
    let mut term = UBig::ONE << precision;
    let [mut plus, mut minus] = [term.clone(), UBig::ZERO];
    for n in 1u32.. {
        term = ((term * x) >> precision) / UBig::from(n);
        if term == UBig::ZERO {
            break;
        }
        if n % 2 == 0 { plus += &term } else { minus += &term }
    }
    plus - minus
}

fn number(value: &UBig, words: usize) -> Number {
    let mut number = [0; WORDS];
    for (place, word) in number[..words].iter_mut().enumerate() {
        let shifted: UBig = value >> (64 * (words - 1 - place));
        let low = shifted & UBig::from(u64::MAX);
        *word = u64::try_from(low).unwrap_or(u64::MAX);
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::xof::Xof;

    fn variance(numerator: u32, denominator: u32) -> [UBig; 2] {
        [numerator, denominator].map(UBig::from)
    }

    #[test]
    fn probabilities_are_those_of_the_density() {
        for (numerator, denominator, security) in
            [(525, 8, 100), (525, 8, 128), (13125, 1, 192), (40, 3, 256)]
        {
            let table = Gaussian::new(&variance(numerator, denominator), security);
            let width = f64::from(numerator) / f64::from(denominator);
            let density = |x: usize| (-((x * x) as f64) / (2.0 * width)).exp();
            let total = 2.0 * (0..table.cumulative.len()).map(density).sum::<f64>() - 1.0;
            let probability = |size: usize| table.cumulative[size][0] as f64 / 2f64.powi(63);
            assert!((probability(0) - 1.0 / total).abs() < 1e-12);
            for size in 1..40 {
                let difference = probability(size) - probability(size - 1);
                assert!((difference - 2.0 * density(size) / total).abs() < 1e-12);
            }
            assert_eq!(table.cumulative[table.cumulative.len() - 1][0], 1 << 63);
            assert!(64 * table.words > security as usize + 60);
        }
    }

    #[test]
    fn draws_have_mean_and_variance() {
        let table = Gaussian::new(&variance(525, 8), 128);
        let mut stream = Xof::new("gaussian").stream();
        let mut values = vec![0; 100_000];
        table.fill(&mut stream, &mut values);
        let mean = values.iter().sum::<i64>() as f64 / 1e5;
        let square = values.iter().map(|value| value * value).sum::<i64>() as f64 / 1e5;
        assert!(mean.abs() < 0.13 && (square - 65.6).abs() < 1.5, "{mean} {square}");
    }
}
