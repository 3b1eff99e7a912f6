#include "counts.h"

int same_key(unsigned a, unsigned b);
int before(int a, int b);

COUNTED(present)
long present(const unsigned *slots, unsigned size, const unsigned *keys, long n) {
  long found = 0;
  for (long k = 0; k < n; k++)
    for (unsigned at = keys[k] * 2654435761u & (size - 1); slots[at]; at = (at + 1) & (size - 1))
      if (slots[at] == keys[k]) {
        found++;
        break;
      }
  CALLED(present);
  return found;
}

COUNTED(sorted)
void sorted(int *values, int n) {
  for (int i = 1; i < n; i++) {
    int value = values[i], j = i;
    for (; j > 0 && values[j - 1] > value; j--)
      values[j] = values[j - 1];
    values[j] = value;
  }
  CALLED(sorted);
}
