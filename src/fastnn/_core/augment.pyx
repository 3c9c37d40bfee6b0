"""Random changes of images: what they draw, and the passes over an image that follow.

    numbers of (seed, epoch, sample, change) --> maps of all geometric changes --> one map
    x --sample through the map (warp.pyx)--> brightness, contrast, noise --limit--> holes --> y

A change draws four uniform numbers of 53 bits, u₀ … u₃, from the words 0 … 7 of its sequence
(random.pyx); it happens where u₀ is below its probability. The normal numbers of noise follow,
from the words of block 2 on.
"""
from cython.parallel cimport parallel, prange
from libc.math cimport floor
from libc.stdint cimport int64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from fastnn._core.kernels cimport (
    enter_fast_mode, fastnn_sequence, leave_fast_mode, random_normal, random_words)
from fastnn._core.threads cimport team
from fastnn._core.warp cimport Map, cos_sin, through, unchanged, warp_image

STREAM = 2**31 + 2**30 + 1      # of change 0, see random.pyx

cdef enum:
    FIRST_STREAM = 3221225473   # STREAM
    WORDS = 8                   # a change draws for its uniform numbers
    FIRST_NORMAL = 4            # behind these words
    BLOCK = 128                 # normal numbers on the stack

cdef double COST = 30           # a number costs about as much as this many multiply-adds

_KINDS = {
    "rotate": ROTATE, "shear": SHEAR, "zoom": ZOOM, "stretch": STRETCH, "translate": TRANSLATE,
    "flip": FLIP, "crop": CROP, "brightness": BRIGHTNESS, "contrast": CONTRAST, "noise": NOISE,
    "cut_out": CUT_OUT}


cdef class AugmentPlan:
    """Changes, checked by functional/augment.py: (name, probability, at most three numbers).

        rotate, shear           lowest and highest angle in degrees
        zoom, stretch           lowest and highest factor, one of both axes or one of each
        translate               most pixels along each axis, of any fraction
        flip                    probability along each axis
        crop                    most pixels along each axis, whole
        brightness, contrast    lowest and highest term or factor
        noise                   standard deviation
        cut_out                 height, width, and what fills it

    `mixture` is of all samples the number of the other one, and the share of the first; `keys` says
    whose random numbers they have.
    """

    def __cinit__(self, list changes, tuple shape, uint64_t seed, uint32_t epoch, fill, limits,
                  tuple mixture=None, const int64_t[::1] keys=None):
        cdef const int64_t[::1] partner
        cdef const double[::1] share
        cdef Change* change
        cdef int k
        self.plan.frame.height, self.plan.frame.width, self.plan.frame.channels = shape
        self.plan.frame.fills = fill is not None
        self.plan.frame.fill = 0 if fill is None else fill
        self.plan.limited = limits is not None
        if limits is not None:
            self.plan.low, self.plan.high = limits
        self.plan.seed, self.plan.epoch = seed, epoch
        self.plan.change = <Change*>calloc(len(changes) + 1, sizeof(Change))
        if self.plan.change == NULL:
            raise MemoryError(f"no memory for {len(changes)} changes of images")
        self.plan.n = len(changes)
        for k, (name, probability, *numbers) in enumerate(changes):
            change = &self.plan.change[k]
            numbers += [0.0] * (3 - len(numbers))
            change.kind, change.probability = <Kind><int>_KINDS[name], probability
            change.a, change.b, change.c = numbers
        self.mixture, self.keys = mixture, keys
        self.plan.key = NULL if keys is None or keys.shape[0] == 0 else &keys[0]
        if mixture is not None:
            partner, share = mixture
            self.plan.partner, self.plan.share = &partner[0], &share[0]

    def __dealloc__(self):
        free(self.plan.change)


# --- what a change draws --------------------------------------------------------------------------

