// Vectors of `blockSize` floats: from memory and back, and the activations. Included by each Kernels*.cpp, inside a
// namespace and under a target attribute of its own; has no include guard for that reason and includes nothing.

// Vectors go by value between static functions only, so that no ABI is at stake where the target has no such register.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float Vector __attribute__((vector_size(blockSize * 4), aligned(4)));
static inline const Element *elements(const void *p) { return static_cast<const Element *>(p); }
static inline Element *elements(void *p) { return static_cast<Element *>(p); }
typedef int32_t IntVector __attribute__((vector_size(blockSize * 4)));

static inline Vector load(const float *p) { return *reinterpret_cast<const Vector *>(p); }
static inline void store(float *p, Vector v) { *reinterpret_cast<Vector *>(p) = v; }
static inline void storeTold(float *p, Vector v) { store(p, v); }
// Not a sum with 0, which would be computed: -0 + 0 is 0.
static inline Vector all(float value) { return value - Vector{}; }
#ifdef CINFERENCE_AVX512
typedef uint16_t HalfVector __attribute__((vector_size(blockSize * 2), aligned(2)));
typedef uint32_t WordVector __attribute__((vector_size(blockSize * 4)));

static inline Vector load(const Bfloat16 *p) {
    WordVector bits = __builtin_convertvector(*reinterpret_cast<const HalfVector *>(p), WordVector) << 16;
    return __builtin_bit_cast(Vector, bits);
}
/// Raises a floating-point flag where bfloat16 would round to an infinity, from 3.376e38 on, and where there is one:
/// 2.0078125 x - x overflows, infinity less infinity is invalid. Neither the rounding nor dpbf16ps tells by itself.
static inline __attribute__((always_inline)) void tellOverflow(Vector x) {
    Vector difference = x;
    // The compiler would leave out a result that nobody reads.
    asm volatile("vfmsub231ps %2, %1, %0" : "+v"(difference) : "v"(x), "v"(all(2.0078125f)));
}
/// Rounds to nearest even.
static inline void storeTold(Bfloat16 *p, Vector v) {
#ifdef CINFERENCE_BFLOAT16
    const __m256bh rounded = _mm512_cvtneps_pbh(__builtin_bit_cast(__m512, v));
    std::memcpy(p, &rounded, sizeof rounded);
#else
    // Of finite numbers.
    const WordVector bits = __builtin_bit_cast(WordVector, v);
    *reinterpret_cast<HalfVector *>(p) = __builtin_convertvector((bits + 0x7fff + (bits >> 16 & 1)) >> 16, HalfVector);
#endif
}
static inline void store(Bfloat16 *p, Vector v) {
    tellOverflow(v);
    storeTold(p, v);
}
static inline float single(Bfloat16 x) {
    const uint32_t bits = uint32_t(x.bits) << 16;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}
#endif
#ifdef CINFERENCE_BFLOAT16
static inline void assign(Bfloat16 &to, float value) {
    const __m128bh rounded = _mm_cvtneps_pbh(_mm_set_ss(value));
    std::memcpy(&to, &rounded, sizeof to);
}
#endif
#ifdef CINFERENCE_BYTE
typedef uint8_t ByteVector __attribute__((vector_size(blockSize), aligned(1)));

/// Bytes as they are: their scale and zero are the caller's.
static inline Vector load(const Byte *p) {
    return __builtin_convertvector(*reinterpret_cast<const ByteVector *>(p), Vector);
}
/// Rounds to nearest even, within a byte's range; what is no number raises the invalid flag.
static inline void store(Byte *p, Vector v) {
    const __m512 held = _mm512_max_ps(_mm512_setzero_ps(), __builtin_bit_cast(__m512, v));
    _mm_storeu_si128(reinterpret_cast<__m128i *>(p), _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(held)));
}
static inline void storeTold(Byte *p, Vector v) { store(p, v); }
static inline float single(Byte x) { return x.bits; }
static inline void assign(Byte &to, float value) { to.bits = uint8_t(value); }
#endif
static inline float single(float x) { return x; }
static inline void assign(float &to, float value) { to = value; }
// Of a bound and x, x where it is not a number: a clamped NaN would pass for a value.
static inline Vector larger(Vector bound, Vector x) { return bound > x ? bound : x; }

