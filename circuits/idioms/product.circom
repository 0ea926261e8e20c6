// The product of two secret numbers of several limbs before carries, as bignum templates have it: hints for its limbs, which
// are right if both polynomials have the same values at enough points.
pragma circom 2.1.0;

template Bits(count) {
    signal input in;
    signal bit[count];
    var sum = 0;
    for (var i = 0; i < count; i++) {
        bit[i] <-- (in >> i) & 1;
        bit[i] * (bit[i] - 1) === 0;
        sum += bit[i] * (1 << i);
    }
    in === sum;
}

template Product(limbs, width) {
    signal input a[limbs];
    signal input b[limbs];
    signal output out[2 * limbs - 1];
    component range[2 * limbs];
    for (var i = 0; i < limbs; i++) {
        range[i] = Bits(width);
        range[i].in <== a[i];
        range[limbs + i] = Bits(width);
        range[limbs + i].in <== b[i];
    }
    for (var k = 0; k < 2 * limbs - 1; k++) {
        var sum = 0;
        for (var i = 0; i < limbs; i++) {
            if (k >= i && k - i < limbs) { sum += a[i] * b[k - i]; }
        }
        out[k] <-- sum;
    }
    for (var t = 0; t < 2 * limbs - 1; t++) {
        var left = 0;
        var right = 0;
        var both = 0;
        for (var i = 0; i < limbs; i++) {
            left += a[i] * t ** i;
            right += b[i] * t ** i;
        }
        for (var k = 0; k < 2 * limbs - 1; k++) {
            both += out[k] * t ** k;
        }
        left * right === both;
    }
}

component main = Product(3, 16);
