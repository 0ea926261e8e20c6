//! Polynomials by Horner's rule: `y_i = x * y_(i+1) + c_i`, one constraint a degree; the coefficients are
//! constants of the circuit, or inputs (secret sharing by Shamir, 1979; set polynomials).

use super::circuit::Form;
use super::sketch::Sketch;

/// Evaluates polynomials until the target, one at several points or several at one.
pub fn build(s: &mut Sketch) {
    let degree = s.draw.between(2, (s.room() / 4).clamp(2, 24));
    let width = s.width(2, 3, degree as u32 + 1).min(s.limit / (degree as u32 + 1)).max(2);
    let shared = s.draw.chance(8);
    let mut x = s.signed_input(width);
    let mut coefficients = polynomial(s, degree, width);
    while s.room() > 1 {
        evaluate(s, &x, &coefficients, width);
        if shared {
            coefficients = polynomial(s, degree, width);
        } else {
            x = s.signed_input(width);
        }
    }
}

/// Constants or inputs, of which some may be large.
fn polynomial(s: &mut Sketch, degree: usize, width: u32) -> Vec<Form> {
    let inputs = s.draw.chance(6) && s.room() > 2 * degree * width as usize;
    let bound = (1 << width.min(40)) - 1;
    (0..=degree).map(|_| if inputs { s.signed_input(width) } else { s.small(bound) }).collect()
}

fn evaluate(s: &mut Sketch, x: &Form, coefficients: &[Form], width: u32) {
    let mut value = coefficients[0].clone();
    for coefficient in &coefficients[1..] {
        if !s.more() {
            break;
        }
        value = s.c.multiply_add(&value, x, coefficient);
    }
    let degree = coefficients.len() as u32 - 1;
    s.publish(&value, width * (degree + 1) + 1);
}
