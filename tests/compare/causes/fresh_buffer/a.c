// Notes something in each page of a buffer that is kept.
#include <stdio.h>
#include <stdlib.h>

#define SIZE (40L << 20)

__attribute__((noinline)) void kernel(char *buffer, int step) {
  for (long i = 0; i < SIZE; i += 4096)
    buffer[i] += step;
}

int main(void) {
  int seen = 0;
  char *buffer = calloc(SIZE, 1);
  for (int step = 0; step < 8; step++) {
    kernel(buffer, step);
    seen += buffer[8192];
  }
  free(buffer);
  printf("%d\n", seen);
}
