// Functions of one row of floats.

/// Runs `body` with `value` at whole vectors of x, then at the tail; `body` leaves its result in `value`.
#define FOR_EACH_VECTOR(x, count, value, body) \
  do { \
    ptrdiff_t whole_ = (count) - (count) % LANES; \
    for (ptrdiff_t i_ = 0; i_ < whole_; i_ += LANES) { \
      vector value = v_load((x) + i_); \
      body; \
      v_store((x) + i_, value); \
    } \
    if (whole_ < (count)) { \
      tail_mask mask_ = v_tail((count) - whole_); \
      vector value = v_load_tail((x) + whole_, mask_); \
      body; \
      v_store_tail((x) + whole_, mask_, value); \
    } \
  } while (0)

static void activate_row(float *x, ptrdiff_t count, int activation) {
  switch (activation) {
    case VK_RELU: FOR_EACH_VECTOR(x, count, v, v = v_relu(v)); break;
    case VK_RELU6: FOR_EACH_VECTOR(x, count, v, v = v_relu6(v)); break;
    case VK_QUICK_GELU: FOR_EACH_VECTOR(x, count, v, v = v_quick_gelu(v)); break;
    case VK_GELU: FOR_EACH_VECTOR(x, count, v, v = v_gelu(v)); break;
    default: break;
  }
}

static void sigmoid_row(float *x, ptrdiff_t count) { FOR_EACH_VECTOR(x, count, v, v = v_sigmoid(v)); }

static void softmax_row(float *x, ptrdiff_t count) {
  if (count == 0) return;
  ptrdiff_t whole = count - count % LANES;
  tail_mask mask = v_tail(count - whole);
  const vector lowest = v_set(-__builtin_inff());

  vector largest = lowest;
  for (ptrdiff_t i = 0; i < whole; i += LANES) largest = v_max(largest, v_load(x + i));
  if (whole < count) largest = v_max(largest, v_keep(mask, v_load_tail(x + whole, mask), lowest));
  const vector shift = v_set(v_largest(largest));

  vector sum = v_zero();
  for (ptrdiff_t i = 0; i < whole; i += LANES) {
    vector e = v_exp(v_subtract(v_load(x + i), shift));
    sum = v_add(sum, e);
    v_store(x + i, e);
  }
  if (whole < count) {
    vector e = v_exp(v_subtract(v_load_tail(x + whole, mask), shift));
    sum = v_add(sum, v_keep(mask, e, v_zero()));
    v_store_tail(x + whole, mask, e);
  }
  const vector factor = v_set(1.0f / v_sum(sum));
  FOR_EACH_VECTOR(x, count, v, v = v_multiply(v, factor));
}

static void normalize_row(
    const float *x, float *y, ptrdiff_t count, const float *weight, const float *bias, float epsilon) {
  ptrdiff_t whole = count - count % LANES;
  tail_mask mask = v_tail(count - whole);

  vector sum = v_zero();
  for (ptrdiff_t i = 0; i < whole; i += LANES) sum = v_add(sum, v_load(x + i));
  if (whole < count) sum = v_add(sum, v_load_tail(x + whole, mask));
  const vector mean = v_set(v_sum(sum) / (float)count);

  vector squares = v_zero();
  for (ptrdiff_t i = 0; i < whole; i += LANES) {
    vector d = v_subtract(v_load(x + i), mean);
    squares = v_fma(d, d, squares);
  }
  if (whole < count) {
    vector d = v_keep(mask, v_subtract(v_load_tail(x + whole, mask), mean), v_zero());
    squares = v_fma(d, d, squares);
  }
  const vector scale = v_set(1.0f / __builtin_sqrtf(v_sum(squares) / (float)count + epsilon));

  for (ptrdiff_t i = 0; i < whole; i += LANES) {
    vector n = v_multiply(v_subtract(v_load(x + i), mean), scale);
    v_store(y + i, v_fma(n, v_load(weight + i), v_load(bias + i)));
  }
  if (whole < count) {
    vector n = v_multiply(v_subtract(v_load_tail(x + whole, mask), mean), scale);
    vector shifted = v_fma(n, v_load_tail(weight + whole, mask), v_load_tail(bias + whole, mask));
    v_store_tail(y + whole, mask, shifted);
  }
}

static float dot_rows(const float *a, const float *b, ptrdiff_t count) {
  ptrdiff_t whole = count - count % LANES;
  vector sum = v_zero();
  for (ptrdiff_t i = 0; i < whole; i += LANES) sum = v_fma(v_load(a + i), v_load(b + i), sum);
  if (whole < count) {
    tail_mask mask = v_tail(count - whole);
    sum = v_fma(v_load_tail(a + whole, mask), v_load_tail(b + whole, mask), sum);
  }
  return v_sum(sum);
}

static void add_scaled_row(float *y, const float *x, ptrdiff_t count, float factor) {
  ptrdiff_t whole = count - count % LANES;
  const vector factors = v_set(factor);
  for (ptrdiff_t i = 0; i < whole; i += LANES) v_store(y + i, v_fma(factors, v_load(x + i), v_load(y + i)));
  if (whole < count) {
    tail_mask mask = v_tail(count - whole);
    vector sum = v_fma(factors, v_load_tail(x + whole, mask), v_load_tail(y + whole, mask));
    v_store_tail(y + whole, mask, sum);
  }
}

static void keep_larger_row(const float *x, ptrdiff_t count, float number, float *best, float *winner) {
  ptrdiff_t whole = count - count % LANES;
  const vector numbers = v_set(number);
  for (ptrdiff_t i = 0; i < whole; i += LANES) {
    vector value = v_load(x + i), largest = v_load(best + i);
    v_store(winner + i, v_where_less(largest, value, numbers, v_load(winner + i)));
    v_store(best + i, v_where_less(largest, value, value, largest));
  }
  if (whole < count) {
    tail_mask mask = v_tail(count - whole);
    vector value = v_load_tail(x + whole, mask), largest = v_load_tail(best + whole, mask);
    vector winners = v_load_tail(winner + whole, mask);
    v_store_tail(winner + whole, mask, v_where_less(largest, value, numbers, winners));
    v_store_tail(best + whole, mask, v_where_less(largest, value, value, largest));
  }
}
