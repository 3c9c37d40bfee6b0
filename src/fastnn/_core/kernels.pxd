"""The kernel table of csrc for Cython: one inline wrapper a kernel, which picks float or double.

The contracts stand in csrc/table.inc.h. Every name here is the field's name there.
"""
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t

ctypedef fused real:
    float
    double

cdef extern from "kernels.h" nogil:
    enum:
        LANES "FASTNN_LANES"
        CHAIN "FASTNN_CHAIN"
        MAX_POSITIONS "FASTNN_MAX_POSITIONS"
        MAX_OUTPUTS "FASTNN_MAX_OUTPUTS"
        MAX_TAPS "FASTNN_MAX_TAPS"
        ACCUMULATE "FASTNN_ACCUMULATE"
        RELU "FASTNN_RELU"
        POINTWISE_RELU "FASTNN_POINTWISE_RELU"
        POINTWISE_SIGMOID "FASTNN_POINTWISE_SIGMOID"
        POINTWISE_TANH "FASTNN_POINTWISE_TANH"
        POINTWISE_SIGN "FASTNN_POINTWISE_SIGN"
        POINTWISE_LEAKY_RELU "FASTNN_POINTWISE_LEAKY_RELU"
        POINTWISE_RELU6 "FASTNN_POINTWISE_RELU6"
        POINTWISE_HARD_SIGMOID "FASTNN_POINTWISE_HARD_SIGMOID"
        POINTWISE_HARD_SWISH "FASTNN_POINTWISE_HARD_SWISH"
        POINTWISE_ELU "FASTNN_POINTWISE_ELU"
        POINTWISE_SELU "FASTNN_POINTWISE_SELU"
        POINTWISE_SOFTPLUS "FASTNN_POINTWISE_SOFTPLUS"
        POINTWISE_SOFTSIGN "FASTNN_POINTWISE_SOFTSIGN"
        POINTWISE_GELU "FASTNN_POINTWISE_GELU"
        POINTWISE_GELU_TANH "FASTNN_POINTWISE_GELU_TANH"
        POINTWISE_SILU "FASTNN_POINTWISE_SILU"
        POINTWISE_MISH "FASTNN_POINTWISE_MISH"
        POINTWISE_COUNT "FASTNN_POINTWISE_COUNT"
        MERGE_ADD "FASTNN_MERGE_ADD"
        MERGE_SUBTRACT "FASTNN_MERGE_SUBTRACT"
        MERGE_MULTIPLY "FASTNN_MERGE_MULTIPLY"
        MERGE_AVERAGE "FASTNN_MERGE_AVERAGE"
        MERGE_MAXIMUM "FASTNN_MERGE_MAXIMUM"
        MERGE_MINIMUM "FASTNN_MERGE_MINIMUM"
        MERGE_COUNT "FASTNN_MERGE_COUNT"
        UPDATE_SGD "FASTNN_UPDATE_SGD"
        UPDATE_RMSPROP "FASTNN_UPDATE_RMSPROP"
        UPDATE_ADAGRAD "FASTNN_UPDATE_ADAGRAD"
        UPDATE_ADADELTA "FASTNN_UPDATE_ADADELTA"
        UPDATE_ADAM "FASTNN_UPDATE_ADAM"
        UPDATE_LION "FASTNN_UPDATE_LION"
        UPDATE_COUNT "FASTNN_UPDATE_COUNT"
        UPDATE_STATES "FASTNN_UPDATE_STATES"

    ctypedef struct fastnn_run:
        ptrdiff_t x, w, length

    ctypedef struct fastnn_groups:
        ptrdiff_t rows, x_row_step, y_row_step, x_position_step, y_position_step
        const fastnn_run* runs
        ptrdiff_t n_runs, row_runs, groups, terms, outputs, w_output_step
        int finish

    ctypedef struct fastnn_sequence:
        uint64_t seed
        uint32_t stream, counter, row

    ctypedef struct fastnn_update:
        double rate, decay, shrink, momentum, fresh
        double beta1, rest1, beta2, rest2, root_scale, epsilon
        int nesterov

    ctypedef struct kernels_f32 "fastnn_kernels_f32":
        int tile_outputs[4]
        void (*tile[4][16])(const float*, ptrdiff_t, ptrdiff_t, const fastnn_run*, ptrdiff_t,
                            const float*, ptrdiff_t, ptrdiff_t, const float*, const float*, int,
                            float*, ptrdiff_t, ptrdiff_t) noexcept nogil
        void (*tile_turned[2][16])(const float*, ptrdiff_t, const fastnn_run*, ptrdiff_t,
                                   const float*, ptrdiff_t, const float*, float*,
                                   ptrdiff_t) noexcept nogil
        int outer_outputs[4]
        void (*outer[4][16])(const float*, const ptrdiff_t*, ptrdiff_t, ptrdiff_t, const float*,
                             ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t, int,
                             float*, ptrdiff_t) noexcept nogil
        int neighbours
        void (*grouped[8])(const fastnn_groups*, const float*, const float*, const float*,
                           const float*, float*) noexcept nogil
        void (*grouped_weights)(const float*, ptrdiff_t, const ptrdiff_t*, const ptrdiff_t*,
                                ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t, const float*,
                                ptrdiff_t, ptrdiff_t, float*, ptrdiff_t) noexcept nogil
        void (*lane_sums)(ptrdiff_t, const float*, float*) noexcept nogil
        void (*position_sums)(ptrdiff_t, ptrdiff_t, const float*, ptrdiff_t, float*) noexcept nogil
        void (*rows_to_lanes)(const float*const*, ptrdiff_t, float*, ptrdiff_t) noexcept nogil
        void (*lanes_to_rows)(const float*, ptrdiff_t, ptrdiff_t, float*const*) noexcept nogil
        void (*copy_panel)(const float*, ptrdiff_t, ptrdiff_t, ptrdiff_t, float*) noexcept nogil
        void (*pointwise_forward[POINTWISE_COUNT])(ptrdiff_t, const float*, const float*,
                                                   float*) noexcept nogil
        void (*pointwise_backward[POINTWISE_COUNT])(ptrdiff_t, const float*, const float*,
                                                    const float*, float*) noexcept nogil
        void (*merge_forward[MERGE_COUNT])(int, ptrdiff_t, ptrdiff_t, const float*const*,
                                           float*) noexcept nogil
        void (*merge_backward[MERGE_COUNT])(int, int, ptrdiff_t, ptrdiff_t, const float*const*,
                                            const float*, float*) noexcept nogil
        void (*copy_rows)(const float*, ptrdiff_t, ptrdiff_t, ptrdiff_t, float*,
                          ptrdiff_t) noexcept nogil
        void (*softmax_forward)(ptrdiff_t, const float*, float*, float*, float*) noexcept nogil
        void (*softmax_backward)(ptrdiff_t, const float*, const float*, float*) noexcept nogil
        void (*log_softmax_forward)(ptrdiff_t, const float*, float*) noexcept nogil
        void (*log_softmax_backward)(ptrdiff_t, const float*, const float*, float*) noexcept nogil
        void (*prelu_forward)(ptrdiff_t, const float*, const float*, ptrdiff_t,
                              float*) noexcept nogil
        void (*prelu_backward_input)(ptrdiff_t, const float*, const float*, const float*,
                                     ptrdiff_t, float*) noexcept nogil
        void (*prelu_backward_weights)(ptrdiff_t, ptrdiff_t, const float*, const float*,
                                       float*) noexcept nogil
        void (*deviation_sums)(ptrdiff_t, ptrdiff_t, const float*, ptrdiff_t, const float*,
                               ptrdiff_t, float*, float*) noexcept nogil
        void (*product_sums)(ptrdiff_t, ptrdiff_t, const float*, const float*, ptrdiff_t,
                             const float*, ptrdiff_t, float*, float*) noexcept nogil
        void (*channel_normalize)(ptrdiff_t, ptrdiff_t, const float*, const float*, const float*,
                                  const float*, int, float*) noexcept nogil
        void (*channel_normalize_backward)(
            ptrdiff_t, ptrdiff_t, const float*, const float*, const float*, const float*,
            const float*, const float*, float*) noexcept nogil
        void (*group_totals)(ptrdiff_t, ptrdiff_t, const float*, const float*,
                             float*) noexcept nogil
        void (*group_factors)(ptrdiff_t, float, float, const float*, const float*, float*,
                              float*) noexcept nogil
        void (*normal_products)(ptrdiff_t, ptrdiff_t, const float*, const float*, const float*,
                                float*) noexcept nogil
        void (*group_normalize)(ptrdiff_t, ptrdiff_t, const float*, const float*, const float*,
                                const float*, const float*, const float*, float*) noexcept nogil
        void (*group_normalize_backward)(ptrdiff_t, ptrdiff_t, const float*, const float*,
                                         const float*, const float*, const float*, const float*,
                                         const float*, const float*, float*) noexcept nogil
        void (*window_max)(const float*, ptrdiff_t, const ptrdiff_t*, ptrdiff_t, ptrdiff_t,
                           ptrdiff_t, float*, void*, int) noexcept nogil
        void (*window_unpool)(const float*, const void*, int, const ptrdiff_t*, ptrdiff_t,
                              ptrdiff_t, ptrdiff_t, int, float*, ptrdiff_t) noexcept nogil
        void (*window_scatter)(const float*, const int32_t*, ptrdiff_t, ptrdiff_t,
                               float*) noexcept nogil
        void (*window_sum)(const float*, ptrdiff_t, const ptrdiff_t*, ptrdiff_t, ptrdiff_t,
                           ptrdiff_t, const float*, float*, ptrdiff_t) noexcept nogil
        void (*resample_row)(const float*, const ptrdiff_t*, const float*, ptrdiff_t,
                             const ptrdiff_t*, const ptrdiff_t*, const float*, ptrdiff_t, ptrdiff_t,
                             float, float*) noexcept nogil
        void (*window_norm)(const float*, ptrdiff_t, const ptrdiff_t*, ptrdiff_t, ptrdiff_t,
                            ptrdiff_t, double, float*) noexcept nogil
        void (*window_norm_backward)(const float*, ptrdiff_t, const float*, const float*, ptrdiff_t,
                                     const ptrdiff_t*, ptrdiff_t, ptrdiff_t, ptrdiff_t, double,
                                     float*) noexcept nogil
        void (*winograd_data)(const float*const*, ptrdiff_t, float*, ptrdiff_t) noexcept nogil
        void (*winograd_output)(const float*, ptrdiff_t, ptrdiff_t, const float*,
                                const float*const*, int, float*const*) noexcept nogil
        void (*winograd_weights)(ptrdiff_t, float*) noexcept nogil
        void (*update_step[UPDATE_COUNT])(ptrdiff_t, float*, const float*, float*const*,
                                          const fastnn_update*) noexcept nogil
        double (*absolute_sum)(ptrdiff_t, const float*) noexcept nogil
        double (*square_sum)(ptrdiff_t, const float*) noexcept nogil
        void (*penalty_gradient)(ptrdiff_t, const float*, float, float, float*) noexcept nogil
        void (*clamp)(ptrdiff_t, float, float, float*) noexcept nogil
        void (*scale)(ptrdiff_t, float, float*) noexcept nogil
        void (*add_scaled)(ptrdiff_t, float, const float*, float*) noexcept nogil
        void (*random_uniform)(const fastnn_sequence*, ptrdiff_t, ptrdiff_t,
                               float*) noexcept nogil
        void (*random_normal)(const fastnn_sequence*, ptrdiff_t, ptrdiff_t,
                              float*) noexcept nogil
        void (*dropout)(ptrdiff_t, const uint32_t*, float, const float*, float*) noexcept nogil
        void (*gaussian_noise)(ptrdiff_t, float, const float*, const float*,
                               float*) noexcept nogil
        void (*gaussian_dropout)(ptrdiff_t, float, const float*, const float*,
                                 float*) noexcept nogil
        ptrdiff_t (*peak)(ptrdiff_t, float*) noexcept nogil

    ctypedef struct kernels_f64 "fastnn_kernels_f64":
        int tile_outputs[4]
        void (*tile[4][16])(const double*, ptrdiff_t, ptrdiff_t, const fastnn_run*, ptrdiff_t,
                            const double*, ptrdiff_t, ptrdiff_t, const double*, const double*, int,
                            double*, ptrdiff_t, ptrdiff_t) noexcept nogil
        void (*tile_turned[2][16])(const double*, ptrdiff_t, const fastnn_run*, ptrdiff_t,
                                   const double*, ptrdiff_t, const double*, double*,
                                   ptrdiff_t) noexcept nogil
        int outer_outputs[4]
        void (*outer[4][16])(const double*, const ptrdiff_t*, ptrdiff_t, ptrdiff_t, const double*,
                             ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t, int,
                             double*, ptrdiff_t) noexcept nogil
        int neighbours
        void (*grouped[8])(const fastnn_groups*, const double*, const double*, const double*,
                           const double*, double*) noexcept nogil
        void (*grouped_weights)(const double*, ptrdiff_t, const ptrdiff_t*, const ptrdiff_t*,
                                ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t, const double*,
                                ptrdiff_t, ptrdiff_t, double*, ptrdiff_t) noexcept nogil
        void (*lane_sums)(ptrdiff_t, const double*, double*) noexcept nogil
        void (*position_sums)(ptrdiff_t, ptrdiff_t, const double*, ptrdiff_t,
                              double*) noexcept nogil
        void (*rows_to_lanes)(const double*const*, ptrdiff_t, double*, ptrdiff_t) noexcept nogil
        void (*lanes_to_rows)(const double*, ptrdiff_t, ptrdiff_t, double*const*) noexcept nogil
        void (*copy_panel)(const double*, ptrdiff_t, ptrdiff_t, ptrdiff_t, double*) noexcept nogil
        void (*pointwise_forward[POINTWISE_COUNT])(ptrdiff_t, const double*, const double*,
                                                   double*) noexcept nogil
        void (*pointwise_backward[POINTWISE_COUNT])(ptrdiff_t, const double*, const double*,
                                                    const double*, double*) noexcept nogil
        void (*merge_forward[MERGE_COUNT])(int, ptrdiff_t, ptrdiff_t, const double*const*,
                                           double*) noexcept nogil
        void (*merge_backward[MERGE_COUNT])(int, int, ptrdiff_t, ptrdiff_t, const double*const*,
                                            const double*, double*) noexcept nogil
        void (*copy_rows)(const double*, ptrdiff_t, ptrdiff_t, ptrdiff_t, double*,
                          ptrdiff_t) noexcept nogil
        void (*softmax_forward)(ptrdiff_t, const double*, double*, double*,
                                double*) noexcept nogil
        void (*softmax_backward)(ptrdiff_t, const double*, const double*, double*) noexcept nogil
        void (*log_softmax_forward)(ptrdiff_t, const double*, double*) noexcept nogil
        void (*log_softmax_backward)(ptrdiff_t, const double*, const double*,
                                     double*) noexcept nogil
        void (*prelu_forward)(ptrdiff_t, const double*, const double*, ptrdiff_t,
                              double*) noexcept nogil
        void (*prelu_backward_input)(ptrdiff_t, const double*, const double*, const double*,
                                     ptrdiff_t, double*) noexcept nogil
        void (*prelu_backward_weights)(ptrdiff_t, ptrdiff_t, const double*, const double*,
                                       double*) noexcept nogil
        void (*deviation_sums)(ptrdiff_t, ptrdiff_t, const double*, ptrdiff_t, const double*,
                               ptrdiff_t, double*, double*) noexcept nogil
        void (*product_sums)(ptrdiff_t, ptrdiff_t, const double*, const double*, ptrdiff_t,
                             const double*, ptrdiff_t, double*, double*) noexcept nogil
        void (*channel_normalize)(ptrdiff_t, ptrdiff_t, const double*, const double*, const double*,
                                  const double*, int, double*) noexcept nogil
        void (*channel_normalize_backward)(
            ptrdiff_t, ptrdiff_t, const double*, const double*, const double*, const double*,
            const double*, const double*, double*) noexcept nogil
        void (*group_totals)(ptrdiff_t, ptrdiff_t, const double*, const double*,
                             double*) noexcept nogil
        void (*group_factors)(ptrdiff_t, double, double, const double*, const double*, double*,
                              double*) noexcept nogil
        void (*normal_products)(ptrdiff_t, ptrdiff_t, const double*, const double*, const double*,
                                double*) noexcept nogil
        void (*group_normalize)(ptrdiff_t, ptrdiff_t, const double*, const double*, const double*,
                                const double*, const double*, const double*, double*) noexcept nogil
        void (*group_normalize_backward)(ptrdiff_t, ptrdiff_t, const double*, const double*,
                                         const double*, const double*, const double*, const double*,
                                         const double*, const double*, double*) noexcept nogil
        void (*window_max)(const double*, ptrdiff_t, const ptrdiff_t*, ptrdiff_t, ptrdiff_t,
                           ptrdiff_t, double*, void*, int) noexcept nogil
        void (*window_unpool)(const double*, const void*, int, const ptrdiff_t*, ptrdiff_t,
                              ptrdiff_t, ptrdiff_t, int, double*, ptrdiff_t) noexcept nogil
        void (*window_scatter)(const double*, const int64_t*, ptrdiff_t, ptrdiff_t,
                               double*) noexcept nogil
        void (*window_sum)(const double*, ptrdiff_t, const ptrdiff_t*, ptrdiff_t, ptrdiff_t,
                           ptrdiff_t, const double*, double*, ptrdiff_t) noexcept nogil
        void (*resample_row)(const double*, const ptrdiff_t*, const double*, ptrdiff_t,
                             const ptrdiff_t*, const ptrdiff_t*, const double*, ptrdiff_t,
                             ptrdiff_t, double, double*) noexcept nogil
        void (*window_norm)(const double*, ptrdiff_t, const ptrdiff_t*, ptrdiff_t, ptrdiff_t,
                            ptrdiff_t, double, double*) noexcept nogil
        void (*window_norm_backward)(const double*, ptrdiff_t, const double*, const double*,
                                     ptrdiff_t, const ptrdiff_t*, ptrdiff_t, ptrdiff_t, ptrdiff_t,
                                     double, double*) noexcept nogil
        void (*winograd_data)(const double*const*, ptrdiff_t, double*, ptrdiff_t) noexcept nogil
        void (*winograd_output)(const double*, ptrdiff_t, ptrdiff_t, const double*,
                                const double*const*, int, double*const*) noexcept nogil
        void (*winograd_weights)(ptrdiff_t, double*) noexcept nogil
        void (*update_step[UPDATE_COUNT])(ptrdiff_t, double*, const double*, double*const*,
                                          const fastnn_update*) noexcept nogil
        double (*absolute_sum)(ptrdiff_t, const double*) noexcept nogil
        double (*square_sum)(ptrdiff_t, const double*) noexcept nogil
        void (*penalty_gradient)(ptrdiff_t, const double*, double, double, double*) noexcept nogil
        void (*clamp)(ptrdiff_t, double, double, double*) noexcept nogil
        void (*scale)(ptrdiff_t, double, double*) noexcept nogil
        void (*add_scaled)(ptrdiff_t, double, const double*, double*) noexcept nogil
        void (*random_uniform)(const fastnn_sequence*, ptrdiff_t, ptrdiff_t,
                               double*) noexcept nogil
        void (*random_normal)(const fastnn_sequence*, ptrdiff_t, ptrdiff_t,
                              double*) noexcept nogil
        void (*dropout)(ptrdiff_t, const uint32_t*, double, const double*, double*) noexcept nogil
        void (*gaussian_noise)(ptrdiff_t, double, const double*, const double*,
                               double*) noexcept nogil
        void (*gaussian_dropout)(ptrdiff_t, double, const double*, const double*,
                                 double*) noexcept nogil
        ptrdiff_t (*peak)(ptrdiff_t, double*) noexcept nogil

    ctypedef struct fastnn_kernels:
        const char* isa
        kernels_f32 f32
        kernels_f64 f64
        void (*random_words)(const fastnn_sequence*, ptrdiff_t, ptrdiff_t,
                             uint32_t*) noexcept nogil
        void (*random_bits)(const fastnn_sequence*, ptrdiff_t, ptrdiff_t, double,
                            uint32_t*) noexcept nogil
        void (*box_muller)(ptrdiff_t, const uint32_t*, double*) noexcept nogil

    const char* fastnn_fill_table(fastnn_kernels*, const char*)
    int fastnn_has_isa(const char*)

