/* C ABI of nexuszero-crypto. Made by cbindgen from src/ffi.rs; do not edit. */

#ifndef NEXUSZERO_CRYPTO_H
#define NEXUSZERO_CRYPTO_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

// How a call ended.
typedef enum NexuszeroStatus {
  // The call did what it was asked.
  NexuszeroStatus_Ok = 0,
  // An argument or a file is wrong; the message says which and how to mend it.
  NexuszeroStatus_Invalid = 1,
  // A defect of the library itself.
  NexuszeroStatus_Panic = 2,
} NexuszeroStatus;

// Splits whose circuits differ from those of training, each from a stream of its own.
enum NexuszeroShift
#if __STDC_VERSION__ >= 202311L
  : uint8_t
#endif // __STDC_VERSION__ >= 202311L
 {
  // The families of training, 2,000 to 20,000 nodes.
  NexuszeroShift_Large,
  // Families that training does not know, in its sizes.
  NexuszeroShift_Family,
};
#if __STDC_VERSION__ >= 202311L
typedef enum NexuszeroShift NexuszeroShift;
#else
typedef uint8_t NexuszeroShift;
#endif // __STDC_VERSION__ >= 202311L

// What range inference says of a wire.
enum NexuszeroReason
#if __STDC_VERSION__ >= 202311L
  : uint8_t
#endif // __STDC_VERSION__ >= 202311L
 {
  // It is an integer of a smaller interval than the field.
  NexuszeroReason_Bounded,
  // It is zero or one.
  NexuszeroReason_Boolean,
  // It is bounded, but the difference of two of its values may not fit in the signed field.
  NexuszeroReason_Large,
  // It occurs in no constraint.
  NexuszeroReason_Unused,
  // No constraint bounds it: of several candidates public inputs come first, then private wires, then outputs.
  NexuszeroReason_Free,
  // A constraint computes it, from wires without a bound.
  NexuszeroReason_Derived,
  // A constraint computes it from bounded wires, as a value that may leave the signed field.
  NexuszeroReason_Broad,
  // A constraint leaves it two values that are no integers, or the ends of the field.
  NexuszeroReason_Roots,
  // The passes ended before a constraint could bound it.
  NexuszeroReason_Unsettled,
};
#if __STDC_VERSION__ >= 202311L
typedef enum NexuszeroReason NexuszeroReason;
#else
typedef uint8_t NexuszeroReason;
#endif // __STDC_VERSION__ >= 202311L

// What a synthetic circuit proves.
enum NexuszeroFamily
#if __STDC_VERSION__ >= 202311L
  : uint8_t
#endif // __STDC_VERSION__ >= 202311L
 {
  // Random arithmetic circuits on integers.
  NexuszeroFamily_Arithmetic,
  // Interval and set membership, transfers between balances.
  NexuszeroFamily_Ranges,
  // Maxima, sorted lists, thresholds, equalities.
  NexuszeroFamily_Comparisons,
  // The MiMC permutation and its Feistel form.
  NexuszeroFamily_Mimc,
  // The Poseidon sponge.
  NexuszeroFamily_Poseidon,
  // Merkle paths.
  NexuszeroFamily_Merkle,
  // Polynomial evaluation.
  NexuszeroFamily_Horner,
  // Quantised dot products and distances.
  NexuszeroFamily_Dot,
  // Quantised dense layers with `ReLU`.
  NexuszeroFamily_Dense,
  // Adders and multipliers on bits.
  NexuszeroFamily_Adders,
  // Boolean networks.
  NexuszeroFamily_Boolean,
  // Sorting networks and permutation arguments.
  NexuszeroFamily_Sorting,
  // Recurrences.
  NexuszeroFamily_Recurrence,
  // Automata and register machines.
  NexuszeroFamily_States,
  // Products of long integers, limb by limb. Kept from training.
  NexuszeroFamily_Bigint,
  // Euclid's algorithm. Kept from training.
  NexuszeroFamily_Euclid,
};
#if __STDC_VERSION__ >= 202311L
typedef enum NexuszeroFamily NexuszeroFamily;
#else
typedef uint8_t NexuszeroFamily;
#endif // __STDC_VERSION__ >= 202311L

