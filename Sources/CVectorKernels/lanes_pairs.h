// A vector of 16 floats as two of 8: what AVX-512 computes, to the last bit, where there is AVX2 alone. For tests.

#define TILE_IS_WIDE 1

enum { LANES = 16, TILE_ROWS = 8, TILE_VECTORS = 3 };

typedef struct {
  __m256 low, high;
} vector;
typedef struct {
  __m256i low, high;
} tail_mask;

static inline vector v_pair(__m256 low, __m256 high) { return (vector){low, high}; }
#define V_BOTH(function, a) v_pair(function((a).low), function((a).high))
#define V_BOTH_2(function, a, b) v_pair(function((a).low, (b).low), function((a).high, (b).high))
#define V_BOTH_3(function, a, b, c) \
  v_pair(function((a).low, (b).low, (c).low), function((a).high, (b).high, (c).high))

static inline vector v_zero(void) { return v_pair(_mm256_setzero_ps(), _mm256_setzero_ps()); }
static inline vector v_set(float x) { return v_pair(_mm256_set1_ps(x), _mm256_set1_ps(x)); }
static inline vector v_load(const float *p) { return v_pair(_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)); }
static inline void v_store(float *p, vector x) {
  _mm256_storeu_ps(p, x.low);
  _mm256_storeu_ps(p + 8, x.high);
}
static inline vector v_load_integers(const int32_t *p) {
  return v_pair(
      _mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *)p)),
      _mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *)(p + 8))));
}
static inline void v_prefetch(const float *p) { (void)p; }

static inline tail_mask v_tail(ptrdiff_t count) {
  const __m256i counts = _mm256_set1_epi32((int)count);
  return (tail_mask){
      _mm256_cmpgt_epi32(counts, _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)),
      _mm256_cmpgt_epi32(counts, _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15))};
}
static inline vector v_load_tail(const float *p, tail_mask mask) {
  return v_pair(_mm256_maskload_ps(p, mask.low), _mm256_maskload_ps(p + 8, mask.high));
}
static inline void v_store_tail(float *p, tail_mask mask, vector x) {
  _mm256_maskstore_ps(p, mask.low, x.low);
  _mm256_maskstore_ps(p + 8, mask.high, x.high);
}
static inline vector v_keep(tail_mask mask, vector x, vector other) {
  return v_pair(
      _mm256_blendv_ps(other.low, x.low, _mm256_castsi256_ps(mask.low)),
      _mm256_blendv_ps(other.high, x.high, _mm256_castsi256_ps(mask.high)));
}

static inline vector v_add(vector a, vector b) { return V_BOTH_2(_mm256_add_ps, a, b); }
static inline vector v_subtract(vector a, vector b) { return V_BOTH_2(_mm256_sub_ps, a, b); }
static inline vector v_multiply(vector a, vector b) { return V_BOTH_2(_mm256_mul_ps, a, b); }
static inline vector v_divide(vector a, vector b) { return V_BOTH_2(_mm256_div_ps, a, b); }
static inline vector v_fma(vector a, vector b, vector c) { return V_BOTH_3(_mm256_fmadd_ps, a, b, c); }
/// c − a·b
static inline vector v_fnma(vector a, vector b, vector c) { return V_BOTH_3(_mm256_fnmadd_ps, a, b, c); }
/// b where either is NaN.
static inline vector v_max(vector a, vector b) { return V_BOTH_2(_mm256_max_ps, a, b); }
static inline vector v_min(vector a, vector b) { return V_BOTH_2(_mm256_min_ps, a, b); }

static inline float v_sum(vector x) { return sum_of_8(_mm256_add_ps(x.low, x.high)); }
static inline float v_largest(vector x) { return largest_of_8(_mm256_max_ps(x.low, x.high)); }

static inline __m256 nearest_of_8(__m256 x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT); }
/// The nearest integer.
static inline vector v_nearest(vector x) { return V_BOTH(nearest_of_8, x); }
/// x held where `v_scale_by_power` can have it as n: anywhere.
static inline vector v_hold_power(vector x) { return x; }

static inline __m256 power_of_8(__m256 n) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23));
}
/// x·2ⁿ for an integer n and an x near 1, in two steps of which the second alone rounds; 0 for −∞, as the instruction has it.
static inline __m256 scaled_of_8(__m256 x, __m256 n) {
  const __m256 held = _mm256_max_ps(_mm256_set1_ps(-200.0f), n);
  const __m256 half = nearest_of_8(_mm256_mul_ps(held, _mm256_set1_ps(0.5f)));
  const __m256 product = _mm256_mul_ps(_mm256_mul_ps(x, power_of_8(half)), power_of_8(_mm256_sub_ps(held, half)));
  return _mm256_blendv_ps(
      product, _mm256_setzero_ps(), _mm256_cmp_ps(n, _mm256_set1_ps(-__builtin_inff()), _CMP_EQ_OQ));
}
static inline vector v_scale_by_power(vector x, vector n) { return V_BOTH_2(scaled_of_8, x, n); }
static inline __m256 magnitude_of_8(__m256 x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }
static inline vector v_magnitude(vector x) { return V_BOTH(magnitude_of_8, x); }
/// a where x < y, else b.
static inline vector v_where_less(vector x, vector y, vector a, vector b) {
  return v_pair(
      _mm256_blendv_ps(b.low, a.low, _mm256_cmp_ps(x.low, y.low, _CMP_LT_OQ)),
      _mm256_blendv_ps(b.high, a.high, _mm256_cmp_ps(x.high, y.high, _CMP_LT_OQ)));
}
