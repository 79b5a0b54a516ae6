// The tile of sums of 8-bit products with AVX-512 VNNI: one instruction multiplies four unsigned bytes by four signed ones and
// adds them up, 16 times. Zeros are not taken off activations, which are unsigned so, but a row's zero times Σ weights off sums.

enum { INT8_ROWS = 8, INT8_STRIP = 48, INT8_GROUP = 4 };

typedef uint8_t int8_activation;

/// Eight activations, of which each is up to 255.
static inline void int8_store_8(int8_activation *q, __m256i x, __m256i zero) {
  (void)zero;
  __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
  _mm_storel_epi64((__m128i *)q, _mm_packus_epi16(words, words));
}

/// out[r][c] = Σ_k (a[r·a_row + k] − zero r)·b[k, c] for r < rows and c < vectors·16. `rows` and `vectors` are constants where
/// this is inlined.
static inline __attribute__((always_inline)) void int8_tile_of(
    const int rows, const int vectors, ptrdiff_t depth, const uint8_t *a, ptrdiff_t a_row, const vk_int8_row *a_rows,
    const int8_t *b, const int32_t *b_sums, int32_t *out) {
  __m512i sums[8][3];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    const __m512i zero = _mm512_set1_epi32(-a_rows[r].zero);
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) {
      sums[r][v] = _mm512_mullo_epi32(zero, _mm512_loadu_si512(b_sums + v * 16));
    }
  }

  for (ptrdiff_t k = 0; k < depth; k += 4) {
    __m512i columns[3];
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) columns[v] = _mm512_loadu_si512(b + v * 64);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      int four;
      __builtin_memcpy(&four, a + r * a_row, 4);
      const __m512i x = _mm512_set1_epi32(four);
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) sums[r][v] = _mm512_dpbusd_epi32(sums[r][v], x, columns[v]);
    }
    a += 4;
    b += vectors * 64;
  }

#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) _mm512_storeu_si512(out + r * INT8_STRIP + v * 16, sums[r][v]);
}

#define INT8_ARGUMENTS depth, a, a_row, a_rows, b, b_sums, out

#define INT8_CASE(vectors, rows) \
  case rows: int8_tile_of(rows, vectors, INT8_ARGUMENTS); break;

#define DEFINE_INT8_TILE(name, vectors) \
  static __attribute__((noinline)) void name( \
      int rows, ptrdiff_t depth, const uint8_t *a, ptrdiff_t a_row, const vk_int8_row *a_rows, const int8_t *b, \
      const int32_t *b_sums, int32_t *out) { \
    switch (rows) { \
      INT8_CASE(vectors, 1) \
      INT8_CASE(vectors, 2) \
      INT8_CASE(vectors, 3) \
      INT8_CASE(vectors, 4) \
      INT8_CASE(vectors, 5) \
      INT8_CASE(vectors, 6) \
      INT8_CASE(vectors, 7) \
      INT8_CASE(vectors, 8) \
    } \
  }

DEFINE_INT8_TILE(int8_tile_16, 1)
DEFINE_INT8_TILE(int8_tile_32, 2)
DEFINE_INT8_TILE(int8_tile_48, 3)

/// The sums of `rows` rows of a, `a_row` apart, with a strip of 16, 32 or 48 columns.
static inline void int8_tile(
    int rows, ptrdiff_t columns, ptrdiff_t depth, const uint8_t *a, ptrdiff_t a_row, const vk_int8_row *a_rows,
    const int8_t *b, const int32_t *b_sums, int32_t *out) {
  if (columns == 48) int8_tile_48(rows, INT8_ARGUMENTS);
  else if (columns == 32) int8_tile_32(rows, INT8_ARGUMENTS);
  else int8_tile_16(rows, INT8_ARGUMENTS);
}