// What numbers in memory are compared as; bytes as they are.
#ifdef CINFERENCE_BYTE
using Ordered = ByteVector;
static inline Ordered lowest() { return {}; }
static inline Ordered ordered(const Byte *p) { return *reinterpret_cast<const ByteVector *>(p); }
static inline Ordered larger(Ordered a, Ordered b) { return __builtin_elementwise_max(a, b); }
static inline void store(Byte *p, Ordered v) { *reinterpret_cast<ByteVector *>(p) = v; }
#else
using Ordered = Vector;
static inline Ordered lowest() { return all(-__builtin_inff()); }
static inline Ordered ordered(const Element *p) { return load(p); }
#endif
static inline Vector smaller(Vector bound, Vector x) { return bound < x ? bound : x; }

/// e^x to 2 ulp: Cephes' expf polynomial after reduction by ln 2; the argument is held in [-87, 88].
static inline Vector exponential(Vector x) {
    x = larger(all(-87.0f), smaller(all(88.0f), x));
    const Vector shift = all(12582912.0f);  // 1.5 * 2^23: adding it rounds to a whole number
    Vector n = (x * all(1.44269504f) + shift) - shift;
    Vector r = x - n * all(0.693359375f);
    r = r - n * all(-2.12194440e-4f);
    Vector p = all(1.9875691500e-4f);
    p = p * r + all(1.3981999507e-3f);
    p = p * r + all(8.3334519073e-3f);
    p = p * r + all(4.1665795894e-2f);
    p = p * r + all(1.6666665459e-1f);
    p = p * r + all(5.0000001201e-1f);
    p = p * (r * r) + r + all(1.0f);
    IntVector power = (__builtin_convertvector(n, IntVector) + 127) << 23;
    return p * __builtin_bit_cast(Vector, power);
}

#ifdef CINFERENCE_AVX512
/// 1 / (1 + 2^t), t = -x / ln 2 held in [-126, 126]: 2^t by its whole and its broken part, the quotient by its 14-bit
/// estimate and, for floats, a step of Newton's.
static inline Vector sigmoid(Vector x) {
    const Vector t = larger(all(-126.0f), smaller(all(126.0f), x * all(-1.44269504f)));
    const Vector n = __builtin_bit_cast(Vector, _mm512_roundscale_ps(__builtin_bit_cast(__m512, t), 8));
    const Vector r = t - n;
    // Minimax polynomials of 2^r on [-1/2, 1/2].
    Vector p;
    if (sizeof(Element) < 4) {
        p = all(0.0551716691f);
        p = p * r + all(0.2401396780f);
        p = p * r + all(0.6931671800f);
        p = p * r + all(1.0f);
    } else {
        p = all(1.5353362e-4f);
        p = p * r + all(1.3398874e-3f);
        p = p * r + all(9.6184373e-3f);
        p = p * r + all(5.5503324e-2f);
        p = p * r + all(2.4022648e-1f);
        p = p * r + all(6.9314720e-1f);
        p = p * r + all(1.0f);
    }
    const __m512 power = _mm512_scalef_ps(__builtin_bit_cast(__m512, p), __builtin_bit_cast(__m512, n));
    const Vector divisor = all(1.0f) + __builtin_bit_cast(Vector, power);
    const Vector estimate = __builtin_bit_cast(Vector, _mm512_rcp14_ps(__builtin_bit_cast(__m512, divisor)));
    return sizeof(Element) < 4 ? estimate : estimate * (all(2.0f) - divisor * estimate);
}
#else
static inline Vector sigmoid(Vector x) { return all(1.0f) / (all(1.0f) + exponential(-x)); }
#endif

static inline Vector activated(Vector x, int activation) {
    switch (activation) {
        case CInferenceRelu: return larger(all(0.0f), x);
        case CInferenceSilu: return x * sigmoid(x);
        case CInferenceSigmoid: return sigmoid(x);
        default: return x;
    }
}

