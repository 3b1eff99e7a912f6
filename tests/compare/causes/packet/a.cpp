// A packet is written byte by byte and summed up byte by byte.
#include <cstdint>
#include <cstdio>
#include <cstring>

struct Packet {
  unsigned char bytes[8] = {};
  __attribute__((noinline)) std::uint64_t sum(const unsigned char *from, int count) {
    std::uint64_t total = 0;
    for (int i = 0; i < count; i++) {
      bytes[1] = from[i];
      bytes[2] = from[i + 1] ^ 7;
      bytes[5] = from[i + 2] + 1;
      total += std::uint64_t{bytes[1]} << 8 | std::uint64_t{bytes[2]} << 16 | std::uint64_t{bytes[5]} << 40;
    }
    return total;
  }
};

static unsigned char from[4098];

int main() {
  Packet packet;
  std::uint64_t total = 0;
  for (int i = 0; i < 4098; i++)
    from[i] = i * 7;
  for (int r = 0; r < 8000; r++)
    total += packet.sum(from, 4096);
  std::printf("%llu\n", static_cast<unsigned long long>(total));
}
