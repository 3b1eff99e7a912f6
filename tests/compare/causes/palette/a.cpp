// Colours of a picture by their number in a palette.
#include <cstdint>
#include <cstdio>
#include <vector>

struct Picture {
  std::vector<std::uint32_t> numbers;
  std::vector<double> palette, out;
};

extern "C" __attribute__((noinline)) void kernel(const std::uint32_t *__restrict numbers,
                                                 const double *__restrict palette,
                                                 double *__restrict out, std::size_t count) {
  for (std::size_t i = 0; i < count; i++)
    out[i] = palette[numbers[i]] * 0.5;
}

int main() {
  Picture p{std::vector<std::uint32_t>(4096), std::vector<double>(256, 1.5), std::vector<double>(4096)};
  for (std::size_t i = 0; i < 4096; i++)
    p.numbers[i] = (i * 37) & 255;
  for (int r = 0; r < 50000; r++)
    kernel(p.numbers.data(), p.palette.data(), p.out.data(), 4096);
  std::printf("%g\n", p.out[5]);
}
