// Splits numbers into digits, in an array.
#include <stdio.h>
#include <stdlib.h>

static int digits(unsigned number, unsigned char *out) {
  int n = 0;
  for (; number; number /= 10)
    out[n++] = number % 10;
  return n;
}

__attribute__((noinline)) unsigned sum_of(unsigned number) {
  unsigned sum = 0;
  unsigned char out[16];
  int n = digits(number, out);
  for (int i = 0; i < n; i++)
    sum += out[i];
  return sum;
}

int main(void) {
  unsigned sum = 0;
  for (unsigned r = 0; r < 4000000; r++)
    sum += sum_of(r & 1023);
  printf("%u\n", sum);
}
