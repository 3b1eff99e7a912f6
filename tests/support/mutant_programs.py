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
    "file.c": (IN_A_FILE.replace("NAME", "result.txt"), ("-O3",)),
}
BLIND = {"constant.c": CONSTANT, "elsewhere.c": IN_A_FILE.replace("NAME", "/tmp/result.txt")}
