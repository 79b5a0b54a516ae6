// A vector of 16 pairs of bfloat16 numbers on AVX2's vectors: what AVX-512 BF16 computes, to the last bit, by its
// documentation. For tests.

typedef struct {
  __m256i low, high;
} pairs;

static inline pairs v_load_pairs(const void *p) {
  return (pairs){_mm256_loadu_si256((const __m256i *)p), _mm256_loadu_si256((const __m256i *)p + 1)};
}
static inline void v_store_pairs(void *p, pairs x) {
  _mm256_storeu_si256((__m256i *)p, x.low);
  _mm256_storeu_si256((__m256i *)p + 1, x.high);
}
static inline pairs v_set_pairs(int32_t pair) {
  return (pairs){_mm256_set1_epi32(pair), _mm256_set1_epi32(pair)};
}

static inline __m256 first_of_8(__m256i x) { return _mm256_castsi256_ps(_mm256_slli_epi32(x, 16)); }
static inline __m256 second_of_8(__m256i x) {
  return _mm256_castsi256_ps(_mm256_and_si256(x, _mm256_set1_epi32((int)0xFFFF0000)));
}
static inline __m256 dot_of_8(__m256 sum, __m256i a, __m256i b) {
  sum = _mm256_fmadd_ps(second_of_8(a), second_of_8(b), sum);
  return _mm256_fmadd_ps(first_of_8(a), first_of_8(b), sum);
}
/// sum + a·b in each lane: the product of the second numbers is added, then that of the first ones, each as one operation.
/// Numbers and results below 2⁻¹²⁶ are zeros after `v_enter_dots`.
static inline vector v_dot(vector sum, pairs a, pairs b) {
  return v_pair(dot_of_8(sum.low, a.low, b.low), dot_of_8(sum.high, a.high, b.high));
}

/// Each number rounded, in the lower half of its lane.
static inline __m256i rounded_of_8(__m256 x) {
  const __m256i bits = _mm256_castps_si256(x);
  const __m256i upper = _mm256_srli_epi32(bits, 16);
  const __m256i magnitude = _mm256_and_si256(bits, _mm256_set1_epi32(0x7FFFFFFF));
  const __m256i odd = _mm256_and_si256(upper, _mm256_set1_epi32(1));
  const __m256i half = _mm256_add_epi32(odd, _mm256_set1_epi32(0x7FFF));
  __m256i rounded = _mm256_srli_epi32(_mm256_add_epi32(bits, half), 16);
  const __m256i zero = _mm256_and_si256(upper, _mm256_set1_epi32(0x8000));
  rounded = _mm256_blendv_epi8(rounded, zero, _mm256_cmpgt_epi32(_mm256_set1_epi32(0x00800000), magnitude));
  const __m256i quiet = _mm256_or_si256(upper, _mm256_set1_epi32(0x40));
  return _mm256_blendv_epi8(rounded, quiet, _mm256_cmpgt_epi32(magnitude, _mm256_set1_epi32(0x7F800000)));
}
static inline __m256i rounded_of_16(vector x) {
  return _mm256_permute4x64_epi64(_mm256_packus_epi32(rounded_of_8(x.low), rounded_of_8(x.high)), 0xD8);
}
/// The 32 numbers of both, each rounded to the nearest, ties to even, in their order. Those below 2⁻¹²⁶ become zeros.
static inline pairs v_round(vector first, vector second) {
  return (pairs){rounded_of_16(first), rounded_of_16(second)};
}
static inline __m256i rounded_pairs_of_8(__m256 first, __m256 second) {
  return _mm256_or_si256(rounded_of_8(first), _mm256_slli_epi32(rounded_of_8(second), 16));
}
/// As `v_round`, each lane of the one with the same lane of the other.
static inline pairs v_round_pairs(vector first, vector second) {
  return (pairs){rounded_pairs_of_8(first.low, second.low), rounded_pairs_of_8(first.high, second.high)};
}

/// Comes before tiles of `v_dot`, and what it gives back is given to `v_leave_dots` after them.
static inline unsigned v_enter_dots(void) {
  const unsigned mode = _mm_getcsr();
  _mm_setcsr(mode | 0x8040);  // denormal numbers are zeros, as operands and as results
  return mode;
}
static inline void v_leave_dots(unsigned mode) { _mm_setcsr(mode); }
