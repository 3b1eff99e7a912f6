// A filter settles at its input, which is below the normal range.
#include <stdio.h>

#define N 4096
static float state[N], input[N];

__attribute__((noinline)) void kernel(int n) {
  for (int i = 0; i < n; i++)
    state[i] = (state[i] + input[i]) / 1.75f;
}

int main(void) {
  const float unit = 1.0f / (1 << 30);
  float scale = unit;
  scale = scale * 4096 * unit * unit * unit * unit;
  for (int i = 0; i < N; i++)
    input[i] = state[i] = (1 + i % 7) * scale;
  for (int r = 0; r < 60000; r++)
    kernel(N);
  printf("%g\n", state[77] / scale);
}
