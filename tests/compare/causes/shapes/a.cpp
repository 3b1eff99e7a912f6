// Areas of shapes of which nearly all are squares.
#include <cstdio>
#include <memory>
#include <vector>

struct Shape {
  virtual ~Shape() = default;
  virtual double area(double scale) const = 0;
};
struct Square : Shape {
  double side = 2;
  double area(double scale) const override { return side * side * scale; }
};
struct Circle : Shape {
  double radius = 1;
  double area(double scale) const override { return 3.14159 * radius * radius * scale; }
};

extern "C" __attribute__((noinline)) double kernel(const std::unique_ptr<Shape> *shapes, int count) {
  double sum = 0;
  for (int i = 0; i < count; i++)
    sum += shapes[i]->area(i);
  return sum;
}

int main() {
  std::vector<std::unique_ptr<Shape>> shapes;
  for (int i = 0; i < 1024; i++)
    if (i % 128)
      shapes.push_back(std::make_unique<Square>());
    else
      shapes.push_back(std::make_unique<Circle>());
  double sum = 0;
  for (int r = 0; r < 12000; r++)
    sum += kernel(shapes.data(), 1024);
  std::printf("%g\n", sum);
}
