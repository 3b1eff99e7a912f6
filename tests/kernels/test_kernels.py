"""The sample kernels compute what they say: each is held against numpy."""

import math
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from collectors.base import toolchain
from tests.support.kernel_inputs import GOLDEN, MASK, fill_f64, mix
from tests.support.kernel_references import REFERENCES

pytestmark = pytest.mark.slow

KERNELS = Path(__file__).resolve().parents[2] / "kernels"
TOOLS = toolchain.find()
CC, CXX = str(TOOLS.path("clang")), str(TOOLS.path("clang++"))

each_kernel = pytest.mark.parametrize("name", REFERENCES)
MINI = {"histogram_sort": 500, "particles": 60, "durbin": 40, "string_search": 500}
OTHER = {
    "histogram_sort": 3001,
    "particles": 203,
    "durbin": 301,
    "jacobi_1d": 301,
    "spmv": 203,
    "merge_sort": 1001,
    "string_search": 5003,
    "hash_join": 1003,
    "tree_walk": 1003,
}

# ---- Building and running ---------------------------------------------------------------------


@pytest.fixture(scope="session")
def build(tmp_path_factory):
    """build(name, *flags) -> the program, compiled the first time it is asked for."""
    folder = tmp_path_factory.mktemp("kernels")
    built = {}

    def build(name, *flags):
        if (name, flags) not in built:
            source = next(KERNELS.glob(f"{name}.c*"))
            program = folder / f"{name}{''.join(flags)}".replace(",", "_")
            compiler = CXX if source.suffix == ".cpp" else CC
            warnings = ["-Wall", "-Wextra", "-Werror"]
            command = [compiler, *flags, "-g", *warnings, source, "-lm", "-o", program]
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            built[name, flags] = program
        return built[name, flags]

    return build


def run(program, *arguments, status=0, **environment):
    clean = {key: value for key, value in os.environ.items() if not key.startswith("CORR_")}
    command = [program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, env=clean | environment, timeout=300)
    assert done.returncode == status, done.stderr.decode()
    return done


def dumped(data):
    arrays = {}
    while data:
        header, _, data = data.partition(b"\n")
        name, dtype, count = header.decode().split(" ")
        size = int(count) * np.dtype(dtype).itemsize
        assert len(data) >= size
        arrays[name] = np.frombuffer(data[:size], dtype)
        data = data[size:]
    return arrays


def fnv1a(data):
    digest = 0xCBF29CE484222325
    for byte in data:
        digest = (digest ^ byte) * 0x100000001B3 & MASK
    return f"{digest:016x}"


def assert_same(actual, expected):
    assert actual.keys() == expected.keys()
    for name, array in actual.items():
        want = np.ravel(expected[name])
        if array.dtype == np.dtype("<i4"):
            np.testing.assert_array_equal(array, want, err_msg=name)
        else:
            floor = 1e-9 * np.abs(want).max()
            np.testing.assert_allclose(array, want, rtol=1e-9, atol=floor, err_msg=name)


# ---- Results ----------------------------------------------------------------------------------


def test_every_kernel_has_a_reference():
    sources = [*KERNELS.glob("*.c"), *KERNELS.glob("*.cpp")]
    assert {source.stem for source in sources} == set(REFERENCES)


def test_generator_is_splitmix64():
    # The first outputs of splitmix64 seeded with 0 are published: mix(G), mix(2 G), ...
    steps = np.array([GOLDEN, 2 * GOLDEN & MASK], np.uint64)
    assert [int(z) for z in mix(steps)] == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]
    # They are the stream 0 of seed 0; a double has the upper 53 bits.
    assert list(fill_f64(0, 0, (2,))) == [0x1C4415072F63B9 / 2**53, 0xDCF13CD54372C / 2**53]


@each_kernel
@pytest.mark.parametrize("seed", [1, 2**64 - 1])
@pytest.mark.parametrize("sizes", [MINI, OTHER], ids=["mini", "other"])
def test_matches_numpy(build, name, seed, sizes):
    size = sizes.get(name, 16 if sizes is MINI else 37)
    output = run(build(name, "-O3"), "--size", size, "--seed", seed, "--dump", "-").stdout
    assert_same(dumped(output), REFERENCES[name](size, seed))


@each_kernel
def test_optimisation_keeps_the_result(build, name):
    size = OTHER.get(name, 37)
    arguments = ("--size", size, "--dump", "-")
    plain = run(build(name, "-O0"), *arguments).stdout
    optimised = run(build(name, "-O3"), *arguments).stdout
    assert_same(dumped(optimised), dumped(plain))


def repetition_seed(seed, repetition):
    """The seed of a repetition after the first."""
    return int(mix(np.array([(seed + repetition * GOLDEN) & MASK], np.uint64))[0])


