// Whether one secret number of 16 bits is below another, by a comparison that has 252 bits for them.
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

template Wide(count, width) {
    signal input a;
    signal input b;
    signal output below;
    component ranges[2];
    component difference = Bits(width + 1);
    ranges[0] = Bits(count);
    ranges[1] = Bits(count);
    ranges[0].in <== a;
    ranges[1].in <== b;
    difference.in <== a + (1 << width) - b;
    below <== 1 - difference.bit[width];
}

component main = Wide(16, 252);
