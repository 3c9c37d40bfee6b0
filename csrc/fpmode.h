/* The floating-point mode of a compiled call: subnormal operands and results count as zero. Set in every
 * thread of every call (a worker keeps the mode that it was born with), put back after it. */
#ifndef FASTNN_FPMODE_H
#define FASTNN_FPMODE_H

#if defined(__x86_64__) || defined(_M_X64)
#include <xmmintrin.h>
static inline unsigned long long fastnn_enter_fast_mode(void) {
    const unsigned int before = _mm_getcsr();
    _mm_setcsr(before | 0x8040);        /* flush to zero, denormals are zero */
    return before;
}
static inline void fastnn_leave_fast_mode(unsigned long long before) {
    _mm_setcsr((unsigned int)before);
}
#elif defined(__aarch64__)
static inline unsigned long long fastnn_enter_fast_mode(void) {
    unsigned long long before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" : : "r"(before | (1ull << 24)));    /* FZ */
    return before;
}
static inline void fastnn_leave_fast_mode(unsigned long long before) {
    __asm__ volatile("msr fpcr, %0" : : "r"(before));
}
#else
static inline unsigned long long fastnn_enter_fast_mode(void) { return 0; }
static inline void fastnn_leave_fast_mode(unsigned long long before) { (void)before; }
#endif

#endif
