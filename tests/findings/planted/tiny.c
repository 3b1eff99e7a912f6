/* Over before it can be sampled. */
static int x[1000];
int main(int argc, char **argv)
{
    (void)argv;
    for (int i = 0; i < 1000; i++)
        x[i] = i * argc;
    return x[7] == 3;
}
