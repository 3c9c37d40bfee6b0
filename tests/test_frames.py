"""What people feed a network: data frames and series, lists, numbers of every type, labels."""

import decimal

import numpy as np
import pytest

import fastnn as fn
from fastnn.columns import column_array, frame_array

N = 24
X = np.random.default_rng(0).normal(size=(N, 2))
INDEX = (X[:, 0] > 0).astype(int)
WORDS = np.array(["no", "yes"])[INDEX]
WEIGHT = np.abs(X[:, 1]) + 0.1
NAN = float("nan")


@pytest.fixture
def pd():
    return pytest.importorskip("pandas")


@pytest.fixture
def pl():
    return pytest.importorskip("polars")


def net(units=2):
    return fn.Sequential([fn.layers.Dense(units)], input_shape=(2,), seed=1)


def outcome(x, y, sample_weight=None, loss="cross_entropy"):
    """What training on these leads to, by every way that takes data."""
    model = net(2 if loss == "cross_entropy" else 1)
    data = {"validation_data": (x, y, sample_weight)} if sample_weight is not None else {}
    history = model.fit(x, y, sample_weight=sample_weight, loss=loss, epochs=2, verbose=0, **data)
    history.pop("seconds")
    figures = model.evaluate(x, y, sample_weight=sample_weight)
    classes = None if model.classes_ is None else model.classes_.tolist()
    return dict(history), figures, model.predict(x).tolist(), classes


FRAMES = {  # how pandas and polars hold numbers
    "float64": lambda pd, x: pd.DataFrame(x, ["a", "b"]),
    "float32": lambda pd, x: pd.DataFrame(x.astype(np.float32), ["a", "b"]),
    "integers and floats": lambda pd, x: pd.DataFrame({"a": x[:, 0].astype(int), "b": x[:, 1]}),
    "truth values and floats": lambda pd, x: pd.DataFrame({"a": x[:, 0] > 0, "b": x[:, 1]}),
    "int8 and uint64": lambda pd, x: pd.DataFrame(
        {"a": x[:, 0].astype(np.int8), "b": np.abs(x[:, 1] * 9).astype(np.uint64)}
    ),
}


def columns_of(frame):
    return np.column_stack([np.asarray(frame[name], dtype=float) for name in frame.columns])


class ByColumns:
    """`DataFrame` with columns named alike in both libraries."""

    def __init__(self, library):
        self.library = library

    def DataFrame(self, data, names=None):
        if names is not None:
            data = {name: data[:, i] for i, name in enumerate(names)}
        return self.library.DataFrame(data)


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES)
def test_a_frame_is_the_array_of_its_columns(library, make):
    frame = make(ByColumns(pytest.importorskip(library)), X * 3)
    assert outcome(frame, INDEX) == outcome(columns_of(frame), INDEX)


PANDAS_COLUMNS = {  # column b, in types that NumPy does not have
    "Float64": lambda pd, b: pd.Series(b, dtype="Float64"),
    "Float32": lambda pd, b: pd.Series(b, dtype="Float32"),
    "Int64": lambda pd, b: pd.Series(b.round(), dtype="Int64"),
    "UInt8": lambda pd, b: pd.Series(np.abs(b).round(), dtype="UInt8"),
    "boolean": lambda pd, b: pd.Series(b > 0, dtype="boolean"),
    "object": lambda pd, b: pd.Series(b, dtype=object),
    "Decimal": lambda pd, b: pd.Series([decimal.Decimal(f"{v:.2f}") for v in b], dtype=object),
    "sparse": lambda pd, b: pd.Series(pd.arrays.SparseArray(b)),
    "categories": lambda pd, b: pd.Series(b.round()).astype("category"),
}


@pytest.mark.parametrize("make", PANDAS_COLUMNS.values(), ids=PANDAS_COLUMNS)
def test_columns_of_types_that_pandas_adds(pd, make):
    frame = pd.DataFrame({"a": X[:, 0], "b": make(pd, X[:, 1])})
    plain = columns_of(frame)
    assert outcome(frame, INDEX) == outcome(plain, INDEX)
    np.testing.assert_array_equal(column_array("fit", "y", frame["b"]), plain[:, 1])


