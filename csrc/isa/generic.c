/* Any CPU: 16-byte vectors (SSE2 on x86-64, NEON on aarch64), which every compiler here can make. */
#define ISA generic
#define VECTOR_BYTES 16
#if defined(__aarch64__)
#define VECTOR_REGISTERS 32
#else
#define VECTOR_REGISTERS 16
#endif
#include "../isa.inc.h"
