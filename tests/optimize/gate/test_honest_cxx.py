"""Ordinary C++ that an optimisation brings passes the gate; the compiler proves that it is C++."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from corr.optimize import gate
from tests.optimize.gate.programs import CXX, CXX_LOOP, compiles, in_cxx, passes_as_objects

IN_THE_LOOP = {
    "direct initialisation": """    std::vector<int> x(a * b), w(v.size());
    std::vector<double> copy(v), part(v.begin(), v.end());
    double first(0.0), second{1.0};
    for (std::size_t i(0); i < copy.size(); ++i) sum += copy[i] + 0 * (x[0] + w[0] + first + second + part[0]);
""",
    "brace initialisation": """    std::array<double, 4> acc{}, other{1, 2, 3, 4};
    std::vector<int> list{1, 2, 3};
    int n{static_cast<int>(v.size())}, m4 = {4};
    for (int i{0}; i < n; i += m4) acc[i % 4] += v[i] * other[0] * list[0];
    sum = std::accumulate(acc.begin(), acc.end(), 0.0);
""",
    "auto and references": """    auto n = v.size();
    const auto &first = v.front();
    auto *data = v.data();
    auto &&rest = p;
    for (decltype(n) i = 0; i < n; ++i) sum += data[i] + 0 * (first + rest.size());
""",
    "structured bindings": """    std::map<int, double> cells{{1, 2.0}};
    for (const auto &[key, value] : cells) sum += key * value;
    auto [low, high] = std::minmax({1.0, 2.0});
    auto &[px, py, pmass] = const_cast<model::Particle &>(p[0]);
    const auto [quotient, rest] = std::pair{1, 2.0};
    sum += low + high + px + py + pmass + quotient + rest;
""",
    "lambdas": """    const auto square = [](double x) { return x * x; };
    auto add = [&sum, scale = 2.0](double x) mutable -> void { sum += scale * x; };
    auto both = [&](auto x, auto... rest) noexcept { return (x + ... + rest); };
    for (double x : v) add(square(x));
    sum += both(1.0, 2.0) + [n = v.size()] { return n; }();
    std::for_each(v.begin(), v.end(), [&](const double &x) { sum += x; });
""",
    "range-for": """    for (auto x : v) sum += x;
    for (const auto &one : p) sum += one.x;
    for (int i : {1, 2, 3}) sum += i;
    for (std::size_t n = v.size(); auto x : v) sum += x / n;
""",
    "constexpr and using": """    using value = double;
    using row = std::array<value, 8>;
    constexpr std::size_t width = 8, half = width / 2;
    constexpr auto third = [](int x) constexpr { return x / 3; };
    static constexpr value factors[] = {1.0, 2.0};
    row r{};
    for (std::size_t i = 0; i + half < v.size(); ++i) r[i % width] += v[i] * factors[third(3)];
    sum = r[0];
""",
    "nested names": """    std::vector<double>::size_type n = v.size();
    std::vector<double>::const_iterator it = v.cbegin(), end = v.cend();
    typename std::vector<model::Particle>::const_iterator q = p.begin();
    for (; it != end; ++it) sum += *it + std::numeric_limits<double>::epsilon() * n * q->mass;
""",
    "casts": """    const double *d = static_cast<const double *>(v.data());
    const auto *words = reinterpret_cast<const std::uint64_t *>(d);
    for (std::size_t i = 0; i < v.size(); ++i)
        sum += double(i) + int(d[i]) + static_cast<double>(words[i] & 1) + (double)(i) + unsigned(i);
""",
    "algorithms": """    std::vector<double> sorted(v);
    std::sort(sorted.begin(), sorted.end(), [](double l, double r) { return l < r; });
    std::transform(sorted.begin(), sorted.end(), sorted.begin(), [](double x) { return 2 * x; });
    sum = std::inner_product(sorted.begin(), sorted.end(), v.begin(), 0.0);
    sum += std::transform_reduce(v.begin(), v.end(), 0.0, std::plus<>{}, [](double x) { return x; });
    sum += std::max({1.0, 2.0}) + std::plus<double>()(1.0, 2.0) + *std::max_element(v.begin(), v.end());