def test_columns_of_types_that_polars_adds(pl):
    cents = pl.Series("b", X[:, 1]).cast(pl.Decimal(10, 2))
    frame = pl.DataFrame({"a": pl.Series(X[:, 0]).cast(pl.Float32), "b": cents})
    plain = np.column_stack([X[:, 0].astype(np.float32), [float(v) for v in cents]])
    np.testing.assert_array_equal(frame_array("fit", "x", frame), plain)
    net().predict(frame)


def test_series_of_arrays_are_arrays(pl):
    rows = pl.Series(X.tolist(), dtype=pl.Array(pl.Float64, 2))
    assert outcome(rows, INDEX) == outcome(X, INDEX)
    with pytest.raises(TypeError, match="column 'a' of x holds arrays"):
        net().predict(pl.DataFrame({"a": rows, "b": X[:, 1]}))


def test_arrays_of_other_libraries_are_arrays():
    class Named:  # as xarray has it
        shape, ndim, dtype = X.shape, 2, X.dtype

        def to_numpy(self):
            return X

        def __array__(self, dtype=None, copy=None):
            return X

        def __len__(self):
            return len(X)

    assert outcome(Named(), INDEX) == outcome(X, INDEX)


def test_columns_of_one_name_stay_apart(pd):
    frame = pd.DataFrame(X, columns=["a", "a"])
    np.testing.assert_array_equal(frame_array("fit", "x", frame), X)


STRINGS = np.dtypes.StringDType() if hasattr(np.dtypes, "StringDType") else object
LABELS = {  # of pandas, then of polars
    "text": lambda pd: pd.Series(WORDS.tolist()),
    "object": lambda pd: pd.Series(WORDS.astype(object), dtype=object),
    "string": lambda pd: pd.Series(WORDS.tolist(), dtype="string"),
    "category": lambda pd: pd.Series(WORDS.tolist(), dtype="category"),
    "an index": lambda pd: pd.Index(WORDS.tolist()),
    "one column": lambda pd: pd.DataFrame({"word": WORDS.tolist()}),
    "rows in another order": lambda pd: pd.Series(WORDS.tolist(), index=range(N, 0, -1)),
    "String": lambda pl: pl.Series(WORDS.tolist()),
    "Categorical": lambda pl: pl.Series(WORDS.tolist(), dtype=pl.Categorical),
    "Enum": lambda pl: pl.Series(WORDS.tolist(), dtype=pl.Enum(["yes", "no"])),
    "a column": lambda pl: pl.DataFrame({"word": WORDS.tolist()}),
    "numpy's strings": lambda np: WORDS.astype(STRINGS),
    "bytes": lambda np: np.array([w.encode() for w in WORDS.tolist()], object),
    "objects": lambda np: np.array(WORDS.tolist(), object),
}
LIBRARIES = ["pandas"] * 7 + ["polars"] * 4 + ["numpy"] * 3


@pytest.mark.parametrize(("library", "name"), list(zip(LIBRARIES, LABELS, strict=True)))
def test_labels_of_text(library, name):
    y = LABELS[name](pytest.importorskip(library))
    assert outcome(X, y) == outcome(X, WORDS)


NUMBERED = {
    "int8": ("pandas", lambda pd: pd.Series(INDEX, dtype="int8")),
    "Int64": ("pandas", lambda pd: pd.Series(INDEX, dtype="Int64")),
    "float": ("pandas", lambda pd: pd.Series(INDEX, dtype="float64")),
    "boolean": ("pandas", lambda pd: pd.Series(INDEX > 0, dtype="boolean")),
    "category": ("pandas", lambda pd: pd.Series(INDEX, dtype="category")),
    "UInt8": ("polars", lambda pl: pl.Series(INDEX, dtype=pl.UInt8)),
    "Boolean": ("polars", lambda pl: pl.Series(INDEX > 0)),
}


@pytest.mark.parametrize("name", NUMBERED)
def test_labels_of_numbers(name):
    library, make = NUMBERED[name]
    y = make(pytest.importorskip(library))
    assert outcome(X, y) == outcome(X, INDEX)
    assert fn.Trainer(net()).step(X, y) == fn.Trainer(net()).step(X, INDEX)


