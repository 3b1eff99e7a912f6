/*
 * particles: n soft discs in a periodic square box, moved on by STEPS steps.
 *
 *     force on i  = sum_j (1 - r) d / r   over the discs j closer than 1, d from j to i, r = |d|
 *     velocity   += dt force,   position += dt velocity      (symplectic Euler)
 *
 * The neighbours are found with a cell list: cells at least 1 wide, so that a disc only meets those
 * of its own cell and the eight around it. Seen by a compiler: C++ abstractions (a template, a
 * lambda, vectors of vectors) that inlining has to take apart; five loops deep once it has, with
 * short trip counts, indirect reads, a condition that is false two times out of three, and a call
 * of round() in the innermost loop unless the target has an instruction for it.
 */
#include "corr_harness.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <vector>

namespace {

constexpr int kSteps = 10;
constexpr double kTimeStep = 0.01;
constexpr double kDensity = 4.0; /* discs in a unit square */

struct Vec {
    double x, y;
};

/* At least three cells a side, or a disc would meet its neighbours twice round the box. */
double box_side(int n)
{
    return std::max(3.0, std::sqrt(n / kDensity));
}

class CellList {
public:
    explicit CellList(double side) : side_(side), across_(static_cast<int>(side)),
                                     cells_(static_cast<size_t>(across_) * across_)
    {
    }

    void rebuild(const std::vector<Vec> &position)
    {
        for (auto &cell : cells_)
            cell.clear();
        int index = 0;
        for (const Vec &p : position)
            at(column(p.x), column(p.y)).push_back(index++);
    }

    /* Calls visit(j) for every disc j in the nine cells around p. */
    template <typename Visit>
    void near(const Vec &p, Visit visit)
    {
        for (int dy = -1; dy <= 1; dy++)
            for (int dx = -1; dx <= 1; dx++)
                for (int j : at(column(p.x) + dx, column(p.y) + dy))
                    visit(j);
    }

private:
    int column(double x) const
    {
        return std::min(static_cast<int>(x * across_ / side_), across_ - 1);
    }

    std::vector<int> &at(int cx, int cy)
    {
        cx = (cx + across_) % across_;
        cy = (cy + across_) % across_;
        return cells_[static_cast<size_t>(cy) * across_ + cx];
    }

    double side_;
    int across_;
    std::vector<std::vector<int>> cells_;
};

/* The shortest of the ways round the box. */
double shortest(double difference, double side)
{
    return difference - side * std::round(difference / side);
}

double wrapped(double x, double side)
{
    return x - side * std::floor(x / side);
}

std::vector<Vec> position, velocity;

} // namespace

static void kernel_particles(int n, int steps, double side, std::vector<Vec> &position,
                             std::vector<Vec> &velocity)
{
    CellList cells(side);
    std::vector<Vec> force(n);

    for (int step = 0; step < steps; step++) {
        cells.rebuild(position);

        for (int i = 0; i < n; i++) {
            const Vec p = position[i];
            Vec sum = {0.0, 0.0};
            cells.near(p, [&](int j) {
                const double dx = shortest(p.x - position[j].x, side);
                const double dy = shortest(p.y - position[j].y, side);
                const double squared = dx * dx + dy * dy;
                if (j != i && squared > 0.0 && squared < 1.0) {
                    const double r = std::sqrt(squared);
                    sum.x += (1.0 - r) * dx / r;
                    sum.y += (1.0 - r) * dy / r;
                }
            });
            force[i] = sum;
        }

        for (int i = 0; i < n; i++) {
            velocity[i].x += kTimeStep * force[i].x;
            velocity[i].y += kTimeStep * force[i].y;
            position[i].x = wrapped(position[i].x + kTimeStep * velocity[i].x, side);
            position[i].y = wrapped(position[i].y + kTimeStep * velocity[i].y, side);
        }
    }
}

static void setup(int n)
{
    std::set_new_handler([] { corr_die(1, "out of memory"); });
    position.resize(n);
    velocity.resize(n);
    corr_register("position", CORR_F64, CORR_OUTPUT, 2 * position.size(), position.data());
    corr_register("velocity", CORR_F64, CORR_OUTPUT, 2 * velocity.size(), velocity.data());
}

static void init(int n)
{
    corr_fill_f64(&position[0].x, 2 * position.size(), 0, 0.0, box_side(n));
    corr_fill_f64(&velocity[0].x, 2 * velocity.size(), 1, -1.0, 2.0);
}

static void run(int n)
{
    kernel_particles(n, kSteps, box_side(n), position, velocity);
}

CORR_MAIN("particles", 60, 2000, 60000, 240000)
