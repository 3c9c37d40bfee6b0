"""A program's merge over one chunk: element by element, or side by side.

Where the gradient of an input is dy itself, as a sum's, nothing is done on the way back: the
input's maker reads dy. A value that is read more than once sums its readers' gradients.
"""
from libc.stdlib cimport calloc, free

from fastnn._core.kernels cimport LANES
from fastnn._core.memory cimport elements
from fastnn._core.merge cimport (
    ADD, SUBTRACT, concatenate_part_backward_chunk, concatenate_part_chunk, merge_backward_chunk,
    merge_forward_chunk)

from fastnn._core.merge import FROM_INPUTS as _FROM_INPUTS
from fastnn._core.merge import FUNCTIONS as _FUNCTIONS

cdef enum:
    CONCATENATION = -1

cdef bint[6] from_inputs        # by function
for _name, _function in _FUNCTIONS.items():
    from_inputs[<int>_function] = _name in _FROM_INPUTS


cdef bint make_several(Several* several, list values, list wanted, list sizes) except False:
    cdef int k
    several.value = <int*>calloc(len(values) + 1, sizeof(int))
    several.wanted = <bint*>calloc(len(values) + 1, sizeof(bint))
    several.size = <ptrdiff_t*>calloc(len(values) + 1, sizeof(ptrdiff_t))
    several.gradient = <ptrdiff_t*>calloc(len(values) + 1, sizeof(ptrdiff_t))
    if (several.value == NULL or several.wanted == NULL or several.size == NULL
            or several.gradient == NULL):
        raise MemoryError(f"no memory for {len(values)} values")
    several.n = len(values)
    for k in range(several.n):
        several.value[k] = values[k]
        several.wanted[k] = wanted[k]
        several.size[k] = sizes[k]
    return True


cdef void free_several(Several* several) noexcept nogil:
    free(several.value)
    free(several.wanted)
    free(several.size)
    free(several.gradient)


cdef bint make_merge_plan(MergePlan* plan, dict settings) except False:
    plan.channels = settings["channels"]
    plan.function = CONCATENATION
    if settings["kind"] == "merge":
        plan.function = _FUNCTIONS[settings["function"]]
    else:
        plan.outer = settings["outer"]
        plan.whole = sum(settings["inners"])
    return True


cdef ptrdiff_t merge_plan_scratch(const Several* several, const real* which) noexcept nogil:
    """Room for pointers to all inputs, and to their gradients, in elements."""
    return elements(2 * several.n, sizeof(void*), which)


cdef bint merge_needs_inputs(const MergePlan* plan) noexcept nogil:
    """Whether the way back reads them."""
    return plan.function != CONCATENATION and from_inputs[plan.function]


cdef bint merge_passes_gradient(const MergePlan* plan, int k) noexcept nogil:
    """Whether the gradient of input k is dy, number by number."""
    return plan.function == ADD or (plan.function == SUBTRACT and k == 0)


cdef void merge_values(
        const MergePlan* plan, const Several* several,
        ptrdiff_t first, ptrdiff_t end,     # numbers of a chunk; a concatenation makes all
        ptrdiff_t lanes,                    # numbers of one of a sample: LANES, or singly 1
        const real*const* x,        # IN   inputs
        real* y) noexcept nogil:    # OUT  (outputs, lanes)
    cdef ptrdiff_t start = 0
    cdef int k
    if plan.function != CONCATENATION:
        merge_forward_chunk(plan.function, several.n, first, end, x, y)
        return
    for k in range(several.n):
        concatenate_part_chunk(plan.outer, several.size[k] * lanes, plan.whole * lanes,
                               start * lanes, x[k], y)
        start += several.size[k]


cdef void merge_gradients(
        const MergePlan* plan, const Several* several,
        ptrdiff_t n,                # numbers of a chunk of y
        const real*const* x,        # IN   inputs, for those that need them
        const real* dy,             # IN   (n,)
        real*const* dx) noexcept nogil:     # OUT  the inputs' gradients, of those that are wanted
    cdef ptrdiff_t start = 0
    cdef int k
    for k in range(several.n):
        if several.wanted[k] and plan.function == CONCATENATION:
            concatenate_part_backward_chunk(plan.outer, several.size[k] * LANES,
                                            plan.whole * LANES, start * LANES, dy, dx[k])
        elif several.wanted[k] and not merge_passes_gradient(plan, k):
            merge_backward_chunk(plan.function, several.n, k, 0, n, x, dy, dx[k])
        start += several.size[k]
