// Numbers of half precision to single precision.

/// Eight numbers of half precision, exactly. The instruction makes signalling NaNs quiet; here they stay as they are, as a
/// conversion of their bits leaves them.
static inline __m256 halves_of_8(__m128i halves) {
  const __m128i exponent = _mm_set1_epi16(0x7C00);
  const __m256 singles = _mm256_cvtph_ps(halves);
  const __m128i odd = _mm_cmpeq_epi16(_mm_and_si128(halves, exponent), exponent);
  if (__builtin_expect(_mm_testz_si128(odd, odd), 1)) return singles;
  const __m256i bits = _mm256_cvtepu16_epi32(halves);
  const __m256i sign = _mm256_slli_epi32(_mm256_and_si256(bits, _mm256_set1_epi32(0x8000)), 16);
  const __m256i fraction = _mm256_slli_epi32(_mm256_and_si256(bits, _mm256_set1_epi32(0x3FF)), 13);
  const __m256i kept = _mm256_or_si256(_mm256_or_si256(sign, fraction), _mm256_set1_epi32(0x7F800000));
  return _mm256_blendv_ps(singles, _mm256_castsi256_ps(kept), _mm256_castsi256_ps(_mm256_cvtepi16_epi32(odd)));
}

static void widen_halves(const void *source, ptrdiff_t count, float *target) {
  const char *from = source;  // at any alignment
  ptrdiff_t i = 0;
  for (; i + 8 <= count; i += 8) {
    _mm256_storeu_ps(target + i, halves_of_8(_mm_loadu_si128((const __m128i *)(from + 2 * i))));
  }
  if (i < count) {
    uint16_t last[8] = {0};
    float singles[8];
    __builtin_memcpy(last, from + 2 * i, (size_t)(count - i) * sizeof(uint16_t));
    _mm256_storeu_ps(singles, halves_of_8(_mm_loadu_si128((const __m128i *)last)));
    __builtin_memcpy(target + i, singles, (size_t)(count - i) * sizeof(float));
  }
}
