"""hnswlib, the C++ program with templates of the benchmarks, from the npm registry."""

from __future__ import annotations

from pathlib import Path

from bench.npm import CACHE, unpacked

PACKAGE = "hnswlib-node@3"
DRIVER = r"""
#include "hnswlib.h"
#include <cstdio>
#include <map>
#include <random>
#include <string>
int main() {
  const int dimensions = 32, count = 6000;
  hnswlib::L2Space space(dimensions);
  hnswlib::HierarchicalNSW<float> index(&space, count, 16, 100);
  std::mt19937 random(7);
  std::uniform_real_distribution<float> uniform;
  std::vector<float> points(dimensions * count);
  for (float &x : points) x = uniform(random);
  for (int i = 0; i < count; i++) index.addPoint(&points[i * dimensions], i);
  std::map<std::string, int> found;
  for (int i = 0; i < count; i += 3) {
    auto nearest = index.searchKnn(&points[i * dimensions], 5);
    while (!nearest.empty()) { found[std::to_string(nearest.top().second % 97)]++; nearest.pop(); }
  }
  for (const auto &[name, times] : found) std::printf("%s %d\n", name.c_str(), times);
}
"""


def fetch() -> Path:
    """A folder with hnswlib's headers and driver.cpp, fetched once with `npm pack`."""
    folder = CACHE / "hnswlib"
    if not (folder / "driver.cpp").exists():
        headers = ("hnswlib", "hnswalg", "bruteforce", "space_ip", "space_l2")
        more = ("stop_condition", "visited_list_pool")
        names = [f"src/hnswlib/{name}.h" for name in (*headers, *more)]
        unpacked(PACKAGE, names, folder)
        (folder / "driver.cpp").write_text(DRIVER)
    return folder
