"""Honest candidates in C++: each gives the same bits; what is quicker stands behind what is slower."""

from __future__ import annotations

from bench.judged.candidate import Candidate, Group
from bench.judged.subjects import SUBJECTS, between, function
from bench.judged.wrong_programs import FILLING, NEST, ROW, TOP

of = Candidate.of
SUMS = function("rows", "static std::vector<double> sums(")
LOOP = between("rows", "    for (const auto &row : m) {\n", "    }\n")
HEAD = "static Matrix product("
ROWS = (
    of("reserved", "std::vector", ("    std::vector<double> all;\n", "    std::vector<double> all;\n    all.reserve(m.size());\n")),
    of("made at its size", "std::vector", ("    std::vector<double> all;\n" + LOOP, """\
    std::vector<double> all(m.size());
    for (std::size_t i = 0; i < m.size(); ++i) {
        double sum = 0.0;
        for (double cell : m[i])
            sum += std::sqrt(std::fabs(cell));
        all[i] = sum;
    }
""")),
    of("std::accumulate with a lambda", "lambda", (LOOP, """\
    for (const auto &row : m)
        all.push_back(std::accumulate(row.begin(), row.end(), 0.0, [](double sum, double cell) {
            return sum + std::sqrt(std::fabs(cell));
        }));
""")),
    of("a template for a dot product", "template", (HEAD, """\
template <typename T> static T dot(const std::vector<T> &row, const std::vector<std::vector<T>> &b, int j)
{
    T sum{};
    for (std::size_t k = 0; k < row.size(); ++k)
        sum += row[k] * b[k][j];
    return sum;
}

""" + HEAD), (NEST, """\
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            c[i][j] = dot(a[i], b, j);
""")),
    of("a column that is gathered", "scratch", (NEST, """\
    std::vector<double> column(n);
    for (int j = 0; j < n; j++) {
        for (int k = 0; k < n; k++)
            column[k] = b[k][j];
        for (int i = 0; i < n; i++)
            c[i][j] = std::inner_product(column.begin(), column.end(), a[i].begin(), 0.0, std::plus<>{}, [](double x, double y) { return y * x; });
    }
""")),
    of("interchange", "interchange", (NEST, ROW)),
    of("references to rows", "hoisting", (NEST, """\
    for (int i = 0; i < n; i++) {
        std::vector<double> &to = c[i];
        for (int k = 0; k < n; k++) {
            const std::vector<double> &from = b[k];
            const double factor = a[i][k];
            for (int j = 0; j < n; j++)
                to[j] += factor * from[j];
        }
    }
""")),
    of("a lambda for a row", "lambda", (NEST, """\
    const auto add = [n](std::vector<double> &to, const std::vector<double> &from, double factor) {
        for (int j = 0; j < n; j++)
            to[j] += factor * from[j];
    };
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++)
            add(c[i], b[k], a[i][k]);
""")),
    of("std::transform", "algorithm", (NEST, """\
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++)
            std::transform(c[i].begin(), c[i].end(), b[k].begin(), c[i].begin(),
                           [factor = a[i][k]](double to, double from) { return to + factor * from; });
""")),
    of("pointers with __restrict", "restrict", (NEST, """\
    for (int i = 0; i < n; i++) {
        double *__restrict to = c[i].data();
        for (int k = 0; k < n; k++) {
            const double *__restrict from = b[k].data();
            const double factor = a[i][k];
            for (int j = 0; j < n; j++)
                to[j] += factor * from[j];
        }
    }
""")),
    of("a flat copy", "scratch", (NEST, """\
    std::vector<double> flat;
    flat.reserve(static_cast<std::size_t>(n) * n);
    for (const auto &row : b)
        flat.insert(flat.end(), row.begin(), row.end());
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++) {
            const double factor = a[i][k], *from = &flat[static_cast<std::size_t>(k) * n];
            for (int j = 0; j < n; j++)
                c[i][j] += factor * from[j];
        }
""")),
    of("memory of its own", "std::unique_ptr", (NEST, """\
    const auto row = std::make_unique<double[]>(n);
    for (int i = 0; i < n; i++) {
        std::fill_n(row.get(), n, 0.0);
        for (int k = 0; k < n; k++)
            for (int j = 0; j < n; j++)
                row[j] += a[i][k] * b[k][j];
        std::copy_n(row.get(), n, c[i].begin());
    }
""")),
    of("a small class", "class", (TOP, """\
namespace {
class Row {
public:
    explicit Row(const std::vector<double> &cells) : cells_(cells.data()), size_(cells.size()) {}
    void add_to(double *to, double factor) const
    {
        for (std::size_t j = 0; j < size_; ++j)
            to[j] += factor * cells_[j];
    }

private:
    const double *cells_;
    std::size_t size_;
};
} // namespace

""" + TOP), (NEST, """\
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++)
            Row(b[k]).add_to(c[i].data(), a[i][k]);
""")),
    of("blocks in a std::array", "blocking", (NEST, """\
    constexpr int width = 16;
    for (int i = 0; i < n; i++) {
        int j = 0;
        for (; j + width <= n; j += width) {
            std::array<double, width> sum{};
            for (int k = 0; k < n; k++) {
                const double factor = a[i][k], *from = b[k].data() + j;
                for (int l = 0; l < width; l++)
                    sum[l] += factor * from[l];
            }
            std::copy(sum.begin(), sum.end(), c[i].begin() + j);
        }
        for (; j < n; j++)
            for (int k = 0; k < n; k++)
                c[i][j] += a[i][k] * b[k][j];
    }
""")),
    of("vector types", "vector types", (NEST, """\
    typedef double v4 __attribute__((vector_size(32), aligned(8), may_alias));
    for (int i = 0; i < n; i++) {
        int j = 0;
        for (; j + 4 <= n; j += 4) {
            v4 sum = {0, 0, 0, 0};
            for (int k = 0; k < n; k++)
                sum += a[i][k] * *reinterpret_cast<const v4 *>(b[k].data() + j);
            *reinterpret_cast<v4 *>(c[i].data() + j) = sum;
        }
        for (; j < n; j++)
            for (int k = 0; k < n; k++)
                c[i][j] += a[i][k] * b[k][j];
    }
""")),
    of("rows made as they are needed", "std::move", (FILLING, """\
    Matrix c;
    c.reserve(n);
    for (int i = 0; i < n; i++) {
        std::vector<double> row(n);
        for (int k = 0; k < n; k++)
            for (int j = 0; j < n; j++)
                row[j] += a[i][k] * b[k][j];
        c.push_back(std::move(row));
    }
""")),
)  # fmt: skip

GROUPS = (Group("rows", False, ROWS, SUBJECTS["rows"].options),)
