"""Data sets, and the files and folders that they are read from."""

import gzip
import pathlib
import pickle
import struct
import zipfile

import numpy as np
import pytest

import fastnn as fn

RNG = np.random.default_rng(0)
load, Dataset = fn.data.load, fn.data.Dataset


@pytest.fixture(autouse=True)
def in_a_new_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(path, content):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def is_mapped(array):
    while array is not None:
        if isinstance(array, np.memmap):
            return True
        array = array.base
    return False


# --- Dataset -----------------------------------------------------------------------------------


def test_a_data_set_says_what_it_is():
    x = np.zeros((6, 2), np.float32)
    data = Dataset(x, ["a", "b", "c"] * 2, ("p", "q"), "somewhere", Dataset(x[:2]))
    assert repr(data) == (
        "<Dataset of 6 samples: x (6, 2) float32, y (6,) of 3 classes, from somewhere; 2 to test>"
    )
    assert len(data) == 6
    assert data.classes.tolist() == ["a", "b", "c"]
    assert np.shares_memory(data.x, x)
    assert (
        repr(Dataset(x, np.zeros(6))) == "<Dataset of 6 samples: x (6, 2) float32, y (6,) float64>"
    )
    assert repr(Dataset(x)) == "<Dataset of 6 samples: x (6, 2) float32>"
    assert Dataset(x).classes is None


def test_a_data_set_cannot_be_changed():
    x = np.zeros((2, 1))
    data = Dataset(x, [0, 1])
    for change in (
        lambda: setattr(data, "x", x),
        lambda: setattr(data, "other", x),
        lambda: data.x.__setitem__(0, 1),
        lambda: data.y.__setitem__(0, 1),
    ):
        with pytest.raises((AttributeError, ValueError, TypeError)):
            change()
    assert x.flags.writeable


def test_a_data_set_of_frames():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, None]})
    with pytest.raises(ValueError, match="column 'b' of x holds 1 missing"):
        Dataset(frame)
    data = Dataset(frame.fillna(0), pd.Series(["u", "v"], dtype="category"))
    assert data.feature_names == ("a", "b")
    assert data.y.tolist() == ["u", "v"]


DATASETS = [
    (lambda: Dataset(3.0), "got a single number"),
    (lambda: Dataset([[1.0]], [1, 2]), r"a y for every x, .* \(1, 1\) and y of shape \(2,\)"),
    (lambda: Dataset([[1.0]], [1], ["a", "b"]), "got 2 names"),
    (lambda: Dataset([[1.0]]).split(0.5), "at least two samples, got 1"),
    (lambda: Dataset([[1.0]] * 9).split(0), "between 0 and 1, got 0"),
    (lambda: Dataset([[1.0]] * 9).split(1.0), "between 0 and 1, got 1"),
    (lambda: Dataset([[1.0]] * 9).split(float("nan")), "fraction to be finite"),
    (lambda: Dataset([[1.0]] * 9).split(0.5, seed=-1), "seed must be from 0"),
]


@pytest.mark.parametrize(("call", "message"), DATASETS)
def test_what_a_data_set_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("fraction", [0.01, 0.1, 1 / 3, 0.5, 0.77, 0.999])
@pytest.mark.parametrize("n", [2, 3, 10, 997])
def test_a_split_gives_each_sample_to_one_part(n, fraction):
    data = Dataset(np.arange(n)[:, None], np.arange(n) % 7, ("i",), "here")
    for seed in range(5):
        first, second = data.split(fraction, seed)
        rows = np.concatenate([first.x, second.x]).ravel()
        assert sorted(rows.tolist()) == list(range(n))
        assert len(second) == min(n - 1, max(1, round(n * fraction)))
        assert (first.y == first.x.ravel() % 7).all()
        assert (second.y == second.x.ravel() % 7).all()
        assert (first.feature_names, first.source) == (("i",), "here")


