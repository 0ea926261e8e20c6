// A secret place of a public table, by wires of which one is 1: the others are 0 as the place is not theirs.
pragma circom 2.1.0;

template OneHot(count) {
    signal input place;
    signal output chosen[count];
    var sum = 0;
    for (var i = 0; i < count; i++) {
        chosen[i] <-- place == i ? 1 : 0;
        chosen[i] * (place - i) === 0;
        sum += chosen[i];
    }
    sum === 1;
}

template Lookup(count) {
    signal input table[count];
    signal input place;
    signal output entry;
    signal part[count];
    component one = OneHot(count);
    one.place <== place;
    var sum = 0;
    for (var i = 0; i < count; i++) {
        part[i] <== one.chosen[i] * table[i];
        sum += part[i];
    }
    entry <== sum;
}

component main {public [table]} = Lookup(8);
