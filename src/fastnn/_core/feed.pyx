"""The user's rows, in any order, straight into lane packs; preprocessing on the way.

    x[order[n]] --convert, augment, rescale, standardize--> 16 rows --transpose--> a chunk's packs

Rows that are of the program's type already and need no preprocessing are read where they are. Every
number goes through the same roundings as in the layers that preprocess, used alone. Inputs are
transposed in passes.pyx, where dense layers may take the rows as well.
"""
from libc.stdint cimport uint8_t
from libc.string cimport memcpy

from fastnn._core.augment cimport augment_image, mix_row
from fastnn._core.kernels cimport LANES, rows_to_lanes


cdef void read_row(const Feed* feed, ptrdiff_t sample, real* row) noexcept nogil:
    cdef const float* singles = <const float*>feed.x + sample * feed.features
    cdef const double* doubles = <const double*>feed.x + sample * feed.features
    cdef const uint8_t* bytes = <const uint8_t*>feed.x + sample * feed.features
    cdef ptrdiff_t i
    if feed.source == FLOAT32:
        for i in range(feed.features):
            row[i] = <real>singles[i]
    elif feed.source == FLOAT64:
        for i in range(feed.features):
            row[i] = <real>doubles[i]
    else:
        for i in range(feed.features):
            row[i] = <real>bytes[i]


cdef void rescale(const Affine* affine, ptrdiff_t n, real* row) noexcept nogil:
    cdef real scale = <real>affine.scale, offset = <real>affine.offset
    cdef ptrdiff_t i
    for i in range(n):
        row[i] *= scale
    if offset != 0:
        for i in range(n):
            row[i] += offset


cdef void standardize(const Affine* affine, ptrdiff_t n, double* row) noexcept nogil:
    cdef ptrdiff_t start, c
    for start from 0 <= start < n by affine.features:
        for c in range(affine.features):
            row[start + c] = (row[start + c] - affine.mean[c]) / affine.spread[c]


cdef bint standardizes(const Feed* feed) noexcept nogil:
    cdef ptrdiff_t k
    for k in range(feed.n_affine):
        if feed.affine[k].standardize:
            return True
    return False


cdef inline bint reads_as_is(const Feed* feed, const real* which) noexcept nogil:
    """Whether the user's rows are of the program's type."""
    return feed.source == (FLOAT32 if sizeof(real) == sizeof(float) else FLOAT64)


cdef void read_changed(const Feed* feed, ptrdiff_t sample, real* spare, real* row) noexcept nogil:
    """Read an image and change it; `spare` holds it in between."""
    if reads_as_is(feed, row):
        augment_image(feed.augment, sample, <const real*>feed.x + sample * feed.features, row)
    else:
        read_row(feed, sample, spare)
        augment_image(feed.augment, sample, spare, row)


cdef void read_augmented(
        const Feed* feed, ptrdiff_t sample,
        real* spare,                #      (2, features)
        real* row) noexcept nogil:          # OUT  (features,)
    cdef const Augment* augment = feed.augment
    if augment == NULL:
        read_row(feed, sample, row)
        return
    read_changed(feed, sample, spare, row)
    if augment.partner != NULL:
        read_changed(feed, augment.partner[sample], spare, spare + feed.features)
        mix_row(feed.features, augment.share[sample], spare + feed.features, row)


cdef void prepare_row(const Feed* feed, ptrdiff_t sample, double* wide, real* row) noexcept nogil:
    """Read and preprocess a row; where a layer standardises, between layers in double precision."""
    cdef ptrdiff_t k, i
    if not standardizes(feed):
        read_augmented(feed, sample, <real*>wide, row)
        for k in range(feed.n_affine):
            rescale(&feed.affine[k], feed.features, row)
        return
    if feed.augment == NULL:
        read_row(feed, sample, wide)
    else:
        read_augmented(feed, sample, <real*>wide, row)
        for i in range(feed.features):
            wide[i] = row[i]
    for k in range(feed.n_affine):
        if feed.affine[k].standardize:
            standardize(&feed.affine[k], feed.features, wide)
            continue
        for i in range(feed.features):
            row[i] = <real>wide[i]
        rescale(&feed.affine[k], feed.features, row)
        for i in range(feed.features):
            wide[i] = row[i]
    for i in range(feed.features):
        row[i] = <real>wide[i]


