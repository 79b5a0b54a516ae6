// Elementary functions of vectors, without branches. The polynomials are those of the portable Swift
// functions.

/// 2ˣ to about 1 ulp; x must be below 128. At −126 and below the result is between 0 and 2⁻¹²⁶.
///
/// x = n + r with n the nearest integer, and a polynomial of degree 6 fitted to the least largest relative
/// error for r.
static inline vector v_exp2(vector x) {
  x = v_hold_power(x);
  vector n = v_nearest(x);
  vector r = v_subtract(x, n);
  vector p = v_set(1.53533620e-4f);
  p = v_fma(p, r, v_set(1.33988750e-3f));
  p = v_fma(p, r, v_set(9.61843692e-3f));
  p = v_fma(p, r, v_set(5.55033237e-2f));
  p = v_fma(p, r, v_set(2.40226477e-1f));
  p = v_fma(p, r, v_set(6.93147182e-1f));
  p = v_fma(p, r, v_set(1.0f));
  return v_scale_by_power(p, n);
}

/// eˣ to about 1 ulp; x is held within ±87, so that neither 0 nor +∞ is reached.
static inline vector v_exp(vector x) {
  x = v_min(v_set(87.0f), v_max(v_set(-87.0f), x));
  vector n = v_nearest(v_multiply(x, v_set(1.44269504f)));
  vector r = v_fnma(n, v_set(-2.12194440e-4f), v_fnma(n, v_set(0.693359375f), x));
  vector p = v_set(1.38357980e-3f);
  p = v_fma(p, r, v_set(8.37564500e-3f));
  p = v_fma(p, r, v_set(4.16682880e-2f));
  p = v_fma(p, r, v_set(1.66664110e-1f));
  p = v_fma(p, r, v_set(4.99999910e-1f));
  p = v_fma(p, r, v_set(1.0f));
  p = v_fma(p, r, v_set(1.0f));
  return v_scale_by_power(p, n);
}

/// 1 / (1 + e⁻ˣ)
static inline vector v_sigmoid(vector x) {
  const vector one = v_set(1.0f);
  return v_divide(one, v_add(one, v_exp(v_subtract(v_zero(), x))));
}

static inline vector v_relu(vector x) { return v_max(x, v_zero()); }

static inline vector v_relu6(vector x) { return v_min(v_set(6.0f), v_relu(x)); }

/// x·σ(1.702·x)
static inline vector v_quick_gelu(vector x) {
  return v_multiply(x, v_sigmoid(v_multiply(v_set(1.702f), x)));
}

/// x·Φ(x), with Φ the normal distribution: max(x, 0) − |x|·Φ(−|x|), where −log₂ Φ(−t) is a polynomial of degree 8, fitted
/// up to t = 5.6 to the least largest error in the product. Beyond, it grows, and the product is less than 10⁻⁷.
static inline vector v_gelu(vector x) {
  vector t = v_min(v_set(16.0f), v_magnitude(x));
  vector q = v_set(1.90444609e-6f);
  q = v_fma(q, t, v_set(-2.83292338e-5f));
  q = v_fma(q, t, v_set(1.34538597e-4f));
  q = v_fma(q, t, v_set(2.58069078e-4f));
  q = v_fma(q, t, v_set(-7.21368054e-3f));
  q = v_fma(q, t, v_set(5.25910333e-2f));
  q = v_fma(q, t, v_set(4.59181726e-1f));
  q = v_fma(q, t, v_set(1.15110743f));
  q = v_fma(q, t, v_set(1.0f));
  return v_fnma(t, v_exp2(v_subtract(v_zero(), q)), v_relu(x));
}

static inline vector activated(vector x, int activation) {
  switch (activation) {
    case VK_RELU: return v_relu(x);
    case VK_RELU6: return v_relu6(x);
    case VK_QUICK_GELU: return v_quick_gelu(x);
    case VK_GELU: return v_gelu(x);
    default: return x;
  }
}
