"""Programs of many shapes that are broken on purpose, and some whose output says nothing."""

from __future__ import annotations

VECTOR = """
#include <cstdio>
#include <vector>
static double smooth(std::vector<double> &v, const std::vector<double> &w) {
  double count = 0;
  for (int round = 0; round < 400; round++)
    for (std::size_t i = 1; i < v.size(); i++) {
      v[i] = v[i - 1] * 0.5 + w[i];
      if (v[i] > 0.6) count += 1;
    }
  for (auto x : v) count += x;
  return count;
}
int main() {
  std::vector<double> v(50000, 1.0), w(50000);
  for (std::size_t i = 0; i < w.size(); i++) w[i] = (i * 7919 % 1000) / 2000.0;
  std::printf("%.17g\\n", smooth(v, w));
}
"""
PRINTED = """
#include <stdio.h>
#define FOR(i, n) for (int i = 0; i < (n); i++)
static float a[300][300], b[300][300], c[300][300];
int main(void) {
  FOR(i, 300) FOR(j, 300) a[i][j] = i * j % 13 + 1, b[i][j] = (i + 2 * j) % 7 + 1;
  FOR(i, 300) FOR(j, 300) FOR(k, 300) c[i][j] += a[i][k] * b[k][j];
  FOR(i, 300) {
    FOR(j, 300) printf("%.2f ", c[i][j]);
    printf("\\n");
  }
}
"""
OPENMP = """
#include <math.h>
#include <stdio.h>
enum { N = 2000000 };
static double a[N], b[N];
int main(void) {
#pragma omp parallel for
  for (int i = 0; i < N; i++) a[i] = (i * 37ll % 1001) * 0.001;
  for (int r = 0; r < 20; r++) {
#pragma omp parallel for
    for (int i = 1; i < N - 1; i++) b[i] = sqrt(a[i - 1] + a[i + 1]) * 0.5;
#pragma omp parallel for
    for (int i = 0; i < N; i++) a[i] = b[i];
  }
  double sum = 0;
  for (int i = 0; i < N; i++) sum += a[i] * (i % 5);
  printf("%.15g\\n", sum);
}
"""
RECURSION = """
#include <stdio.h>
static long ways(int n, int k) {
  if (k == 0 || k == n) return 1;
  return ways(n - 1, k - 1) + ways(n - 1, k) * 3 % 1000003;
}
int main(void) { printf("%ld\\n", ways(28, 12) % 1000003); }
"""
SORT = """
#include <stdio.h>
#include <stdlib.h>
static int a[1000000], t[1000000];
static void sort(int *x, int *y, int n) {
  if (n < 2) return;
  int h = n / 2;
  sort(x, y, h);
  sort(x + h, y, n - h);
  int i = 0, j = h, k = 0;
  while (i < h && j < n) y[k++] = x[i] <= x[j] ? x[i++] : x[j++];
  while (i < h) y[k++] = x[i++];
  while (j < n) y[k++] = x[j++];
  for (k = 0; k < n; k++) x[k] = y[k];
}
int main(void) {
  unsigned z = 1;
  for (int i = 0; i < 1000000; i++) a[i] = (int)((z = z * 1664525u + 1013904223u) >> 8);
  sort(a, t, 1000000);
  unsigned long d = 0;
  for (int i = 0; i < 1000000; i++) d = d * 31 + (unsigned)a[i];
  printf("%lx\\n", d);
}
"""
TEMPLATE = """
#include <algorithm>
#include <iostream>
#include <map>
#include <numeric>
#include <string>
#include <vector>
struct Particle { double x, v, m; };
template <class T, class F> static void each(std::vector<T> &all, F f) { for (T &one : all) f(one); }
int main() {
  std::vector<Particle> all;
  for (int i = 0; i < 20000; i++) all.push_back({i * 0.25, (i % 17) - 8.0, 1.0 + i % 3});
  for (int step = 0; step < 300; step++)
    each(all, [step](Particle &p) {
      p.v -= 0.01 * p.x / p.m;
      p.x += p.v * 0.01;
      if (p.x < 0) p.x = -p.x, p.v = -p.v;
    });
  std::sort(all.begin(), all.end(), [](auto &a, auto &b) { return a.x < b.x; });
  double e = std::accumulate(all.begin(), all.end(), 0.0,
                             [](double s, const Particle &p) { return s + p.m * p.v * p.v; });
  std::cout << e << ' ' << all[777].x << '\\n';
}
"""
LIST = """
#include <stdio.h>
#include <stdlib.h>
struct node { struct node *next; long value; };
int main(void) {
  struct node *head = 0;
  for (long i = 0; i < 50000; i++) {
    struct node *n = malloc(sizeof *n);
    n->value = i * 7 % 101;
    n->next = head;
    head = n;
  }
  unsigned long sum = 0;
  for (int r = 0; r < 400; r++)
    for (struct node *n = head; n; n = n->next) {
      n->value ^= sum & 3;
      sum += (unsigned long)n->value;
    }
  printf("%lu\\n", sum);
}
"""
#: It finds its own mistakes, and says so by its exit status alone.
CHECKS_ITSELF = """
#include <stdio.h>
enum { N = 200000 };
static double a[N];
int main(void) {
  puts("it checks itself");
  for (int r = 0; r < 200; r++)
    for (int i = 0; i < N; i++) a[i] += i * 0.5;
  for (int i = 0; i < N; i++)
    if (a[i] != 200 * (i * 0.5)) return 3;
  return 0;
}
"""
_WORK = """
#include <stdio.h>
enum { N = 200000 };
volatile double sink;
static double a[N];
static void work(void) {
  for (int r = 0; r < 300; r++)
    for (int i = 1; i < N; i++) a[i] = a[i - 1] * 0.5 + i % 7;
  sink = a[N - 1];
}
"""
#: What is computed is in a file: one that is looked at, where the program runs, or none.
IN_A_FILE = (
    _WORK
    + """int main(void) {
  work();
  FILE *f = fopen("NAME", "w");
  if (f) { for (int i = 0; i < N; i++) fprintf(f, "%.9g\\n", a[i]); fclose(f); }
  puts("written");
}
"""
)
#: Two files from two nests, one of text and one of bytes; nothing is printed.
SEVERAL = """
#include <stdio.h>
enum { N = 240 };
static double a[N][N], b[N][N], c[N][N];
static float rows[N];
int main(void) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) a[i][j] = (i * j % 11 + 1) * 0.3, b[i][j] = (i + j) % 7 * 0.2;
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++)
      for (int k = 0; k < N; k++) c[i][j] += a[i][k] * b[k][j];
  for (int r = 0; r < 60; r++)
    for (int i = 0; i < N; i++)
      for (int j = 1; j < N; j++) rows[i] += (float)(r % 7) * (float)(a[i][j] - b[j][i]);
  FILE *text = fopen("rows.txt", "w"), *bytes = fopen("product.bin", "wb");
  if (!text || !bytes) return 1;
  for (int i = 0; i < N; i++) fprintf(text, "%d %.9g\\n", i, rows[i]);
  fwrite(c, sizeof c, 1, bytes);
  fclose(text);
  fclose(bytes);
  return 0;
}
"""
#: A line at a time is added to a file that is opened anew for each.
APPENDED = """
#include <math.h>
#include <stdio.h>
enum { N = 20000 };
static double x[N], v[N];
static double step(double dt) {
  double energy = 0;
  for (int i = 1; i < N - 1; i++) v[i] += dt * (x[i - 1] - 2 * x[i] + x[i + 1]);
  for (int i = 1; i < N - 1; i++) {
    x[i] += dt * v[i];
    energy += 0.5 * v[i] * v[i];
  }
  return energy;
}
int main(void) {
  for (int i = 0; i < N; i++) x[i] = sin(i * 0.01);
  for (int r = 0; r < 40; r++) {
    double energy = 0;
    for (int s = 0; s < 20; s++) energy = step(0.1);
    FILE *log = fopen("energy.log", "a");
    if (!log) return 1;
    fprintf(log, "%d %.12g %.12g\\n", r, energy, x[r * 100]);
    fclose(log);
  }
  return 0;
}
"""
#: A file in a folder, which it makes, is written by way of memory.
MAPPED = """
#include <cstdint>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>
int main() {
  const std::size_t n = 600, bytes = n * n * sizeof(std::uint16_t);
  mkdir("out", 0755);
  int file = open("out/set.raw", O_RDWR | O_CREAT, 0644);
  if (file < 0 || ftruncate(file, bytes) != 0) return 1;
  void *where = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (where == MAP_FAILED) return 2;
  auto *pixel = static_cast<std::uint16_t *>(where);
  std::vector<double> axis(n);
  for (std::size_t i = 0; i < n; i++) axis[i] = 3.0 * i / n - 2.0;
  for (std::size_t i = 0; i < n; i++)
    for (std::size_t j = 0; j < n; j++) {
      double x = 0, y = 0;
      std::uint16_t count = 0;
      while (count < 300 && x * x + y * y < 4.0) {
        const double t = x * x - y * y + axis[j];
        y = 2 * x * y + axis[i] + 0.5;
        x = t;
        count++;
      }
      pixel[i * n + j] = count;
    }
  munmap(where, bytes);
  close(file);
}
"""
#: Where the result goes is an argument; its name is printed, and nothing else.
NAMED = """
#include <fstream>
#include <iostream>
#include <string>
#include <unordered_map>
#include <vector>
int main(int argc, char **argv) {
  const std::string name = argc > 1 ? argv[1] : "counts.txt";
  std::unordered_map<std::string, long> counts;
  std::vector<std::string> words;
  unsigned seed = 7;
  for (int i = 0; i < 400000; i++) {
    seed = seed * 1664525u + 1013904223u;
    std::string word;
    for (unsigned rest = (seed >> 12) % 5000 + 1; rest > 0; rest /= 7) word += char('a' + rest % 7);
    words.push_back(word);
  }
  for (int round = 0; round < 3; round++)
    for (const std::string &word : words) counts[word] += word.size() + round;
  std::ofstream file(name);
  long total = 0;
  for (const std::string &word : words)
    if (auto found = counts.find(word); found != counts.end() && found->second % 4 != 0) {
      total += found->second;
      file << word << ' ' << total << '\\n';
    }
  std::cout << "written to " << name << '\\n';
}
"""
#: Nothing is said of what is computed.
SILENT = _WORK + "int main(void) { work(); return 0; }\n"
CONSTANT = _WORK + 'int main(void) { work(); puts("done"); return 0; }\n'
#: Every run prints something else as well: nothing but a check of one's own says what is right.
TIMED = (
    _WORK.replace("<stdio.h>", "<stdio.h>\n#include <time.h>")
    + """int main(void) {
  struct timespec now;
  work();
  clock_gettime(CLOCK_MONOTONIC, &now);
  printf("%.12g %ld\\n", sink, now.tv_nsec);
}
"""
)
#: The same with a word in place of the time: what differs from run to run is no number.
WORDED = TIMED.replace(
    'printf("%.12g %ld\\n", sink, now.tv_nsec);',
    """printf("%.12g ", sink);
  for (int i = 0; i < 9; i++) putchar('a' + (now.tv_nsec >> 3 * i) % 8);""",
)
#: One nest is seen, the other, as hot, is not.
HALF = """
#include <stdio.h>
enum { N = 200000 };
volatile double sink;
static double a[N], b[N];
static void seen(void) {
  for (int r = 0; r < 300; r++)
    for (int i = 1; i < N; i++) a[i] = a[i - 1] * 0.5 + i % 7;
}
static void unseen(void) {
  for (int r = 0; r < 300; r++)
    for (int i = 1; i < N; i++) b[i] = b[i - 1] * 0.5 + i % 7;
  sink = b[N - 1];
}
int main(void) {
  seen();
  unseen();
  double s = 0;
  for (int i = 0; i < N; i++) s += a[i] * (i % 3);
  printf("%.17g\\n", s);
}
"""