def test_labels_of_numpys_truth_values():
    assert outcome(X, np.array([np.bool_(v) for v in INDEX], object)) == outcome(X, INDEX > 0)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_targets_and_weights_of_series(library):
    series = pytest.importorskip(library).Series
    y, weight = series(X[:, 1]), series(WEIGHT)
    how = {"loss": "mean_squared_error"}
    assert outcome(X, y, weight, **how) == outcome(X, X[:, 1], WEIGHT, **how)
    trainers = [fn.Trainer(net(1), "mean_squared_error") for _ in range(2)]
    assert trainers[0].step(X, y, weight) == trainers[1].step(X, X[:, 1], WEIGHT)


TYPES = [
    *(np.dtype(f"{kind}{size}") for kind in "iu" for size in (1, 2, 4, 8)),
    *map(np.dtype, ("bool", "float16", "float32", "float64", "longdouble", ">f4", ">f8", ">u2")),
]


@pytest.mark.parametrize("dtype", TYPES, ids=lambda d: d.name + ("" if d.isnative else " swapped"))
def test_numbers_of_every_type(dtype):
    x, y, weight = np.abs(X * 9).round().astype(dtype), INDEX.astype(dtype), WEIGHT.round() + 1
    plain = outcome(x.astype(np.float64), INDEX, weight)
    assert outcome(x, y, weight.astype(dtype).astype(float)) == outcome(
        x.astype(float), INDEX, weight.astype(dtype).astype(float)
    )
    if dtype.kind != "b":
        assert outcome(x, y, weight.astype(dtype)) == plain
    regression = {"loss": "mean_squared_error"}
    assert outcome(x, x[:, 0], **regression) == outcome(
        x.astype(float), x[:, 0].astype(float), **regression
    )


@pytest.mark.parametrize("give", [np.ndarray.tolist, list, lambda a: tuple(a.tolist())])
def test_lists(give):
    assert outcome(give(X), give(WORDS), give(WEIGHT)) == outcome(X, WORDS, WEIGHT)


def taken(series, row, value):
    series = series.copy()
    series.iloc[row] = value
    return series


A = X[:, 0]
PANDAS_WRONG = [  # column b of x, error, what it says
    (lambda pd: taken(pd.Series(A), 3, NAN), ValueError, "'b' of x holds 1 missing .* row 3;"),
    (lambda pd: pd.Series(A, dtype="Float64").shift(2), ValueError, "'b' .* 2 missing .* row 0;"),
    (lambda pd: pd.Series([None, *A[1:]], dtype=object), ValueError, "'b' of x holds 1 missing"),
    (lambda pd: pd.Series([pd.NaT, *A[1:]], dtype=object), ValueError, "'b' of x holds 1 missing"),
    (lambda pd: pd.Series(WORDS.tolist()), TypeError, r"'b' of x holds text.*\('(no|yes)' in row"),
    (lambda pd: pd.Series(WORDS.tolist(), dtype="category"), TypeError, "'b' of x holds text"),
    (lambda pd: pd.Series([*A[1:], "?"], dtype=object), TypeError, r"text.*\('\?' in row 23\)"),
    (lambda pd: pd.Series([[0]] * N), TypeError, "'b' of x holds objects of type list"),
    (lambda pd: pd.Series(pd.date_range("2020", periods=N)), TypeError, "'b' of x holds dates"),
    (lambda pd: pd.Series(A + 1j), TypeError, "'b' of x holds complex"),
]
POLARS_WRONG = [
    (lambda pl: pl.Series([None, *A[1:].tolist()]), ValueError, "'b' of x holds 1 missing"),
    (lambda pl: pl.Series([NAN, *A[1:].tolist()]), ValueError, "'b' of x holds 1 missing"),
    (lambda pl: pl.Series([None, *range(1, N)]), ValueError, "'b' of x .* row 0;"),
    (lambda pl: pl.Series([None, *[True] * (N - 1)]), ValueError, "'b' of x holds 1 missing"),
    (lambda pl: pl.Series(WORDS.tolist()), TypeError, "'b' of x holds text"),
    (lambda pl: pl.Series(WORDS.tolist(), dtype=pl.Categorical), TypeError, "'b' of x holds text"),
    (lambda pl: pl.Series([[1.0, 2.0]] * N), TypeError, "'b' of x holds"),
]
WRONG = [("pandas", *row) for row in PANDAS_WRONG] + [("polars", *row) for row in POLARS_WRONG]


