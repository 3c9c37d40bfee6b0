"""What the README shows runs as it stands there."""

import pathlib
import re

import pytest

import fastnn.cli

ROOT = pathlib.Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text()
SHELL = [
    "python -m pip install '.[cli]' && fastnn train digits",
    "python -m pip install '.[test]' && python -m pytest",
]


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)\n```$", TEXT, re.DOTALL | re.MULTILINE)


def test_the_first_two_commands_train_on_the_digits_and_run_the_tests():
    assert blocks("sh")[:2] == SHELL


PYTHON = blocks("python")


@pytest.mark.parametrize("source", PYTHON, ids=[source.splitlines()[0] for source in PYTHON])
def test_a_python_example_runs(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(source, "README.md", "exec"), {"__name__": "__main__"})


PICTURES = re.findall(r'<img src="\.pictures/(\w+\.png)"', TEXT)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_what_its_commands_draw(name, tmp_path, monkeypatch):
    image = pytest.importorskip("matplotlib.image")
    monkeypatch.chdir(tmp_path)
    sources = [source for source in PYTHON if f'"{name}"' in source]
    if sources:
        exec(compile(sources[0], "README.md", "exec"), {"__name__": "__main__"})
    else:
        assert fastnn.cli.main(["demo", name.removesuffix(".png"), "--quiet"]) == 0
    shown, drawn = image.imread(ROOT / ".pictures" / name), image.imread(name)
    assert shown.shape == drawn.shape
    assert abs(shown - drawn).mean() < 0.01  # fonts differ a little from version to version


def test_files_that_the_readme_links_to_exist():
    links = re.findall(r"\]\(([^)#:]+)\)|src=\"([^\"]+)\"", TEXT)
    links = [link or source for link, source in links]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
