// Brightens a picture; the store of a byte may change the vector itself.
#include <cstdint>
#include <cstdio>
#include <vector>

struct Image {
  std::vector<std::uint8_t> pixels;
  int gain = 3;
  __attribute__((noinline)) void brighten() {
    for (std::size_t i = 0; i < pixels.size(); i++)
      pixels[i] = pixels[i] * gain + 1;
  }
};

int main() {
  Image image;
  image.pixels.resize(1 << 16);
  for (int r = 0; r < 4000; r++)
    image.brighten();
  std::printf("%d\n", image.pixels[77]);
}
