// Matrix products: strips of B, packed, meet tiles of rows of x.

/// Depth that is summed at a time: that of a panel and of some rows of x stays in the second-level cache.
enum { DEPTH_BLOCK = 1024 };
/// The same where B is packed on the way, on the stack.
enum { PACKED_DEPTH_BLOCK = 256 };

/// y = activation(sums + y·added + bias) for a tile of `rows × columns`; `bias` may be NULL.
static inline __attribute__((always_inline)) void finish_tile(
    const float *sums, int rows, ptrdiff_t columns, float *y, ptrdiff_t y_stride, int added,
    const float *bias, const int activation) {
  ptrdiff_t whole = columns - columns % LANES;
  tail_mask mask = v_tail(columns - whole);
  for (int r = 0; r < rows; r++) {
    const float *sum = sums + r * STRIP;
    float *target = y + r * y_stride;
    for (ptrdiff_t c = 0; c < whole; c += LANES) {
      vector value = v_load(sum + c);
      if (added) value = v_add(value, v_load(target + c));
      if (bias) value = v_add(value, v_load(bias + c));
      v_store(target + c, activated(value, activation));
    }
    if (whole < columns) {
      vector value = v_load(sum + whole);
      if (added) value = v_add(value, v_load_tail(target + whole, mask));
      if (bias) value = v_add(value, v_load_tail(bias + whole, mask));
      v_store_tail(target + whole, mask, activated(value, activation));
    }
  }
}

/// Rows of the next tile where `left` are left: one or two alone would wait for their own sums, so that they share
/// with those before.
static inline int rows_of_tile(ptrdiff_t left) {
  int alone = left > TILE_ROWS && left <= TILE_ROWS + 2;
  return (int)smaller(alone ? (left + 1) / 2 : left, TILE_ROWS);
}

/// Asks for rows of y that a tile will be added to.
static inline void prefetch_rows(const float *y, ptrdiff_t stride, int rows, ptrdiff_t columns) {
  for (int r = 0; r < rows; r++) {
    for (ptrdiff_t c = 0; c < columns; c += LANES) v_prefetch(y + r * stride + c);
    v_prefetch(y + r * stride + columns - 1);
  }
}

/// All rows of a product for some strips, summed over `depth` from `k` on. `strips` is where the first starts at `k`; every
/// column is `strip_depth` floats further. On the way the same depths of the strips at `next`, of `next_count` floats
/// each, come into the cache: a weight of more than it holds would else be waited for at the head of every strip.
static void multiply_block(
    const vk_product *p, const float *strips, ptrdiff_t strip_depth, ptrdiff_t column, ptrdiff_t columns, ptrdiff_t k,
    ptrdiff_t depth, const float *next, ptrdiff_t next_count) {
  float sums[TILE_ROWS * STRIP] __attribute__((aligned(64)));
  int added = p->accumulate || k > 0;
  int last = k + depth == p->depth;
  int activation = last ? p->activation : VK_IDENTITY;
  // Each tile asks for its share of `next`.
  ptrdiff_t tiles = (p->rows + TILE_ROWS - 1) / TILE_ROWS;
  ptrdiff_t share = tiles > 0 ? (next_count + tiles - 1) / tiles : 0;

  int rows;
  for (ptrdiff_t row = 0; row < p->rows; row += rows) {
    rows = rows_of_tile(p->rows - row);
    const float *x = p->x + row * p->x_stride + k;
    for (ptrdiff_t c = 0; c < columns; c += STRIP) {
      ptrdiff_t width = smaller(columns - c, STRIP);
      float *y = p->y + row * p->y_stride + column + c;
      const float *bias = last && p->bias ? p->bias + column + c : NULL;
      if (added) prefetch_rows(y, p->y_stride, rows, width);
      tile(
          rows, padded(width), depth, x, p->x_stride, strips + c * strip_depth, sums, STRIP,
          next + c * strip_depth, share);
      switch (activation) {
        case VK_RELU: finish_tile(sums, rows, width, y, p->y_stride, added, bias, VK_RELU); break;
        case VK_RELU6: finish_tile(sums, rows, width, y, p->y_stride, added, bias, VK_RELU6); break;
        case VK_QUICK_GELU: finish_tile(sums, rows, width, y, p->y_stride, added, bias, VK_QUICK_GELU); break;
        case VK_GELU: finish_tile(sums, rows, width, y, p->y_stride, added, bias, VK_GELU); break;
        default: finish_tile(sums, rows, width, y, p->y_stride, added, bias, VK_IDENTITY); break;
      }
    }
    next += share;
  }
}

/// Where the strip of `column` holds the depths from `k` on.
static inline const float *packed_block(
    const vk_product *p, const float *packed, ptrdiff_t column, ptrdiff_t k) {
  return packed + column * p->depth + k * strip_width(p->columns, column);
}

/// Columns that a tile of rows meets one after the other while it is in the first-level cache: more than a panel where
/// that is shallow.
static inline ptrdiff_t block_columns(ptrdiff_t depth) {
  return TILE_IS_WIDE || depth == 0 || depth > DEPTH_BLOCK ? VK_PANEL : DEPTH_BLOCK / depth * VK_PANEL;
}

static void multiply_packed(const vk_product *p, const float *packed) {
  ptrdiff_t block = block_columns(p->depth);
  ptrdiff_t k = 0;
  do {  // also once for a depth of 0, which leaves the bias
    ptrdiff_t depth = smaller(p->depth - k, DEPTH_BLOCK);
    for (ptrdiff_t column = 0; column < p->columns; column += block) {
      // The next panel of these depths, or the first of the next depths.
      int more = column + block < p->columns;
      ptrdiff_t next_column = more ? column + block : 0;
      ptrdiff_t next_k = more ? k : k + depth;
      ptrdiff_t next_depth = smaller(p->depth - next_k, DEPTH_BLOCK);
      multiply_block(
          p, packed_block(p, packed, column, k), p->depth, column, smaller(p->columns - column, block), k,
          depth, packed_block(p, packed, next_column, next_k),
          next_depth * strip_width(p->columns, next_column));
    }
    k += depth;
  } while (k < p->depth);
}

static void multiply(const vk_product *p, const float *b, ptrdiff_t b_stride, int transposed, float alpha) {
  float packed[PACKED_DEPTH_BLOCK * VK_PANEL] __attribute__((aligned(64)));
  ptrdiff_t k = 0;
  do {
    ptrdiff_t depth = smaller(p->depth - k, PACKED_DEPTH_BLOCK);
    for (ptrdiff_t column = 0; column < p->columns; column += VK_PANEL) {
      ptrdiff_t columns = smaller(p->columns - column, VK_PANEL);
      if (transposed) pack_rows(b + column * b_stride + k, b_stride, columns, depth, alpha, packed);
      else pack_columns(b + k * b_stride + column, b_stride, columns, depth, alpha, packed);
      multiply_block(p, packed, depth, column, columns, k, depth, packed, 0);
    }
    k += depth;
  } while (k < p->depth);
}