def test_a_stratified_split_gives_each_class_its_share():
    y = np.array(["a"] * 700 + ["b"] * 250 + ["c"] * 50)
    data = Dataset(np.arange(1000), RNG.permutation(y))
    for seed in range(10):
        _, second = data.split(0.1, seed)
        counts = np.unique(second.y, return_counts=True)[1]
        assert np.abs(counts - [70, 25, 5]).max() <= 1
    apart = [data.split(0.1, seed, stratify=False)[1] for seed in range(10)]
    assert len({tuple(np.unique(part.y, return_counts=True)[1]) for part in apart}) > 1


def test_a_split_takes_no_heed_of_numbers_and_of_order():
    """Each sample comes into the second part about as often, wherever it stands."""
    for y in (None, np.arange(20.0), np.arange(20), np.arange(20) % 2):
        times = np.zeros(20)
        for seed in range(1000):
            times[Dataset(np.arange(20), y).split(0.25, seed)[1].x] += 1
        assert np.abs(times - 250).max() < 5 * np.sqrt(1000 * 0.25 * 0.75)


def test_a_split_is_the_one_that_it_always_was():
    """By hand: words sort the samples, then classes, then every so many is taken."""
    y = np.arange(9) % 2
    words = fn.functional.random_uint32(10, seed=7, stream=2**32 - 3).tolist()
    order = sorted(range(9), key=lambda i: (y[i], words[i]))
    taken = [row for i, row in enumerate(order) if (3 * i + words[9] % 9) % 9 < 3]
    _, second = Dataset(np.arange(9), y).split(1 / 3, seed=7)
    assert second.x.tolist() == sorted(taken)


def test_data_sets_can_be_pickled():
    data = pickle.loads(pickle.dumps(Dataset([[1.0]], ["a"], source="s")))
    assert (data.x.tolist(), data.y.tolist(), data.source) == ([[1.0]], ["a"], "s")


# --- .npy, .npz --------------------------------------------------------------------------------


NAMES = [  # of x, of y
    ("x.npy", "y.npy"),
    ("X.npy", "y.npy"),
    ("X_train.npy", "Y_train.npy"),
    ("train_x.npy", "train_y.npy"),
    ("digits.npy", "digits_y.npy"),
    ("digits.npy", "digits_labels.npy"),
    ("a/x.npy", "a/y.npy"),
]


@pytest.mark.parametrize(("x_name", "y_name"), NAMES)
def test_labels_beside_an_npy_file(x_name, y_name):
    x, y = RNG.random((5, 3), np.float32), np.array([3, 1, 2, 3, 3], np.uint8)
    pathlib.Path("a").mkdir()
    np.save(x_name, x)
    assert load(x_name).y is None
    np.save(y_name, y)
    data = load(x_name)
    np.testing.assert_array_equal(data.x, x)
    assert is_mapped(data.x)
    assert data.y.tolist() == y.tolist()
    assert data.y.dtype == np.int64
    assert data.source == x_name


TARGETS = [
    (np.array(["b", "a"]), ["b", "a"], "U"),
    (np.array([b"b", b"a"]), ["b", "a"], "U"),
    (np.array([[1], [2]], np.int16), [1, 2], "i"),
    (np.array([0.5, 1.5]), [0.5, 1.5], "f"),
    (np.array([[0, 1], [1, 1]], np.uint8), [[0, 1], [1, 1]], "u"),
    (np.array([True, False]), [True, False], "b"),
    (np.array([2**64 - 1, 1], np.uint64), [2**64 - 1, 1], "u"),
]


@pytest.mark.parametrize(("y", "found", "kind"), TARGETS)
def test_labels_named_for_an_npy_file(y, found, kind):
    np.save("a.npy", np.zeros((2, 1)))
    np.save("others.npy", y)
    data = load(pathlib.Path("a.npy"), labels=pathlib.Path("others.npy"))
    assert data.y.tolist() == found
    assert data.y.dtype.kind == kind