cdef extern from "fpmode.h" nogil:
    # Subnormals count as zero inside every compiled call; the caller's mode is put back after it.
    unsigned long long enter_fast_mode "fastnn_enter_fast_mode"()
    void leave_fast_mode "fastnn_leave_fast_mode"(unsigned long long)

# The table of the chosen instruction set, filled when this module is imported.
cdef fastnn_kernels table


cdef inline int tile_outputs(const real* which, int positions) noexcept nogil:
    """The most outputs of a tile of `positions`; `which` only tells the real type."""
    if real is float:
        return table.f32.tile_outputs[positions - 1]
    else:
        return table.f64.tile_outputs[positions - 1]


cdef inline void tile(
        int positions, int outputs,
        const real* x, ptrdiff_t x_position_step, ptrdiff_t x_term_step,
        const fastnn_run* runs, ptrdiff_t n_runs,
        const real* w, ptrdiff_t w_run_step, ptrdiff_t w_step,
        const real* bias, const real* positive, int finish,
        real* y, ptrdiff_t y_position_step, ptrdiff_t y_output_step) noexcept nogil:
    if real is float:
        table.f32.tile[positions - 1][outputs - 1](
            x, x_position_step, x_term_step, runs, n_runs, w, w_run_step, w_step, bias, positive,
            finish, y, y_position_step, y_output_step)
    else:
        table.f64.tile[positions - 1][outputs - 1](
            x, x_position_step, x_term_step, runs, n_runs, w, w_run_step, w_step, bias, positive,
            finish, y, y_position_step, y_output_step)


