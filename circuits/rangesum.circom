// Invoices: n private amounts of w bits each add up to the public total. Every amount is range-checked, so the sum
// cannot wrap around the field.
pragma circom 2.1.0;

template Bits(w) {
    signal input value;
    signal output bit[w];
    var sum = 0;
    for (var i = 0; i < w; i++) {
        bit[i] <-- (value >> i) & 1;
        bit[i] * (1 - bit[i]) === 0;
        sum += 2 ** i * bit[i];
    }
    value === sum;
}

template RangeSum(n, w) {
    signal input amount[n];
    signal output total;
    component bits[n];
    var sum = 0;
    for (var i = 0; i < n; i++) {
        bits[i] = Bits(w);
        bits[i].value <== amount[i];
        sum += amount[i];
    }
    total <== sum;
}

component main = RangeSum(5, 12);
