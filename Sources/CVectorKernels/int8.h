// Products of 8-bit integers: x quantised row by row, B by column, sums of 32 bits, which are exact, and the rest in float32.
//
// The including file brings the tile, `int8_vnni.h` or `int8_words.h`, which says how activations
// and weights lie in memory.

/// Depth with its padding, which multiplies nothing.
static inline ptrdiff_t int8_depth(ptrdiff_t depth) { return (depth + 3) / 4 * 4; }

static vk_int8_row int8_quantize(const float *x, ptrdiff_t count, void *row) {
  int8_activation *q = row;
  const ptrdiff_t whole = count - count % 8, end = int8_depth(count);
  const __m256i tail = _mm256_cmpgt_epi32(
      _mm256_set1_epi32((int)(count - whole)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  // Of magnitudes the bits are in order, infinities and NaN last.
  const __m256i magnitude = _mm256_set1_epi32(0x7FFFFFFF);
  __m256i bits = _mm256_setzero_si256();
  __m256 lowest = _mm256_setzero_ps(), highest = _mm256_setzero_ps();
  for (ptrdiff_t i = 0; i < count; i += 8) {
    __m256 v = i < whole ? _mm256_loadu_ps(x + i) : _mm256_maskload_ps(x + i, tail);
    bits = _mm256_max_epi32(bits, _mm256_and_si256(magnitude, _mm256_castps_si256(v)));
    lowest = _mm256_min_ps(lowest, v);
    highest = _mm256_max_ps(highest, v);
  }
  __m128i half = _mm_max_epi32(_mm256_castsi256_si128(bits), _mm256_extracti128_si256(bits, 1));
  half = _mm_max_epi32(half, _mm_shuffle_epi32(half, 0x4E));
  half = _mm_max_epi32(half, _mm_shuffle_epi32(half, 0xB1));
  const float low = -largest_of_8(_mm256_sub_ps(_mm256_setzero_ps(), lowest)), high = largest_of_8(highest);
  const float span = high - low;

  const int finite = _mm_cvtsi128_si32(half) < 0x7F800000 && span <= __FLT_MAX__;
  if (!finite || span < VK_INT8_LEAST) {
    __builtin_memset(row, 0, (size_t)end * sizeof(int8_activation));
    return (vk_int8_row){finite ? 0 : __builtin_nanf(""), 0};
  }
  const float inverse = 255 / span;
  const __m256 inverses = _mm256_set1_ps(inverse);
  const int zero = _mm_cvtss_si32(_mm_set_ss(-low * inverse));
  const __m256i zeros = _mm256_set1_epi32(zero);
  for (ptrdiff_t i = 0; i < whole; i += 8) {
    __m256i n = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + i), inverses));
    int8_store_8(q + i, _mm256_add_epi32(n, zeros), zeros);
  }
  if (whole < end) {
    __m256i n = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_maskload_ps(x + whole, tail), inverses));
    int8_activation last[8];
    int8_store_8(last, _mm256_add_epi32(n, zeros), zeros);
    __builtin_memcpy(q + whole, last, (size_t)(end - whole) * sizeof(int8_activation));
  }
  return (vk_int8_row){span / 255, zero};
}

/// Bytes of a column of a strip: its weights, and before those a sum of 32 bits.
static inline ptrdiff_t int8_column_bytes(ptrdiff_t depth) { return int8_depth(depth) + (ptrdiff_t)sizeof(int32_t); }

