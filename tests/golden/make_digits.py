"""Write src/fastnn/data/digits.npz from the copy of the digits that scikit-learn ships.

Run once, from the root of the repository, with scikit-learn installed:

    python tests/golden/make_digits.py

numpy gives the members of an archive a fixed date, so the same numpy and zlib write the same bytes.
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

TARGET = Path(__file__).parents[2] / "src" / "fastnn" / "data" / "digits.npz"


def main():
    digits = load_digits()
    images = digits.images.astype(np.uint8)
    labels = digits.target.astype(np.uint8)
    if not np.array_equal(images, digits.images) or images.max() != 16:
        raise SystemExit("make_digits: the pixels are no longer whole numbers from 0 to 16")
    TARGET.parent.mkdir(exist_ok=True)
    np.savez_compressed(TARGET, images=images, labels=labels)
    print(f"{TARGET}: {len(images)} images, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
