// Rows of seven numbers, each scaled by itself.
#include <cstdio>
#include <vector>

extern "C" __attribute__((noinline)) void kernel(float *__restrict row, const float *__restrict by, int count) {
  for (int i = 0; i < count; i++)
    row[i] = row[i] * by[i];
}

int main() {
  const int width = 7;
  std::vector<float> rows(width * 1024, 1.0f), by(width, 1.0f);
  for (int r = 0; r < 25000000; r++)
    kernel(rows.data() + (r & 1023) * width, by.data(), width);
  std::printf("%g\n", rows[5]);
}
