//! Four hashes of one length side by side (proof.md, section 5): where the processor has AVX2, half the time of one after
//! another.

use shake::Shake256;
use shake::digest::{ExtendableOutput, Update, XofReader};

/// The first bytes of SHAKE256 of each of four inputs of one length, as many as each output has room for.
pub(super) fn shake256(inputs: [&[u8]; 4], outputs: [&mut [u8]; 4]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        #[allow(unsafe_code)]
        unsafe {
            with_avx2(inputs, outputs);
        }
        return;
    }
    one_by_one(inputs, outputs);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2([a, b, c, d]: [&[u8]; 4], [of_a, of_b, of_c, of_d]: [&mut [u8]; 4]) {
    libcrux_sha3::avx2::x4::shake256(a, b, c, d, of_a, of_b, of_c, of_d);
}

fn one_by_one(inputs: [&[u8]; 4], outputs: [&mut [u8]; 4]) {
    for (input, output) in inputs.into_iter().zip(outputs) {
        let mut hash = Shake256::default();
        hash.update(input);
        hash.finalize_xof().read(output);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where there is no AVX2, both are the same.
    #[test]
    fn side_by_side_is_one_by_one() {
        for length in [0, 1, 7, 98, 135, 136, 137, 300] {
            let inputs: [Vec<u8>; 4] =
                std::array::from_fn(|lane| (0..length).map(|place| (place * 7 + lane) as u8).collect());
            for wanted in [1, 8, 135, 136, 137, 272, 320, 2048] {
                let [mut four, mut one] = [(); 2].map(|()| [(); 4].map(|()| vec![0; wanted]));
                let inputs = inputs.each_ref().map(Vec::as_slice);
                shake256(inputs, four.each_mut().map(Vec::as_mut_slice));
                one_by_one(inputs, one.each_mut().map(Vec::as_mut_slice));
                assert_eq!(four, one, "{length} bytes in, {wanted} out");
            }
        }
    }
}
