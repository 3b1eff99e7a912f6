// Notes something in each page of a buffer that is asked for each time.
#include <stdio.h>
#include <stdlib.h>

#define SIZE (40L << 20)

__attribute__((noinline)) void kernel(char *buffer, int step) {
  for (long i = 0; i < SIZE; i += 4096)
    buffer[i] += step;
}

int main(void) {
  int seen = 0;
  for (int step = 0; step < 8; step++) {
    char *buffer = calloc(SIZE, 1);
    kernel(buffer, step);
    seen += buffer[8192];
    free(buffer);
  }
  printf("%d\n", seen);
}