// Circuits in memory.
typedef struct NexuszeroCircuits NexuszeroCircuits;

// The columns of one split.
typedef struct NexuszeroRows NexuszeroRows;

// An LWE instance.
typedef struct NexuszeroLweQuery {
  // Dimension.
  uint64_t n;
  // Samples; 0 for unlimited ones.
  uint64_t samples;
  // `log2` of the modulus.
  double log2_q;
  // Standard deviation of the secret.
  double sigma_s;
  // Standard deviation of the error.
  double sigma_e;
  // 0 usvp, 1 bdd, 2 dual, 3 dual_hybrid, 4 rough.
  uint32_t attack;
} NexuszeroLweQuery;

// What an attack costs.
typedef struct NexuszeroEstimateRecord {
  // Root Hermite factor; NaN where there is none.
  double delta;
  // `log2` of the classical core-SVP cost; NaN where the attack does not work.
  double bits;
  // `log2` of the quantum core-SVP cost of the same block size.
  double quantum_bits;
  // Hardness of `bits`.
  double hardness;
  // Block size; 0 where there is none.
  uint64_t beta;
  // Lattice dimension; 0 where it is not reported.
  uint64_t d;
  // 0 usvp, 1 bdd, 2 dual, 3 dual_hybrid, 5 sis: the attack that the figures belong to.
  uint32_t attack;
} NexuszeroEstimateRecord;

// A SIS instance in the l2 norm.
typedef struct NexuszeroSisQuery {
  // Dimension (rows).
  uint64_t n;
  // Columns; 0 for unlimited ones.
  uint64_t samples;
  // `log2` of the modulus.
  double log2_q;
  // `log2` of the length bound.
  double log2_bound;
} NexuszeroSisQuery;

// What a set of forms asks for.
typedef struct NexuszeroDemandQuery {
  // The prime, little-endian, where q is fixed; all zero where it is free.
  uint8_t p[32];
  // Distinct private forms.
  uint32_t forms;
  // `B` where q is free.
  uint32_t bits;
  // lambda: 100, 128, 192 or 256.
  uint32_t security;
} NexuszeroDemandQuery;

// The smallest sound parameters, or why there are none.
typedef struct NexuszeroChoiceRecord {
  // Standard deviation of the Gaussian mask.
  double sigma;
  // Bits of hiding.
  double lwe_bits;
  // Bits of binding.
  double sis_bits;
  // Bits of soundness.
  double soundness;
  // The smaller of the two.
  double bit_security;
  // Its hardness.
  double hardness;
  // Bytes.
  uint64_t proof_size;
  // LWE dimension.
  uint32_t n;
  // Bits of q.
  uint32_t log2_q;
  // Order of q modulo 128.
  uint32_t ord;
  // Openings in parallel.
  uint32_t k;
  // SIS rank.
  uint32_t kappa;
  // Committed rows.
  uint32_t l;
  // Low bits dropped from the commitment.
  uint32_t cut_d;
  // Low bits dropped from the opening.
  uint32_t cut_g;
  // A concrete prime, little-endian; all zero where none was asked for.
  uint8_t q[32];
  // Whether there are sound parameters; if not, `reason` says which constraint fails.
  uint8_t feasible;
  // NUL-terminated (a literal length: header readers know no constants).
  uint8_t reason[256];
} NexuszeroChoiceRecord;

