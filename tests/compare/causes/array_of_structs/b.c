/* One coordinate of many points: a field of each point. */
enum { N = 1 << 18, ROUNDS = 600 };
static struct { int x, y, z, mass[4]; } points[N];

__attribute__((noinline)) static int kernel(void)
{
    int sum = 0;
    for (int i = 0; i < N; i++)
        sum += points[i].x;
    return sum;
}

int main(void)
{
    int total = 0;
    for (int i = 0; i < N; i++)
        points[i].x = i;
    for (int r = 0; r < ROUNDS; r++) {
        points[r].x += r;
        total += kernel();
    }
    return total == 3;
}
