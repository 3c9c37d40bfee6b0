/* AVX2 with FMA: 32-byte vectors, 16 registers. */
#define ISA avx2
#define VECTOR_BYTES 32
#define VECTOR_REGISTERS 16
#include "../isa.inc.h"
