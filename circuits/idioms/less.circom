// Whether a secret number is below a public one: the answer is one less a bit, which --O2 leaves out.
pragma circom 2.1.0;

template Bits(count) {
    signal input in;
    signal output bit[count];
    var sum = 0;
    for (var i = 0; i < count; i++) {
        bit[i] <-- (in >> i) & 1;
        bit[i] * (bit[i] - 1) === 0;
        sum += bit[i] * (1 << i);
    }
    in === sum;
}

template Less(count) {
    signal input secret;
    signal input limit;
    signal output out;
    component range = Bits(count);
    component difference = Bits(count + 1);
    range.in <== secret;
    difference.in <== secret + (1 << count) - limit;
    out <== 1 - difference.bit[count];
}

component main {public [limit]} = Less(16);