/// Of sums by dpbf16ps, before a ReLU makes a number of an infinity; sums of floats tell by themselves.
template <int Count>
static inline __attribute__((always_inline)) void tellOverflows(const Vector *sums) {
#ifdef CINFERENCE_BFLOAT16
#pragma clang loop unroll(full)
    for (int i = 0; i < Count; ++i) tellOverflow(sums[i]);
#endif
}

/// All of `values`, side by side: one after the other each would wait for its own long chain.
template <int Count>
static inline __attribute__((always_inline)) void activateAll(Vector *values, int activation) {
    switch (activation) {
        case CInferenceRelu:
#pragma clang loop unroll(full)
            for (int i = 0; i < Count; ++i) values[i] = larger(all(0.0f), values[i]);
            break;
        case CInferenceSilu:
#pragma clang loop unroll(full)
            for (int i = 0; i < Count; ++i) values[i] *= sigmoid(values[i]);
            break;
        case CInferenceSigmoid:
#pragma clang loop unroll(full)
            for (int i = 0; i < Count; ++i) values[i] = sigmoid(values[i]);
            break;
        default: break;
    }
}

/// Adds to `sums` the products of up to `blockSize` inputs of `Pixels` pixels and their weights to `Blocks` blocks,
/// input by input; with Bfloat16 two inputs and their weights stand side by side.
template <int Blocks, int Pixels>
static inline __attribute__((always_inline)) void addProducts(
    Vector *sums, const Element *source, int64_t pixelsApart, int inputs, const Element *weights, int64_t inputsApart,
    int64_t blocksApart) {
#ifdef CINFERENCE_BFLOAT16
    for (int i = 0; i < inputs; i += 2) {
        __m512bh taps[Blocks];
#pragma clang loop unroll(full)
        for (int b = 0; b < Blocks; ++b)
            taps[b] = __builtin_bit_cast(__m512bh, _mm512_loadu_si512(weights + i * inputsApart + b * blocksApart));
#pragma clang loop unroll(full)
        for (int p = 0; p < Pixels; ++p) {
            int32_t pair;
            std::memcpy(&pair, source + p * pixelsApart + i, sizeof pair);
            const __m512bh both = __builtin_bit_cast(__m512bh, _mm512_set1_epi32(pair));
#pragma clang loop unroll(full)
            for (int b = 0; b < Blocks; ++b) {
                Vector &total = sums[b * Pixels + p];
                total = __builtin_bit_cast(Vector, _mm512_dpbf16_ps(__builtin_bit_cast(__m512, total), both, taps[b]));
            }
        }
    }
#else
    for (int i = 0; i < inputs; ++i) {
        Vector taps[Blocks];
#pragma clang loop unroll(full)
        for (int b = 0; b < Blocks; ++b) taps[b] = load(weights + i * inputsApart + b * blocksApart);
#pragma clang loop unroll(full)
        for (int p = 0; p < Pixels; ++p) {
            const Vector value = all(single(source[p * pixelsApart + i]));
#pragma clang loop unroll(full)
            for (int b = 0; b < Blocks; ++b) sums[b * Pixels + p] += value * taps[b];
        }
    }
#endif
}

static inline __attribute__((always_inline)) void addTimes(Vector &sum, double factor, Vector x) {
    sum += all(float(factor)) * x;
}
#ifdef CINFERENCE_BYTE
/// Whole numbers of 16 bits; a factor is -1, 1 or between, of 15 bits.
typedef int16_t Halves __attribute__((vector_size(64), aligned(2)));

static inline __attribute__((always_inline)) void addTimes(Halves &sum, double factor, Halves x) {
    if (factor == 1) {
        sum += x;
    } else if (factor == -1) {
        sum -= x;
    } else {
        const __m512i whole = _mm512_set1_epi16(int16_t(factor * 32768 + (factor < 0 ? -0.5 : 0.5)));
        sum += __builtin_bit_cast(Halves, _mm512_mulhrs_epi16(__builtin_bit_cast(__m512i, x), whole));
    }
}
#endif
