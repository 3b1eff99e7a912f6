// Counts bytes in int counters.
#include <atomic>
#include <cstdio>
#include <vector>

using Counter = int;
static Counter counters[256];

extern "C" __attribute__((noinline)) void kernel(const unsigned char *bytes, int count) {
  for (int i = 0; i < count; i++)
    counters[bytes[i]]++;
}

int main() {
  std::vector<unsigned char> bytes(4096);
  for (int i = 0; i < 4096; i++)
    bytes[i] = i * 91;
  for (int r = 0; r < 3000; r++)
    kernel(bytes.data(), 4096);
  std::printf("%d\n", int(counters[7]));
}