ARRAYS = [
    *(RNG.integers(0, 100, (3, 4)).astype(f"{kind}{size}") for kind in "iu" for size in (1, 2, 8)),
    *(RNG.random((2, 3, 4, 1)).astype(t) for t in ("f2", "f4", "f8", "longdouble", ">f4", ">f8")),
    np.asfortranarray(RNG.random((3, 5))),
    np.array([[True], [False]]),
    np.zeros((0, 3)),
    np.arange(3),
]


@pytest.mark.parametrize("x", ARRAYS, ids=lambda x: f"{x.dtype.str} {x.shape}")
@pytest.mark.parametrize("save", [np.save, np.savez, np.savez_compressed])
def test_arrays_of_numbers_come_back(x, save):
    end = "npy" if save is np.save else "npz"
    save(f"a.{end}", x)
    found = load(f"a.{end}").x
    np.testing.assert_array_equal(found, x)
    assert found.dtype == x.dtype
    assert not found.flags.writeable


def test_versions_of_npy():
    x = np.arange(6.0).reshape(3, 2)
    for version in ((1, 0), (2, 0), (3, 0)):
        with open("a.npy", "wb") as file:
            np.lib.format.write_array(file, x, version)
        np.testing.assert_array_equal(load("a.npy").x, x)


MEMBERS = [  # names of x, y; of both to test with
    (("x", "y"), ()),
    (("X", "Y"), ()),
    (("data", "target"), ()),
    (("images", "labels"), ()),
    (("x_train", "y_train"), ("x_test", "y_test")),
    (("X_train", "y_train"), ("X_test", "y_test")),
    (("train_images", "train_labels"), ("test_images", "test_labels")),
    (("x", "y"), ("x_test", "y_test")),
]


@pytest.mark.parametrize(("first", "second"), MEMBERS)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_members_of_an_archive(first, second, save):
    arrays = RNG.integers(0, 9, (4, 3)).astype(np.uint8), np.arange(4)
    tests = RNG.integers(0, 9, (2, 3)).astype(np.uint8), np.arange(2)
    members = dict(zip(first, arrays, strict=True)) | dict(zip(second, tests, strict=False))
    save("a.npz", other=np.zeros(7), **members)
    data = load("a.npz")
    for found, expected in zip((data.x, data.y), arrays, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert is_mapped(data.x) == (save is np.savez)
    assert (data.test is None) == (not second)
    if second:
        np.testing.assert_array_equal(data.test.x, tests[0])
        np.testing.assert_array_equal(data.test.y, tests[1])


def test_a_target_of_an_archive():
    np.savez("a.npz", x=np.ones((2, 1)), y=[0, 1], other=[5, 6])
    assert load("a.npz", target="other").y.tolist() == [5, 6]
    assert load("a.npz", target=False).y is None
    np.savez("b.npz", points=np.ones((2, 1)), colour=["red", "blue"])
    assert load("b.npz", target="colour").y.tolist() == ["red", "blue"]


def test_the_digits_are_an_archive_that_load_reads():
    x, y = fn.datasets.load_digits()
    data = load(pathlib.Path(fn.__file__).parent / "data" / "digits.npz")
    np.testing.assert_array_equal(data.x[..., None], x)
    np.testing.assert_array_equal(data.y, y)


# --- IDX ---------------------------------------------------------------------------------------

CODES = {"u1": 8, "i1": 9, ">i2": 11, ">i4": 12, ">f4": 13, ">f8": 14}
IMAGES = RNG.integers(0, 256, (5, 4, 3)).astype(np.uint8)
LABELS = np.array([7, 2, 1, 0, 4], np.uint8)


def idx(array, code="u1"):
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, CODES[code], array.ndim, *array.shape)
    return head + array.astype(code).tobytes()


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("packed", [False, True])
def test_idx_of_every_type(code, packed):
    array = RNG.integers(0, 100, (4, 5))
    content = idx(array, code)
    data = load(write("some.idx", gzip.compress(content) if packed else content))
    np.testing.assert_array_equal(data.x, array)
    assert data.x.dtype == np.dtype(code)
    assert is_mapped(data.x) != packed


