// Filters of a picture, each a function that is called for every element.
#include <cstdio>
#include <functional>
#include <vector>

static void filtered(std::vector<float> &picture, const std::function<float(float)> &filter)
{
    for (float &v : picture)
        v = filter(v);
}

int main()
{
    std::vector<float> picture(50000, 0.5f);
    float last = 0;
    for (int round = 0; round < 500; round++) {
        const float gain = 1.0f + 0.01f * (round % 3);
        filtered(picture, [gain](float v) { return v * gain + 0.02f; });
        filtered(picture, [](float v) { return v > 1 ? 1.0f : v; });
        filtered(picture, [gain](float v) { return v * (2 - gain); });
        for (float v : picture)
            last = last * 0.5f + v;
    }
    std::printf("%g\n", last);
}