@each_kernel
def test_each_repetition_has_inputs_of_its_own_and_is_recorded(build, name):
    program = build(name, "-O3")
    given = ("--size", "mini", "--dump", "-")
    seeds = [7, repetition_seed(7, 1), repetition_seed(7, 2)]
    thrice = dumped(run(program, *given, "--seed", 7, "--repeat", 3).stdout)
    digests, sums = thrice.pop("repetitions.digests"), thrice.pop("repetitions.sums")
    single = [dumped(run(program, *given, "--seed", seed).stdout) for seed in seeds]
    assert_same(thrice, single[2])
    for number, arrays in enumerate(single):
        magnitudes = [np.abs(array.astype(float)).sum() for array in arrays.values()]
        assert sums[number::3] == pytest.approx(magnitudes, rel=1e-9)
        twice = dumped(run(program, *given, "--seed", seeds[number], "--repeat", 2).stdout)
        assert list(twice["repetitions.digests"][:2]) == list(digests[2 * number :][:2])
    assert len({tuple(pair) for pair in digests.reshape(3, 2)}) == 3


SCALED = [
    name for name in REFERENCES if "corr_fill_real" in next(KERNELS.glob(f"{name}.c*")).read_text()
]


@pytest.mark.parametrize("name", SCALED)
def test_numbers_of_any_sign_and_scale(build, name):
    """Results stay finite, and differ; optimised code gives the same."""
    given = ("--size", 21, "--dump", "-")
    for scale in ("0.001", "1", "4096"):
        plain, optimised = (
            dumped(run(build(name, o), *given, "--scale", scale).stdout) for o in ("-O0", "-O3")
        )
        assert_same(optimised, plain)
        assert all(np.isfinite(array).all() for array in plain.values())
        by_variable = dumped(run(build(name, "-O3"), *given, CORR_SCALE=scale).stdout)
        assert_same(by_variable, optimised)
        unscaled = dumped(run(build(name, "-O3"), *given).stdout)
        assert any(not np.array_equal(unscaled[n], optimised[n]) for n in unscaled)


def test_the_scale_is_that_of_the_inputs(tmp_path):
    source = tmp_path / "inputs.c"
    source.write_text("""
        #include "corr_harness.h"
        static double *x, *y, *z;
        static void setup(int n)
        {
            x = corr_f64("x", CORR_OUTPUT, n);
            y = corr_f64("y", CORR_OUTPUT, n);
            z = corr_f64("z", CORR_OUTPUT, n);
        }
        static void init(int n)
        {
            corr_fill_real(x, n, 0, 1e6);
            corr_fill_real(y, n, 1, 1.0);
            corr_fill_f64(z, n, 2, 0.0, 1.0);
        }
        static void run(int n) { (void)n; }
        CORR_MAIN("inputs", 1, 2, 300, 4)
    """)
    program = tmp_path / "inputs"
    subprocess.run([CC, "-O3", f"-I{KERNELS}", source, "-lm", "-o", program], check=True)
    for scale, wide, narrow in ((None, None, None), ("8", 8.0, 1.0), ("0.25", 0.25, 0.25)):
        given = ("--scale", scale) if scale else ()
        found = dumped(run(program, "--dump", "-", *given).stdout)
        for stream, (name, s) in enumerate((("x", wide), ("y", narrow), ("z", None))):
            low, span = (-s, 2 * s) if s else (0.0, 1.0)
            assert_same({name: found[name]}, {name: fill_f64(1, stream, (300,), low, span)})


