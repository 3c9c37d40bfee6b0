"""Batch normalisation of arrays: the stages of batch_norm.pxd, one parallel region a pass."""
from cython.parallel cimport parallel, prange, threadid

from fastnn._core.batch_norm cimport (
    batch_norm_apply_chunk, batch_norm_backward_combine, batch_norm_backward_input_chunk,
    batch_norm_backward_sum_chunk, batch_norm_combine, batch_norm_factors, batch_norm_scratch,
    batch_norm_sum_chunk)
from fastnn._core.batch_norm cimport batch_norm_track as track
from fastnn._core.kernels cimport LANES, enter_fast_mode, leave_fast_mode, real
from fastnn._core.memory cimport give, take
from fastnn._core.threads cimport barrier, team

cdef enum:
    BLOCK = 64                  # channels that one thread combines at once

cdef double COST = 4            # an element costs about as much as this many multiply-adds


cdef inline const real* start(const real[::1] vector) noexcept:
    """Where a vector begins; NULL if there is none."""
    return NULL if vector is None else &vector[0]


cdef inline ptrdiff_t lanes_of(ptrdiff_t samples, ptrdiff_t chunk) noexcept nogil:
    return min(<ptrdiff_t>LANES, samples - chunk * LANES)


def batch_norm_forward(
        const real[:, ::1] x,           # IN   (chunks, positions·channels·LANES)
        ptrdiff_t samples,              # real ones
        const real[::1] scale,          # IN   (channels,) or None
        const real[::1] shift,          # IN   (channels,) or None
        double[::1] mean,               # OUT  (channels,), overwritten
        double[::1] variance,           # OUT  (channels,), overwritten
        real[:, ::1] y,                 # OUT  like x, overwritten
        double epsilon,
        bint relu,                      # whether a ReLU follows
        int n_threads):
    cdef ptrdiff_t chunks = x.shape[0], channels = mean.shape[0], chunk, block, end
    cdef ptrdiff_t positions = x.shape[1] // (channels * LANES)
    cdef ptrdiff_t scratch_size = batch_norm_scratch(channels, start(scale)) + LANES
    cdef ptrdiff_t blocks = (channels + BLOCK - 1) // BLOCK
    cdef int threads = team(n_threads, chunks, COST * chunks * x.shape[1])
    cdef const real* scales = start(scale)
    cdef const real* shifts = start(shift)
    cdef double* moments = NULL
    cdef real* scratch = NULL
    cdef real* centre
    cdef real* factor
    cdef real* offset
    cdef unsigned long long mode
    if chunks == 0:
        mean[:] = 0
        variance[:] = 0
        return
    scratch_size = scratch_size // LANES * LANES
    try:
        moments = <double*>take(chunks * 2 * channels * sizeof(double))
        scratch = <real*>take((threads * scratch_size + 3 * channels) * sizeof(real))
        if moments == NULL or scratch == NULL:
            raise MemoryError(f"no memory for moments of {channels} channels in {chunks} chunks")
        centre = scratch + threads * scratch_size
        factor = centre + channels
        offset = factor + channels
        with nogil, parallel(num_threads=threads):
            mode = enter_fast_mode()
            for chunk in prange(chunks, schedule="static"):
                batch_norm_sum_chunk(positions, channels, &x[chunk, 0], lanes_of(samples, chunk),
                                     scratch + threadid() * scratch_size,
                                     moments + chunk * 2 * channels)
            barrier()
            for block in prange(blocks, schedule="static"):
                end = min((block + 1) * BLOCK, channels)
                batch_norm_combine(chunks, samples, positions, channels, block * BLOCK, end,
                                   moments, &mean[0], &variance[0])
                batch_norm_factors(block * BLOCK, end, &mean[0], &variance[0], scales, shifts,
                                   epsilon, centre, factor, offset)
            barrier()
            for chunk in prange(chunks, schedule="static"):
                batch_norm_apply_chunk(positions, channels, &x[chunk, 0], centre, factor, offset,
                                       relu, &y[chunk, 0])
            leave_fast_mode(mode)
    finally:
        give(moments)
        give(scratch)


