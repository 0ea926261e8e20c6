//! The challenge: small, of bounded operator norm, from its seed (proof.md, section 6).

use super::ring::DEGREE;
use super::xof::Xof;

/// `round(2^20 cos(pi t/64))` for `t <= 32`.
const COSINES: [i64; 33] = [
    1048576, 1047313, 1043527, 1037227, 1028428, 1017151, 1003425, 987281, 968758, 947901, 924761, 899394,
    871859, 842224, 810560, 776944, 741455, 704181, 665210, 624636, 582558, 539076, 494295, 448324, 401273,
    353255, 304386, 254783, 204567, 153858, 102778, 51451, 0,
];
/// Covers the rounding of the table: a challenge that is kept has operator norm at most T.
const MARGIN: i64 = 512;

/// Coefficients of a challenge.
pub(super) type Challenge = [i64; DEGREE];

/// The challenge of a seed: coefficients in `[-w, w]`, operator norm at most `t`.
pub(super) fn challenge(seed: &[u8], w: u32, t: u32) -> Challenge {
    let width = 2 * w + 1;
    let accepted = 255 / width * width;
    let mut stream = Xof::new("challenge").part(seed).stream();
    let mut coefficient = || loop {
        let byte = u32::from(stream.byte());
        if byte < accepted {
            return i64::from(byte % width) - i64::from(w);
        }
    };
    loop {
        let candidate = std::array::from_fn(|_| coefficient());
        if is_short(&candidate, t) {
            return candidate;
        }
    }
}

/// Whether all values at roots of `X^64 + 1` are at most `t` in size; half of the roots are the others' conjugates.
fn is_short(c: &Challenge, t: u32) -> bool {
    let most = (i64::from(t) << 20) - MARGIN;
    (0..DEGREE / 2).all(|root| {
        let (mut re, mut im) = (0, 0);
        for (place, &coefficient) in c.iter().enumerate() {
            let angle = (2 * root + 1) * place;
            re += coefficient * cosine(angle);
            im += coefficient * cosine(angle + 96); // a quarter turn back
        }
        re * re + im * im <= most * most
    })
}

/// `round(2^20 cos(pi t/64))`.
const fn cosine(t: usize) -> i64 {
    let t = t % 128;
    let t = if t > 64 { 128 - t } else { t };
    if t <= 32 { COSINES[t] } else { -COSINES[64 - t] }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// proof.md, section 14.
    #[test]
    fn known_answers() {
        let cases: [(usize, u32, u32, &[i64], i64); 4] = [
            (32, 2, 20, &[-1, -1, 1, -2, -1, -2, 1, 1, 1, 2, -1, 2, 0, 2, 2, 2], 116),
            (32, 1, 13, &[-1, -1, 0, -1, 0, 1, 1, 0], 45),
            (48, 4, 37, &[4, 2, 0, -4, -4, -1, -2, -2], 401),
            (64, 8, 69, &[5, -2, -6, -3, 4, -4, 7, -1], 1249),
        ];
        for (bytes, w, t, start, squares) in cases {
            let c = challenge(&vec![0; bytes], w, t);
            assert_eq!(&c[..start.len()], start);
            assert_eq!(c.iter().map(|c| c * c).sum::<i64>(), squares);
        }
    }
}
