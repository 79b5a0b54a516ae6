// The tile of sums of 8-bit products with AVX2: weights are widened to 16 bits, which activations have, and one instruction
// multiplies pairs and adds them up to 32. The instruction for bytes would be faster, and saturates: two products pass 32767.

enum { INT8_ROWS = 6, INT8_STRIP = 16, INT8_GROUP = 2 };

/// An activation less its row's zero.
typedef int16_t int8_activation;

/// Eight activations, of which each is up to 255 and is less by `zero`.
static inline void int8_store_8(int8_activation *q, __m256i x, __m256i zero) {
  x = _mm256_sub_epi32(_mm256_min_epi32(x, _mm256_set1_epi32(255)), zero);
  _mm_storeu_si128((__m128i *)q, _mm_packs_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1)));
}

/// out[r][c] = Σ_k a[r·a_row + k]·b[k, c] for r < rows and c < 16. `rows` is a constant where this is inlined.
static inline __attribute__((always_inline)) void int8_tile_of(
    const int rows, ptrdiff_t depth, const int16_t *a, ptrdiff_t a_row, const int8_t *b, int32_t *out) {
  __m256i sums[6][2];
  const int16_t *from[6];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    sums[r][0] = sums[r][1] = _mm256_setzero_si256();
    from[r] = a + r * a_row;
    // Else the compiler makes each row's address from the last one's, in a chain.
    __asm__("" : "+r"(from[r]));
  }
  for (ptrdiff_t k = 0; k < depth; k += 4) {
#pragma clang loop unroll(full)
    for (int step = 0; step < 4; step += 2) {
      const __m256i low = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(b + step * 16)));
      const __m256i high = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(b + step * 16 + 16)));
#pragma clang loop unroll(full)
      for (int r = 0; r < rows; r++) {
        int pair;
        __builtin_memcpy(&pair, from[r] + k + step, 4);
        const __m256i x = _mm256_set1_epi32(pair);
        sums[r][0] = _mm256_add_epi32(sums[r][0], _mm256_madd_epi16(x, low));
        sums[r][1] = _mm256_add_epi32(sums[r][1], _mm256_madd_epi16(x, high));
      }
    }
    b += 64;
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < 2; v++) _mm256_storeu_si256((__m256i *)(out + r * INT8_STRIP + v * 8), sums[r][v]);
}

/// The sums of `rows` rows of a, `a_row` apart, with a strip of 16 columns.
static __attribute__((noinline)) void int8_tile(
    int rows, ptrdiff_t columns, ptrdiff_t depth, const int16_t *a, ptrdiff_t a_row, const vk_int8_row *a_rows,
    const int8_t *b, const int32_t *b_sums, int32_t *out) {
  (void)columns;
  (void)a_rows;  // whose zeros are taken off already
  (void)b_sums;
  switch (rows) {
    case 1: int8_tile_of(1, depth, a, a_row, b, out); break;
    case 2: int8_tile_of(2, depth, a, a_row, b, out); break;
    case 3: int8_tile_of(3, depth, a, a_row, b, out); break;
    case 4: int8_tile_of(4, depth, a, a_row, b, out); break;
    case 5: int8_tile_of(5, depth, a, a_row, b, out); break;
    case 6: int8_tile_of(6, depth, a, a_row, b, out); break;
  }
}
