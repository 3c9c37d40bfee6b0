"""What demos share: colours, the frame of a picture, and how a file is run by itself."""

import importlib.util
import sys
from pathlib import Path

from fastnn.checks import extra

# Okabe and Ito's colours, which people with any colour vision tell apart. Pictures are readable in
# black and white too: what differs in colour differs in markers, dashes or hatches as well.
BLACK, GREY = "#000000", "#777777"
ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"

NO_PICTURE = "no picture: it needs pip install 'fastnn[plots]'"


def figure(rows=1, columns=1, *, width=4.2, height=3.6):
    """Return an empty figure and a list of its panels, row by row, each of this size in inches."""
    from_extra = extra("draw", "matplotlib.figure", "plots")
    size = (columns * width, rows * height)
    picture = from_extra.Figure(figsize=size, layout="constrained")
    picture.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
    panels = picture.subplots(rows, columns, squeeze=False).ravel().tolist()
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)
    return picture, panels


def can_draw():
    """Whether matplotlib is there."""
    return importlib.util.find_spec("matplotlib") is not None


def save(module, results, path):
    """Draw a demo's picture and write it as PNG."""
    module.draw(results).savefig(path, dpi=150, format="png")


def main(module):
    """Run a demo: print what it says, write its picture beside, as `NAME.png`.

    Parameters
    ----------
    module : module or str
        The demo, or its name in `sys.modules`: ``main(__name__)`` at the end of its file.
    """
    module = sys.modules[module] if isinstance(module, str) else module
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # signs that it cannot encode
    results = module.compute()
    print("\n".join(module.describe(results)))
    if not can_draw():
        print(NO_PICTURE, file=sys.stderr)
        return
    path = Path(module.__file__).stem.replace("_", "-") + ".png"
    save(module, results, path)
    print(f"wrote {path}")