cdef inline void tile_turned(
        int positions, int outputs, const real* x, ptrdiff_t x_position_step,
        const fastnn_run* runs, ptrdiff_t n_runs, const real* w, ptrdiff_t w_run_step,
        const real* positive, real* y, ptrdiff_t y_position_step) noexcept nogil:
    if real is float:
        table.f32.tile_turned[positions - 1][outputs - 1](
            x, x_position_step, runs, n_runs, w, w_run_step, positive, y, y_position_step)
    else:
        table.f64.tile_turned[positions - 1][outputs - 1](
            x, x_position_step, runs, n_runs, w, w_run_step, positive, y, y_position_step)


cdef inline int outer_outputs(const real* which, int taps) noexcept nogil:
    """The most outputs of an outer tile of `taps`; `which` only tells the real type."""
    if real is float:
        return table.f32.outer_outputs[taps - 1]
    else:
        return table.f64.outer_outputs[taps - 1]


cdef inline void outer(
        int taps, int outputs,
        const real* x, const ptrdiff_t* tap, ptrdiff_t x_row_step, ptrdiff_t x_column_step,
        const real* dy, ptrdiff_t dy_row_step, ptrdiff_t dy_column_step,
        ptrdiff_t rows, ptrdiff_t columns, bint accumulate, real* sums,
        ptrdiff_t sums_step) noexcept nogil:
    if real is float:
        table.f32.outer[taps - 1][outputs - 1](
            x, tap, x_row_step, x_column_step, dy, dy_row_step, dy_column_step, rows, columns,
            accumulate, sums, sums_step)
    else:
        table.f64.outer[taps - 1][outputs - 1](
            x, tap, x_row_step, x_column_step, dy, dy_row_step, dy_column_step, rows, columns,
            accumulate, sums, sums_step)