@pytest.mark.parametrize("name", ["{}-{}-idx{}-ubyte", "{}-{}.idx{}-ubyte"])
@pytest.mark.parametrize("ends", [("", ""), (".gz", ".gz"), ("", ".gz"), (".gz", "")])
def test_a_folder_of_mnist(name, ends):
    for part, n in (("train", 5), ("t10k", 2)):
        for what, array, end in zip(
            ("images", "labels"), (IMAGES[:n], LABELS[:n]), ends, strict=True
        ):
            content = idx(array)
            path = pathlib.Path("mnist", name.format(part, what, array.ndim) + end)
            write(path, gzip.compress(content) if end else content)
    data = load("mnist")
    assert data.x.shape == (5, 4, 3, 1)
    assert data.test.x.shape == (2, 4, 3, 1)
    np.testing.assert_array_equal(data.x[..., 0], IMAGES)
    np.testing.assert_array_equal(data.test.x[..., 0], IMAGES[:2])
    assert data.y.tolist() == LABELS.tolist()
    assert data.test.y.tolist() == LABELS[:2].tolist()
    assert is_mapped(data.x) == (not ends[0])
    alone = load(pathlib.Path("mnist", name.format("t10k", "images", 3) + ends[0]))
    np.testing.assert_array_equal(alone.x, data.test.x)
    assert alone.y.tolist() == data.test.y.tolist()


def test_labels_named_for_an_idx_file():
    write("pictures", idx(IMAGES))
    write("what", idx(LABELS))
    np.save("what.npy", LABELS)
    assert load("pictures").y is None
    for labels in ("what", "what.npy"):
        assert load("pictures", labels=labels).y.tolist() == LABELS.tolist()


# --- CSV ---------------------------------------------------------------------------------------

TABLE = "a,b,label\n1,2.5,x\n-3,1e3,y\n"
TABLES = [  # text, options, x, y, names of the features
    (TABLE, {}, [[1, 2.5], [-3, 1000]], ["x", "y"], ("a", "b")),
    ("\ufeff" + TABLE, {}, [[1, 2.5], [-3, 1000]], ["x", "y"], ("a", "b")),
    (TABLE.replace("\n", "\r\n"), {}, [[1, 2.5], [-3, 1000]], ["x", "y"], ("a", "b")),
    (TABLE.rstrip(), {}, [[1, 2.5], [-3, 1000]], ["x", "y"], ("a", "b")),
    (TABLE.replace(",", ";"), {}, [[1, 2.5], [-3, 1000]], ["x", "y"], ("a", "b")),
    (TABLE.replace(",", "\t"), {}, [[1, 2.5], [-3, 1000]], ["x", "y"], ("a", "b")),
    (TABLE.replace("\n", "\n\n"), {}, [[1, 2.5], [-3, 1000]], ["x", "y"], ("a", "b")),
    ("a,b\n1,2\n", {}, [[1]], [2], ("a",)),
    ("Class,a\n1,2\n", {}, [[2]], [1], ("a",)),
    ("a,y,b\n1,2,3\n", {}, [[1, 3]], [2], ("a", "b")),
    ("a,y,b\n1,2,3\n", {"target": "a"}, [[2, 3]], [1], ("y", "b")),
    ("a,y,b\n1,2,3\n", {"target": False}, [[1, 2, 3]], None, ("a", "y", "b")),
    ("a,b\n1,2\n", {"target": False}, [[1, 2]], None, ("a", "b")),
    ("a\n1\n2\n", {"target": False}, [[1], [2]], None, ("a",)),
    ("a,b\n1,0.5\n2,3\n", {}, [[1], [2]], [0.5, 3], ("a",)),
    ("a,b\n1,5\n2,x\n", {}, [[1], [2]], ["5", "x"], ("a",)),
    ("a,b\n1,99999999999999999999\n", {}, [[1]], [1e20], ("a",)),
    ('"a,1","b ""q""",y\n"1",2,"p,q\nr"\n', {}, [[1, 2]], ["p,q\nr"], ("a,1", 'b "q"')),
    (" a , b \n 1 , 2 \n", {"target": "b"}, [[1]], [2], ("a",)),
    ("0,1,2\n5,6,7\n", {}, [[5, 6]], [7], ("0", "1")),
    ("größe,art\n1,süß\n", {}, [[1]], ["süß"], ("größe",)),
]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("text", "options", "x", "y", "names"), TABLES)
def test_tables(text, options, x, y, names, packed):
    content = text.encode()
    data = load(write("t.csv", gzip.compress(content) if packed else content), **options)
    assert data.x.tolist() == x
    assert data.x.dtype == np.float64
    assert (None if data.y is None else data.y.tolist()) == y
    assert data.feature_names == names


