// A vector of 16 floats: AVX-512.

#define TILE_IS_WIDE 1

enum { LANES = 16, TILE_ROWS = 8, TILE_VECTORS = 3 };

typedef __m512 vector;
typedef __mmask16 tail_mask;

static inline vector v_zero(void) { return _mm512_setzero_ps(); }
static inline vector v_set(float x) { return _mm512_set1_ps(x); }
static inline vector v_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void v_store(float *p, vector x) { _mm512_storeu_ps(p, x); }
static inline vector v_load_integers(const int32_t *p) { return _mm512_cvtepi32_ps(_mm512_loadu_si512(p)); }
/// Asks for the memory at `p` before it is read; any address will do.
static inline void v_prefetch(const float *p) { _mm_prefetch((const char *)p, _MM_HINT_T1); }

static inline tail_mask v_tail(ptrdiff_t count) { return (tail_mask)((1u << count) - 1); }
static inline vector v_load_tail(const float *p, tail_mask mask) { return _mm512_maskz_loadu_ps(mask, p); }
static inline void v_store_tail(float *p, tail_mask mask, vector x) { _mm512_mask_storeu_ps(p, mask, x); }
static inline vector v_keep(tail_mask mask, vector x, vector other) {
  return _mm512_mask_blend_ps(mask, other, x);
}

static inline vector v_add(vector a, vector b) { return _mm512_add_ps(a, b); }
static inline vector v_subtract(vector a, vector b) { return _mm512_sub_ps(a, b); }
static inline vector v_multiply(vector a, vector b) { return _mm512_mul_ps(a, b); }
static inline vector v_divide(vector a, vector b) { return _mm512_div_ps(a, b); }
static inline vector v_fma(vector a, vector b, vector c) { return _mm512_fmadd_ps(a, b, c); }
/// c − a·b
static inline vector v_fnma(vector a, vector b, vector c) { return _mm512_fnmadd_ps(a, b, c); }
/// b where either is NaN.
static inline vector v_max(vector a, vector b) { return _mm512_max_ps(a, b); }
static inline vector v_min(vector a, vector b) { return _mm512_min_ps(a, b); }

// Halves first: the intrinsics for sums leave the order to the compiler.
static inline float v_sum(vector x) {
  return sum_of_8(_mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1)));
}
static inline float v_largest(vector x) {
  return largest_of_8(_mm256_max_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1)));
}

/// The nearest integer.
static inline vector v_nearest(vector x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT); }
/// x held where `v_scale_by_power` can have it as n: anywhere.
static inline vector v_hold_power(vector x) { return x; }
/// x·2ⁿ for an integer n
static inline vector v_scale_by_power(vector x, vector n) { return _mm512_scalef_ps(x, n); }
static inline vector v_magnitude(vector x) { return _mm512_andnot_ps(v_set(-0.0f), x); }
/// a where x < y, else b.
static inline vector v_where_less(vector x, vector y, vector a, vector b) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(x, y, _CMP_LT_OQ), b, a);
}
