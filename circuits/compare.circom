// An auction: of n private bids of w bits each, the public price is the highest. Each step takes the larger of two
// by the sign bit of their shifted difference.
pragma circom 2.1.0;

template Decompose(w) {
    signal input value;
    signal output bit[w];
    var sum = 0;
    for (var i = 0; i < w; i++) {
        bit[i] <-- (value >> i) & 1;
        bit[i] * (bit[i] - 1) === 0;
        sum += (1 << i) * bit[i];
    }
    value === sum;
}

// larger = max(left, right), for left and right below 2^w
template Larger(w) {
    signal input left;
    signal input right;
    signal output larger;
    component shifted = Decompose(w + 1);
    shifted.value <== left + (1 << w) - right;
    larger <== right + shifted.bit[w] * (left - right);
}

template Auction(n, w) {
    signal input bid[n];
    signal output price;
    component check[n];
    component step[n - 1];
    for (var i = 0; i < n; i++) {
        check[i] = Decompose(w);
        check[i].value <== bid[i];
    }
    for (var i = 0; i < n - 1; i++) {
        step[i] = Larger(w);
        step[i].left <== i == 0 ? bid[0] : step[i - 1].larger;
        step[i].right <== bid[i + 1];
    }
    price <== step[n - 2].larger;
}

component main = Auction(4, 10);
