/* AVX-512 (F, DQ, BW, VL) with FMA: 64-byte vectors, 32 registers. */
#define ISA avx512
#define VECTOR_BYTES 64
#define VECTOR_REGISTERS 32
#include "../isa.inc.h"
