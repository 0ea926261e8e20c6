// Bytes shifted by an amount in bits, each bit a choice at every place: at --O2 the last bit is no wire.
pragma circom 2.1.0;

template Shift(count, bits) {
    signal input in[count];
    signal input by;
    signal output out[count];
    signal bit[bits];
    signal level[bits + 1][count];
    var sum = 0;
    for (var i = 0; i < bits; i++) {
        bit[i] <-- (by >> i) & 1;
        bit[i] * (bit[i] - 1) === 0;
        sum += bit[i] * (1 << i);
    }
    by === sum;
    for (var j = 0; j < count; j++) {
        level[0][j] <== in[j];
    }
    for (var i = 0; i < bits; i++) {
        for (var j = 0; j < count; j++) {
            level[i + 1][j] <== level[i][j] + bit[i] * (level[i][(j + (1 << i)) % count] - level[i][j]);
        }
    }
    for (var j = 0; j < count; j++) {
        out[j] <== level[bits][j];
    }
}

component main {public [in, by]} = Shift(8, 3);