cdef inline fastnn_sequence sequence_of(const Augment* plan, ptrdiff_t sample,
                                        int k) noexcept nogil:
    if plan.key != NULL:
        sample = plan.key[sample]
    return fastnn_sequence(plan.seed, <uint32_t>FIRST_STREAM + <uint32_t>k, plan.epoch,
                           <uint32_t>sample)


cdef bint draw(const Augment* plan, ptrdiff_t sample, int k, double* u) noexcept nogil:
    """The numbers of a change for a sample; returns whether it happens."""
    cdef fastnn_sequence origin = sequence_of(plan, sample, k)
    cdef uint32_t words[8]
    cdef int i
    random_words(&origin, 0, WORDS, words)
    for i in range(4):
        u[i] = ((words[2 * i] >> 5) * 67108864.0 + (words[2 * i + 1] >> 6)) / 9007199254740992.0
    return u[0] < plan.change[k].probability


cdef inline double between(double low, double high, double u) noexcept nogil:
    return low + (high - low) * u


cdef Map map_of(const Change* change, const double* u) noexcept nogil:
    """From pixels of the changed image to those of the image."""
    cdef Map to_x = unchanged()
    cdef double cosine, sine
    if change.kind == ROTATE:
        cos_sin(between(change.a, change.b, u[1]), &cosine, &sine)
        to_x.a, to_x.b, to_x.c, to_x.d = cosine, sine, -sine, cosine
    elif change.kind == SHEAR:
        cos_sin(between(change.a, change.b, u[1]), &cosine, &sine)
        to_x.c = -sine / cosine
    elif change.kind == ZOOM:
        to_x.a = to_x.d = 1 / between(change.a, change.b, u[1])
    elif change.kind == STRETCH:
        to_x.a = 1 / between(change.a, change.b, u[1])
        to_x.d = 1 / between(change.a, change.b, u[2])
    elif change.kind == TRANSLATE:
        to_x.row = -between(-change.a, change.a, u[1])
        to_x.column = -between(-change.b, change.b, u[2])
    elif change.kind == FLIP:
        to_x.a = -1 if u[1] < change.a else 1
        to_x.d = -1 if u[2] < change.b else 1
    else:
        to_x.row = floor((2 * change.a + 1) * u[1]) - change.a
        to_x.column = floor((2 * change.b + 1) * u[2]) - change.b
    return to_x


# --- colours and holes ----------------------------------------------------------------------------

cdef void contrast(const Frame* frame, double factor, real* y) noexcept nogil:
    """Each channel away from its mean, or towards it."""
    cdef ptrdiff_t pixels = frame.height * frame.width, channels = frame.channels, i, c
    cdef double total
    cdef real scale = <real>factor, shift
    for c in range(channels):
        total = 0
        for i in range(pixels):
            total += y[i * channels + c]
        shift = <real>((1 - factor) * (total / pixels))
        for i in range(pixels):
            y[i * channels + c] = y[i * channels + c] * scale + shift


cdef void add_noise(const fastnn_sequence* origin, ptrdiff_t n, real stddev,
                    real* y) noexcept nogil:
    cdef real z[128]
    cdef ptrdiff_t start, i
    for start from 0 <= start < n by BLOCK:
        random_normal(origin, FIRST_NORMAL + start, min(<ptrdiff_t>BLOCK, n - start), z)
        for i in range(min(<ptrdiff_t>BLOCK, n - start)):
            y[start + i] += stddev * z[i]


cdef void colour(const Augment* plan, ptrdiff_t sample, int k, const double* u,
                 real* y) noexcept nogil:
    cdef const Change* change = &plan.change[k]
    cdef ptrdiff_t n = plan.frame.height * plan.frame.width * plan.frame.channels, i
    cdef fastnn_sequence origin
    cdef real term
    if change.kind == BRIGHTNESS:
        term = <real>between(change.a, change.b, u[1])
        for i in range(n):
            y[i] += term
    elif change.kind == CONTRAST:
        contrast(&plan.frame, between(change.a, change.b, u[1]), y)
    else:
        origin = sequence_of(plan, sample, k)
        add_noise(&origin, n, <real>change.a, y)


