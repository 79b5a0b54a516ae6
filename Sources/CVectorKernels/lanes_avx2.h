// A vector of 8 floats: AVX2 with FMA.

#define TILE_IS_WIDE 0

enum { LANES = 8, TILE_ROWS = 6, TILE_VECTORS = 2 };

typedef __m256 vector;
typedef __m256i tail_mask;

static inline vector v_zero(void) { return _mm256_setzero_ps(); }
static inline vector v_set(float x) { return _mm256_set1_ps(x); }
static inline vector v_load(const float *p) { return _mm256_loadu_ps(p); }
static inline void v_store(float *p, vector x) { _mm256_storeu_ps(p, x); }
static inline vector v_load_integers(const int32_t *p) {
  return _mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *)p));
}
/// Asks for the memory at `p` before it is read; any address will do.
static inline void v_prefetch(const float *p) { _mm_prefetch((const char *)p, _MM_HINT_T1); }

static inline tail_mask v_tail(ptrdiff_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static inline vector v_load_tail(const float *p, tail_mask mask) { return _mm256_maskload_ps(p, mask); }
static inline void v_store_tail(float *p, tail_mask mask, vector x) { _mm256_maskstore_ps(p, mask, x); }
static inline vector v_keep(tail_mask mask, vector x, vector other) {
  return _mm256_blendv_ps(other, x, _mm256_castsi256_ps(mask));
}

static inline vector v_add(vector a, vector b) { return _mm256_add_ps(a, b); }
static inline vector v_subtract(vector a, vector b) { return _mm256_sub_ps(a, b); }
static inline vector v_multiply(vector a, vector b) { return _mm256_mul_ps(a, b); }
static inline vector v_divide(vector a, vector b) { return _mm256_div_ps(a, b); }
static inline vector v_fma(vector a, vector b, vector c) { return _mm256_fmadd_ps(a, b, c); }
/// c − a·b
static inline vector v_fnma(vector a, vector b, vector c) { return _mm256_fnmadd_ps(a, b, c); }
/// b where either is NaN.
static inline vector v_max(vector a, vector b) { return _mm256_max_ps(a, b); }
static inline vector v_min(vector a, vector b) { return _mm256_min_ps(a, b); }

static inline float v_sum(vector x) { return sum_of_8(x); }
static inline float v_largest(vector x) { return largest_of_8(x); }

/// The nearest integer.
static inline vector v_nearest(vector x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT); }
/// x held where `v_scale_by_power` can have it as n: at −126 or above.
static inline vector v_hold_power(vector x) { return v_max(v_set(-126.0f), x); }
/// x·2ⁿ for an integer n
static inline vector v_scale_by_power(vector x, vector n) {
  __m256i power = _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23);
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), power));
}
static inline vector v_magnitude(vector x) { return _mm256_andnot_ps(v_set(-0.0f), x); }
/// a where x < y, else b.
static inline vector v_where_less(vector x, vector y, vector a, vector b) {
  return _mm256_blendv_ps(b, a, _mm256_cmp_ps(x, y, _CMP_LT_OQ));
}
