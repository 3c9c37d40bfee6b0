/* AVX-512 (F, DQ, BW, VL) with FMA: 64-byte vectors, 32 registers. */
#define ISA avx512
#define VECTOR_BYTES 64
#define VECTOR_REGISTERS 32
#define WIDE_PRODUCTS 1         /* of 64-bit lanes, in one instruction */
#include "../isa.inc.h"
