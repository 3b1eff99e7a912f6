// Does as much as it is told to, by its argument, its input or the environment.
#include <stdio.h>
#include <stdlib.h>

static unsigned table[4096];

__attribute__((noinline)) unsigned kernel(int times) {
  unsigned sum = 0;
  for (int i = 0; i < times; i++)
    sum = sum * 31 + table[sum & 4095];
  return sum;
}

int main(int argc, char **argv) {
  const char *size = getenv("KERNEL_SIZE");
  int times = argc > 1 ? atoi(argv[1]) : size ? atoi(size) : 4000000;
  int read = 0;
  if (argc > 2 && scanf("%d", &read) == 1)
    times += read;
  for (int i = 0; i < 4096; i++)
    table[i] = i * 2654435761u;
  printf("%u\n", kernel(times));
}
