// Secret votes of -1, 0 or 1 and marks of 1 to 4, each by a product of its distances, and how far they are apart.
pragma circom 2.1.0;

template Vote() {
    signal input in;
    signal below;
    below <== (in + 1) * in;
    below * (in - 1) === 0;
}

template Mark() {
    signal input in;
    signal low;
    signal high;
    low <== (in - 1) * (in - 2);
    high <== (in - 3) * (in - 4);
    low * high === 0;
}

template Votes(count) {
    signal input vote[count];
    signal input mark[count];
    signal output weighted;
    signal part[count];
    component votes[count];
    component marks[count];
    var sum = 0;
    for (var i = 0; i < count; i++) {
        votes[i] = Vote();
        votes[i].in <== vote[i];
        marks[i] = Mark();
        marks[i].in <== mark[i];
        part[i] <== vote[i] * mark[i];
        sum += part[i];
    }
    weighted <== sum;
}

component main = Votes(4);
