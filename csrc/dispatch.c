/* Which CPU is this, and which kernels serve it. FASTNN_HAVE_X86 is set by the build when the AVX2 and
 * AVX-512 files are part of it. */
#include "kernels.h"

#include <string.h>

int fastnn_has_isa(const char *isa) {
    if (strcmp(isa, "generic") == 0) return 1;
#ifdef FASTNN_HAVE_X86
    __builtin_cpu_init();
    const int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (strcmp(isa, "avx2") == 0) return avx2;
    if (strcmp(isa, "avx512") == 0)
        return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
            && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#endif
    return 0;
}

const char *fastnn_fill_table(fastnn_kernels *kernels, const char *isa) {
    const int any = isa == NULL || *isa == '\0';
    memset(kernels, 0, sizeof *kernels);
    if (!any && strcmp(isa, "generic") != 0 && strcmp(isa, "avx2") != 0 && strcmp(isa, "avx512") != 0)
        return "is not an instruction set of fastnn; choose generic, avx2 or avx512";
    if (!any && !fastnn_has_isa(isa)) return "is not available on this CPU or in this build";
    fastnn_fill_generic(kernels);
#ifdef FASTNN_HAVE_X86
    if (any ? fastnn_has_isa("avx2") : strcmp(isa, "avx2") == 0) fastnn_fill_avx2(kernels);
    if (any ? fastnn_has_isa("avx512") : strcmp(isa, "avx512") == 0) fastnn_fill_avx512(kernels);
#endif
    return NULL;
}
