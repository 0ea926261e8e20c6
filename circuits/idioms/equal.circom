// How many of some bytes equal a wanted one, by inverse hints, and whether there are any.
pragma circom 2.1.0;

template IsZero() {
    signal input in;
    signal output out;
    signal inverse;
    inverse <-- in != 0 ? 1 / in : 0;
    out <== 1 - in * inverse;
    in * out === 0;
}

template Byte() {
    signal input in;
    signal bit[8];
    var sum = 0;
    for (var i = 0; i < 8; i++) {
        bit[i] <-- (in >> i) & 1;
        bit[i] * (bit[i] - 1) === 0;
        sum += bit[i] * (1 << i);
    }
    in === sum;
}

template Count(count) {
    signal input in[count];
    signal input wanted;
    signal output found;
    signal output none;
    component byte[count];
    component same[count];
    var sum = 0;
    for (var i = 0; i < count; i++) {
        byte[i] = Byte();
        byte[i].in <== in[i];
        same[i] = IsZero();
        same[i].in <== in[i] - wanted;
        sum += same[i].out;
    }
    found <== sum;
    component zero = IsZero();
    zero.in <== found;
    none <== zero.out;
}

component main {public [wanted]} = Count(4);
