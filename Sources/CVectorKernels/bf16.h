// Products in bfloat16: numbers of x and B are rounded to it and lie in pairs along the depth, sums are of single precision.
//
// Comes after `kernels.h` for lanes of AVX-512, wide or in pairs, and after `lanes_bf16.h` or its emulation.

/// Pairs in a row of `depth` numbers, the last one with a zero where the depth is odd.
static inline ptrdiff_t bf16_steps(ptrdiff_t depth) { return (depth + 1) / 2; }

static void bf16_round(const float *x, ptrdiff_t count, uint16_t *row) {
  ptrdiff_t i = 0;
  for (; i + 2 * LANES <= count; i += 2 * LANES) v_store_pairs(row + i, v_round(v_load(x + i), v_load(x + i + LANES)));
  if (i == count) return;
  uint16_t last[2 * LANES];
  const ptrdiff_t left = count - i, first = smaller(left, LANES);
  v_store_pairs(
      last, v_round(v_load_tail(x + i, v_tail(first)), v_load_tail(x + i + first, v_tail(left - first))));
  __builtin_memcpy(row + i, last, (size_t)(2 * bf16_steps(left)) * sizeof(uint16_t));
}

/// Numbers of a row that are rounded at a time while weights are packed.
enum { BF16_PACK_DEPTH = 512 };

static void bf16_pack(const float *b, ptrdiff_t b_stride, ptrdiff_t columns, ptrdiff_t depth, void *packed) {
  uint16_t row[BF16_PACK_DEPTH];
  for (ptrdiff_t column = 0; column < columns; column += STRIP) {
    const ptrdiff_t width = strip_width(columns, column);
    int32_t *strip = (int32_t *)packed + column * bf16_steps(depth);
    for (ptrdiff_t c = 0; c < width; c++) {
      for (ptrdiff_t k = 0; k < depth; k += BF16_PACK_DEPTH) {
        const ptrdiff_t count = smaller(depth - k, BF16_PACK_DEPTH);
        if (column + c < columns) bf16_round(b + (column + c) * b_stride + k, count, row);
        else __builtin_memset(row, 0, sizeof row);
        int32_t *target = strip + k / 2 * width + c;
        for (ptrdiff_t i = 0; i < bf16_steps(count); i++) __builtin_memcpy(target + i * width, row + 2 * i, 4);
      }
    }
  }
}

/// out[r][c] = Σ_k a[r·a_row + k·a_step]·b[k·vectors·LANES + c] for r < rows and c < vectors·LANES, with a and b of pairs, in
/// the order of k. `rows` and `vectors` are constants where this is inlined.
static inline __attribute__((always_inline)) void bf16_tile_of(
    const int rows, const int vectors, ptrdiff_t steps, const int32_t *a, ptrdiff_t a_row, ptrdiff_t a_step,
    const int32_t *b, float *out, ptrdiff_t out_step) {
  vector sums[TILE_ROWS][TILE_VECTORS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) sums[r][v] = v_zero();

  for (ptrdiff_t k = 0; k < steps; k++) {
    pairs columns[TILE_VECTORS];
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) columns[v] = v_load_pairs(b + v * LANES);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      int32_t pair;
      __builtin_memcpy(&pair, a + r * a_row, sizeof pair);
      const pairs x = v_set_pairs(pair);
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) sums[r][v] = v_dot(sums[r][v], columns[v], x);
    }
    a += a_step;
    b += vectors * LANES;
  }

#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) v_store(out + r * out_step + v * LANES, sums[r][v]);
}

#define BF16_ARGUMENTS steps, a, a_row, a_step, b, out, out_step

#define BF16_CASE(vectors, rows) \
  case rows: bf16_tile_of(rows, vectors, BF16_ARGUMENTS); break;

/// As `bf16_tile_of`, for any number of rows up to TILE_ROWS.
#define DEFINE_BF16_TILE(name, vectors) \
  static __attribute__((noinline)) void name( \
      int rows, ptrdiff_t steps, const int32_t *a, ptrdiff_t a_row, ptrdiff_t a_step, const int32_t *b, float *out, \
      ptrdiff_t out_step) { \
    switch (rows) { \
      BF16_CASE(vectors, 1) \
      BF16_CASE(vectors, 2) \
      BF16_CASE(vectors, 3) \
      BF16_CASE(vectors, 4) \
      BF16_CASE(vectors, 5) \
      BF16_CASE(vectors, 6) \
      BF16_CASE(vectors, 7) \
      BF16_CASE(vectors, 8) \
    } \
  }

DEFINE_BF16_TILE(bf16_tile_16, 1)
DEFINE_BF16_TILE(bf16_tile_32, 2)
DEFINE_BF16_TILE(bf16_tile_48, 3)

/// out = a·b for up to TILE_ROWS `rows` of a, whose pairs are at `a[r·a_row + k·a_step]`, and a strip of b of 16, 32 or 48
/// columns.
static void bf16_tile(
    int rows, ptrdiff_t columns, ptrdiff_t steps, const int32_t *a, ptrdiff_t a_row, ptrdiff_t a_step,
    const int32_t *b, float *out, ptrdiff_t out_step) {
  const unsigned mode = v_enter_dots();
  if (columns == 48) bf16_tile_48(rows, BF16_ARGUMENTS);
  else if (columns == 32) bf16_tile_32(rows, BF16_ARGUMENTS);
  else bf16_tile_16(rows, BF16_ARGUMENTS);
  v_leave_dots(mode);
}

#define BF16_FINISH(activation) \
  finish_tile(sums, rows, width, y, p->y_stride, p->accumulate, bias, activation)

static void bf16_multiply(const vk_bf16_product *p, const void *packed) {
  float sums[TILE_ROWS * STRIP] __attribute__((aligned(64)));
  const ptrdiff_t steps = bf16_steps(p->depth), x_row = p->x_stride / 2;
  for (ptrdiff_t column = 0; column < p->columns; column += STRIP) {
    const ptrdiff_t width = smaller(p->columns - column, STRIP);
    const int32_t *weights = (const int32_t *)packed + column * steps;
    int rows;
    for (ptrdiff_t row = 0; row < p->rows; row += rows) {
      rows = rows_of_tile(p->rows - row);
      bf16_tile(
          rows, padded(width), steps, (const int32_t *)p->x + row * x_row, x_row, 1, weights, sums, STRIP);
      float *y = p->y + row * p->y_stride + column;
      const float *bias = p->bias ? p->bias + column : NULL;
      switch (p->activation) {
        case VK_RELU: BF16_FINISH(VK_RELU); break;
        case VK_RELU6: BF16_FINISH(VK_RELU6); break;
        case VK_QUICK_GELU: BF16_FINISH(VK_QUICK_GELU); break;
        case VK_GELU: BF16_FINISH(VK_GELU); break;
        default: BF16_FINISH(VK_IDENTITY); break;
      }
    }
  }
}
