// The product of two private n x n matrices is public. No entry is range-checked: nothing bounds the values over the
// integers, so the proof works modulo the field's own prime.
pragma circom 2.1.0;

template MatMul(n) {
    signal input a[n][n];
    signal input b[n][n];
    signal output c[n][n];
    signal part[n][n][n];
    for (var i = 0; i < n; i++) {
        for (var j = 0; j < n; j++) {
            var sum = 0;
            for (var k = 0; k < n; k++) {
                part[i][j][k] <== a[i][k] * b[k][j];
                sum += part[i][j][k];
            }
            c[i][j] <== sum;
        }
    }
}

component main = MatMul(3);
