// Many arrays side by side, each of 65536 bytes.
#include <cstdio>
#include <cstring>

constexpr int COUNT = 64;
struct Signal {
  float samples[16384];
};
static Signal bank[COUNT];

extern "C" __attribute__((noinline)) float kernel(int at, int count) {
  float sum = 0;
  for (int i = 0; i < count; i++)
    sum += bank[i].samples[at];
  return sum;
}

int main() {
  for (auto &signal : bank)
    for (int i = 0; i < 1024; i++)
      signal.samples[i] = i * 0.5f;
  float s = 0;
  for (int r = 0; r < 1000000; r++)
    s += kernel(r & 15, COUNT);
  std::printf("%g\n", s);
}