def test_a_long_table():
    x = RNG.normal(size=(20_000, 3))
    rows = [f"{a!r},{b!r},{c!r},{'pq'[i % 2]}" for i, (a, b, c) in enumerate(x.tolist())]
    data = load(write("t.csv", "a,b,c,d\n" + "\n".join(rows)))
    np.testing.assert_array_equal(data.x, x)
    assert data.y.tolist() == ["p", "q"] * 10_000


LONG = "a,b\n" + "1,2\n" * 10_000
BAD_TABLES = [
    ("a,b\n", "no rows below the header"),
    ("\n\n", "line 1: expected a header"),
    ("1,2.5\n3,4\n", "line 1: expected a header, got numbers"),
    ("a,a,b\n1,2,3\n", "line 1: two columns are called 'a'"),
    (",a,b\n0,1,2\n", "line 1: column 1 has no name"),
    ("a,b\n1,2\n1,2,3\n", "line 3: expected 2 cells, as in the header, got 3"),
    ("a,b,c\n1,2\n", "line 2: expected 3 cells, as in the header, got 2"),
    ("a,b\n1,2\nx,3\n", "line 3, column 'a': expected a number, got 'x'; only the target"),
    ("a,b,y\n1,,3\n", "line 2, column 'b': a missing value"),
    ("a,b,y\n1,2,3\n\n1,NaN,3\n", "line 4, column 'b': a missing value"),
    ("a,b,y\n1,NA,3\n", "line 2, column 'b': a missing value"),
    ("a,b,y\n1,2,\n", "line 2, column 'y': a missing label"),
    ("a,b\n1_000,2\n", "line 2, column 'a': expected a number, got '1_000'"),
    (LONG + "?,2\n", "line 10002, column 'a': a missing value"),
    (LONG + "1\n", "line 10002: expected 2 cells"),
    (LONG + "\n-,2\n", "line 10003, column 'a': expected a number, got '-'"),
    ('a,b\n"1\n2",3\nx,4\n', "line 3, column 'a': expected a number"),
    ('a,b\n1,"2\n', "line 2: unexpected end of data"),
    ('a,b\n1,"2"3\n', "line 2: ',' expected after '\"'"),
    ("some text\nin lines\n", "expected columns of numbers beside the labels, got one"),
    (b"a,b\n1,\xe9\n", "line 2: byte 0xe9 is no UTF-8 text"),
    (b"a,b\n1,2\n1\0,2\n", "line 3 holds a zero byte"),
    ("a,class,y\n1,2,3\n", "class and y may all hold the labels; say which by target="),
    ("a" * (2**24 + 1), "line 1 has more than"),
]


@pytest.mark.parametrize(("content", "message"), BAD_TABLES, ids=[m[:40] for _, m in BAD_TABLES])
def test_tables_that_are_none(content, message):
    with pytest.raises(ValueError) as error:
        load(write("t.csv", content))
    assert message in str(error.value)


# --- images ------------------------------------------------------------------------------------


@pytest.fixture
def Image():
    return pytest.importorskip("PIL.Image")