cdef inline int neighbours(const real* which) noexcept nogil:
    """The most positions of grouped; `which` only tells the real type."""
    if real is float:
        return table.f32.neighbours
    else:
        return table.f64.neighbours


cdef inline void grouped(int positions, const fastnn_groups* all, const real* x, const real* w,
                         const real* bias, const real* positive, real* y) noexcept nogil:
    if real is float:
        table.f32.grouped[positions - 1](all, x, w, bias, positive, y)
    else:
        table.f64.grouped[positions - 1](all, x, w, bias, positive, y)


cdef inline void grouped_weights(
        const real* x, ptrdiff_t x_position_step, const ptrdiff_t* offset, const ptrdiff_t* place,
        ptrdiff_t taps, ptrdiff_t groups, ptrdiff_t terms, ptrdiff_t outputs, const real* dy,
        ptrdiff_t dy_position_step, ptrdiff_t positions, real* sums,
        ptrdiff_t sums_output_step) noexcept nogil:
    if real is float:
        table.f32.grouped_weights(x, x_position_step, offset, place, taps, groups, terms, outputs,
                                  dy, dy_position_step, positions, sums, sums_output_step)
    else:
        table.f64.grouped_weights(x, x_position_step, offset, place, taps, groups, terms, outputs,
                                  dy, dy_position_step, positions, sums, sums_output_step)


