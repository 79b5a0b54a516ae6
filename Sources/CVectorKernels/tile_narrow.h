// The innermost part of every product, a tile of sums of outer products that stays in registers, where there are 16
// of them: 6 rows of x by 16 columns. Two multiplications a cycle leave little room for anything else, least of all on a
// core that two threads share: addresses are constants or pointers of their own, and nothing is computed on the way.

/// Steps of a sum that are written out one after the other.
enum { TILE_STEPS = 4 };

/// sums[r] += a[r]·b for the rows of a tile. Where `turned`, a[r] is at `from[0] + at·rows + r`, else at `from[r] + at`.
static inline __attribute__((always_inline)) void tile_step(
    const int rows, const int turned, const float *const *from, ptrdiff_t at, const float *b,
    vector (*sums)[TILE_VECTORS]) {
  vector columns[TILE_VECTORS];
#pragma clang loop unroll(full)
  for (int v = 0; v < TILE_VECTORS; v++) columns[v] = v_load(b + v * LANES);
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    vector x = v_set(turned ? from[0][at * rows + r] : from[r][at]);
#pragma clang loop unroll(full)
    for (int v = 0; v < TILE_VECTORS; v++) sums[r][v] = v_fma(x, columns[v], sums[r][v]);
  }
}

/// out[r][c] = Σ_k a·b[k·16 + c] for r < rows, summed in the order of k, SUM_DEPTH at a time, with a at `a[r·a_row + k]` or, where `turned`, at
/// `a[k·rows + r]`. `rows` and `turned` are constants where this is inlined.
static inline __attribute__((always_inline)) void tile_of(
    const int rows, const int turned, ptrdiff_t depth, const float *a, ptrdiff_t a_row, const float *b, float *out,
    ptrdiff_t out_step) {
  vector sums[TILE_ROWS][TILE_VECTORS];
  const float *from[TILE_ROWS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    from[r] = a + (turned ? 0 : r * a_row);
    // Else the compiler makes each row's address from the last one's, in a chain as long as the multiplications take.
    if (!turned) __asm__("" : "+r"(from[r]));
  }

  const ptrdiff_t row = TILE_VECTORS * LANES;
  ptrdiff_t k = 0;
  do {  // also once for a depth of 0
    const ptrdiff_t end = smaller(depth, k + SUM_DEPTH);
    const int first = k == 0;
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
      for (int v = 0; v < TILE_VECTORS; v++) sums[r][v] = v_zero();

    for (; k + TILE_STEPS <= end; k += TILE_STEPS) {
#pragma clang loop unroll(full)
      for (int step = 0; step < TILE_STEPS; step++) {
        tile_step(rows, turned, from, turned ? step : k + step, b + step * row, sums);
      }
      b += TILE_STEPS * row;
      if (turned) from[0] += TILE_STEPS * rows;
    }
#pragma clang loop unroll(disable)
    for (; k < end; k++) {
      tile_step(rows, turned, from, turned ? 0 : k, b, sums);
      b += row;
      if (turned) from[0] += rows;
    }

#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
      for (int v = 0; v < TILE_VECTORS; v++) {
        float *target = out + r * out_step + v * LANES;
        v_store(target, first ? sums[r][v] : v_add(v_load(target), sums[r][v]));
      }
  } while (k < depth);
}

#define TILE_CASE(rows, turned) \
  case rows: tile_of(rows, turned, depth, a, a_row, b, out, out_step); break;

/// As `tile_of`, for any number of rows up to TILE_ROWS.
#define DEFINE_TILE(name, turned) \
  static __attribute__((noinline)) void name( \
      int rows, ptrdiff_t depth, const float *a, ptrdiff_t a_row, const float *b, float *out, ptrdiff_t out_step) { \
    switch (rows) { \
      TILE_CASE(1, turned) \
      TILE_CASE(2, turned) \
      TILE_CASE(3, turned) \
      TILE_CASE(4, turned) \
      TILE_CASE(5, turned) \
      TILE_CASE(6, turned) \
    } \
  }

DEFINE_TILE(tile_of_rows, 0)
DEFINE_TILE(tile_of_columns, 1)

/// out = a·b for any `rows` of a up to TILE_ROWS, `a_row` apart, and a strip of b, which is 16 columns. The `ahead_count`
/// floats at `ahead`, which a later tile will read, are asked for first.
static inline void tile(
    int rows, ptrdiff_t columns, ptrdiff_t depth, const float *a, ptrdiff_t a_row, const float *b, float *out,
    ptrdiff_t out_step, const float *ahead, ptrdiff_t ahead_count) {
  (void)columns;
  for (ptrdiff_t i = 0; i < ahead_count; i += 16) v_prefetch(ahead + i);
  tile_of_rows(rows, depth, a, a_row, b, out, out_step);
}

/// As `tile`, with a given turned: [depth, rows].
static inline void tile_turned(
    int rows, ptrdiff_t columns, ptrdiff_t depth, const float *a, const float *b, float *out, ptrdiff_t out_step) {
  (void)columns;
  tile_of_columns(rows, depth, a, 0, b, out, out_step);
}
