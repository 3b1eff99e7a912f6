// Walks down columns of rows that are 1032 numbers long.
#include <stdio.h>

#define ROWS 256
#define WIDTH (1024 + 8)
static double m[ROWS][WIDTH];

__attribute__((noinline)) double kernel(int column) {
  double sum = 0;
  for (int i = 0; i < ROWS; i++)
    sum += m[i][column];
  return sum;
}

int main(void) {
  for (int i = 0; i < ROWS; i++)
    for (int j = 0; j < 1024; j++)
      m[i][j] = i ^ j;
  double s = 0;
  for (int r = 0; r < 150000; r++)
    s += kernel(r & 7);
  printf("%g\n", s);
}
