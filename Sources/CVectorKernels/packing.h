// Packing of B into strips: `depth` rows of `width` columns, zero beyond the columns that B has. A strip is as wide as a
// tile: a panel, or a third of it.

/// Products that are added up in one chain. Each addition is rounded to the size of the sum so far, so that a long chain is
/// less exact than the sum of some shorter ones.
enum { SUM_DEPTH = 64 };

/// Columns of a strip, but for the last one, which may be narrower.
enum { STRIP = TILE_VECTORS * LANES };

/// Columns of the strip that starts at `column`, padding included.
static inline ptrdiff_t strip_width(ptrdiff_t columns, ptrdiff_t column) {
  return padded(smaller(columns - column, STRIP));
}

/// The eight rows of eight floats at `b`, turned, to `packed`.
static inline void turn_8x8(
    const float *b, ptrdiff_t b_stride, __m256 alpha, float *packed, ptrdiff_t width) {
  __m256 r[8], s[8];
  for (int i = 0; i < 8; i++) r[i] = _mm256_mul_ps(alpha, _mm256_loadu_ps(b + i * b_stride));
  for (int i = 0; i < 4; i++) {  // pairs of rows
    s[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    s[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 2; i++) {  // fours of rows
    r[4 * i] = _mm256_shuffle_ps(s[4 * i], s[4 * i + 2], 0x44);
    r[4 * i + 1] = _mm256_shuffle_ps(s[4 * i], s[4 * i + 2], 0xEE);
    r[4 * i + 2] = _mm256_shuffle_ps(s[4 * i + 1], s[4 * i + 3], 0x44);
    r[4 * i + 3] = _mm256_shuffle_ps(s[4 * i + 1], s[4 * i + 3], 0xEE);
  }
  for (int i = 0; i < 4; i++) {
    _mm256_storeu_ps(packed + i * width, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
    _mm256_storeu_ps(packed + (i + 4) * width, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
  }
}

/// out[j][i] = b[i][j], for `rows × columns` of b.
static void turn(
    const float *b, ptrdiff_t b_stride, ptrdiff_t rows, ptrdiff_t columns, float *out, ptrdiff_t stride) {
  const __m256 one = _mm256_set1_ps(1);
  for (ptrdiff_t i = 0; i < rows; i += 8) {
    ptrdiff_t j = 0;
    if (i + 8 <= rows) {
      for (; j + 8 <= columns; j += 8) {
        turn_8x8(b + i * b_stride + j, b_stride, one, out + j * stride + i, stride);
      }
    }
    for (; j < columns; j++) {
      for (ptrdiff_t r = i; r < smaller(i + 8, rows); r++) out[j * stride + r] = b[r * b_stride + j];
    }
  }
}

/// One strip; B is given as `[columns, depth]`: a weight, or keys.
static void pack_row_strip(
    const float *b, ptrdiff_t b_stride, ptrdiff_t columns, ptrdiff_t depth, float alpha, float *packed,
    ptrdiff_t width) {
  const __m256 alphas = _mm256_set1_ps(alpha);
  for (ptrdiff_t c = 0; c < width; c += 8) {
    ptrdiff_t k = 0;
    if (c + 8 <= columns) {
      for (; k + 8 <= depth; k += 8) {
        turn_8x8(b + c * b_stride + k, b_stride, alphas, packed + k * width + c, width);
      }
    }
    for (; k < depth; k++) {
      for (ptrdiff_t i = c; i < c + 8; i++) {
        packed[k * width + i] = i < columns ? alpha * b[i * b_stride + k] : 0;
      }
    }
  }
}

/// One strip; B is given as `[depth, columns]`.
static void pack_column_strip(
    const float *b, ptrdiff_t b_stride, ptrdiff_t columns, ptrdiff_t depth, float alpha, float *packed,
    ptrdiff_t width) {
  for (ptrdiff_t k = 0; k < depth; k++) {
    for (ptrdiff_t i = 0; i < width; i++) {
      packed[k * width + i] = i < columns ? alpha * b[k * b_stride + i] : 0;
    }
  }
}

/// Up to a panel of columns, strip by strip.
static void pack_rows(
    const float *b, ptrdiff_t b_stride, ptrdiff_t columns, ptrdiff_t depth, float alpha, float *packed) {
  for (ptrdiff_t c = 0; c < columns; c += STRIP) {
    ptrdiff_t width = strip_width(columns, c);
    pack_row_strip(b + c * b_stride, b_stride, smaller(columns - c, STRIP), depth, alpha, packed + c * depth, width);
  }
}

static void pack_columns(
    const float *b, ptrdiff_t b_stride, ptrdiff_t columns, ptrdiff_t depth, float alpha, float *packed) {
  for (ptrdiff_t c = 0; c < columns; c += STRIP) {
    ptrdiff_t width = strip_width(columns, c);
    pack_column_strip(b + c, b_stride, smaller(columns - c, STRIP), depth, alpha, packed + c * depth, width);
  }
}

static void pack_panel(
    const float *b, ptrdiff_t b_stride, ptrdiff_t columns, ptrdiff_t depth, ptrdiff_t panel, float *packed) {
  ptrdiff_t column = panel * VK_PANEL;
  pack_rows(
      b + column * b_stride, b_stride, smaller(columns - column, VK_PANEL), depth, 1, packed + column * depth);
}
