// Frames of a film, in memory that is used again.
#include <cstdio>
#include <vector>

extern "C" __attribute__((noinline)) void kernel(std::vector<unsigned char> &frame, int number) {
  for (std::size_t i = 0; i < frame.size(); i += 4096)
    frame[i] = number;
}

int main() {
  int seen = 0;
  std::vector<unsigned char> frame(36 << 20);
  for (int number = 0; number < 8; number++) {
    kernel(frame, number);
    seen += frame[4096];
  }
  std::printf("%d\n", seen);
}
