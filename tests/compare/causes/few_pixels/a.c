// Blends a few pixels at a time.
#include <stdio.h>

static unsigned char picture[4096], brush[4096];

__attribute__((noinline)) void kernel(unsigned char *to, const unsigned char *from, int n, int part) {
  for (int i = 0; i < n; i++)
    to[i] = (unsigned char)(to[i] + part * from[i]);
}

int main(void) {
  unsigned s = 1;
  for (int i = 0; i < 4096; i++)
    picture[i] = brush[i] = i;
  for (int r = 0; r < 15000000; r++)
    kernel(picture + (r & 2047), brush + (r & 1023), 3 + (r & 3), r);
  for (int i = 0; i < 4096; i++)
    s = s * 31 + picture[i];
  printf("%u\n", s);
}
