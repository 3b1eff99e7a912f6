// Shapes of three types, in no order.
#include <cstdio>
#include <memory>
#include <vector>

struct Shape {
    explicit Shape(double a) : size(a) {}
    virtual ~Shape() = default;
    virtual double area() const = 0;
    double size;
};
struct Square : Shape {
    using Shape::Shape;
    double area() const override { return size * size; }
};
struct Circle : Shape {
    using Shape::Shape;
    double area() const override { return 3.14159 * size * size; }
};
struct Triangle : Shape {
    using Shape::Shape;
    double area() const override { return size * (size + 1) / 2; }
};

int main()
{
    std::vector<std::unique_ptr<Shape>> shapes;
    unsigned random = 1;
    for (int i = 0; i < 20000; i++) {
        random = random * 1664525u + 1013904223u;
        const double size = random >> 20;
        switch ((random >> 10) % 3) {
        case 0: shapes.push_back(std::make_unique<Square>(size)); break;
        case 1: shapes.push_back(std::make_unique<Circle>(size)); break;
        default: shapes.push_back(std::make_unique<Triangle>(size));
        }
    }
    double sum = 0;
    for (int round = 0; round < 2000; round++)
        for (const auto &shape : shapes)
            sum += shape->area();
    std::printf("%g\n", sum);
}
