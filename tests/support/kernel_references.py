"""What the sample kernels have to compute: their results in numpy.

The references follow the definitions, not the C text: a library solver, whole-array operations or
all pairs where the kernel has a recursion, a loop nest or a cell list.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np

from tests.support.kernel_inputs import Array, dominant, fill_f64, fill_i32, matrices

#: The arrays that a kernel changes, by their names in its digest.
Arrays = dict[str, Array]


def gemm(n: int, seed: int) -> Arrays:
    a, b, c = matrices(n, seed, 3)
    return {"C": 1.25 * c + 1.5 * a @ b}


def two_mm(n: int, seed: int) -> Arrays:
    a, b, c, d = matrices(n, seed, 4)
    return {"D": 1.25 * d + 1.5 * a @ b @ c}


def atax(n: int, seed: int) -> Arrays:
    a = fill_f64(seed, 0, (n, n))
    x = fill_f64(seed, 1, (n,))
    for _ in range(50):
        y = a.T @ (a @ x)
        x = 4.0 * y / n**2
    return {"x": x, "y": y}


def jacobi_2d(n: int, seed: int) -> Arrays:
    a = fill_f64(seed, 0, (n, n))
    b = a.copy()
    for _ in range(50):
        for old, new in (a, b), (b, a):
            neighbours = old[:-2, 1:-1] + old[2:, 1:-1] + old[1:-1, :-2] + old[1:-1, 2:]
            new[1:-1, 1:-1] = (old[1:-1, 1:-1] + neighbours) / 5
    return {"A": a, "B": b}


def seidel_2d(n: int, seed: int) -> Arrays:
    a = fill_f64(seed, 0, (n, n))
    for _ in range(30):
        for i in range(1, n - 1):
            # All but the left neighbour is known for the whole row, which leaves a recurrence.
            known = a[i - 1, :-2] + a[i - 1, 1:-1] + a[i - 1, 2:] + a[i, 1:-1] + a[i, 2:]
            known += a[i + 1, :-2] + a[i + 1, 1:-1] + a[i + 1, 2:]
            for j in range(1, n - 1):
                a[i, j] = (known[j - 1] + a[i, j - 1]) / 9
    return {"A": a}


def cholesky(n: int, seed: int) -> Arrays:
    a = np.tril(fill_f64(seed, 0, (n, n)))
    a = a + np.tril(a, -1).T + n * np.eye(n)
    return {"A": np.linalg.cholesky(a) + np.triu(a, 1)}


def floyd_warshall(n: int, seed: int) -> Arrays:
    d = fill_i32(seed, 0, (n, n), 1, 4000)
    d[d > 1000] = 1 << 29
    np.fill_diagonal(d, 0)
    for k in range(n):
        d = np.minimum(d, d[:, k, None] + d[k])
    return {"d": d}


def regions_papi(n: int, seed: int) -> Arrays:
    a = fill_f64(seed, 0, (n,))
    for _ in range(20):
        b = np.concatenate([a[:1], (a[:-2] + a[1:-1] + a[2:]) / 3, a[-1:]])
        a, x = np.empty(n), 0.0
        for i in range(n):
            x = 0.5 * x + b[i]
            a[i] = 0.5 * x
    return {"a": a, "b": b}


def durbin(n: int, seed: int) -> Arrays:
    k = np.arange(1.0, n + 1)
    r = fill_f64(seed, 0, (n,), -1.0, 2.0) * (0.3 / k**2)
    first = np.concatenate([[1.0], r[:-1]])
    toeplitz = first[np.abs(np.subtract.outer(np.arange(n), np.arange(n)))]
    return {"y": np.linalg.solve(toeplitz, -r)}


def nussinov(n: int, seed: int) -> Arrays:
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


def histogram_sort(n: int, seed: int) -> Arrays:
    key = fill_i32(seed, 0, (n,), 0, 1 << 30)
    buckets = n // 64 + 1
    edges = [-(-bucket * (1 << 30) // buckets) for bucket in range(buckets + 1)]
    ordered = np.sort(key)
    return {"start": np.searchsorted(ordered, edges), "sorted": ordered}


def particles(n: int, seed: int) -> Arrays:
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


def three_mm(n: int, seed: int) -> Arrays:
    a, b, c, d = matrices(n, seed, 4)
    return {"G": np.linalg.multi_dot([a, b, c, d])}


def symm(n: int, seed: int) -> Arrays:
    a, b, c = matrices(n, seed, 3)
    return {"C": 1.25 * c + 1.5 * (np.tril(a) + np.tril(a, -1).T) @ b}


def syrk(n: int, seed: int) -> Arrays:
    a, c = matrices(n, seed, 2)
    return {"C": np.tril(1.25 * c + 1.5 * a @ a.T) + np.triu(c, 1)}


def syr2k(n: int, seed: int) -> Arrays:
    a, b, c = matrices(n, seed, 3)
    return {"C": np.tril(1.25 * c + 1.5 * (a @ b.T + b @ a.T)) + np.triu(c, 1)}


def trmm(n: int, seed: int) -> Arrays:
    a, b = matrices(n, seed, 2)
    return {"B": 1.5 * (np.tril(a, -1) + np.eye(n)).T @ b}


def doitgen(n: int, seed: int) -> Arrays:
    a, c = fill_f64(seed, 0, (n, n, n)), fill_f64(seed, 1, (n, n))
    return {"A": np.einsum("rqs,sp->rqp", a, c)}


def correlation(n: int, seed: int) -> Arrays:
    return {"R": np.corrcoef(fill_f64(seed, 0, (n, n)), rowvar=False)}


def covariance(n: int, seed: int) -> Arrays:
    return {"S": np.cov(fill_f64(seed, 0, (n, n)), rowvar=False)}


def bicg(n: int, seed: int) -> Arrays:
    a = fill_f64(seed, 0, (n, n))
    p, r = fill_f64(seed, 1, (n,)), fill_f64(seed, 2, (n,))
    for _ in range(25):
        s, q = r @ a, a @ p
        r, p = 2 * q / n, 2 * s / n
    return {"q": q, "s": s}


def mvt(n: int, seed: int) -> Arrays:
    a = fill_f64(seed, 0, (n, n))
    x1, x2 = fill_f64(seed, 1, (n,)), fill_f64(seed, 2, (n,))
    y1, y2 = x1 / n, x2 / n
    for _ in range(25):
        x1, x2 = x1 + a @ y1, x2 + a.T @ y2
        y1, y2, x1, x2 = x1 / n, x2 / n, x1 / 2, x2 / 2
    return {"x1": x1, "x2": x2}


def gesummv(n: int, seed: int) -> Arrays:
    a, b = matrices(n, seed, 2)
    x = fill_f64(seed, 2, (n,))
    for _ in range(25):
        y = (1.5 * a + 1.25 * b) @ x
        x = 2 * y / (2.75 * n)
    return {"y": y}


def gemver(n: int, seed: int) -> Arrays:
    plain = fill_f64(seed, 0, (n, n))
    u1, v1, u2, v2, y, z = (fill_f64(seed, stream, (n,)) for stream in range(1, 7))
    updated = plain + np.outer(u1, v1) + np.outer(u2, v2)
    for a in [updated, plain] * 10:
        x = 1.25 * y @ a + z
        w = 1.5 * a @ x
        y = w / n**2
    return {"A": plain, "w": w, "x": x}


def trisolv(n: int, seed: int) -> Arrays:
    lower = np.tril(fill_f64(seed, 0, (n, n))) + n * np.eye(n)
    b = fill_f64(seed, 1, (n,))
    for _ in range(100):
        x = np.linalg.solve(lower, b)
        b = n * x
    return {"x": x}


def lu(n: int, seed: int) -> Arrays:
    """Elimination, a column of L and the rank-1 update of all that is left at a time."""
    a = dominant(n, seed)
    for k in range(n):
        a[k + 1 :, k] /= a[k, k]
        a[k + 1 :, k + 1 :] -= np.outer(a[k + 1 :, k], a[k, k + 1 :])
    return {"A": a}


def ludcmp(n: int, seed: int) -> Arrays:
    x = np.linalg.solve(dominant(n, seed), fill_f64(seed, 1, (n,)))
    return {"x": x, "y": np.triu(lu(n, seed)["A"]) @ x}


def gramschmidt(n: int, seed: int) -> Arrays:
    q, r = np.linalg.qr(dominant(n, seed))
    sign = np.sign(np.diag(r))  # the decomposition is unique once R's diagonal is positive
    return {"Q": q * sign, "R": sign[:, None] * r}


def deriche(n: int, seed: int) -> Arrays:
    """The convolution that the recursions stand for, as a matrix applied from both sides."""
    distance = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    decay = math.exp(-0.25)
    gain = (1 - decay) ** 2 / (1 + 0.5 * decay - decay**2)
    smooth = gain * (1 + 0.25 * distance) * decay**distance
    return {"out": smooth @ fill_f64(seed, 0, (n, n)) @ smooth.T}


def adi(n: int, seed: int) -> Arrays:
    def half_step(implicit: float, explicit: float, field: Array) -> Array:
        """One implicit system along axis 0 for each inner column; its ends are 1."""
        system = (1 + 2 * implicit) * np.eye(n)
        system -= implicit * (np.eye(n, k=1) + np.eye(n, k=-1))
        system[[0, -1]] = np.eye(n)[[0, -1]]
        flow = field[:, :-2] - 2 * field[:, 1:-1] + field[:, 2:]
        right = field[:, 1:-1] + explicit * flow
        right[[0, -1]] = 1
        new = np.full((n, n), np.nan)
        new[:, 1:-1] = np.linalg.solve(system, right)
        return new

    u = fill_f64(seed, 0, (n, n))
    columns, rows = n**2 / 50, n**2 / 100
    for _ in range(50):
        v = half_step(columns, rows, u)
        u[1:-1] = half_step(rows, columns, v.T).T[1:-1]
    return {"u": u}


def fdtd_2d(n: int, seed: int) -> Arrays:
    ex, ey, hz = matrices(n, seed, 3)
    for drive in fill_f64(seed, 3, (50,)):
        ey = np.vstack([np.full(n, drive), ey[1:] - np.diff(hz, axis=0) / 2])
        ex = np.hstack([ex[:, :1], ex[:, 1:] - np.diff(hz, axis=1) / 2])
        hz[:-1, :-1] -= 0.7 * (np.diff(ex, axis=1)[:-1] + np.diff(ey, axis=0)[:, :-1])
    return {"ex": ex, "ey": ey, "hz": hz}


def heat_3d(n: int, seed: int) -> Arrays:
    a = fill_f64(seed, 0, (n, n, n))
    b = a.copy()
    inner = (slice(1, -1),) * 3
    for _ in range(20):
        for old, new in (a, b), (b, a):
            around = sum(np.roll(old, by, axis) for by in (-1, 1) for axis in range(3))
            new[inner] = ((2 * old + around) / 8)[inner]
    return {"A": a, "B": b}


def jacobi_1d(n: int, seed: int) -> Arrays:
    a = fill_f64(seed, 0, (n,))
    b = a.copy()
    for _ in range(500):
        for old, new in (a, b), (b, a):
            new[1:-1] = np.convolve(old, np.full(3, 1 / 3), "valid")
    return {"A": a, "B": b}


def spmv(n: int, seed: int) -> Arrays:
    lengths = fill_i32(seed, 0, (n,), 4, 25)
    count = lengths.sum()
    matrix = np.zeros((n, n))
    place = np.repeat(np.arange(n), lengths), fill_i32(seed, 1, (count,), 0, n)
    np.add.at(matrix, place, fill_f64(seed, 2, (count,)))
    x = fill_f64(seed, 3, (n,))
    for _ in range(20):
        y = matrix @ x
        x = y / 8
    return {"x": x, "y": y}


def merge_sort(n: int, seed: int) -> Arrays:
    return {"order": np.argsort(fill_i32(seed, 0, (n,), 0, n), kind="stable")}


def string_search(n: int, seed: int) -> Arrays:
    text = bytes(fill_i32(seed, 0, (n,), 0, 4).astype(np.uint8))
    words = [text[at : at + 8] for at in fill_i32(seed, 1, (24,), 0, n - 7)]
    places = [[m.start() for m in re.finditer(b"(?=" + re.escape(w) + b")", text)] for w in words]
    count, last = [len(p) for p in places], [p[-1] for p in places]
    return {"count": np.array(count), "last": np.array(last)}


def hash_join(n: int, seed: int) -> Arrays:
    build, probe = (fill_i32(seed, stream, (n,), 0, 2 * n) for stream in range(2))
    keys, rows = np.unique(build, return_index=True)  # the first row of each key
    row_of = dict(zip(keys.tolist(), rows.tolist(), strict=True))
    match = np.array([row_of.get(key, -1) for key in probe.tolist()])
    total = np.zeros(n, int)
    np.add.at(total, match[match >= 0], fill_i32(seed, 2, (n,), 1, 100)[match >= 0])
    return {"match": match, "total": total}


def tree_walk(n: int, seed: int) -> Arrays:
    key, wanted = (fill_i32(seed, stream, (n,), 0, 2 * n) for stream in range(2))
    depth = np.zeros(n, int)

    def descend(nodes: Array, levels: int) -> None:
        """Of the nodes of a subtree, in the order they came in, the first is its root."""
        if nodes.size:
            root, others = nodes[0], nodes[1:]
            depth[root] = levels
            descend(others[key[others] < key[root]], levels + 1)
            descend(others[key[others] >= key[root]], levels + 1)

    descend(np.arange(n), 0)
    bounds = np.concatenate([[-1], np.sort(key)])
    return {"depth": depth, "floor": bounds[np.searchsorted(bounds, wanted, "right") - 1]}


REFERENCES: dict[str, Callable[[int, int], Arrays]] = {
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
    "3mm": three_mm,
    "symm": symm,
    "syrk": syrk,
    "syr2k": syr2k,
    "trmm": trmm,
    "doitgen": doitgen,
    "correlation": correlation,
    "covariance": covariance,
    "bicg": bicg,
    "mvt": mvt,
    "gesummv": gesummv,
    "gemver": gemver,
    "trisolv": trisolv,
    "lu": lu,
    "ludcmp": ludcmp,
    "gramschmidt": gramschmidt,
    "deriche": deriche,
    "adi": adi,
    "fdtd_2d": fdtd_2d,
    "heat_3d": heat_3d,
    "jacobi_1d": jacobi_1d,
    "spmv": spmv,
    "merge_sort": merge_sort,
    "string_search": string_search,
    "hash_join": hash_join,
    "tree_walk": tree_walk,
}