cdef inline void lane_sums(ptrdiff_t n, const real* x, real* y) noexcept nogil:
    if real is float:
        table.f32.lane_sums(n, x, y)
    else:
        table.f64.lane_sums(n, x, y)


cdef inline void position_sums(ptrdiff_t positions, ptrdiff_t channels, const real* x,
                               ptrdiff_t x_position_step, real* sums) noexcept nogil:
    if real is float:
        table.f32.position_sums(positions, channels, x, x_position_step, sums)
    else:
        table.f64.position_sums(positions, channels, x, x_position_step, sums)


cdef inline void rows_to_lanes(const real*const* rows, ptrdiff_t columns, real* y,
                               ptrdiff_t y_step) noexcept nogil:
    if real is float:
        table.f32.rows_to_lanes(rows, columns, y, y_step)
    else:
        table.f64.rows_to_lanes(rows, columns, y, y_step)


cdef inline void copy_panel(const real* x, ptrdiff_t x_row_step, ptrdiff_t n_rows, ptrdiff_t width,
                            real* y) noexcept nogil:
    if real is float:
        table.f32.copy_panel(x, x_row_step, n_rows, width, y)
    else:
        table.f64.copy_panel(x, x_row_step, n_rows, width, y)


cdef inline void lanes_to_rows(const real* x, ptrdiff_t columns, ptrdiff_t n_rows,
                               real*const* rows) noexcept nogil:
    if real is float:
        table.f32.lanes_to_rows(x, columns, n_rows, rows)
    else:
        table.f64.lanes_to_rows(x, columns, n_rows, rows)