// The counts of a circuit.
typedef struct NexuszeroAnalysisRecord {
  // Wires, the constant one included.
  uint32_t wires;
  // Constraints.
  uint32_t constraints;
  // Linear constraints.
  uint32_t linear;
  // Quadratic constraints.
  uint32_t quadratic;
  // Packed constraints.
  uint32_t packed;
  // Distinct private forms.
  uint32_t forms;
  // Heights for 64, 32, 16, 8 and 4 slots.
  uint32_t heights[5];
  // Uses of custom gates: what they demand of their wires is not covered.
  uint32_t custom_gates;
  // Whether q is free.
  uint32_t liftable;
  // `B` for a liftable circuit, else the field's bits.
  uint32_t bits;
  // Bits of p.
  uint32_t field_bits;
  // Order of p modulo 128.
  uint32_t field_order;
  // The fewest bits that q may have.
  uint32_t least_bits;
  // Pairs of `log2 q` and `ord` that the search goes through.
  uint32_t candidates;
} NexuszeroAnalysisRecord;

// A wire's range and the reason for it.
typedef struct NexuszeroWireRecord {
  // `log2` of how many integers the wire can be.
  double range_bits;
  // The number of the reason; [`nexuszero_reason_text`] has its text.
  uint32_t reason;
  // The constraint at fault; `2^32 - 1` where there is none.
  uint32_t constraint;
  // The first wire without a bound that a derived wire depends on; 0 where there is none.
  uint32_t cause;
} NexuszeroWireRecord;

// The constraints of bounded wires that reach beyond half the field.
typedef struct NexuszeroOverflowRecord {
  // How many there are.
  uint32_t count;
  // The one that reaches furthest; `2^32 - 1` where there is none.
  uint32_t constraint;
  // Bit length of its largest value.
  uint32_t bits;
} NexuszeroOverflowRecord;

// Parameters that somebody proposes, as real numbers.
typedef struct NexuszeroProposalQuery {
  // LWE dimension.
  double n;
  // Bits of q.
  double log2_q;
  // Standard deviation of the Gaussian mask.
  double sigma;
} NexuszeroProposalQuery;

// Whether a proposal is sound, once n and `log2_q` are rounded to what they count.
typedef struct NexuszeroVerdictRecord {
  // Bits of hiding that it has.
  double lwe_bits;
  // Bytes of the smallest proof; 0 where it is not sound.
  uint64_t proof_size;
  // LWE dimension that was judged.
  uint32_t n;
  // Bits of q that were judged.
  uint32_t log2_q;
  // What it does not meet, a bit each: 0 hiding, 1 modulus, 2 soundness, 3 binding, 4 width.
  uint32_t fails;
} NexuszeroVerdictRecord;

// What a circuit is predicted to ask of its parameters.
typedef struct NexuszeroDemand {
  // `height(s)` for s = 64, 32, 16, 8, 4, 2.
  uint32_t heights[6];
  // `B` where q is free; 0 where it is the field's prime.
  uint32_t bits;
} NexuszeroDemand;

// A block of memory that belongs to a handle.
typedef struct NexuszeroColumn {
  // The first byte.
  const uint8_t *data;
  // Bytes.
  size_t bytes;
} NexuszeroColumn;

// What a column holds (literal lengths: header readers know no constants).
typedef struct NexuszeroColumnInfo {
  // Its name, NUL-terminated.
  uint8_t name[32];
  // Type of a number in NumPy's letters (`f4`, `u2`, ...), NUL-terminated.
  uint8_t dtype[4];
  // Numbers in an item; 0 where the item is a number itself.
  uint32_t width;
} NexuszeroColumnInfo;

// The version: major*10000 + minor*100 + patch.
uint32_t nexuszero_crypto_version(void);

// The version of the labels' meaning.
uint32_t nexuszero_label_version(void);

// The version of the dataset's columns.
uint32_t nexuszero_schema_version(void);

// Copies this thread's last message, NUL-terminated and cut to `capacity`; returns its full length.
//
// # Safety
// `buffer` has room for `capacity` bytes.
size_t nexuszero_last_error(char *buffer, size_t capacity);