static void int8_pack(const int8_t *b, ptrdiff_t b_stride, ptrdiff_t columns, ptrdiff_t depth, void *packed) {
  for (ptrdiff_t column = 0; column < columns; column += INT8_STRIP) {
    const ptrdiff_t width = padded(smaller(columns - column, INT8_STRIP));
    int32_t *sums = (int32_t *)((char *)packed + column * int8_column_bytes(depth));
    int8_t *weights = (int8_t *)(sums + width);
    for (ptrdiff_t c = 0; c < width; c++) {
      const int there = column + c < columns;
      const int8_t *source = b + (column + c) * b_stride;
      int32_t sum = 0;
      for (ptrdiff_t k = 0; k < int8_depth(depth); k += INT8_GROUP) {
        int8_t *group = weights + k * width + c * INT8_GROUP;
        for (ptrdiff_t i = 0; i < INT8_GROUP; i++) {
          group[i] = there && k + i < depth ? source[k + i] : 0;
          sum += group[i];
        }
      }
      sums[c] = sum;
    }
  }
}

/// y = activation(sums·row scale·column scale + y·added + bias) for a tile of `rows × columns`; `bias` may be NULL.
static inline __attribute__((always_inline)) void int8_finish(
    const int32_t *sums, const vk_int8_row *x_rows, int rows, ptrdiff_t columns, const float *scales, float *y,
    ptrdiff_t y_stride, int added, const float *bias, const int activation) {
  ptrdiff_t whole = columns - columns % LANES;
  tail_mask mask = v_tail(columns - whole);
  for (int r = 0; r < rows; r++) {
    const int32_t *sum = sums + r * INT8_STRIP;
    const vector row_scale = v_set(x_rows[r].scale);
    float *target = y + r * y_stride;
    for (ptrdiff_t c = 0; c < whole; c += LANES) {
      vector value = v_multiply(v_multiply(v_load_integers(sum + c), row_scale), v_load(scales + c));
      if (added) value = v_add(value, v_load(target + c));
      if (bias) value = v_add(value, v_load(bias + c));
      v_store(target + c, activated(value, activation));
    }
    if (whole < columns) {
      vector value = v_multiply(v_multiply(v_load_integers(sum + whole), row_scale), v_load_tail(scales + whole, mask));
      if (added) value = v_add(value, v_load_tail(target + whole, mask));
      if (bias) value = v_add(value, v_load_tail(bias + whole, mask));
      v_store_tail(target + whole, mask, activated(value, activation));
    }
  }
}

#define INT8_FINISH(activation) \
  int8_finish( \
      sums, p->x_rows + row, rows, width, p->scales + column, y, p->y_stride, p->accumulate, bias, activation)

static void int8_multiply(const vk_int8_product *p, const void *packed) {
  int32_t sums[INT8_ROWS * INT8_STRIP] __attribute__((aligned(64)));
  const ptrdiff_t depth = int8_depth(p->depth);
  const ptrdiff_t x_stride = p->x_stride / (ptrdiff_t)sizeof(int8_activation);
  for (ptrdiff_t column = 0; column < p->columns; column += INT8_STRIP) {
    const ptrdiff_t width = smaller(p->columns - column, INT8_STRIP);
    const int32_t *column_sums = (const int32_t *)((const char *)packed + column * int8_column_bytes(p->depth));
    const int8_t *weights = (const int8_t *)(column_sums + padded(width));
    int rows;
    for (ptrdiff_t row = 0; row < p->rows; row += rows) {
      rows = (int)smaller(p->rows - row, INT8_ROWS);
      int8_tile(
          rows, padded(width), depth, (const int8_activation *)p->x + row * x_stride, x_stride, p->x_rows + row, weights,
          column_sums, sums);
      float *y = p->y + row * p->y_stride + column;
      const float *bias = p->bias ? p->bias + column : NULL;
      switch (p->activation) {
        case VK_RELU: INT8_FINISH(VK_RELU); break;
        case VK_RELU6: INT8_FINISH(VK_RELU6); break;
        case VK_QUICK_GELU: INT8_FINISH(VK_QUICK_GELU); break;
        case VK_GELU: INT8_FINISH(VK_GELU); break;
        default: INT8_FINISH(VK_IDENTITY); break;
      }
    }
  }
}

#define INT8_KERNELS \
  { \
    .activation_bytes = sizeof(int8_activation), .quantize = int8_quantize, .pack = int8_pack, \
    .multiply = int8_multiply \
  }
