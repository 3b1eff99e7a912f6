// Looks numbers up in a table, in the order of an index.
#include <stdio.h>

#define N 4096
static double table[N], sums[N];
static int order[N];

__attribute__((noinline)) void kernel(int n) {
  for (int i = 0; i < n; i++)
    sums[i] += table[order[i]];
}

int main(void) {
  for (int i = 0; i < N; i++) {
    table[i] = i;
    order[i] = (i * 1021) % N;
  }
  for (int r = 0; r < 50000; r++)
    kernel(N);
  printf("%g\n", sums[5]);
}