def batch_norm_inference(
        const real[:, ::1] x,           # IN   (chunks, positions·channels·LANES)
        const double[::1] mean,         # IN   (channels,)
        const double[::1] variance,     # IN   (channels,)
        const real[::1] scale,          # IN   (channels,) or None
        const real[::1] shift,          # IN   (channels,) or None
        real[:, ::1] y,                 # OUT  like x, overwritten
        double epsilon,
        bint relu,                      # whether a ReLU follows
        int n_threads):
    cdef ptrdiff_t chunks = x.shape[0], channels = mean.shape[0], chunk
    cdef ptrdiff_t positions = x.shape[1] // (channels * LANES)
    cdef int threads = team(n_threads, chunks, COST * chunks * x.shape[1])
    cdef real* factors = <real*>take(3 * channels * sizeof(real))
    cdef unsigned long long mode
    if factors == NULL:
        raise MemoryError(f"no memory for factors of {channels} channels")
    try:
        mode = enter_fast_mode()
        batch_norm_factors(0, channels, &mean[0], &variance[0], start(scale), start(shift), epsilon,
                           factors, factors + channels, factors + 2 * channels)
        leave_fast_mode(mode)
        with nogil, parallel(num_threads=threads):
            mode = enter_fast_mode()
            for chunk in prange(chunks, schedule="static"):
                batch_norm_apply_chunk(positions, channels, &x[chunk, 0], factors,
                                       factors + channels, factors + 2 * channels, relu,
                                       &y[chunk, 0])
            leave_fast_mode(mode)
    finally:
        give(factors)


def batch_norm_backward(
        const real[:, ::1] dy,          # IN   (chunks, positions·channels·LANES)
        const real[:, ::1] x,           # IN   like dy
        ptrdiff_t samples,              # real ones
        const double[::1] mean,         # IN   (channels,)
        const double[::1] variance,     # IN   (channels,)
        const real[::1] scale,          # IN   (channels,) or None
        real[:, ::1] dx,                # OUT  like dy, overwritten
        real[::1] dscale,               # OUT  (channels,), overwritten
        real[::1] dshift,               # OUT  (channels,), overwritten
        double epsilon,
        bint training,                  # mean and variance are those of x
        int n_threads):
    cdef ptrdiff_t chunks = x.shape[0], channels = mean.shape[0], chunk, block, c
    cdef ptrdiff_t positions = x.shape[1] // (channels * LANES)
    cdef ptrdiff_t scratch_size = batch_norm_scratch(channels, start(scale)) + LANES
    cdef ptrdiff_t blocks = (channels + BLOCK - 1) // BLOCK
    cdef int threads = team(n_threads, chunks, COST * chunks * x.shape[1])
    cdef double count = <double>samples * positions if training else 0.0
    cdef const real* scales = start(scale)
    cdef real* scratch = NULL
    cdef real* sums
    cdef real* centre
    cdef real* dy_factor
    cdef real* x_factor
    cdef real* offset
    cdef unsigned long long mode
    if chunks == 0:
        dscale[:] = 0
        dshift[:] = 0
        return
    scratch_size = scratch_size // LANES * LANES
    try:
        scratch = <real*>take((threads * scratch_size + (2 * chunks + 4) * channels)
                              * sizeof(real))
        if scratch == NULL:
            raise MemoryError(f"no memory for sums of {channels} channels in {chunks} chunks")
        sums = scratch + threads * scratch_size
        centre = sums + 2 * chunks * channels
        dy_factor = centre + channels
        x_factor = dy_factor + channels
        offset = x_factor + channels
        for c in range(channels):
            centre[c] = <real>mean[c]
        with nogil, parallel(num_threads=threads):
            mode = enter_fast_mode()
            for chunk in prange(chunks, schedule="static"):
                batch_norm_backward_sum_chunk(positions, channels, &dy[chunk, 0], &x[chunk, 0],
                                              lanes_of(samples, chunk), centre,
                                              scratch + threadid() * scratch_size,
                                              sums + chunk * 2 * channels)
            barrier()
            for block in prange(blocks, schedule="static"):
                batch_norm_backward_combine(
                    chunks, count, channels, block * BLOCK, min((block + 1) * BLOCK, channels),
                    sums, &mean[0], &variance[0], scales, epsilon, centre, &dscale[0], &dshift[0],
                    dy_factor, x_factor, offset)
            barrier()
            for chunk in prange(chunks, schedule="static"):
                if training:
                    batch_norm_backward_input_chunk(
                        positions, channels, &dy[chunk, 0], &x[chunk, 0], centre, dy_factor,
                        x_factor, offset, lanes_of(samples, chunk), &dx[chunk, 0])
                else:
                    # x has no part in it, not even an infinite one: both are 0
                    batch_norm_apply_chunk(positions, channels, &dy[chunk, 0], x_factor, dy_factor,
                                           offset, False, &dx[chunk, 0])
            leave_fast_mode(mode)
    finally:
        give(scratch)


def batch_norm_track(
        const double[::1] mean,             # IN      (channels,): of a batch
        const double[::1] variance,         # IN      (channels,)
        double[::1] running_mean,           # IN/OUT  (channels,)
        double[::1] running_variance,       # IN/OUT  (channels,)
        double count,                       #         numbers that each channel had
        double momentum):
    track(0, mean.shape[0], count, momentum, &mean[0], &variance[0], &running_mean[0],
          &running_variance[0])
