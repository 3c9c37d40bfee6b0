"""Networks in other forms: as one file of C."""


def export_c(net, path, *, name="model"):
    """Write a network as one file of C99 that needs nothing but the standard library.

    Parameters
    ----------
    net : Sequential or Model
        Built; its layers are those of `fastnn.layers`, and every `Standardize` has learnt.
    path : path-like
        Of the file, which is replaced as a whole, or left as it was if that fails.
    name : str
        What the names of the file begin with: a C identifier, for instance "digits".

    Raises
    ------
    ValueError
        If the network is not built, has a layer that is none of `fastnn.layers` or a `Standardize`
        that has learnt nothing, or is too large for a C `int`; if `name` is no C identifier.
    OSError
        If the file cannot be written.

    Notes
    -----
    The file has these functions, for the network's dtype, here float:

    ``void model_predict(const float *x, float *y)``
        Takes one sample x of `MODEL_INPUTS` numbers to its `MODEL_OUTPUTS` outputs y: in row-major
        order, channels last; several inputs or outputs one behind the other. All work is done in
        a static array, so that only one thread may call it at a time.
    ``void model_predict_with(const float *x, float *y, float *work)``
        The same in `MODEL_WORK` numbers of the caller's: any number of threads may call it.
    ``void model_classes(const float *y, int *classes)``
        The decisions that `predict_classes` makes of outputs, as numbers of classes;
        ``model_labels`` holds their labels as text. Only for networks that tell classes apart.
    ``int main(int, char **)``
        Reads samples from stdin, numbers between white space or with ``-b`` raw ones, and prints
        the outputs of each on a line, or with ``-c`` its label. Left out with
        ``-DFASTNN_NO_MAIN``.

    Each operation (an activation is one) computes in double and rounds once, to its outputs, so
    that these differ from `net.predict` by no more than that rounds; ``-DFASTNN_WIDE=float``
    computes in float where double is slow. Samples are rounded to the network's dtype before
    anything else, also before they are standardised.

    Examples
    --------
    >>> import pathlib, tempfile, fastnn as fn
    >>> net = fn.Sequential([fn.layers.Dense(1, "tanh")], input_shape=(2,))
    >>> path = pathlib.Path(tempfile.mkdtemp(), "net.c")
    >>> fn.export_c(net, path, name="net")
    >>> [line.strip() for line in path.read_text().splitlines() if "dense_forward(x" in line]
    ['dense_forward(x, 2, dense_0_weight, dense_0_bias, 1, y);']

    Then ``cc -std=c99 -O2 net.c -lm -o net`` and ``echo 0.5 -1 | ./net``.
    """
    from fastnn.export.c_file import write_c

    write_c(net, path, name)
