// A vector of 16 pairs of bfloat16 numbers: AVX-512 BF16.

typedef __m512bh pairs;

static inline pairs v_load_pairs(const void *p) { return (__m512bh)_mm512_loadu_si512(p); }
static inline void v_store_pairs(void *p, pairs x) { _mm512_storeu_si512(p, (__m512i)x); }
static inline pairs v_set_pairs(int32_t pair) { return (__m512bh)_mm512_set1_epi32(pair); }

/// sum + a·b in each lane: the product of the second numbers is added, then that of the first ones, each as one operation.
/// Numbers and results below 2⁻¹²⁶ are zeros.
static inline vector v_dot(vector sum, pairs a, pairs b) { return _mm512_dpbf16_ps(sum, a, b); }

/// The 32 numbers of both, each rounded to the nearest, ties to even, in their order. Those below 2⁻¹²⁶ become zeros.
static inline pairs v_round(vector first, vector second) { return _mm512_cvtne2ps_pbh(second, first); }
/// As `v_round`, each lane of the one with the same lane of the other.
static inline pairs v_round_pairs(vector first, vector second) {
  const __m512i order = _mm512_setr_epi32(
      0x100000, 0x110001, 0x120002, 0x130003, 0x140004, 0x150005, 0x160006, 0x170007, 0x180008, 0x190009, 0x1A000A,
      0x1B000B, 0x1C000C, 0x1D000D, 0x1E000E, 0x1F000F);
  return (__m512bh)_mm512_permutexvar_epi16(order, (__m512i)v_round(first, second));
}

/// Comes before tiles of `v_dot`, and what it gives back is given to `v_leave_dots` after them.
static inline unsigned v_enter_dots(void) { return 0; }
static inline void v_leave_dots(unsigned mode) { (void)mode; }
