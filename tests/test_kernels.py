"""The sample kernels compute what they say: each is held against numpy.

The references follow the definitions, not the C text: a library solver, whole-array operations or
all pairs where the kernel has a recursion, a loop nest or a cell list.
"""

import math
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from collectors import toolchain

KERNELS = Path(__file__).parent.parent / "kernels"
TOOLS = toolchain.find()
CC, CXX = str(TOOLS.path("clang")), str(TOOLS.path("clang++"))

# ---- The input generator, as documented in corr_harness.h ------------------------------------

GOLDEN = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1


def mix(z):
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def random(seed, stream, count):
    start = mix(np.array([(seed + stream * GOLDEN) & MASK], np.uint64))
    return mix(start + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GOLDEN))


def fill_f64(seed, stream, shape, low=0.0, span=1.0):
    bits = random(seed, stream, math.prod(shape)) >> np.uint64(11)
    return (low + span * (bits.astype(float) * 2.0**-53)).reshape(shape)


def fill_i32(seed, stream, shape, low, span):
    bits = random(seed, stream, math.prod(shape)) % np.uint64(span)
    return (low + bits.astype(np.int64)).reshape(shape)


# ---- References: (n, seed) -> the output arrays -----------------------------------------------


def gemm(n, seed):
    a, b, c = (fill_f64(seed, stream, (n, n)) for stream in range(3))
    return {"C": 1.25 * c + 1.5 * a @ b}


def two_mm(n, seed):
    a, b, c, d = (fill_f64(seed, stream, (n, n)) for stream in range(4))
    return {"D": 1.25 * d + 1.5 * a @ b @ c}


def atax(n, seed):
    a = fill_f64(seed, 0, (n, n))
    x = fill_f64(seed, 1, (n,))
    for _ in range(50):
        y = a.T @ (a @ x)
        x = 4.0 * y / n**2
    return {"x": x, "y": y}


def jacobi_2d(n, seed):
    a = fill_f64(seed, 0, (n, n))
    b = a.copy()
    for _ in range(50):
        for old, new in (a, b), (b, a):
            neighbours = old[:-2, 1:-1] + old[2:, 1:-1] + old[1:-1, :-2] + old[1:-1, 2:]
            new[1:-1, 1:-1] = (old[1:-1, 1:-1] + neighbours) / 5
    return {"A": a, "B": b}


def seidel_2d(n, seed):
    a = fill_f64(seed, 0, (n, n))
    for _ in range(30):
        for i in range(1, n - 1):
            # All but the left neighbour is known for the whole row, which leaves a recurrence.
            known = a[i - 1, :-2] + a[i - 1, 1:-1] + a[i - 1, 2:] + a[i, 1:-1] + a[i, 2:]
            known += a[i + 1, :-2] + a[i + 1, 1:-1] + a[i + 1, 2:]
            for j in range(1, n - 1):
                a[i, j] = (known[j - 1] + a[i, j - 1]) / 9
    return {"A": a}


def cholesky(n, seed):
    a = np.tril(fill_f64(seed, 0, (n, n)))
    a = a + np.tril(a, -1).T + n * np.eye(n)
    return {"A": np.linalg.cholesky(a) + np.triu(a, 1)}


def floyd_warshall(n, seed):
    d = fill_i32(seed, 0, (n, n), 1, 4000)
    d[d > 1000] = 1 << 29
    np.fill_diagonal(d, 0)
    for k in range(n):
        d = np.minimum(d, d[:, k, None] + d[k])
    return {"d": d}


def regions_papi(n, seed):
    a = fill_f64(seed, 0, (n,))
    for _ in range(20):
        b = np.concatenate([a[:1], (a[:-2] + a[1:-1] + a[2:]) / 3, a[-1:]])
        a, x = np.empty(n), 0.0
        for i in range(n):
            x = 0.5 * x + b[i]
            a[i] = 0.5 * x
    return {"a": a, "b": b}


def durbin(n, seed):
    k = np.arange(1.0, n + 1)
    r = fill_f64(seed, 0, (n,), -1.0, 2.0) * (0.3 / k**2)
    first = np.concatenate([[1.0], r[:-1]])
    toeplitz = first[np.abs(np.subtract.outer(np.arange(n), np.arange(n)))]
    return {"y": np.linalg.solve(toeplitz, -r)}


def nussinov(n, seed):
    """Pairs counted from the last base on: it stays alone, or pairs with k and splits the rest."""
    base = fill_i32(seed, 0, (n,), 0, 4)
    best = np.zeros((n + 1, n + 1), int)  # best[i, j]: of the bases i .. j - 1
    for length in range(1, n + 1):
        for i in range(n - length + 1):
            last = i + length - 1
            choices = [best[i, last]]
            for k in range(i, last - 3):
                if base[k] + base[last] == 3:
                    choices.append(best[i, k] + 1 + best[k + 1, last])
            best[i, last + 1] = max(choices)
    return {"N": np.triu(best[:-1, 1:], 1)}


def histogram_sort(n, seed):
    key = fill_i32(seed, 0, (n,), 0, 1 << 30)
    buckets = n // 64 + 1
    edges = [-(-bucket * (1 << 30) // buckets) for bucket in range(buckets + 1)]
    ordered = np.sort(key)
    return {"start": np.searchsorted(ordered, edges), "sorted": ordered}


def particles(n, seed):
    side = max(3.0, math.sqrt(n / 4.0))
    position = fill_f64(seed, 0, (n, 2), 0.0, side)
    velocity = fill_f64(seed, 1, (n, 2), -1.0, 2.0)
    for _ in range(10):
        d = position[:, None] - position
        d -= side * np.round(d / side)
        r = np.sqrt((d**2).sum(axis=2))
        np.fill_diagonal(r, 1.0)  # no force on oneself
        force = (np.maximum(1.0 - r, 0.0) / r)[:, :, None] * d
        velocity = velocity + 0.01 * force.sum(axis=1)
        position = (position + 0.01 * velocity) % side
    return {"position": position, "velocity": velocity}


REFERENCES = {
    "gemm": gemm,
    "2mm": two_mm,
    "atax": atax,
    "jacobi_2d": jacobi_2d,
    "seidel_2d": seidel_2d,
    "cholesky": cholesky,
    "floyd_warshall": floyd_warshall,
    "durbin": durbin,
    "regions_papi": regions_papi,
    "nussinov": nussinov,
    "histogram_sort": histogram_sort,
    "particles": particles,
}
each_kernel = pytest.mark.parametrize("name", REFERENCES)
MINI = {"histogram_sort": 500, "particles": 60, "durbin": 40}
OTHER = {"histogram_sort": 3001, "particles": 203, "durbin": 301}

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
    done = subprocess.run(command, capture_output=True, env=clean | environment, timeout=60)
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


@each_kernel
def test_repetitions_agree(build, name):
    program = build(name, "-O3")
    once, thrice = (run(program, "--size", "mini", "--digest", "--repeat", r) for r in (1, 3))
    assert once.stdout == thrice.stdout
    assert once.stdout != run(program, "--size", "mini", "--digest", "--seed", 2).stdout
    assert b"nan" not in once.stdout


@each_kernel
def test_smallest_sizes(build, name):
    """No access out of bounds at any size, and nothing undefined."""
    program = build(name, "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    for size in 1, 2, 3, "mini":
        run(program, "--size", size, "--digest")


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


def test_skipped_work_shows(build, tmp_path):
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
