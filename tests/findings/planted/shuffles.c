// Turns points in a plane; their two parts stand side by side in memory.
#include <stdio.h>
enum { N = 4096 };
typedef struct { float x, y; } Point;
static Point at[N], by[N], to[N];
__attribute__((noinline)) static void kernel(int n) {
  for (int i = 0; i < n; i++) {
    to[i].x = at[i].x * by[i].x - at[i].y * by[i].y;
    to[i].y = at[i].x * by[i].y + at[i].y * by[i].x;
  }
}
int main(void) {
  for (int i = 0; i < N; i++)
    at[i] = (Point){i * 0.5f, 1 - i * 0.25f}, by[i] = (Point){0.6f, 0.8f};
  for (int r = 0; r < 100000; r++) {
    at[r % N].x += 1;
    kernel(N);
  }
  printf("%g %g\n", to[7].x, to[9].y);
}