""",
    "smart pointers and new": """    auto scratch = std::make_unique<double[]>(v.size());
    std::unique_ptr<model::Particle> one(new model::Particle{1, 2, 3});
    double *plain = new double[v.size()];
    for (std::size_t i = 0; i < v.size(); ++i) sum += scratch[i] = plain[i] = v[i];
    sum += one->energy();
    delete[] plain;
""",
    "comparisons that look like templates": """    const std::size_t n = v.size(), half = n >> 1;
    for (std::size_t i = 0; i < n && half > 1; ++i)
        sum += (i < half) ? v[i] : (half > (i >> 2)) * v[i];
    bool in = a < b && b > (a);
    sum += in + (a < n) + (n > (half));
""",
    "if with initialiser, constexpr if": """    if (const auto n = v.size(); n > 1) sum += v[n - 1];
    if (auto it = std::find(v.begin(), v.end(), 1.0); it != v.end()) sum += *it; else sum -= 1;
    if constexpr (sizeof(long) == 8) { long wide = 8; sum += wide; }
    switch (int k = a; k) { case 1: { double inner = 1; sum += inner; break; } default: break; }
""",
    "tuples": """    std::tuple<int, double> t{1, 2.0};
    int whole; double part;
    std::tie(whole, part) = t;
    sum += std::get<0>(t) + std::get<double>(t) + whole + part;
""",
    "attributes": """    [[maybe_unused]] const int unused = 0;
    [[assume(a > 0)]];
    for (double x : v) { if (x > 0) [[likely]] sum += x; else [[unlikely]] sum -= x; }
    alignas(64) double buffer[8] = {};
    sum += buffer[0];
""",
    "objects that are called": """    model::Matrix copy = m, other(2, 2);
    const model::Matrix &same = m;
    for (int i = 0; i < copy.rows(); ++i) sum += copy(i, 0) + same(i, 0) + other(0, 0);
""",
    "vector types": """    using v4 [[gnu::vector_size(32)]] = double;
    typedef double v2 __attribute__((vector_size(16)));
    v4 acc = {0, 0, 0, 0};
    v2 pair = {1, 2};
    for (std::size_t i = 0; i + 3 < v.size(); i += 4) acc += *reinterpret_cast<const v4 *>(&v[i]);
    sum = acc[0] + pair[1];
""",
    "digraphs of C++": """    std::vector<::model::Particle> copy(p);
    sum += copy.size() + ::twice(1.0) + ::model::Particle{1, 2, 3}.energy();
""",
    "local class": """    struct Sum {
        double total = 0;
        int steps{0};
        explicit Sum(double start) : total(start), steps{1} {}
        void add(double x) { total += x; ++steps; }
        double operator()(double x) const { return total + x; }
        [[nodiscard]] double mean() const noexcept { return total / steps; }
    } s(0.0);
    for (double x : v) s.add(x);
    struct Twice { double operator()(double x) const { return 2 * x; } };
    static const int table[] = {1, 2, (int)sizeof(double)};
    sum = s.mean() + s(0.0) + Twice{}(1.0) + Twice()(2.0) + table[0];
""",
    "exceptions": """    try { sum += v.at(0); } catch (const std::exception &error) { throw; }
""",
}
AT_FILE_SCOPE = {
    "templates": """template <typename T, int N> struct Block {
    static constexpr int size = N;
    T cells[N] = {};
    T &operator[](int i) { return cells[i]; }
    const T *begin() const { return cells; }
};
template <int N, class T> static inline T total(const Block<T, N> &block)
{
    T s{};
    for (const T *q = block.begin(); q != block.begin() + N; ++q) s += *q;
    return s;
}
template <class F> static void each(int n, F &&f) { for (int i = 0; i < n; ++i) f(i); }
template <typename... Ts> constexpr auto add(Ts... xs) { return (xs + ... + 0); }
template <class T> using grid = std::vector<std::vector<T>>;
static double use(grid<double> &g)
{
    Block<double, 4> block;
    each(4, [&](int i) { block[i] = g[0][i]; });
    return total<4>(block) + add(1, 2, 3) + Block<int, 3>::size;
}
""",
    "namespaces and constants": """namespace {
namespace detail {
constexpr double pi = 3.14;
inline constexpr int width = 4;
double area(double r) { return pi * r * r; }
} // namespace detail
enum class Order : int { row, column };
using Pair = std::pair<double, double>;
constexpr Pair unit{1.0, 1.0};
const int tile = 16;
double side(Order order) { return order == Order::row ? detail::area(1) : detail::width + unit.first; }
} // namespace
""",
    "classes": """namespace {
class Shape {
public:
    Shape() = default;
    Shape(const Shape &) = delete;
    Shape(Shape &&other) noexcept : sides_(std::move(other.sides_)) {}
    Shape &operator=(Shape &&) = default;
    ~Shape() { sides_.clear(); }
    template <class It> double length(It from, It to) const { return std::accumulate(from, to, scale_); }
    auto total() const -> double { return length(sides_.begin(), sides_.end()); }
    friend bool operator<(const Shape &l, const Shape &r) { return l.total() < r.total(); }

protected:
    std::vector<double> sides_;
    double scale_ = 1.0;
};
struct Square final : public Shape { int corners = 4; };
} // namespace
""",
    "concepts": """template <typename T> concept Number = std::is_arithmetic_v<T>;
