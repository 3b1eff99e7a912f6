/* One coordinate of many points: an array of its own. */
enum { N = 1 << 18, ROUNDS = 600 };
static struct { int x[N], y[N], z[N], mass[4 * N]; } points;

__attribute__((noinline)) static int kernel(void)
{
    int sum = 0;
    for (int i = 0; i < N; i++)
        sum += points.x[i];
    return sum;
}

int main(void)
{
    int total = 0;
    for (int i = 0; i < N; i++)
        points.x[i] = i;
    for (int r = 0; r < ROUNDS; r++) {
        points.x[r] += r;
        total += kernel();
    }
    return total == 3;
}