def pictures(Image, modes=("L", "L"), size=(4, 3), end="png"):
    """A folder of two classes, an image of each mode in each; their pixels."""
    arrays = []
    for name in ("cat", "dog"):
        for i, mode in enumerate(modes):
            pixels = RNG.integers(0, 256, (*size, 3)).astype(np.uint8)
            image = Image.fromarray(pixels).convert(mode)
            path = pathlib.Path("images", name, f"{i}.{end}")
            path.parent.mkdir(parents=True, exist_ok=True)
            image.save(path)
            arrays.append(np.asarray(image))
    return arrays


def test_a_folder_of_grey_images(Image):
    arrays = pictures(Image)
    write("images/.DS_Store", "")
    write("images/cat/Thumbs.db", "")
    write("images/about.txt", "")
    data = load("images")
    np.testing.assert_array_equal(data.x[..., 0], np.stack(arrays))
    assert data.x.dtype == np.uint8
    assert data.x.shape == (4, 4, 3, 1)
    assert data.y.tolist() == ["cat", "cat", "dog", "dog"]
    assert load("images", channels=3).x.shape == (4, 4, 3, 3)


def test_a_folder_of_colour_images(Image):
    arrays = pictures(Image, ("RGB", "L", "RGBA", "P"))
    data = load("images")
    assert data.x.shape == (8, 4, 3, 3)
    np.testing.assert_array_equal(data.x[0], arrays[0])
    np.testing.assert_array_equal(data.x[1], arrays[1][..., None].repeat(3, -1))
    np.testing.assert_array_equal(data.x[2], arrays[2][..., :3])
    assert load("images", channels=1).x.shape == (8, 4, 3, 1)


def test_images_are_resized(Image):
    pictures(Image, size=(4, 6))
    write("images/dog/z.png", write("z", b"").read_bytes())
    Image.new("L", (9, 5), 200).save("images/dog/z.png")
    with pytest.raises(ValueError, match=r"dog.z.png has 5 x 9 pixels, cat.0.png 4 x 6; give size"):
        load("images")
    assert load("images", size=8).x.shape == (5, 8, 8, 1)
    data = load("images", size=(2, 3))
    assert data.x.shape == (5, 2, 3, 1)
    assert (data.x[4] == 200).all()


def test_images_that_are_none(Image, monkeypatch):
    pictures(Image)
    good = pathlib.Path("images/cat/0.png").read_bytes()
    wide = good[:16] + struct.pack(">II", 60_000, 60_000) + good[24:]
    grey16 = Image.fromarray(np.zeros((4, 3), np.uint16))
    grey16.save("grey16.png")
    for content, message in [
        (b"no image", "dog.1.png is no image of a known format"),
        (b"", "dog.1.png is no image"),
        (good[:-25], "dog.1.png is a damaged image"),
        (good[:40], "dog.1.png is a damaged image|dog.1.png is no image"),
        (pathlib.Path("grey16.png").read_bytes(), "dog.1.png has pixels of mode I;16"),
        (wide, "dog.1.png is "),
    ]:
        write("images/dog/1.png", content)
        with pytest.raises(ValueError, match=message):
            load("images", size=4)


def test_images_beyond_the_limits(Image, monkeypatch):
    pictures(Image)
    with pytest.raises(ValueError, match=r"4 images of 4 x 3 would take 48 bytes .* at most 47"):
        load("images", max_bytes=47)
    assert load("images", max_bytes=48).x.size == 48
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 11)  # 12 are twice too few for Pillow's error
    with pytest.raises(ValueError, match=r"cat.0.png is too large an image"):
        load("images")


FOLDERS = [
    ([], "expected the files of MNIST, or a sub-folder of images for each class"),
    (["some.png"], "expected the files of MNIST, or a sub-folder"),
    (["train/cat/0.png", "test/cat/0.png"], r"test.cat is a folder; expected images in test"),
    (["train-images-idx3-ubyte"], "holds train-images-idx3-ubyte, but not its labels"),
]


