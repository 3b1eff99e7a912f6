// Echoes that die away: something always comes in.
#include <cstdio>
#include <vector>

struct Reverb {
  std::vector<double> line, loss;
  double feed;
  __attribute__((noinline)) void step() {
    for (std::size_t i = 0; i < line.size(); i++)
      line[i] = line[i] / loss[i] + feed;
  }
};

int main() {
  Reverb reverb{std::vector<double>(2048, 1.0), std::vector<double>(2048, 1.7), 0.001};
  for (int r = 0; r < 40000; r++) {
    reverb.step();
  }
  std::printf("%g\n", reverb.line[7]);
}
