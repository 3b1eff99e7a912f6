// Keeps what is above a threshold; the data are sorted.
#include <stdio.h>
#include <stdlib.h>

#define N 200000
static int data[N], kept[N];

__attribute__((noinline)) int kernel(int least) {
  int n = 0;
  for (int i = 0; i < N; i++)
    if (data[i] >= least)
      kept[n++] = data[i];
  return n;
}

static int ascending(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

int main(void) {
  for (int i = 0; i < N; i++)
    data[i] = rand() % 1000;
  qsort(data, N, sizeof *data, ascending);
  long n = ascending(data, kept);
  for (int r = 0; r < 200; r++)
    n += kernel(500);
  printf("%d\n", n != 0);
}