// Estimates `count` LWE instances on all cores.
//
// # Safety
// `queries` and `out` point to `count` values each.
enum NexuszeroStatus nexuszero_estimate_lwe(const struct NexuszeroLweQuery *queries,
                                            size_t count,
                                            struct NexuszeroEstimateRecord *out);

// Estimates `count` SIS instances on all cores.
//
// # Safety
// `queries` and `out` point to `count` values each.
enum NexuszeroStatus nexuszero_estimate_sis(const struct NexuszeroSisQuery *queries,
                                            size_t count,
                                            struct NexuszeroEstimateRecord *out);

// Finds the parameters of `count` demands on all cores.
//
// # Safety
// `queries` and `out` point to `count` values each.
enum NexuszeroStatus nexuszero_choose(const struct NexuszeroDemandQuery *queries,
                                      size_t count,
                                      struct NexuszeroChoiceRecord *out);

// Reads `count` `.r1cs` files on all cores. `bounds` is null or a JSON object from wire number to `[lo, hi]`,
// where range inference starts from in every file.
//
// # Safety
// `paths` points to `count` NUL-terminated strings, `bounds` is null or NUL-terminated, `out` has room for a
// handle.
enum NexuszeroStatus nexuszero_circuits_read(const char *const *paths,
                                             size_t count,
                                             const char *bounds,
                                             struct NexuszeroCircuits **out);

// Writes circuit `index` as an `.r1cs` file.
//
// # Safety
// `circuits` is a live handle, `path` NUL-terminated.
enum NexuszeroStatus nexuszero_circuits_write(const struct NexuszeroCircuits *circuits,
                                              size_t index,
                                              const char *path);

// Rebuilds `count` circuits from family and seed on all cores; `large` ones are those of the split of large circuits.
//
// # Safety
// `families` and `seeds` point to `count` values each, `out` to room for a handle.
enum NexuszeroStatus nexuszero_circuits_synthesize(const uint8_t *families,
                                                   const uint64_t *seeds,
                                                   size_t count,
                                                   bool large,
                                                   struct NexuszeroCircuits **out);

// Number of circuits of a handle.
//
// # Safety
// `circuits` is a live handle.
size_t nexuszero_circuits_count(const struct NexuszeroCircuits *circuits);

// Frees a handle; null is allowed.
//
// # Safety
// `circuits` is null or a live handle, which dies here.
void nexuszero_circuits_free(struct NexuszeroCircuits *circuits);

// Analyses every circuit on all cores.
//
// # Safety
// `circuits` is a live handle, `out` has room for a record a circuit.
enum NexuszeroStatus nexuszero_circuits_analyse(const struct NexuszeroCircuits *circuits,
                                                struct NexuszeroAnalysisRecord *out);

// Explains circuit `index`: a record a wire (wire 0 included), and the constraints that are too large to lift.
//
// # Safety
// `circuits` is a live handle, `wires` has room for `count` records and `overflow` for one.
enum NexuszeroStatus nexuszero_circuits_explain(const struct NexuszeroCircuits *circuits,
                                                size_t index,
                                                struct NexuszeroWireRecord *wires,
                                                size_t count,
                                                struct NexuszeroOverflowRecord *overflow);

// The text of a reason by its number, in which `{constraint}` and `{cause}` stand for the fields of a wire's
// record; there is none beyond the last.
//
// # Safety
// `buffer` has room for `capacity` bytes.
enum NexuszeroStatus nexuszero_reason_text(uint32_t reason,
                                           char *buffer,
                                           size_t capacity);

// Finds every circuit's parameters at `security` bits with a concrete prime, on all cores.
//
// # Safety
// `circuits` is a live handle, `out` has room for a record a circuit.
enum NexuszeroStatus nexuszero_circuits_choose(const struct NexuszeroCircuits *circuits,
                                               uint32_t security,
                                               struct NexuszeroChoiceRecord *out);

