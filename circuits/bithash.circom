// Two rounds of a toy permutation on bits, in the manner of Keccak's chi step: rotate, mix with the neighbours
// (x ^ (~y & z)), add a constant. Input and round state are private, the state after the last round is public.
// For measuring only: nobody has looked at its security.
pragma circom 2.1.0;

template Xor() {
    signal input a;
    signal input b;
    signal output out;
    out <== a + b - 2 * a * b;
}

template Round(n, shift, constant) {
    signal input in[n];
    signal output out[n];
    signal masked[n];
    component mixed[n];
    for (var i = 0; i < n; i++) {
        var x = in[(i + shift) % n];
        masked[i] <== (1 - in[(i + shift + 1) % n]) * in[(i + shift + 2) % n];
        mixed[i] = Xor();
        mixed[i].a <== x;
        mixed[i].b <== masked[i];
        // a constant bit flips, at no cost
        out[i] <== (constant >> i) & 1 == 1 ? 1 - mixed[i].out : mixed[i].out;
    }
}

template BitHash(n) {
    signal input in[n];
    signal output out[n];
    component first = Round(n, 3, 0xA5C3);
    component second = Round(n, 5, 0x3C5A);
    for (var i = 0; i < n; i++) {
        in[i] * (1 - in[i]) === 0;
        first.in[i] <== in[i];
    }
    for (var i = 0; i < n; i++) {
        second.in[i] <== first.out[i];
    }
    for (var i = 0; i < n; i++) {
        out[i] <== second.out[i];
    }
}

component main = BitHash(16);
