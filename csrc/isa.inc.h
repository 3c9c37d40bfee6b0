/* One instruction set: both real types. Each file in isa/ defines ISA, VECTOR_BYTES and
 * VECTOR_REGISTERS, and includes this. */
#include "kernels.h"

#include <math.h>
#include <string.h>

#define LANES FASTNN_LANES
#define LANES_PP 16                     /* LANES for #if, which cannot see an enum */
#define CHAIN FASTNN_CHAIN
#define MAX_POSITIONS FASTNN_MAX_POSITIONS
#define MAX_OUTPUTS FASTNN_MAX_OUTPUTS
#define MAX_TAPS FASTNN_MAX_TAPS
#define MAX_NEIGHBOURS FASTNN_MAX_NEIGHBOURS

#define LINE ((ptrdiff_t)(64 / sizeof(REAL)))   /* numbers of a cache line */
#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

/* REPEAT(n, DO, first): DO(first, 1) … DO(first, n) */
#define REPEAT(n, DO, first) REPEAT_(n, DO, first)
#define REPEAT_(n, DO, first) REPEAT_##n(DO, first)
#define REPEAT_0(DO, first)
#define REPEAT_3(DO, first) DO(first, 1) DO(first, 2) DO(first, 3)
#define REPEAT_4(DO, first) REPEAT_3(DO, first) DO(first, 4)
#define REPEAT_6(DO, first) REPEAT_3(DO, first) DO(first, 4) DO(first, 5) DO(first, 6)
#define REPEAT_8(DO, first) REPEAT_6(DO, first) DO(first, 7) DO(first, 8)
#define REPEAT_12(DO, first)                                                                        \
    REPEAT_8(DO, first) DO(first, 9) DO(first, 10) DO(first, 11) DO(first, 12)
#define REPEAT_14(DO, first) REPEAT_12(DO, first) DO(first, 13) DO(first, 14)
#define REPEAT_16(DO, first) REPEAT_14(DO, first) DO(first, 15) DO(first, 16)

#include "random.h"

#define REAL float
#define REAL_BYTES 4
#define INDEX int32_t
#define TABLE fastnn_kernels_f32
#define NAME(name) f32_##name
#define REAL_SQRT sqrtf
#define REAL_FMA __builtin_fmaf
#include "real.inc.h"
#undef REAL
#undef REAL_BYTES
#undef INDEX
#undef TABLE
#undef NAME
#undef REAL_SQRT
#undef REAL_FMA

#define REAL double
#define REAL_BYTES 8
#define INDEX int64_t
#define TABLE fastnn_kernels_f64
#define NAME(name) f64_##name
#define REAL_SQRT sqrt
#define REAL_FMA __builtin_fma
#include "real.inc.h"

#define FILL_(isa) fastnn_fill_##isa
#define FILL(isa) FILL_(isa)
#define TEXT_(isa) #isa
#define TEXT(isa) TEXT_(isa)

void FILL(ISA)(fastnn_kernels *kernels) {
    kernels->isa = TEXT(ISA);
    f32_fill_all(&kernels->f32);
    f64_fill_all(&kernels->f64);
    kernels->random_words = random_words;
    kernels->random_bits = random_bits;
    kernels->box_muller = box_muller;
}