cdef void limit(const Augment* plan, real* y) noexcept nogil:
    """NaN stays."""
    cdef ptrdiff_t n = plan.frame.height * plan.frame.width * plan.frame.channels, i
    cdef real low = <real>plan.low, high = <real>plan.high
    for i in range(n):
        y[i] = low if y[i] < low else y[i]
    for i in range(n):
        y[i] = high if y[i] > high else y[i]


cdef void cut_out(const Frame* frame, const Change* change, const double* u,
                  real* y) noexcept nogil:
    """A hole around a pixel, or as much of it as is in the image."""
    cdef ptrdiff_t height = <ptrdiff_t>change.a, width = <ptrdiff_t>change.b, channels, i, j
    cdef ptrdiff_t top = <ptrdiff_t>(frame.height * u[1]) - height // 2
    cdef ptrdiff_t start = <ptrdiff_t>(frame.width * u[2]) - width // 2
    channels = frame.channels
    for i in range(max(0, top), min(top + height, frame.height)):
        for j in range((i * frame.width + max(0, start)) * channels,
                       (i * frame.width + min(start + width, frame.width)) * channels):
            y[j] = <real>change.c


cdef void mix_row(ptrdiff_t n, double share, const real* other, real* x) noexcept nogil:
    """x becomes share · x + (1 − share) · other."""
    cdef real own = <real>share, rest = <real>(1 - share)
    cdef ptrdiff_t i
    for i in range(n):
        x[i] = own * x[i] + rest * other[i]


# --- an image, and many ---------------------------------------------------------------------------

cdef void augment_image(
        const Augment* plan,
        ptrdiff_t sample,           #      which of the user's, for its random numbers
        const real* x,              # IN   (height, width, channels)
        real* y) noexcept nogil:            # OUT  like x, and not x
    cdef Map to_x = unchanged(), one
    cdef double u[4]
    cdef int k
    for k in range(plan.n):
        if plan.change[k].kind < BRIGHTNESS and draw(plan, sample, k, u):
            one = map_of(&plan.change[k], u)
            to_x = through(&to_x, &one)
    warp_image(&plan.frame, &to_x, x, y)
    for k in range(plan.n):
        if BRIGHTNESS <= plan.change[k].kind < CUT_OUT and draw(plan, sample, k, u):
            colour(plan, sample, k, u, y)
    if plan.limited:
        limit(plan, y)
    for k in range(plan.n):
        if plan.change[k].kind == CUT_OUT and draw(plan, sample, k, u):
            cut_out(&plan.frame, &plan.change[k], u, y)


def augment_images(
        const real[:, ::1] x,       # IN   (N, height · width · channels)
        const int64_t[::1] samples,     # IN   (N,) which of the user's each is
        real[:, ::1] y,             # OUT  like x, overwritten
        AugmentPlan plan, int n_threads):
    cdef ptrdiff_t images = x.shape[0], n
    cdef int threads = team(n_threads, images, COST * images * x.shape[1])
    cdef const Augment* what = &plan.plan
    cdef unsigned long long mode
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for n in prange(images, schedule="static"):
            augment_image(what, samples[n], &x[n, 0], &y[n, 0])
        leave_fast_mode(mode)


def mix(
        const real[:, ::1] x,       # IN   (N, features)
        const real[:, ::1] other,   # IN   like x
        const double[::1] share,    # IN   (N,) of x
        real[:, ::1] y,             # OUT  like x, overwritten
        int n_threads):
    cdef ptrdiff_t rows = x.shape[0], features = x.shape[1], n
    cdef int threads = team(n_threads, rows, 2.0 * rows * features)
    cdef unsigned long long mode
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for n in prange(rows, schedule="static"):
            memcpy(&y[n, 0], &x[n, 0], features * sizeof(real))
            mix_row(features, share[n], &other[n, 0], &y[n, 0])
        leave_fast_mode(mode)
