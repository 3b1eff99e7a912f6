/* A parallel region of a few elements is entered again and again. */
enum { N = 64, ROUNDS = 20000 };
static double x[N];

int main(void)
{
    for (int r = 0; r < ROUNDS; r++) {
#pragma omp parallel for num_threads(2)
        for (int i = 0; i < N; i++)
            x[i] = x[i] * 0.5 + r;
    }
    return x[1] == 0.25;
}
