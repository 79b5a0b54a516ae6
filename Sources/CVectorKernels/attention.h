// Fused attention, turned: queries lie across the lanes, so that the softmax runs down the columns and no
// width of a head needs padding. Scores exist for one block of keys at a time; the softmax is made online.

/// Below every score, yet finite, so that its distance to a score is a number.
#define LOWEST_SCORE (-1e30f)

/// Replaces the scores of `keys`, whose base is 2, by their exponentials, and updates the running maxima and
/// sums of `vectors` vectors of lanes: side by side, since each is one long chain. `factors` is what earlier
/// sums are to be multiplied by, and `step` the distance of one key's scores to the next one's.
static inline __attribute__((always_inline)) void exponentiate_lanes(
    const int vectors, float *scores, ptrdiff_t step, ptrdiff_t keys, float *maxima, float *sums, float *factors) {
  vector largest[TILE_VECTORS], sum[TILE_VECTORS];
  for (int v = 0; v < vectors; v++) {
    largest[v] = v_load(maxima + v * LANES);
    sum[v] = v_zero();
  }
  for (ptrdiff_t k = 0; k < keys; k++) {
    for (int v = 0; v < vectors; v++) {
      largest[v] = v_max(largest[v], v_load(scores + k * step + v * LANES));
    }
  }
  for (ptrdiff_t k = 0; k < keys; k++) {
    for (int v = 0; v < vectors; v++) {
      float *score = scores + k * step + v * LANES;
      vector e = v_exp2(v_subtract(v_load(score), largest[v]));
      sum[v] = v_add(sum[v], e);
      v_store(score, e);
    }
  }
  for (int v = 0; v < vectors; v++) {
    vector factor = v_exp2(v_subtract(v_load(maxima + v * LANES), largest[v]));
    v_store(maxima + v * LANES, largest[v]);
    v_store(sums + v * LANES, v_fma(v_load(sums + v * LANES), factor, sum[v]));
    v_store(factors + v * LANES, factor);
  }
}

/// `exponentiate_lanes` for a strip of scores of a block of keys.
static inline void exponentiate_strip(
    float *scores, ptrdiff_t lanes, ptrdiff_t keys, float *maxima, float *sums, float *factors) {
  if (lanes == STRIP) {
    exponentiate_lanes(TILE_VECTORS, scores, STRIP, keys, maxima, sums, factors);
    return;
  }
  for (ptrdiff_t i = 0; i < lanes; i += LANES) {
    exponentiate_lanes(1, scores + i, lanes, keys, maxima + i, sums + i, factors + i);
  }
}

static void attend(const vk_attention *p) {
  float part[TILE_ROWS * VK_PANEL] __attribute__((aligned(64)));
  float factors[VK_PANEL] __attribute__((aligned(64)));
  float *queries = p->scratch;                      // strips of [width, ·], 48 columns together
  float *gathered = queries + p->width * VK_PANEL;  // [width, lanes]
  float *scores = gathered + p->width * VK_PANEL;   // strips of [keys, ·], 48 columns together
  float *maxima = scores + VK_KEY_BLOCK * VK_PANEL;
  float *sums = maxima + VK_PANEL;
  ptrdiff_t lanes = padded(p->queries);

  const float log2e = 1.44269504f;
  pack_rows(p->query, p->query_stride, p->queries, p->width, p->scale * log2e, queries);
  for (ptrdiff_t i = 0; i < p->width * lanes; i += LANES) v_store(gathered + i, v_zero());
  for (ptrdiff_t i = 0; i < lanes; i += LANES) {
    v_store(maxima + i, v_set(LOWEST_SCORE));
    v_store(sums + i, v_zero());
  }

  for (ptrdiff_t start = 0; start < p->keys; start += VK_KEY_BLOCK) {
    ptrdiff_t keys = smaller(p->keys - start, VK_KEY_BLOCK);
    const float *key = p->key + start * p->key_stride;
    for (ptrdiff_t k = 0; k < keys; k += TILE_ROWS) {
      int rows = (int)smaller(keys - k, TILE_ROWS);
      for (ptrdiff_t i = 0; i < lanes; i += STRIP) {
        ptrdiff_t strip = strip_width(lanes, i);
        tile(
            rows, strip, p->width, key + k * p->key_stride, p->key_stride, 1, queries + i * p->width,
            scores + i * VK_KEY_BLOCK + k * strip, strip, queries, 0);
      }
    }
    for (ptrdiff_t i = 0; i < lanes; i += STRIP) {
      exponentiate_strip(
          scores + i * VK_KEY_BLOCK, strip_width(lanes, i), keys, maxima + i, sums + i, factors + i);
    }
    const float *value = p->value + start * p->value_stride;
    for (ptrdiff_t c = 0; c < p->width; c += TILE_ROWS) {
      int channels = (int)smaller(p->width - c, TILE_ROWS);
      for (ptrdiff_t i = 0; i < lanes; i += STRIP) {
        tile(
            channels, strip_width(lanes, i), keys, value + c, 1, p->value_stride, scores + i * VK_KEY_BLOCK,
            part + i, VK_PANEL, scores, 0);
      }
      for (ptrdiff_t i = 0; i < lanes; i += LANES) {
        vector factor = v_load(factors + i);
        for (int r = 0; r < channels; r++) {
          float *sum = gathered + (c + r) * lanes + i;
          v_store(sum, v_fma(v_load(sum), factor, v_load(part + r * VK_PANEL + i)));
        }
      }
    }
  }

  for (ptrdiff_t i = 0; i < lanes; i += LANES) {
    vector inverse = v_divide(v_set(1.0f), v_load(sums + i));
    for (ptrdiff_t c = 0; c < p->width; c++) {
      v_store(gathered + c * lanes + i, v_multiply(v_load(gathered + c * lanes + i), inverse));
    }
  }
  turn(gathered, lanes, p->width, p->queries, p->out, p->out_stride);
}
