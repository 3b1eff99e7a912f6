// Brightens a picture; the store of a byte cannot change a copy.
#include <cstdint>
#include <cstdio>
#include <vector>

struct Image {
  std::vector<std::uint8_t> pixels;
  int gain = 3;
  __attribute__((noinline)) void brighten() {
    std::uint8_t *p = pixels.data();
    const std::size_t n = pixels.size();
    const int by = gain;
    for (std::size_t i = 0; i < n; i++)
      p[i] = p[i] * by + 1;
  }
};

int main() {
  Image image;
  image.pixels.resize(1 << 16);
  for (int r = 0; r < 4000; r++)
    image.brighten();
  std::printf("%d\n", image.pixels[77]);
}