template <Number T> static T half(T x) { return x / 2; }
template <class T> requires Number<T> static T third(T x) { return x / 3; }
static auto fourth(Number auto x) { return half(half(x)); }
""",
    "attributes and specifiers": """[[nodiscard, gnu::always_inline]] static inline double low(double x) noexcept { return x; }
static double high(const double *__restrict x, std::size_t n = 4) noexcept(true) { return x[n - 1]; }
static auto both(double x, double y) -> std::pair<double, double> { return {low(x), y}; }
consteval int width() { return 8; }
static_assert(width() == 8);
""",
}


def some(programs: dict[str, str]) -> list[Any]:
    """All of them; `make test` tries one in three."""
    return [
        pytest.param(text, id=name, marks=pytest.mark.long if at % 3 else ())
        for at, (name, text) in enumerate(programs.items())
    ]


@pytest.mark.parametrize("loop", IN_THE_LOOP.values(), ids=IN_THE_LOOP.keys())
def test_an_honest_loop_passes(loop: str) -> None:
    assert gate.source(CXX, in_cxx(loop), "work.cpp") == []


@pytest.mark.parametrize("loop", some(IN_THE_LOOP))
def test_an_honest_loop_is_cxx(loop: str, clangxx: str, tmp_path: Path) -> None:
    assert compiles(clangxx, in_cxx(loop), tmp_path, "-mavx2", language="cpp")
    assert passes_as_objects(clangxx, CXX, in_cxx(loop), tmp_path, "-mavx2")


@pytest.mark.parametrize("top", AT_FILE_SCOPE.values(), ids=AT_FILE_SCOPE.keys())
def test_an_honest_helper_passes(top: str) -> None:
    assert gate.source(CXX, in_cxx(top=top), "work.cpp") == []


@pytest.mark.parametrize("top", some(AT_FILE_SCOPE))
def test_an_honest_helper_is_cxx(top: str, clangxx: str, tmp_path: Path) -> None:
    assert compiles(clangxx, in_cxx(top=top), tmp_path, language="cpp")
    assert passes_as_objects(clangxx, CXX, in_cxx(top=top), tmp_path, "-mavx2")


@pytest.mark.parametrize("opened", [False, True])
def test_a_class_whose_values_are_made_like_a_call_may_be_referred_to(opened: bool) -> None:
    """`string(9, 'x')` looks like a call, and `const string &` then like the address of it."""
    before = """#include <string>
#include <vector>
static int count(std::vector<std::string> all, std::string but) { return all[0] != but; }
int main() { return count(std::vector<std::string>(3), std::string(9, 'x')); }
"""
    after = before.replace("string> all, std::string but", "string> &all, const std::string &but")
    if opened:
        before, after = (
            text.replace("std::", "").replace("static", "using namespace std;\nstatic")
            for text in (before, after)
        )
    assert gate.source(before, after, "work.cpp") == []


def test_a_program_without_prefixes(clangxx: str, tmp_path: Path) -> None:
    before = CXX.replace("namespace model {", "using namespace std;\nnamespace model {")
    loop = """    vector<double> copy(v), x(a * b);
    sort(copy.begin(), copy.end());
    map<int, pair<double, double>> cells;
    for (size_t i = 0; i < copy.size(); ++i) sum += max(copy[i], x[0]) + cells[0].first;
"""
    after = before.replace(CXX_LOOP, loop)
    assert compiles(clangxx, after, tmp_path, language="cpp")
    assert gate.source(before, after, "work.cpp") == []
