// Fused attention, turned: queries lie across the lanes, so that the softmax runs down the columns and no
// width of a head needs padding. Scores exist for one block of keys at a time; the softmax is made online.

/// Replaces the scores of `keys`, whose base is 2, by their exponentials, and updates the running
/// maxima and sums of the lanes of one vector. Returns what earlier sums are to be multiplied by.
static inline vector exponentiate_block(float *scores, ptrdiff_t keys, float *maxima, float *sums) {
  vector before = v_load(maxima);
  vector largest = before;
  for (ptrdiff_t k = 0; k < keys; k++) largest = v_max(largest, v_load(scores + k * VK_PANEL));
  vector sum = v_zero();
  for (ptrdiff_t k = 0; k < keys; k++) {
    vector e = v_exp2(v_subtract(v_load(scores + k * VK_PANEL), largest));
    sum = v_add(sum, e);
    v_store(scores + k * VK_PANEL, e);
  }
  vector factor = v_exp2(v_subtract(before, largest));
  v_store(maxima, largest);
  v_store(sums, v_fma(v_load(sums), factor, sum));
  return factor;
}

static void attend(const vk_attention *p) {
  float part[TILE_ROWS * VK_PANEL] __attribute__((aligned(64)));
  float factors[VK_PANEL] __attribute__((aligned(64)));
  float *queries = p->scratch;                      // [width, 48]
  float *gathered = queries + p->width * VK_PANEL;  // [width, 48]
  float *scores = gathered + p->width * VK_PANEL;   // [keys, 48]
  float *maxima = scores + VK_KEY_BLOCK * VK_PANEL;
  float *sums = maxima + VK_PANEL;
  ptrdiff_t lanes = panel_width(p->queries, 0);

  const float log2e = 1.44269504f;
  pack_rows(p->query, p->query_stride, p->queries, p->width, p->scale * log2e, queries, lanes);
  for (ptrdiff_t i = 0; i < p->width * lanes; i += LANES) v_store(gathered + i, v_zero());
  for (ptrdiff_t i = 0; i < lanes; i += LANES) {
    v_store(maxima + i, v_set(-__builtin_inff()));
    v_store(sums + i, v_zero());
  }

  for (ptrdiff_t start = 0; start < p->keys; start += VK_KEY_BLOCK) {
    ptrdiff_t keys = smaller(p->keys - start, VK_KEY_BLOCK);
    const float *key = p->key + start * p->key_stride;
    for (ptrdiff_t k = 0; k < keys; k += TILE_ROWS) {
      tile(
          (int)smaller(keys - k, TILE_ROWS), lanes, p->width, key + k * p->key_stride, p->key_stride, 1,
          queries, lanes, scores + k * VK_PANEL, VK_PANEL);
    }
    for (ptrdiff_t i = 0; i < lanes; i += LANES) {
      v_store(factors + i, exponentiate_block(scores + i, keys, maxima + i, sums + i));
    }
    const float *value = p->value + start * p->value_stride;
    for (ptrdiff_t c = 0; c < p->width; c += TILE_ROWS) {
      int channels = (int)smaller(p->width - c, TILE_ROWS);
      tile(channels, lanes, keys, value + c, 1, p->value_stride, scores, VK_PANEL, part, VK_PANEL);
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