cdef inline void pointwise_forward(int function, ptrdiff_t n, const real* x,
                                   const real* parameters, real* y) noexcept nogil:
    if real is float:
        table.f32.pointwise_forward[function](n, x, parameters, y)
    else:
        table.f64.pointwise_forward[function](n, x, parameters, y)


cdef inline void pointwise_backward(int function, ptrdiff_t n, const real* dy,
                                    const real* kept, const real* parameters,
                                    real* dx) noexcept nogil:
    if real is float:
        table.f32.pointwise_backward[function](n, dy, kept, parameters, dx)
    else:
        table.f64.pointwise_backward[function](n, dy, kept, parameters, dx)


cdef inline void merge_forward(int function, int n_inputs, ptrdiff_t first, ptrdiff_t end,
                               const real*const* x, real* y) noexcept nogil:
    if real is float:
        table.f32.merge_forward[function](n_inputs, first, end, x, y)
    else:
        table.f64.merge_forward[function](n_inputs, first, end, x, y)


cdef inline void merge_backward(int function, int n_inputs, int index, ptrdiff_t first,
                                ptrdiff_t end, const real*const* x, const real* dy,
                                real* dx) noexcept nogil:
    if real is float:
        table.f32.merge_backward[function](n_inputs, index, first, end, x, dy, dx)
    else:
        table.f64.merge_backward[function](n_inputs, index, first, end, x, dy, dx)


cdef inline void copy_rows(const real* x, ptrdiff_t x_row_step, ptrdiff_t n_rows, ptrdiff_t width,
                           real* y, ptrdiff_t y_row_step) noexcept nogil:
    if real is float:
        table.f32.copy_rows(x, x_row_step, n_rows, width, y, y_row_step)
    else:
        table.f64.copy_rows(x, x_row_step, n_rows, width, y, y_row_step)


cdef inline void softmax_forward(ptrdiff_t channels, const real* x, real* y, real* maximum,
                                 real* total) noexcept nogil:
    if real is float:
        table.f32.softmax_forward(channels, x, y, maximum, total)
    else:
        table.f64.softmax_forward(channels, x, y, maximum, total)


cdef inline void softmax_backward(ptrdiff_t channels, const real* dy, const real* y,
                                  real* dx) noexcept nogil:
    if real is float:
        table.f32.softmax_backward(channels, dy, y, dx)
    else:
        table.f64.softmax_backward(channels, dy, y, dx)


cdef inline void log_softmax_forward(ptrdiff_t channels, const real* x, real* y) noexcept nogil:
    if real is float:
        table.f32.log_softmax_forward(channels, x, y)
    else:
        table.f64.log_softmax_forward(channels, x, y)


cdef inline void log_softmax_backward(ptrdiff_t channels, const real* dy, const real* y,
                                      real* dx) noexcept nogil:
    if real is float:
        table.f32.log_softmax_backward(channels, dy, y, dx)
    else:
        table.f64.log_softmax_backward(channels, dy, y, dx)


cdef inline void prelu_forward(ptrdiff_t channels, const real* x, const real* slope,
                               ptrdiff_t slope_step, real* y) noexcept nogil:
    if real is float:
        table.f32.prelu_forward(channels, x, slope, slope_step, y)
    else:
        table.f64.prelu_forward(channels, x, slope, slope_step, y)


cdef inline void prelu_backward_input(ptrdiff_t channels, const real* dy, const real* x,
                                      const real* slope, ptrdiff_t slope_step,
                                      real* dx) noexcept nogil:
    if real is float:
        table.f32.prelu_backward_input(channels, dy, x, slope, slope_step, dx)
    else:
        table.f64.prelu_backward_input(channels, dy, x, slope, slope_step, dx)


cdef inline void prelu_backward_weights(ptrdiff_t positions, ptrdiff_t channels, const real* x,
                                        const real* dy, real* sums) noexcept nogil:
    if real is float:
        table.f32.prelu_backward_weights(positions, channels, x, dy, sums)
    else:
        table.f64.prelu_backward_weights(positions, channels, x, dy, sums)


cdef inline void window_sum(const real* x, ptrdiff_t x_step, const ptrdiff_t* offset,
                            ptrdiff_t taps, ptrdiff_t windows, ptrdiff_t channels,
                            const real* scale, real* y, ptrdiff_t y_step) noexcept nogil:
    if real is float:
        table.f32.window_sum(x, x_step, offset, taps, windows, channels, scale, y, y_step)
    else:
        table.f64.window_sum(x, x_step, offset, taps, windows, channels, scale, y, y_step)


cdef inline void window_norm(const real* x, ptrdiff_t x_step, const ptrdiff_t* offset,
                             ptrdiff_t taps, ptrdiff_t windows, ptrdiff_t channels, double p,
                             real* y) noexcept nogil:
    if real is float:
        table.f32.window_norm(x, x_step, offset, taps, windows, channels, p, y)
    else:
        table.f64.window_norm(x, x_step, offset, taps, windows, channels, p, y)


