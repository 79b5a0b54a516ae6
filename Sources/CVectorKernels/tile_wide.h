// The innermost part of every product, a tile of sums of outer products that stays in registers, where there are 32
// of them: 8 rows of x by a whole panel.

/// out[r][c] = Σ_k a[r·a_row + k·a_step]·b[k·vectors·LANES + c] for r < rows and c < vectors·LANES, summed in the
/// order of k, SUM_DEPTH at a time.
///
/// `rows` and `vectors` are constants where this is inlined. `b` and `out` are whole vectors. With every step, the
/// memory at `ahead`, which a later tile will read, is asked for, and `ahead` moves by `ahead_step`.
static inline __attribute__((always_inline)) void tile_of(
    const int rows, const int vectors, ptrdiff_t depth, const float *a, ptrdiff_t a_row, ptrdiff_t a_step,
    const float *b, float *out, ptrdiff_t out_step, const float *ahead, ptrdiff_t ahead_step) {
  vector sums[TILE_ROWS][TILE_VECTORS];
  ptrdiff_t k = 0;
  do {  // also once for a depth of 0
    const ptrdiff_t end = smaller(depth, k + SUM_DEPTH);
    const int first = k == 0;
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) sums[r][v] = v_zero();

    for (; k < end; k++) {
      vector columns[TILE_VECTORS];
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) columns[v] = v_load(b + v * LANES);
#pragma clang loop unroll(full)
      for (int r = 0; r < rows; r++) {
        vector x = v_set(a[r * a_row]);
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) sums[r][v] = v_fma(x, columns[v], sums[r][v]);
      }
      v_prefetch(ahead);
      a += a_step;
      b += vectors * LANES;
      ahead += ahead_step;
    }

#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) {
        float *target = out + r * out_step + v * LANES;
        v_store(target, first ? sums[r][v] : v_add(v_load(target), sums[r][v]));
      }
  } while (k < depth);
}

#define TILE_ARGUMENTS depth, a, a_row, a_step, b, out, out_step, ahead, ahead_step

#define TILE_CASE(vectors, rows) \
  case rows: tile_of(rows, vectors, TILE_ARGUMENTS); break;

/// As `tile_of`, for any number of rows up to TILE_ROWS.
#define DEFINE_TILE(name, vectors) \
  static __attribute__((noinline)) void name( \
      int rows, ptrdiff_t depth, const float *a, ptrdiff_t a_row, ptrdiff_t a_step, const float *b, \
      float *out, ptrdiff_t out_step, const float *ahead, ptrdiff_t ahead_step) { \
    switch (rows) { \
      TILE_CASE(vectors, 1) \
      TILE_CASE(vectors, 2) \
      TILE_CASE(vectors, 3) \
      TILE_CASE(vectors, 4) \
      TILE_CASE(vectors, 5) \
      TILE_CASE(vectors, 6) \
      TILE_CASE(vectors, 7) \
      TILE_CASE(vectors, 8) \
    } \
  }

DEFINE_TILE(tile_16, 1)
DEFINE_TILE(tile_32, 2)
DEFINE_TILE(tile_48, 3)

/// out = a·b for any `rows` of a up to TILE_ROWS, at `a[r·a_row + k·a_step]`, and a strip of b of 16, 32 or 48 columns.
static inline void tile_any(
    int rows, ptrdiff_t columns, ptrdiff_t depth, const float *a, ptrdiff_t a_row, ptrdiff_t a_step,
    const float *b, float *out, ptrdiff_t out_step, const float *ahead, ptrdiff_t ahead_count) {
  const ptrdiff_t ahead_step = depth > 0 ? (ahead_count + depth - 1) / depth : 0;
  if (columns == 48) tile_48(rows, TILE_ARGUMENTS);
  else if (columns == 32) tile_32(rows, TILE_ARGUMENTS);
  else tile_16(rows, TILE_ARGUMENTS);
}

/// As `tile_any` for rows that are `a_row` apart. The `ahead_count` floats at `ahead`, which a later tile will read, are
/// asked for on the way.
static inline void tile(
    int rows, ptrdiff_t columns, ptrdiff_t depth, const float *a, ptrdiff_t a_row, const float *b, float *out,
    ptrdiff_t out_step, const float *ahead, ptrdiff_t ahead_count) {
  tile_any(rows, columns, depth, a, a_row, 1, b, out, out_step, ahead, ahead_count);
}

/// As `tile`, with a given turned: [depth, rows].
static inline void tile_turned(
    int rows, ptrdiff_t columns, ptrdiff_t depth, const float *a, const float *b, float *out, ptrdiff_t out_step) {
  tile_any(rows, columns, depth, a, 1, rows, b, out, out_step, b, 0);
}