// Every sound candidate of circuit `index`, the smallest proof first: that one is the answer of
// [`nexuszero_circuits_choose`] and has a prime. Where none is sound `found` is 1 and the record says why.
//
// # Safety
// `circuits` is a live handle, `out` has room for `capacity` records (256 are enough) and `found` for one number.
enum NexuszeroStatus nexuszero_circuits_candidates(const struct NexuszeroCircuits *circuits,
                                                   size_t index,
                                                   uint32_t security,
                                                   struct NexuszeroChoiceRecord *out,
                                                   size_t capacity,
                                                   size_t *found);

// Judges parameters that were proposed for every circuit, as they stand, on all cores.
//
// # Safety
// `circuits` is a live handle, `proposals` and `out` point to a value a circuit.
enum NexuszeroStatus nexuszero_circuits_judge(const struct NexuszeroCircuits *circuits,
                                              uint32_t security,
                                              const struct NexuszeroProposalQuery *proposals,
                                              struct NexuszeroVerdictRecord *out);

// The smallest sound parameters of every circuit for a predicted demand, on all cores; no primes.
//
// # Safety
// `circuits` is a live handle, `demands` and `out` point to a value a circuit.
enum NexuszeroStatus nexuszero_circuits_choose_for(const struct NexuszeroCircuits *circuits,
                                                   uint32_t security,
                                                   const struct NexuszeroDemand *demands,
                                                   struct NexuszeroChoiceRecord *out);

// The graphs of all circuits as rows without labels (`x`, `edge_source`, ..., `nodes`, `edges`).
//
// # Safety
// `circuits` is a live handle, `out` has room for a handle.
enum NexuszeroStatus nexuszero_circuits_graphs(const struct NexuszeroCircuits *circuits,
                                               uint32_t security,
                                               struct NexuszeroRows **out);

// Generates stream positions `first..first + count`; `out` receives three handles: train, val, test.
// `threads` of 0 means all cores; the rows do not depend on it.
//
// # Safety
// `out` has room for three handles.
enum NexuszeroStatus nexuszero_generate(uint64_t master_seed,
                                        uint64_t first,
                                        uint64_t count,
                                        size_t threads,
                                        struct NexuszeroRows **out);

// The same of a shifted split's own stream: 0 is large circuits, 1 families that training does not know.
//
// # Safety
// `out` has room for a handle.
enum NexuszeroStatus nexuszero_generate_shifted(uint8_t shift,
                                                uint64_t master_seed,
                                                uint64_t first,
                                                uint64_t count,
                                                size_t threads,
                                                struct NexuszeroRows **out);

// The number of a family's name, or of families if `name` is null; names are asked for by number.
//
// # Safety
// `buffer` has room for `capacity` bytes.
enum NexuszeroStatus nexuszero_family_name(uint8_t family, char *buffer, size_t capacity);

// The prime of a field by name or number, little-endian in 32 bytes.
//
// # Safety
// `name` is NUL-terminated, `out` has room for 32 bytes.
enum NexuszeroStatus nexuszero_field_parse(const char *name, uint8_t *out);

// A column of generated rows by its name (the schema's, without `circuit/`). It lives as long as the handle.
//
// # Safety
// `rows` is a live handle, `name` NUL-terminated, `out` has room for a column.
enum NexuszeroStatus nexuszero_rows_column(const struct NexuszeroRows *rows,
                                           const char *name,
                                           struct NexuszeroColumn *out);

// Number of columns that [`nexuszero_rows_column`] knows.
size_t nexuszero_column_count(void);

// Name, element type and width of column `index`.
//
// # Safety
// `out` has room for a record.
enum NexuszeroStatus nexuszero_column_info(size_t index, struct NexuszeroColumnInfo *out);

// Frees a handle; null is allowed.
//
// # Safety
// `rows` is null or a live handle, which dies here.
void nexuszero_rows_free(struct NexuszeroRows *rows);

#endif  /* NEXUSZERO_CRYPTO_H */
