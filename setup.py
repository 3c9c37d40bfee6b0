"""Build of the compiled core: the C kernels once per instruction set, then the Cython modules.

``csrc`` becomes static libraries (one a file in ``csrc/isa``, each with its own flags) that only
``fastnn._core.kernels`` is linked with. Flags and sources are decided by asking the compiler, so
that the build also works where OpenMP or x86-64 are missing, and says so.
"""

import os
import platform
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_clib import build_clib
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

CORE = Path("src/fastnn/_core")
X86 = platform.machine().lower() in {"x86_64", "amd64"}

# Contraction to FMA is part of the design, and -std=c11 alone would turn it off; nothing here may
# change the process's floating-point mode (-ffast-math does). -g0: debug sections would be most of
# the wheel. A tile's flushed sums are written before they are read, which gcc cannot see.
FLAGS = [
    "-O3",
    "-std=c11",
    "-ffp-contract=fast",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-g0",
    "-fPIC",
    "-Wno-maybe-uninitialized",
]
ISA_FLAGS = {
    "generic": [],
    "avx2": ["-mavx2", "-mfma"],
    "avx512": ["-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl", "-mfma",
               "-mprefer-vector-width=512"],
}  # fmt: skip
HEADERS = sorted(str(path) for path in Path("csrc").glob("*.h"))
MACROS = [("FASTNN_HAVE_X86", "1")] if X86 else []

VECTOR_TYPES = """
typedef float vec __attribute__((vector_size(16)));
vec a = {1, 2, 3, 4};
int main(void) { a = __builtin_shufflevector(a, a, 0, 4, 1, 5); return !a[0]; }
"""
OPENMP = """
#include <omp.h>
int main(void) { return omp_get_max_threads() < 1; }
"""


def compiles(source, *flags):
    """Say whether the C compiler builds and links `source` with `flags`."""
    compiler = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "probe.c")
        path.write_text(source)
        command = [*compiler.split(), str(path), "-o", str(Path(folder, "probe")), *flags]
        try:
            return subprocess.run(command, capture_output=True, check=False).returncode == 0
        except OSError:
            return False


def openmp_flags():
    """Return the compile and link flags for OpenMP; without it fastnn runs on one thread."""
    if os.environ.get("FASTNN_NO_OPENMP"):
        print("fastnn: built without OpenMP (FASTNN_NO_OPENMP is set): one thread", file=sys.stderr)
        return []
    if compiles(OPENMP, "-fopenmp"):
        return ["-fopenmp"]
    print("fastnn: the compiler has no OpenMP: fastnn will run on one thread", file=sys.stderr)
    return []


def check_compiler():
    if not compiles(VECTOR_TYPES):
        sys.exit(
            "fastnn needs a C compiler with vector types: gcc 12 or newer, or clang "
            "(on Windows clang-cl); set CC to choose one"
        )


class BuildLibraries(build_clib):
    def run(self):
        check_compiler()
        super().run()


class BuildExtensions(build_ext):
    def finalize_options(self):
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()

    def run(self):
        check_compiler()
        flags = openmp_flags()
        for extension in self.extensions:
            extension.extra_compile_args += flags
            extension.extra_link_args += flags
        super().run()


class SourceDistribution(sdist):
    """The sdist holds the kernels' headers, the tests and the benchmarks too."""

    def add_defaults(self):
        super().add_defaults()
        for folder in ("csrc", "tests", "benchmarks", ".ci"):
            self.filelist.extend(
                str(path)
                for path in sorted(Path(folder).rglob("*"))
                if path.is_file() and not {"__pycache__", "results"} & set(path.parts)
            )
        self.filelist.extend(["CHANGELOG.md", "LICENSE"])


def library(name, source, flags):
    return (
        f"fastnn_{name}",
        {
            "sources": [source],
            "include_dirs": ["csrc"],
            "macros": MACROS,
            "cflags": FLAGS + flags,
            "obj_deps": {"": HEADERS},
        },
    )


isas = ["generic", "avx2", "avx512"] if X86 else ["generic"]
libraries = [library(isa, f"csrc/isa/{isa}.c", ISA_FLAGS[isa]) for isa in isas]
libraries.append(library("dispatch", "csrc/dispatch.c", []))


def extension(path):
    linked = ["fastnn_dispatch", *(f"fastnn_{isa}" for isa in isas), "m"]
    return Extension(
        f"fastnn._core.{path.stem}",
        [str(path)],
        include_dirs=["csrc"],
        depends=[*HEADERS, *map(str, sorted(CORE.glob("*.pxd")))],
        libraries=linked if path.stem == "kernels" else [],
        extra_compile_args=[*FLAGS, "-Wno-unused-function"],
        extra_link_args=["-Wl,-s"] if sys.platform.startswith("linux") else [],
    )


setup(
    libraries=libraries,
    ext_modules=cythonize(
        [extension(path) for path in sorted(CORE.glob("*.pyx"))],
        build_dir="build/cython",
        include_path=["src"],
        compiler_directives={
            "language_level": 3,
            "binding": True,
            "boundscheck": False,
            "wraparound": False,
            "cdivision": True,
            "initializedcheck": False,
        },
    ),
    cmdclass={
        "build_clib": BuildLibraries,
        "build_ext": BuildExtensions,
        "sdist": SourceDistribution,
    },
)
