// Turns points in a plane; each of their two parts has an array.
#include <stdio.h>
enum { N = 4096 };
static float at_x[N], at_y[N], by_x[N], by_y[N], to_x[N], to_y[N];
__attribute__((noinline)) static void kernel(int n) {
  for (int i = 0; i < n; i++) {
    to_x[i] = at_x[i] * by_x[i] - at_y[i] * by_y[i];
    to_y[i] = at_x[i] * by_y[i] + at_y[i] * by_x[i];
  }
}
int main(void) {
  for (int i = 0; i < N; i++)
    at_x[i] = i * 0.5f, at_y[i] = 1 - i * 0.25f, by_x[i] = 0.6f, by_y[i] = 0.8f;
  for (int r = 0; r < 100000; r++) {
    at_x[r % N] += 1;
    kernel(N);
  }
  printf("%g %g\n", to_x[7], to_y[9]);
}
