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

/// The error function to about 2 ulp: an odd polynomial within ±1, 1 − exp(−q(|x|)) outside.
static inline vector v_erf(vector x) {
  vector magnitude = v_magnitude(x);
  vector u = v_multiply(x, x);
  vector near = v_set(7.8538578e-5f);
  near = v_fma(near, u, v_set(-8.0101925e-4f));
  near = v_fma(near, u, v_set(5.1883277e-3f));
  near = v_fma(near, u, v_set(-2.6853811e-2f));
  near = v_fma(near, u, v_set(1.12835854e-1f));
  near = v_fma(near, u, v_set(-3.7612626e-1f));
  near = v_fma(near, u, v_set(1.1283791f));
  near = v_multiply(near, x);

  vector t = v_min(v_set(4.0f), magnitude);
  vector q = v_set(-2.1208554e-7f);
  q = v_fma(q, t, v_set(2.4754234e-5f));
  q = v_fma(q, t, v_set(-4.6035781e-4f));
  q = v_fma(q, t, v_set(4.270636e-3f));
  q = v_fma(q, t, v_set(-2.5348924e-2f));
  q = v_fma(q, t, v_set(1.086066e-1f));
  q = v_fma(q, t, v_set(6.3306576e-1f));
  q = v_fma(q, t, v_set(1.1296494f));
  q = v_fma(q, t, v_set(-2.0206542e-4f));
  vector far = v_subtract(v_set(1.0f), v_exp(v_subtract(v_zero(), q)));
  return v_where_less(magnitude, v_set(1.0f), near, v_with_sign_of(far, x));
}

static inline vector v_relu(vector x) { return v_max(x, v_zero()); }

/// x·σ(1.702·x)
static inline vector v_quick_gelu(vector x) {
  return v_multiply(x, v_sigmoid(v_multiply(v_set(1.702f), x)));
}

/// x·(1 + erf(x/√2))/2
static inline vector v_gelu(vector x) {
  const vector half = v_set(0.5f);
  return v_multiply(x, v_fma(half, v_erf(v_multiply(x, v_set(0.707106781f))), half));
}
