#include <stdio.h>
#include <stdlib.h>
void smooth(double *restrict, const double *restrict, int, int);
void decay(double *restrict, const double *restrict, double, int);
long words(const unsigned char *, long);
unsigned checksum(const unsigned char *, long);
long present(const unsigned *, unsigned, const unsigned *, long);
void sorted(int *, int);
enum { ROWS = 200, COLUMNS = 256, CELLS = ROWS * COLUMNS, TEXT = 1 << 16, SIZE = 1 << 14, SORTED = 700 };
static double grid[CELLS], other[CELLS];
static unsigned char text[TEXT];
static unsigned slots[SIZE], keys[SIZE];
static int values[SORTED];

int main(void) {
  unsigned seed = 42;
  for (int i = 0; i < CELLS; i++) grid[i] = (i * 7 % 101) / 101.0;
  for (int i = 0; i < TEXT; i++) text[i] = (seed = seed * 1664525u + 1013904223u) >> 29 ? 'a' + i % 26 : ' ';
  for (int i = 0; i < SIZE; i++) {
    keys[i] = ((seed = seed * 1664525u + 1013904223u) >> 8) | 1;
    if (i % 2) continue;
    unsigned at = keys[i] * 2654435761u & (SIZE - 1);
    while (slots[at]) at = (at + 1) & (SIZE - 1);
    slots[at] = keys[i];
  }
  long total = 0;
  for (int r = 0; r < 1200; r++) {
    smooth(other, grid, ROWS, COLUMNS);
    decay(grid, other, 1.5 + r % 3, CELLS);
    grid[r] += 1;
  }
  for (int r = 0; r < 700; r++) total += words(text, TEXT - r) + checksum(text, TEXT - r) % 7;
  for (int r = 0; r < 300; r++) total += present(slots, SIZE, keys, SIZE - r);
  for (int r = 0; r < 250; r++) {
    for (int i = 0; i < SORTED; i++) values[i] = (i * 7919 + r) % 1009;
    sorted(values, SORTED);
    total += values[r % SORTED];
  }
  printf("%ld %.6f\n", total, grid[CELLS / 2]);
  return 0;
}