cdef inline void window_norm_backward(
        const real* x, ptrdiff_t target_step, const real* dy, const real* y,
        ptrdiff_t source_step, const ptrdiff_t* offset, ptrdiff_t taps, ptrdiff_t targets,
        ptrdiff_t channels, double p, real* dx) noexcept nogil:
    if real is float:
        table.f32.window_norm_backward(x, target_step, dy, y, source_step, offset, taps, targets,
                                       channels, p, dx)
    else:
        table.f64.window_norm_backward(x, target_step, dy, y, source_step, offset, taps, targets,
                                       channels, p, dx)


cdef inline void deviation_sums(
        ptrdiff_t positions, ptrdiff_t channels, const real* x, ptrdiff_t position_step,
        const real* centre, ptrdiff_t centre_step, real* sums, real* squares) noexcept nogil:
    if real is float:
        table.f32.deviation_sums(
            positions, channels, x, position_step, centre, centre_step, sums, squares)
    else:
        table.f64.deviation_sums(
            positions, channels, x, position_step, centre, centre_step, sums, squares)


cdef inline void product_sums(
        ptrdiff_t positions, ptrdiff_t channels, const real* dy, const real* x,
        ptrdiff_t position_step, const real* centre, ptrdiff_t centre_step, real* sums,
        real* products) noexcept nogil:
    if real is float:
        table.f32.product_sums(
            positions, channels, dy, x, position_step, centre, centre_step, sums, products)
    else:
        table.f64.product_sums(
            positions, channels, dy, x, position_step, centre, centre_step, sums, products)


cdef inline void channel_normalize(
        ptrdiff_t positions, ptrdiff_t channels, const real* x, const real* centre,
        const real* factor, const real* offset, bint relu, real* y) noexcept nogil:
    if real is float:
        table.f32.channel_normalize(positions, channels, x, centre, factor, offset, relu, y)
    else:
        table.f64.channel_normalize(positions, channels, x, centre, factor, offset, relu, y)


cdef inline void channel_normalize_backward(
        ptrdiff_t positions, ptrdiff_t channels, const real* dy, const real* x, const real* centre,
        const real* dy_factor, const real* x_factor, const real* offset, real* dx) noexcept nogil:
    if real is float:
        table.f32.channel_normalize_backward(
            positions, channels, dy, x, centre, dy_factor, x_factor, offset, dx)
    else:
        table.f64.channel_normalize_backward(
            positions, channels, dy, x, centre, dy_factor, x_factor, offset, dx)


cdef inline void group_totals(
        ptrdiff_t groups, ptrdiff_t channels, const real* x, const real* weight,
        real* totals) noexcept nogil:
    if real is float:
        table.f32.group_totals(groups, channels, x, weight, totals)
    else:
        table.f64.group_totals(groups, channels, x, weight, totals)


cdef inline void group_factors(
        ptrdiff_t groups, real count, real epsilon, const real* sums, const real* squares,
        real* factor, real* offset) noexcept nogil:
    if real is float:
        table.f32.group_factors(groups, count, epsilon, sums, squares, factor, offset)
    else:
        table.f64.group_factors(groups, count, epsilon, sums, squares, factor, offset)


cdef inline void normal_products(
        ptrdiff_t groups, ptrdiff_t channels, const real* sums, const real* factor,
        const real* offset, real* products) noexcept nogil:
    if real is float:
        table.f32.normal_products(groups, channels, sums, factor, offset, products)
    else:
        table.f64.normal_products(groups, channels, sums, factor, offset, products)


cdef inline void group_normalize(
        ptrdiff_t groups, ptrdiff_t channels, const real* x, const real* centre, const real* factor,
        const real* offset, const real* scale, const real* shift, real* y) noexcept nogil:
    if real is float:
        table.f32.group_normalize(groups, channels, x, centre, factor, offset, scale, shift, y)
    else:
        table.f64.group_normalize(groups, channels, x, centre, factor, offset, scale, shift, y)


cdef inline void group_normalize_backward(
        ptrdiff_t groups, ptrdiff_t channels, const real* dy, const real* x, const real* centre,
        const real* factor, const real* offset, const real* scale, const real* sums,
        const real* products, real* dx) noexcept nogil:
    if real is float:
        table.f32.group_normalize_backward(
            groups, channels, dy, x, centre, factor, offset, scale, sums, products, dx)
    else:
        table.f64.group_normalize_backward(
            groups, channels, dy, x, centre, factor, offset, scale, sums, products, dx)


cdef inline void window_max(const real* x, ptrdiff_t x_step, const ptrdiff_t* offset,
                            ptrdiff_t taps, ptrdiff_t windows, ptrdiff_t channels, real* y,
                            void* argmax, bint wide) noexcept nogil:
    if real is float:
        table.f32.window_max(x, x_step, offset, taps, windows, channels, y, argmax, wide)
    else:
        table.f64.window_max(x, x_step, offset, taps, windows, channels, y, argmax, wide)


cdef inline void window_unpool(const real* dy, const void* argmax, bint wide,
                               const ptrdiff_t* offset, ptrdiff_t taps, ptrdiff_t windows,
                               ptrdiff_t channels, bint accumulate, real* dx,
                               ptrdiff_t dx_step) noexcept nogil:
    if real is float:
        table.f32.window_unpool(dy, argmax, wide, offset, taps, windows, channels, accumulate, dx,
                                dx_step)
    else:
        table.f64.window_unpool(dy, argmax, wide, offset, taps, windows, channels, accumulate, dx,
                                dx_step)