@each_kernel
def test_smallest_sizes(build, name):
    """No access out of bounds at any size, and nothing undefined."""
    program = build(name, "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    for size in 1, 2, 3, "mini":
        run(program, "--size", size, "--digest", "--repeat", 2)


# ---- The harness ------------------------------------------------------------------------------


@pytest.fixture
def program(build):
    return build("gemm", "-O3")


def test_silent_on_stdout_unless_asked(program):
    done = run(program, "--size", 20)
    assert done.stdout == b""
    assert done.stderr.startswith(b"gemm: size 20, 1 repetition, kernel ")
    assert b"20, 3 repetitions," in run(program, "--size", 20, "--repeat", 3).stderr


def test_digest_is_that_of_the_dump(build):
    for name in "atax", "histogram_sort":
        program = build(name, "-O3")
        arrays = dumped(run(program, "--size", "mini", "--dump", "-").stdout)
        lines = run(program, "--size", "mini", "--digest").stdout.decode().splitlines()
        assert len(lines) == len(arrays) == 2
        for line, (array_name, array) in zip(lines, arrays.items(), strict=True):
            word, digest, total = line.split(" ")
            assert (word, digest) == (array_name, fnv1a(array.tobytes()))
            assert float(total) == pytest.approx(math.fsum(array), rel=1e-12)


def test_dump_to_a_file(program, tmp_path):
    run(program, "--size", 20, "--dump", tmp_path / "out")
    wanted = run(program, "--size", 20, "--dump", "-").stdout
    assert (tmp_path / "out").read_bytes() == wanted
    assert wanted.startswith(b"C <f8 400\n")


def test_environment_stands_in_for_options(program, tmp_path):
    by_option = run(program, "--size", 20, "--seed", 5, "--digest").stdout
    environment = {"CORR_SIZE": "20", "CORR_SEED": "5", "CORR_DIGEST": "1"}
    assert run(program, **environment).stdout == by_option
    assert run(program, "--seed", 6, **environment).stdout != by_option
    run(program, CORR_SIZE="20", CORR_DUMP=str(tmp_path / "out"))
    assert (tmp_path / "out").exists()
    assert run(program, "--size", 20, CORR_DIGEST="0", CORR_SEED="").stdout == b""


def test_times_are_appended(program, tmp_path):
    times = tmp_path / "times"
    done = run(program, "--size", 20, "--repeat", 3, CORR_TIMES=str(times))
    assert done.stderr == done.stdout == b""
    run(program, "--size", 90, CORR_TIMES=str(times), CORR_REPEAT="2")
    words = [line.split(" ") for line in times.read_text().splitlines()]
    assert [word for word, _ in words] == ["kernel_seconds"] * 5
    seconds = [float(number) for _, number in words]
    assert all(0.0 < value < 1.0 for value in seconds)
    assert min(seconds[3:]) > min(seconds[:3])  # ninety times the work
    assert all(len(number.split(".")[1]) == 9 for _, number in words)


def test_help(program):
    assert run(program, "--help").stdout.startswith(b"usage: gemm ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--size", "0"],
        ["--size", "-3"],
        ["--size", "huge"],
        ["--size", "12x"],
        ["--size", "1000000001"],
        ["--size", ""],
        ["--size"],
        ["--seed", "18446744073709551616"],
        ["--seed", " 1"],
        ["--repeat", "0"],
        ["--scale", "0"],
        ["--scale", "-1"],
        ["--scale", "1x"],
        ["--scale", "nan"],
        ["--scale", "inf"],
        ["--sise", "10"],
        ["10"],
        ["--dump", "-", "--digest"],
    ],
    ids=" ".join,
)
def test_bad_arguments(program, arguments):
    done = run(program, *arguments, status=2)
    assert done.stdout == b""
    assert done.stderr.startswith(b"gemm: ")
    assert done.stderr.count(b"\n") == 1


def test_bad_environment(program):
    assert b"bad size 'vast'" in run(program, status=2, CORR_SIZE="vast").stderr


@pytest.mark.parametrize("name", ["gemm", "particles"])
def test_out_of_memory(build, name):
    # 8e18 bytes are refused anywhere; the C++ vectors are smaller, so the shell sets a limit.
    program = build(name, "-O3")
    limited = f"ulimit -v 4000000; exec '{program}' --size 1000000000"
    done = subprocess.run(["sh", "-c", limited], capture_output=True)
    assert done.returncode == 1
    assert b"out of memory" in done.stderr


def test_unwritable_files(program, tmp_path):
    missing = str(tmp_path / "no" / "such")
    assert b"cannot write" in run(program, "--size", 9, "--dump", missing, status=1).stderr
    assert b"cannot write" in run(program, "--size", 9, status=1, CORR_TIMES=missing).stderr


def test_skipped_work_shows(tmp_path):
    """A kernel that leaves out part of its output leaves poison there, in every repetition."""
    source = tmp_path / "lazy.c"
    source.write_text("""
        #include "corr_harness.h"
        static double *x;
        static int *k, calls;
        static void setup(int n)
        {
            x = corr_f64("x", CORR_OUTPUT, n);
            k = corr_i32("k", CORR_OUTPUT, n);
        }
        static void init(int n) { (void)n; }
        static void run(int n)
        {
            if (calls++ == 0)
                for (int i = 0; i < n; i++)
                    x[i] = k[i] = i;
        }
        CORR_MAIN("lazy", 1, 2, 3, 4)
    """)
    program = tmp_path / "lazy"
    subprocess.run([CC, "-O3", f"-I{KERNELS}", source, "-lm", "-o", program], check=True)
    first = dumped(run(program, "--dump", "-").stdout)
    assert list(first["x"]) == list(first["k"]) == [0, 1, 2]
    second = dumped(run(program, "--repeat", 2, "--dump", "-").stdout)
    assert np.isnan(second["x"]).all()
    assert (second["k"] == 0x55555555).all()
