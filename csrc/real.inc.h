/* All kernels for one instruction set and one REAL. Included twice by isa.inc.h. */

#define PACK_VECTORS_PP (LANES_PP * REAL_BYTES / VECTOR_BYTES)    /* PACK_VECTORS for #if */

/* Vectors of a pack that are worked on at once: 2 where registers are 16 (a whole cache line at AVX2),
 * the whole pack where they are 32. */
#if VECTOR_REGISTERS >= 32 && PACK_VECTORS_PP <= 2
#define PIECE PACK_VECTORS_PP
#elif PACK_VECTORS_PP >= 2
#define PIECE 2
#else
#define PIECE 1
#endif

#include "lanes.h"
#include "activation.h"
#include "tile.inc.h"
#include "outer.inc.h"
#include "grouped.inc.h"
#include "grouped_weights.inc.h"
#include "pack.inc.h"
#include "pointwise.inc.h"
#include "merge.inc.h"
#include "softmax.inc.h"
#include "prelu.inc.h"
#include "norm.inc.h"
#include "pool.inc.h"
#include "resample.inc.h"
#include "lp_pool.inc.h"
#include "winograd.inc.h"
#include "update.inc.h"
#include "penalty.inc.h"
#include "random.inc.h"
#include "noise.inc.h"
#include "peak.inc.h"

static void NAME(fill_all)(TABLE *table) {
    NAME(fill_tile)(table);
    NAME(fill_outer)(table);
    NAME(fill_grouped)(table);
    NAME(fill_grouped_weights)(table);
    NAME(fill_pack)(table);
    NAME(fill_pointwise)(table);
    NAME(fill_merge)(table);
    NAME(fill_softmax)(table);
    NAME(fill_prelu)(table);
    NAME(fill_norm)(table);
    NAME(fill_pool)(table);
    NAME(fill_resample)(table);
    NAME(fill_lp_pool)(table);
    NAME(fill_winograd)(table);
    NAME(fill_update)(table);
    NAME(fill_penalty)(table);
    NAME(fill_random)(table);
    NAME(fill_noise)(table);
    NAME(fill_peak)(table);
}

#undef vec
#undef ivec
#undef load
#undef store
#undef fill
#undef select
#undef WIDTH
#undef PACK_VECTORS
#undef PACK_VECTORS_PP
#undef PIECE
#undef LN2_HIGH
#undef LN2_LOW
#undef LOG2_E
#undef ROUNDER
#undef FRACTION_BITS
#undef EXP_UNDERFLOW
#undef SIGMOID_ONE
#undef TANH_ONE
#undef TANH_SMALL
#undef CHAINED_SUM
#undef SCALE
#undef SCALED
#undef INV_SQRT_2PI
#undef FAR_OUT
#undef TAIL
#undef HALF_HEAD
#undef THIRD_HEAD
#undef SQRT_HALF
#undef GELU_A_HIGH
#undef GELU_A_LOW
#undef GELU_B_HIGH
#undef GELU_B_LOW