cdef inline void window_scatter(const real* dy, const void* position, ptrdiff_t channels,
                                ptrdiff_t dx_position_step, real* dx) noexcept nogil:
    """Positions are integers as wide as the real type; void* spares a second fused type."""
    if real is float:
        table.f32.window_scatter(dy, <const int32_t*>position, channels, dx_position_step, dx)
    else:
        table.f64.window_scatter(dy, <const int64_t*>position, channels, dx_position_step, dx)


cdef inline void resample_row(
        const real* x, const ptrdiff_t* row, const real* row_factor, ptrdiff_t rows,
        const ptrdiff_t* start, const ptrdiff_t* column, const real* factor, ptrdiff_t targets,
        ptrdiff_t pack, real nothing, real* y) noexcept nogil:
    if real is float:
        table.f32.resample_row(x, row, row_factor, rows, start, column, factor, targets, pack,
                               nothing, y)
    else:
        table.f64.resample_row(x, row, row_factor, rows, start, column, factor, targets, pack,
                               nothing, y)


cdef inline void winograd_data(const real*const* x, ptrdiff_t channels, real* v,
                               ptrdiff_t v_step) noexcept nogil:
    if real is float:
        table.f32.winograd_data(x, channels, v, v_step)
    else:
        table.f64.winograd_data(x, channels, v, v_step)


cdef inline void winograd_output(const real* m, ptrdiff_t m_step, ptrdiff_t outputs,
                                 const real* bias, const real*const* positive, int finish,
                                 real*const* y) noexcept nogil:
    if real is float:
        table.f32.winograd_output(m, m_step, outputs, bias, positive, finish, y)
    else:
        table.f64.winograd_output(m, m_step, outputs, bias, positive, finish, y)


cdef inline void winograd_weights(ptrdiff_t n, real* u) noexcept nogil:
    if real is float:
        table.f32.winograd_weights(n, u)
    else:
        table.f64.winograd_weights(n, u)


cdef inline void update_step(int kernel, ptrdiff_t n, real* parameters, const real* gradient,
                             real*const* state, const fastnn_update* how) noexcept nogil:
    if real is float:
        table.f32.update_step[kernel](n, parameters, gradient, state, how)
    else:
        table.f64.update_step[kernel](n, parameters, gradient, state, how)


cdef inline double absolute_sum(ptrdiff_t n, const real* x) noexcept nogil:
    if real is float:
        return table.f32.absolute_sum(n, x)
    else:
        return table.f64.absolute_sum(n, x)


cdef inline double square_sum(ptrdiff_t n, const real* x) noexcept nogil:
    if real is float:
        return table.f32.square_sum(n, x)
    else:
        return table.f64.square_sum(n, x)


cdef inline void penalty_gradient(ptrdiff_t n, const real* x, real l1, real twice_l2,
                                  real* gradient) noexcept nogil:
    if real is float:
        table.f32.penalty_gradient(n, x, l1, twice_l2, gradient)
    else:
        table.f64.penalty_gradient(n, x, l1, twice_l2, gradient)


cdef inline void clamp(ptrdiff_t n, real low, real high, real* x) noexcept nogil:
    if real is float:
        table.f32.clamp(n, low, high, x)
    else:
        table.f64.clamp(n, low, high, x)


cdef inline void scale(ptrdiff_t n, real factor, real* x) noexcept nogil:
    if real is float:
        table.f32.scale(n, factor, x)
    else:
        table.f64.scale(n, factor, x)


cdef inline void add_scaled(ptrdiff_t n, real factor, const real* x, real* y) noexcept nogil:
    if real is float:
        table.f32.add_scaled(n, factor, x, y)
    else:
        table.f64.add_scaled(n, factor, x, y)


cdef inline void random_words(const fastnn_sequence* origin, ptrdiff_t first, ptrdiff_t n,
                              uint32_t* out) noexcept nogil:
    table.random_words(origin, first, n, out)


cdef inline void random_uniform(const fastnn_sequence* origin, ptrdiff_t first, ptrdiff_t n,
                                real* out) noexcept nogil:
    if real is float:
        table.f32.random_uniform(origin, first, n, out)
    else:
        table.f64.random_uniform(origin, first, n, out)


cdef inline void random_normal(const fastnn_sequence* origin, ptrdiff_t first, ptrdiff_t n,
                               real* out) noexcept nogil:
    if real is float:
        table.f32.random_normal(origin, first, n, out)
    else:
        table.f64.random_normal(origin, first, n, out)


cdef inline void random_bits(const fastnn_sequence* origin, ptrdiff_t first, ptrdiff_t n,
                             double rate, uint32_t* bits) noexcept nogil:
    table.random_bits(origin, first, n, rate, bits)


cdef inline void dropout(ptrdiff_t n, const uint32_t* bits, real kept, const real* x,
                         real* y) noexcept nogil:
    if real is float:
        table.f32.dropout(n, bits, kept, x, y)
    else:
        table.f64.dropout(n, bits, kept, x, y)


cdef inline void gaussian_noise(ptrdiff_t n, real stddev, const real* z, const real* x,
                                real* y) noexcept nogil:
    if real is float:
        table.f32.gaussian_noise(n, stddev, z, x, y)
    else:
        table.f64.gaussian_noise(n, stddev, z, x, y)


cdef inline void gaussian_dropout(ptrdiff_t n, real stddev, const real* z, const real* x,
                                  real* y) noexcept nogil:
    if real is float:
        table.f32.gaussian_dropout(n, stddev, z, x, y)
    else:
        table.f64.gaussian_dropout(n, stddev, z, x, y)