@pytest.mark.parametrize(("library", "make", "error", "message"), WRONG)
def test_an_error_names_the_column(library, make, error, message):
    library = pytest.importorskip(library)
    frame = library.DataFrame({"a": A, "b": make(library)})
    model = net()
    for call in (
        lambda: net().fit(frame, INDEX, verbose=0),
        lambda: net().fit(X, INDEX, validation_data=(frame, INDEX), verbose=0),
        lambda: model.predict(frame),
        lambda: model.evaluate(frame, INDEX, loss="cross_entropy"),
        lambda: fn.Trainer(model).step(frame, INDEX),
        lambda: fn.Trainer(model).step(X, frame),
    ):
        with pytest.raises(error, match=message.replace("of x", "of (x|target)")):
            call()


MISSING_LABELS = [
    (lambda pd: taken(pd.Series(WORDS.tolist()), 5, None), TypeError),
    (lambda pd: taken(pd.Series(WORDS.tolist(), dtype="string"), 5, None), TypeError),
    (lambda pd: taken(pd.Series(WORDS.tolist(), dtype="category"), 5, None), TypeError),
    (lambda pd: taken(pd.Series(WORDS, dtype=object), 5, NAN), TypeError),
    (lambda pd: taken(pd.Series(INDEX, dtype="Int64"), 5, pd.NA), (TypeError, ValueError)),
    (lambda pd: taken(pd.Series(INDEX, dtype="float"), 5, NAN), ValueError),
]


@pytest.mark.parametrize(("make", "error"), MISSING_LABELS)
def test_missing_labels_are_no_class(pd, make, error):
    with pytest.raises(error, match=r"the first at index \(?5.*drop samples without a label"):
        net().fit(X, make(pd), verbose=0)


@pytest.mark.parametrize("other", [NAN, None, 1, 0.5, True], ids=repr)
def test_a_list_of_text_and_something_else_is_no_list_of_labels(other):
    with pytest.raises(TypeError, match="labels that are all text or all whole numbers"):
        net().fit(X, [other, *WORDS[1:].tolist()], verbose=0)


WEIGHTS = [
    (WEIGHT.astype(str), "<U"),
    (WEIGHT + 0j, "complex128"),
    ([None, *WEIGHT[1:]], "object"),
]


@pytest.mark.parametrize(("weight", "dtype"), WEIGHTS, ids=[row[1] for row in WEIGHTS])
def test_weights_are_numbers(weight, dtype):
    with pytest.raises(TypeError, match=f"sample_weight of real numbers, got dtype {dtype}"):
        net().fit(X, INDEX, sample_weight=weight, verbose=0)


def test_weights_of_a_series_are_numbers_and_all_there(pd):
    with pytest.raises(TypeError, match="sample_weight holds text"):
        net().fit(X, INDEX, sample_weight=pd.Series(WEIGHT.astype(str)), verbose=0)
    with pytest.raises(ValueError, match="sample_weight holds 1 missing value, the first in row 7"):
        weight = taken(pd.Series(WEIGHT, dtype="Float64"), 7, pd.NA)
        net().fit(X, INDEX, sample_weight=weight, verbose=0)


def test_words_are_no_numbers(pd):
    for call, mend in [
        (lambda: fn.Trainer(net()).step(X, pd.Series(WORDS.tolist())), "labels of any kind"),
        (lambda: fn.Trainer(net(), "squared_error").step(X, WORDS), 'loss="cross_entropy"'),
    ]:
        with pytest.raises(TypeError, match=mend):
            call()


def test_a_lazy_frame_is_told_to_collect(pl):
    with pytest.raises(TypeError, match=r"LazyFrame; use x.collect\(\)"):
        net().predict(pl.DataFrame(X).lazy())


def test_a_frame_without_columns(pd):
    with pytest.raises(ValueError, match="with columns"):
        net().predict(pd.DataFrame())


def test_several_inputs_may_be_frames(pd, pl):
    a, b = fn.Input((2,)), fn.Input((1,))
    model = fn.Model([a, b], fn.layers.Dense(2)(fn.layers.Concatenate()([a, b])))
    y = model.predict([pd.DataFrame(X), pl.DataFrame({"c": A})])
    np.testing.assert_array_equal(y, model.predict([X, A[:, None]]))
    with pytest.raises(TypeError, match=r"column 'word' of x\[1\] holds text"):
        model.predict([X, pl.DataFrame({"word": WORDS.tolist()})])