#: Programs whose output says all: name of the file, text, flags.
SHAPES = {
    "vector.cpp": (VECTOR, ("-O3",)),
    "printed.c": (PRINTED, ("-O2",)),
    "openmp.c": (OPENMP, ("-O3", "-fopenmp")),
    "recursion.c": (RECURSION, ("-O2",)),
    "sort.c": (SORT, ("-O3",)),
    "template.cpp": (TEMPLATE, ("-O3", "-std=c++20")),
    "list.c": (LIST, ("-O2",)),
    "checks_itself.c": (CHECKS_ITSELF, ("-O3",)),
}
#: Programs whose results are in files: text, flags, arguments.
FILES = {
    "file.c": (IN_A_FILE.replace("NAME", "result.txt"), ("-O3",), ()),
    "several.c": (SEVERAL, ("-O3",), ()),
    "appended.c": (APPENDED, ("-O2",), ()),
    "mapped.cpp": (MAPPED, ("-O3",), ()),
    "named.cpp": (NAMED, ("-O2",), ("results/counts.txt",)),
}
#: Mutants of these that nothing can catch: the first point ends its loop whatever its value is.
MISSED = {"mapped.cpp": {"one store changed"}}
BLIND = {"constant.c": CONSTANT, "elsewhere.c": IN_A_FILE.replace("NAME", "/tmp/result.txt")}