cdef const real* feed_row(const Feed* feed, ptrdiff_t n, real* wide, real* row) noexcept nogil:
    """The nth sample, preprocessed: where it is, or in `row`; `wide` has room for doubles."""
    cdef ptrdiff_t sample = sample_at(feed.order, n)
    if feed.n_affine == 0 and feed.augment == NULL and reads_as_is(feed, row):
        return <const real*>feed.x + sample * feed.features
    prepare_row(feed, sample, <double*>wide, row)
    return row


cdef void feed_rows(
        const Feed* feed, ptrdiff_t first, ptrdiff_t samples,
        real* scratch,              #      (feed_scratch,)
        const real** rows) noexcept nogil:  # OUT  (LANES,) pointers: empty lanes repeat the last
    """Preprocessed samples of a chunk, where they are or in scratch memory."""
    cdef ptrdiff_t lane
    for lane in range(samples):
        rows[lane] = feed_row(feed, first + lane, scratch, scratch + (2 + lane) * feed.features)
    for lane in range(samples, LANES):
        rows[lane] = rows[samples - 1]


cdef void feed_target(const Target* target, ptrdiff_t first, ptrdiff_t samples,
                      real* packs) noexcept nogil:
    """Target rows into packs (outputs, LANES)."""
    cdef const real* rows[16]
    cdef ptrdiff_t lane
    for lane in range(LANES):
        rows[lane] = (<const real*>target.rows + target.outputs
                      * sample_at(target.order, first + min(lane, samples - 1)))
    rows_to_lanes(rows, target.outputs, packs, LANES)


cdef void feed_labels(const Target* target, ptrdiff_t first, ptrdiff_t samples,
                      int64_t* labels) noexcept nogil:
    cdef ptrdiff_t lane
    for lane in range(samples):
        memcpy(labels + lane * target.positions,
               target.labels + sample_at(target.order, first + lane) * target.positions,
               target.positions * sizeof(int64_t))


cdef void feed_weights(const real* weight, const int64_t* order, ptrdiff_t first,
                       ptrdiff_t samples, double* weights) noexcept nogil:
    """What each sample weighs: 1 where `weight` is NULL."""
    cdef ptrdiff_t n
    for n in range(samples):
        weights[n] = weight[sample_at(order, first + n)] if weight != NULL else 1.0


cdef void affine_forward_chunk(const Affine* affine, ptrdiff_t n, const real* x,
                               real* y) noexcept nogil:
    """A preprocessing layer in the middle of a network, on packs (n, LANES); y may be x."""
    cdef ptrdiff_t i, lane
    cdef double mean, spread
    if not affine.standardize:
        if y != x:
            memcpy(y, x, n * LANES * sizeof(real))
        rescale(affine, n * LANES, y)
        return
    for i in range(n):
        mean = affine.mean[i % affine.features]
        spread = affine.spread[i % affine.features]
        for lane in range(LANES):
            y[i * LANES + lane] = <real>((x[i * LANES + lane] - mean) / spread)


cdef void affine_backward_chunk(const Affine* affine, ptrdiff_t n, const real* dy,
                                real* dx) noexcept nogil:
    """dx = dy · slope, the derivative; dx may be dy."""
    cdef real scale = <real>affine.scale
    cdef double slope
    cdef ptrdiff_t i, lane
    for i in range(n):
        if affine.standardize:
            slope = 1.0 / affine.spread[i % affine.features]
            for lane in range(LANES):
                dx[i * LANES + lane] = <real>(dy[i * LANES + lane] * slope)
        else:
            for lane in range(LANES):
                dx[i * LANES + lane] = dy[i * LANES + lane] * scale
