"""What the README shows runs as it stands there."""

import pathlib
import re

import pytest

TEXT = (pathlib.Path(__file__).parents[1] / "README.md").read_text()
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


def test_files_that_the_readme_links_to_exist():
    links = re.findall(r"\]\(([^)#:]+)\)", TEXT)
    assert links
    root = pathlib.Path(__file__).parents[1]
    assert [link for link in links if not (root / link).exists()] == []