@pytest.mark.parametrize(("files", "message"), FOLDERS)
def test_folders_that_hold_no_images(files, message):
    pathlib.Path("folder").mkdir()
    for name in files:
        write(pathlib.Path("folder", name), "")
    with pytest.raises(ValueError, match=message):
        load("folder")
    pathlib.Path("empty/cat").mkdir(parents=True)
    with pytest.raises(ValueError, match="cat holds no images"):
        load("empty")


def test_images_without_pillow(monkeypatch):
    write("images/cat/0.png", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'fastnn\[images\]'"):
        load("images")


# --- what is wrong with files ------------------------------------------------------------------


def npy(array):
    np.save("made.npy", array)
    return pathlib.Path("made.npy").read_bytes()


def npy_stating(shape, descr="<f8", data=b"\0" * 24):
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (117 - len(header)) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def npz(**members):
    with zipfile.ZipFile("made.npz", "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return pathlib.Path("made.npz").read_bytes()


def objects():
    return npy(np.array([{"a": 1}, None], object))


FILES = [
    (lambda: b"", "an empty file"),
    (lambda: b"\x89PNG\r\n\x1a\n", "unknown kind of file; expected an .npy or .npz file, IDX"),
    (lambda: b"\x7fELF\0\0\0\0", "unknown kind of file"),
    (lambda: npy(np.ones(3))[:-1], "its header states 24 bytes of array (3,) float64, 23 follow"),
    (lambda: npy(np.ones(3)) + b"x", "states 24 bytes of array (3,) float64, 25 follow"),
    (lambda: npy(np.ones(3))[:50], "damaged header"),
    (lambda: npy_stating((10**18,)), "states 8,000,000,000,000,000,000 bytes"),
    (lambda: npy_stating((-3,)), "has the shape (-3,)"),
    (lambda: npy_stating(()), "has the shape ()"),
    (lambda: npy_stating((3,), "<U2"), "holds <U2; expected numbers"),
    (lambda: npy_stating((3,), "<M8[s]"), "holds datetime64[s]; expected numbers"),
    (lambda: npy_stating((3,), "<c8"), "holds complex64; expected numbers"),
    (lambda: npy_stating((1,) * 9), "has the shape"),
    (lambda: npy_stating((3,), "|V8"), "holds |V8"),
    (objects, "holds Python objects, which are not read"),
    (lambda: b"\x93NUMPY\x07\x00" + b"\0" * 80, "unknown version (7, 0) of .npy"),
    (lambda: b"\x93NUMPY\x02\x00" + b"\xff" * 80, "has a header of 4,294,967,295 bytes"),
    (lambda: npz(x=objects()), "x.npy holds Python objects, which are not read"),
    (lambda: npz(a=npy(np.ones(3)), b=npy(np.ones(3))), "expected members x and y, or x_train"),
    (lambda: npz(a=npy(np.ones(3)), b=npy(np.ones(3))), "it holds a, b"),
    (lambda: npz(x=npy(np.ones(3)), data=npy(np.ones(3))), "several members may be x"),
    (lambda: npz(x=npy(np.ones(3)), y=npy(np.ones(2))), "expected a y for every x"),
    (lambda: npz(x=npy(np.ones(3))[:-1]), "the header of x.npy states 24 bytes"),
    (lambda: npz(x=npy_stating((10**12,))), "the header of x.npy states 8,000,000,000,000 bytes"),
    (lambda: npz(x=npy(np.ones(3)))[:-30], "a damaged archive"),
    (lambda: npz(), "unknown kind of file"),
    (lambda: idx(IMAGES)[:-1], "states 60 bytes of array (5, 4, 3), 59 follow"),
    (lambda: idx(IMAGES) + b"x", "states 60 bytes of array (5, 4, 3), 61 follow"),
    (lambda: idx(IMAGES)[:9], "ends in its header"),
    (lambda: idx(LABELS), "it holds one number a sample, labels perhaps"),
    (lambda: b"\0\0\x08\x09" + b"\0\0\0\1" * 9 + b"x", "has the rank 9"),
    (lambda: b"\0\0\x08\x02" + b"\xff\xff\xff\xff\0\0\0\0", "(4294967295, 0): no numbers"),
    (lambda: b"\0\0\x0e\x03" + b"\xff" * 12, "states 633,825,"),
    (lambda: gzip.compress(idx(IMAGES)[:-1]), "ends after 59 of 60 bytes"),
    (lambda: gzip.compress(idx(IMAGES) + b"x"), "goes on behind the 60 bytes"),
    (lambda: gzip.compress(idx(IMAGES))[:-3], "a damaged gzip file"),
    (lambda: gzip.compress(idx(IMAGES))[:-8] + b"\0" * 8, "a damaged gzip file"),
    (lambda: gzip.compress(b"\0\0\x0e\x03" + b"\x7f" * 12), "which 26 bytes cannot hold"),
    (lambda: gzip.compress(b"\x89PNG\0\0"), "unknown kind of file"),
]


@pytest.mark.parametrize(("make", "message"), FILES, ids=[message for _, message in FILES])
def test_files_that_are_damaged(make, message):
    path = write("some.file", make())
    with pytest.raises(ValueError) as error:
        load(path)
    assert message in str(error.value)
    assert str(error.value).startswith("load: some.file: ")
    assert "\n" not in str(error.value)


def test_memory_is_limited():
    write("a.csv", TABLE)
    write("a.idx.gz", gzip.compress(idx(IMAGES)))
    np.savez_compressed("a.npz", x=np.zeros((10, 10)), y=np.zeros(10))
    for name, least in [("a.csv", 32 + 2 + 128), ("a.idx.gz", 60), ("a.npz", 880)]:
        load(name, max_bytes=least)
        with pytest.raises(ValueError, match=r"bytes of memory, at most .* raise max_bytes"):
            load(name, max_bytes=least - 1)
    np.save("a.npy", np.zeros(1000))
    assert is_mapped(load("a.npy", max_bytes=0).x)


OPTIONS = [
    ({"target": "a"}, "a.npy", "target is for an .npz file and a CSV file; this is an .npy file"),
    ({"labels": "a"}, "a.csv", "labels is for an .npy file and an IDX file; this is a CSV file"),
    ({"size": 3}, "a.csv", "size is for a folder of images; this is a CSV file"),
    ({"target": "z"}, "a.csv", "no column 'z'; there are a, b, label"),
    ({"target": "z"}, "a.npz", "no member 'z'; it holds x"),
    ({"size": (1, 2, 3)}, "images", "expected size as one number or (height, width)"),
    ({"size": 0}, "images", "size must be from 1"),
    ({"channels": 2}, "images", "expected channels 1 or 3, got 2"),
    ({"labels": "short.npy"}, "a.npy", "expected a y for every x"),
    ({"labels": "a.csv"}, "a.npy", "a.csv is no IDX file"),
]


@pytest.mark.parametrize(("options", "name", "message"), OPTIONS)
def test_options_that_do_not_fit(options, name, message):
    write("a.csv", TABLE)
    write("images/cat/0.png", "")
    np.save("a.npy", np.zeros((2, 1)))
    np.save("short.npy", np.zeros(1))
    np.savez("a.npz", x=np.zeros((2, 1)))
    with pytest.raises(ValueError) as error:
        load(name, **options)
    assert message in str(error.value)


def test_paths_that_are_no_files():
    with pytest.raises(FileNotFoundError):
        load("nowhere.csv")
    np.save("a.npy", np.zeros((2, 1)))
    with pytest.raises(FileNotFoundError):
        load("a.npy", labels="nowhere.npy")
    with pytest.raises(ValueError, match="/dev/null: not a regular file"):
        load("/dev/null")
    with pytest.raises(TypeError):
        load(3)


def test_nothing_heavy_is_imported_before_it_is_used():
    assert {"data", "datasets"} <= set(dir(fn))
    with pytest.raises(AttributeError, match="no attribute 'dta'"):
        _ = fn.dta
